// The inner loops of the operations between the matrix products, compiled for several instruction sets from one source
// (op_loops.h) and chosen once from Cpu.
//
// All versions give the same bits: multiplications and additions stay separate, and the only sums (dots, rms_norm) follow the
// order of reduce.h. So a choice can be seen in the time and in nothing else; the plain version is compiled for the baseline.
#ifndef TIDEMARK_ENGINE_OPS_OP_KERNELS_H_
#define TIDEMARK_ENGINE_OPS_OP_KERNELS_H_

#include <cstdint>
#include <string_view>
#include <vector>

#include "engine/core/cpu.h"
#include "engine/core/tensor.h"

namespace tidemark {

struct OpKernels {
  std::string_view isa;  // "plain", "avx2", "avx512"

  // y[r, j] = weight[j] * (x[r, j] / sqrt(mean_j x[r, j]^2 + eps)). y may be x.
  void (*rms_norm)(ConstMatrix x, const float* weight, float eps, Matrix y);
  // out[r, c] = Dot(x[r], w[c]) of reduce.h.
  void (*dots)(ConstMatrix x, ConstMatrix w, Matrix out);
  // x[j] = 1 / (1 + e^-x[j]) and gate[j] = gate[j] / (1 + e^-gate[j]) * up[j], relative error below 4 * 2^-24 (the exponential
  // of op_loops.h, sums and divisions); arguments beyond +-87 give what +-87 gives, times gate. A NaN stays one.
  void (*sigmoid)(float* x, int64_t n);
  void (*swiglu)(float* gate, const float* up, int64_t n);
  // y[j] += x[j].
  void (*add)(const float* x, float* y, int64_t n);
  // y[j] += weights[0] * rows[0][j] + weights[1] * rows[1][j] + ... from zero, in this order.
  void (*add_weighted)(const float* const* rows, const float* weights, int64_t count, int64_t n, float* y);
  // Every head of a row turned by (cos, sin) [half] each, as in rope.h.
  void (*rope)(float* x, int64_t heads, const float* cos_sin, int64_t half);
  // One token of short_conv.h for n channels: u[j] *= b[j]; y[j] = c[j] * (bias[j] + sum_i kernel[i][j] * past[i][j]), where
  // past[taps - 1] is u. bias may be nullptr.
  void (*conv)(const float* b, const float* c, const float* bias, const float* const* kernel, const float* const* past,
               int64_t taps, int64_t n, float* u, float* y);
  // largest[i] = the largest of x[i * kMaxBlock, ...), a NaN passed over; the last block may be short. Returns whether any
  // value is NaN or +inf.
  bool (*block_max)(const float* x, int64_t n, float* largest);
  // y[i] = e^(x[i] - best) in double, relative error below 1e-15; x[i] <= best, and differences beyond -700 count as that.
  void (*exp_below)(const float* x, int64_t n, float best, double* y);
};

inline constexpr int64_t kMaxBlock = 256;

// What this processor can run, the plain one first, the fastest last.
std::vector<const OpKernels*> RunnableOpKernels(const Cpu& cpu);
const OpKernels& BestOpKernels(const Cpu& cpu);
const OpKernels& BestOpKernels();  // of this machine, looked up once

const OpKernels& PlainOpKernels();
const OpKernels* Avx2OpKernels();  // nullptr where the compiler does not target it
const OpKernels* Avx512OpKernels();

}  // namespace tidemark

#endif  // TIDEMARK_ENGINE_OPS_OP_KERNELS_H_
