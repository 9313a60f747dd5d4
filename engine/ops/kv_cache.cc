#include "engine/ops/kv_cache.h"

#include <algorithm>
#include <cstring>
#include <string>
#include <vector>

#include "engine/core/error.h"
#include "engine/formats/half.h"

namespace tidemark {
namespace {

constexpr int64_t kQ8Values = 32, kQ8Bytes = 34;  // of a q8_0 block: a half, then signed bytes
constexpr int64_t kRowsPerTask = 16;

std::string Names() {
  std::string names;
  for (const std::string_view name : kKvTypeNames) names += fmt::format("{}{}", names.empty() ? "" : ", ", name);
  return names;
}

// d values as the format stores a row of values.
void Round(KvType type, const Format& format, std::span<const float> src, std::byte* dst) {
  // Rows of the KV cache start at even addresses, whatever the format.
  const std::span<uint16_t> halves(reinterpret_cast<uint16_t*>(dst), src.size());
  switch (type) {
    case kKvF32:
      std::memcpy(dst, src.data(), src.size_bytes());
      return;
    case kKvF16:
      FloatToHalf(src, halves);
      return;
    case kKvBf16:
      FloatToBf16(src, halves);
      return;
    default:
      format.quantize(src, dst);
  }
}

// A rounded row into column `column` of a transposed piece.
template <typename T>
void Scatter(const std::byte* rounded, int64_t d, int64_t column, std::byte* piece) {
  const T* src = reinterpret_cast<const T*>(rounded);
  T* dst = reinterpret_cast<T*>(piece) + column;
  for (int64_t i = 0; i < d; ++i) dst[i * kKvBlock] = src[i];
}

void ScatterQ8(const std::byte* rounded, int64_t d, int64_t column, std::byte* piece) {
  for (int64_t b = 0; b < d / kQ8Values; ++b) {
    const std::byte* block = rounded + b * kQ8Bytes;
    for (int64_t i = 0; i < kQ8Values; ++i) piece[(b * kQ8Values + i) * kKvBlock + column] = block[2 + i];
    std::memcpy(piece + (d + 2 * b) * kKvBlock + 2 * column, block, 2);
  }
}

// rounded: room for one key.
void StoreRow(KvType type, const AttentionShape& shape, const float* k, const float* v, const AttentionStep& step,
              int64_t position, std::byte* rounded) {
  const int64_t d = shape.head_dim, piece_bytes = shape.PieceBytes(), column = position % kKvBlock;
  for (int64_t g = 0; g < shape.kv_heads; ++g, k += d, v += d) {
    const int64_t piece = (position / kKvBlock * shape.kv_heads + g) * piece_bytes;
    const size_t count = static_cast<size_t>(d);
    Round(type, *shape.kv_format, {v, count}, step.values + piece + column * (piece_bytes / kKvBlock));
    Round(type, *shape.kv_format, {k, count}, rounded);
    switch (type) {
      case kKvF32:
        Scatter<uint32_t>(rounded, d, column, step.keys + piece);
        break;
      case kKvQ8_0:
        ScatterQ8(rounded, d, column, step.keys + piece);
        break;
      default:
        Scatter<uint16_t>(rounded, d, column, step.keys + piece);
    }
  }
}

}  // namespace

void CheckKvFormat(const Format* format, int64_t head_dim) {
  const bool known =
      format != nullptr && std::find(std::begin(kKvTypeNames), std::end(kKvTypeNames), format->name) != std::end(kKvTypeNames);
  if (!known) throw Error("--kv-type", format == nullptr ? "no format" : std::string(format->name), "one of " + Names());
  if (head_dim % format->block_values != 0) {
    throw Error("--kv-type", std::string(format->name),
                fmt::format("heads of a multiple of {} values; this model's have {}", format->block_values, head_dim),
                "f16 and bf16 store heads of any size");
  }
}

KvType KvTypeOf(const Format* format) {
  const auto* found = std::find(std::begin(kKvTypeNames), std::end(kKvTypeNames), format->name);
  TM_CHECK(found != std::end(kKvTypeNames), "format {}", format->name);
  return static_cast<KvType>(found - std::begin(kKvTypeNames));
}

int64_t KvBytes(const Format& format, int64_t row_values, int64_t positions) {
  return (positions + kKvBlock - 1) / kKvBlock * kKvBlock * format.Bytes(row_values);
}

void StoreKv(ConstMatrix k, ConstMatrix v, std::span<const AttentionStep> steps, const AttentionShape& shape, ThreadPool& pool) {
  TM_CHECK(k.cols == shape.kv_heads * shape.head_dim && v.cols == k.cols && v.rows == k.rows, "k [{}, {}], v [{}, {}]", k.rows,
           k.cols, v.rows, v.cols);
  const KvType type = KvTypeOf(shape.kv_format);
  // Rows of all steps, one after the other.
  std::vector<int64_t> first(1, 0);
  for (const AttentionStep& step : steps) first.push_back(first.back() + step.rows);
  pool.RunRanges(first.back(), kRowsPerTask, [&](int64_t begin, int64_t end, int) {
    size_t s = static_cast<size_t>(std::upper_bound(first.begin(), first.end(), begin) - first.begin()) - 1;
    std::vector<std::byte> rounded(static_cast<size_t>(shape.kv_format->Bytes(shape.head_dim)));
    for (int64_t i = begin; i < end; ++i) {
      while (i >= first[s + 1]) ++s;
      const int64_t r = i - first[s], row = steps[s].first_row + r;
      StoreRow(type, shape, k.Row(row).data(), v.Row(row).data(), steps[s], steps[s].first_position + r, rounded.data());
    }
  });
}

}  // namespace tidemark
