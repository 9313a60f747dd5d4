// The inner loops of attention, plain and for newer instruction sets, chosen once per process.
//
// Every kernel computes a (query row, head) pair alone and treats positions in ascending order, so no version's result depends on
// the batch, the chunking or the threads. Versions differ from each other in rounding only; the plain one is the oracle.
#ifndef TIDEMARK_ENGINE_OPS_ATTENTION_KERNELS_H_
#define TIDEMARK_ENGINE_OPS_ATTENTION_KERNELS_H_

#include <cstdint>
#include <span>
#include <string_view>

namespace tidemark {

struct AttentionKernels {
  std::string_view isa;  // "plain", "avx2", "avx512"

  // scores[j] = (query . keys[j]) * scale for j in [0, count). keys: [count, d].
  void (*score)(const float* query, const float* keys, int64_t count, int64_t d, float scale, float* scores);
  // scores[j] = exp(scores[j] - max) for j in [0, n), n >= 1; returns their sum. A NaN among them gives a NaN.
  float (*softmax)(float* scores, int64_t n);
  // out[i] += e[0] values[0, i] + e[1] values[1, i] + ... in this order. values: [count, d].
  void (*add_weighted)(const float* e, const float* values, int64_t count, int64_t d, float* out);
};

// All that this machine can run, the plain one first, the fastest last.
std::span<const AttentionKernels> RunnableAttentionKernels();

// Written for an instruction set; nullptr where the compiler does not target it.
const AttentionKernels* Avx2AttentionKernels();
const AttentionKernels* Avx512AttentionKernels();

}  // namespace tidemark

#endif  // TIDEMARK_ENGINE_OPS_ATTENTION_KERNELS_H_
