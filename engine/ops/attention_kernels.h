// The inner loops of attention, plain and for newer instruction sets.
//
// A kernel meets the positions of a sequence in blocks of kKvBlock (kv_cache.h) and keeps a running softmax (Milakov,
// Gimelshein: "Online normalizer calculation for softmax", 2018; Dao et al.: "FlashAttention", NeurIPS 2022): the largest score m
// so far, the sum of exp(score - m), and the values weighted by it; a new maximum rescales both. Blocks begin at absolute
// multiples of kKvBlock and each (query row, head) has sums of its own, taken over ascending positions, so no result depends on
// the batch, the chunking or the threads. Versions differ from each other in rounding only; the plain one is the oracle.
#ifndef TIDEMARK_ENGINE_OPS_ATTENTION_KERNELS_H_
#define TIDEMARK_ENGINE_OPS_ATTENTION_KERNELS_H_

#include <cstdint>
#include <string_view>
#include <vector>

#include "engine/core/cpu.h"
#include "engine/ops/kv_cache.h"

namespace tidemark {

inline constexpr int64_t kQuad = 4;            // query heads that share each load of keys and values
inline constexpr int64_t kAttentionRows = 16;  // query rows that share a block while it is in the cache

// One block of positions of one kv head, and the query rows at consecutive positions that look at it.
struct AttentionBlock {
  const std::byte* keys = nullptr;    // a piece, in the kernel's format
  const std::byte* values = nullptr;  // a piece
  int64_t count = 0;                  // positions of it that the first row sees, at least 1; each further row sees one more
  int64_t rows = 1;                   // 1 to kAttentionRows
  const float* q = nullptr;           // of row r: [queries, d] at q + r * q_stride
  int64_t q_stride = 0;
  int64_t queries = 0;      // 1 to kQuad
  float* states = nullptr;  // of row r: [queries, AttentionStateFloats(d)] at states + r * state_stride
  int64_t state_stride = 0;
  // Stored pieces that will be read next, to be fetched early; nullptr: none. A single row fetches pieces of the kernel's format,
  // more rows next_bytes of each.
  const std::byte* next_keys = nullptr;
  const std::byte* next_values = nullptr;
  int64_t next_bytes = 0;

  int64_t Count(int64_t r) const { return count + r < kKvBlock ? count + r : kKvBlock; }
};

// The running softmax of one query: [0] is m, [16, 32) the sum in lanes, [32, 32 + d) the weighted values.
inline constexpr int64_t kStateSum = 16, kStateValues = 32;
inline int64_t AttentionStateFloats(int64_t d) { return kStateValues + (d + 15) / 16 * 16; }
void StartAttentionState(int64_t d, float* state);

struct AttentionKernels {
  std::string_view isa;  // "plain", "avx2", "avx512"
  int64_t dim_multiple;  // head_dim must be a multiple of it

  // By format: the states take in the block. Scores are (q . k) * scale.
  void (*attend[kKvTypes])(const AttentionBlock& block, int64_t d, float scale);
  // A piece of keys or the first count rows of a piece of values as float32, same arrangement.
  void (*unpack_keys[kKvTypes])(const std::byte* keys, int64_t d, float* dst);
  void (*unpack_values[kKvTypes])(const std::byte* values, int64_t count, int64_t d, float* dst);
  // total becomes the softmax over the positions of both.
  void (*merge)(const float* part, int64_t d, float* total);
  // out = weighted values / sum.
  void (*finish)(const float* total, int64_t d, float* out);
};

// What this processor can run, the plain one first, the fastest last.
std::vector<const AttentionKernels*> RunnableAttentionKernels(const Cpu& cpu);
// The fastest for heads of d values. Without cpu: of this machine, looked up once.
const AttentionKernels& BestAttentionKernels(const Cpu& cpu, int64_t d);
const AttentionKernels& BestAttentionKernels(int64_t d);

// Written for an instruction set; nullptr where the compiler does not target it.
const AttentionKernels& PlainAttentionKernels();
const AttentionKernels* Avx2AttentionKernels();
const AttentionKernels* Avx512AttentionKernels();

}  // namespace tidemark

#endif  // TIDEMARK_ENGINE_OPS_ATTENTION_KERNELS_H_
