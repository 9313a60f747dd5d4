// Causal grouped-query attention (Ainslie et al.: "GQA", EMNLP 2023) over a stored history of keys and values.
//
// One function serves prefill and decode: a step is some query rows of one sequence, whose own keys and values are already
// stored. Every (row, head) is computed alone, over positions in ascending order: in blocks of kKvBlock with a running softmax,
// and blocks in chunks of kAttentionChunk that are merged in ascending order. Both begin at absolute multiples, so a result
// depends on nothing but its query and its history: prompt chunks, batch and threads cannot show, and yet a long history can be
// shared out over threads.
#ifndef TIDEMARK_ENGINE_OPS_ATTENTION_H_
#define TIDEMARK_ENGINE_OPS_ATTENTION_H_

#include <cstdint>
#include <span>

#include "engine/core/tensor.h"
#include "engine/core/thread_pool.h"
#include "engine/ops/attention_kernels.h"
#include "engine/ops/kv_cache.h"

namespace tidemark {

inline constexpr int64_t kAttentionChunk = 512;  // positions

// Floats of scratch that Attention needs on a pool of `threads`.
int64_t AttentionScratch(std::span<const AttentionStep> steps, const AttentionShape& shape, int threads);

// out[r, h] = sum_j softmax_j(q[r, h] . k[j, g] / sqrt(d)) v[j, g], j <= position of r, g = h / (nh / nkv).
// q, out: [rows, nh * d], not overlapping; all arithmetic in float32 on the stored keys and values. kernels: of
// attention_kernels.h; nullptr: the fastest of this machine.
void Attention(ConstMatrix q, std::span<const AttentionStep> steps, const AttentionShape& shape, Matrix out, float* scratch,
               ThreadPool& pool, const AttentionKernels* kernels = nullptr);

}  // namespace tidemark

#endif  // TIDEMARK_ENGINE_OPS_ATTENTION_H_
