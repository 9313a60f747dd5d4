// Causal grouped-query attention (Ainslie et al.: "GQA", EMNLP 2023) over a stored history of keys and values.
//
// One function serves prefill and decode: a step is some query rows of one sequence, whose own keys and values are already
// stored. Every (row, head) is computed alone, over positions in ascending order, with the true maximum of its scores: its
// result depends on nothing but its query and its history, so chunking, batch and threads cannot show.
#ifndef TIDEMARK_ENGINE_OPS_ATTENTION_H_
#define TIDEMARK_ENGINE_OPS_ATTENTION_H_

#include <cstddef>
#include <cstdint>
#include <span>

#include "engine/core/format.h"
#include "engine/core/tensor.h"
#include "engine/core/thread_pool.h"
#include "engine/ops/attention_kernels.h"

namespace tidemark {

struct AttentionShape {
  int64_t heads = 0;     // nh, a multiple of kv_heads
  int64_t kv_heads = 0;  // nkv; query head h reads kv head h / (nh / nkv)
  int64_t head_dim = 0;  // d, a multiple of kv_format->block_values
  const Format* kv_format = nullptr;
};

// Query rows [first_row, first_row + rows) of a batch stand at positions first_position, first_position + 1, ... of one sequence.
struct AttentionStep {
  int64_t first_row = 0;
  int64_t rows = 0;
  int64_t first_position = 0;
  const std::byte* keys = nullptr;    // [first_position + rows, nkv * d] in kv_format
  const std::byte* values = nullptr;  // same shape
};

// Stores rows [r, nkv * d] of float32 keys or values at positions first_position... of dst, rounded to the format.
void StoreKv(ConstMatrix rows, const AttentionShape& shape, int64_t first_position, std::byte* dst);

// Floats of scratch that Attention needs on a pool of `threads`.
int64_t AttentionScratch(std::span<const AttentionStep> steps, const AttentionShape& shape, int threads);

// out[r, h] = sum_j softmax_j(q[r, h] . k[j, g] / sqrt(d)) v[j, g], j <= position of r, g = h / (nh / nkv).
// q, out: [rows, nh * d], not overlapping; softmax in float32. kernels: of attention_kernels.h; nullptr: the fastest of this
// machine.
void Attention(ConstMatrix q, std::span<const AttentionStep> steps, const AttentionShape& shape, Matrix out, float* scratch,
               ThreadPool& pool, const AttentionKernels* kernels = nullptr);

}  // namespace tidemark

#endif  // TIDEMARK_ENGINE_OPS_ATTENTION_H_
