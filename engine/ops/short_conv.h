// The gated short convolution of LFM2 (Hugging Face: Lfm2ShortConv): a causal depthwise convolution of a few taps over inputs
// that are gated before it and after it. There is no activation function.
#ifndef TIDEMARK_ENGINE_OPS_SHORT_CONV_H_
#define TIDEMARK_ENGINE_OPS_SHORT_CONV_H_

#include <cstdint>
#include <span>

#include "engine/core/tensor.h"
#include "engine/core/thread_pool.h"
#include "engine/ops/op_kernels.h"

namespace tidemark {

// Rows [first_row, first_row + rows) of a batch continue one sequence.
struct ShortConvStep {
  int64_t first_row = 0;
  int64_t rows = 0;
  std::span<float> window;  // [taps - 1, H], oldest first: gated inputs u of the tokens before; replaced by the newest
};

// With (B, C, x) = thirds of bcx[t], in this order, and u_t = B * x elementwise:
//   y_t[j] = C[j] * (bias[j] + sum_{i < taps} kernel[i, j] u_{t - (taps - 1) + i}[j]), oldest tap first.
// bcx: [rows, 3H], its last third is overwritten with u; kernel: [taps, H] (the last tap multiplies the current token);
// bias: [H] or empty; y: [rows, H]. u before the first token of a sequence is zero: a cleared window.
void ShortConv(Matrix bcx, std::span<const ShortConvStep> steps, std::span<const float> kernel, std::span<const float> bias,
               Matrix y, ThreadPool& pool, const OpKernels& ops = BestOpKernels());

}  // namespace tidemark

#endif  // TIDEMARK_ENGINE_OPS_SHORT_CONV_H_
