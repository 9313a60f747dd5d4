// How keys and values lie in memory, and how they get there.
//
// Positions are stored in blocks of kKvBlock. A block holds one piece per kv head, one after the other, each of
// kKvBlock * d values, so that what one head reads is contiguous:
//   values: [kKvBlock][d], each row as the format stores it;
//   keys:   transposed, [d][kKvBlock], so that the scores of many positions are sums over d of whole vectors and no register is
//           ever added up across. Of q8_0 the signed bytes lie so, and behind them the scales, [d / 32][kKvBlock] halves.
// The last block of a sequence may be partly filled; what lies in the rest is unspecified and never used.
#ifndef TIDEMARK_ENGINE_OPS_KV_CACHE_H_
#define TIDEMARK_ENGINE_OPS_KV_CACHE_H_

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "engine/core/format.h"
#include "engine/core/tensor.h"
#include "engine/core/thread_pool.h"

namespace tidemark {

inline constexpr int64_t kKvBlock = 64;

// The formats that keys and values can have. Indexes tables of kernels.
enum KvType : int { kKvF32, kKvF16, kKvBf16, kKvQ8_0, kKvTypes };
inline constexpr std::string_view kKvTypeNames[kKvTypes] = {"f32", "f16", "bf16", "q8_0"};

struct AttentionShape {
  int64_t heads = 0;     // nh, a multiple of kv_heads
  int64_t kv_heads = 0;  // nkv; query head h reads kv head h / (nh / nkv)
  int64_t head_dim = 0;  // d, a multiple of kv_format->block_values
  const Format* kv_format = nullptr;

  int64_t PieceBytes() const { return kv_format->Bytes(kKvBlock * head_dim); }  // of one block and kv head
};

// Query rows [first_row, first_row + rows) of a batch stand at positions first_position, first_position + 1, ... of one sequence.
struct AttentionStep {
  int64_t first_row = 0;
  int64_t rows = 0;
  int64_t first_position = 0;
  std::byte* keys = nullptr;    // KvBytes(format, nkv * d, first_position + rows) bytes
  std::byte* values = nullptr;  // same size
};

// Throws Error, naming the flag: keys and values cannot be stored in this format, or not with heads of this size.
void CheckKvFormat(const Format* format, int64_t head_dim);

// Index of a format that CheckKvFormat accepts.
KvType KvTypeOf(const Format* format);

// Bytes of the keys (or the values) of `positions` positions of row_values = nkv * d values: whole blocks.
int64_t KvBytes(const Format& format, int64_t row_values, int64_t positions);

// Stores rows of float32 keys and values at the positions of the steps, rounded to the format. k, v: [rows, nkv * d].
void StoreKv(ConstMatrix k, ConstMatrix v, std::span<const AttentionStep> steps, const AttentionShape& shape, ThreadPool& pool);

}  // namespace tidemark

#endif  // TIDEMARK_ENGINE_OPS_KV_CACHE_H_
