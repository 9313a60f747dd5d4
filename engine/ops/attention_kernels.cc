#include "engine/ops/attention_kernels.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>

#include "engine/formats/half.h"
#include "engine/ops/isa_table.h"
#include "engine/ops/reduce.h"

namespace tidemark {
namespace {

// Element i of the key in a column, element i of the value in a row; the formats one by one.
template <KvType type>
float Key(const std::byte* piece, int64_t d, int64_t i, int64_t column) {
  const int64_t at = i * kKvBlock + column;
  if constexpr (type == kKvF32) {
    float x;
    std::memcpy(&x, piece + 4 * at, 4);
    return x;
  } else if constexpr (type == kKvF16) {
    return LoadHalf(piece + 2 * at);
  } else if constexpr (type == kKvBf16) {
    return Bf16ToFloat(LoadU16(piece + 2 * at));
  } else {
    const float scale = LoadHalf(piece + d * kKvBlock + 2 * (i / 32 * kKvBlock + column));
    return static_cast<float>(static_cast<int8_t>(piece[at])) * scale;
  }
}

template <KvType type>
float Value(const std::byte* piece, int64_t d, int64_t i, int64_t row) {
  if constexpr (type == kKvQ8_0) {
    const std::byte* block = piece + (row * d + i) / 32 * 34;
    return static_cast<float>(static_cast<int8_t>(block[2 + i % 32])) * LoadHalf(block);
  } else {
    return Key<type>(piece, d, 0, row * d + i);
  }
}

template <KvType type>
void UnpackKeys(const std::byte* keys, int64_t d, float* dst) {
  for (int64_t i = 0; i < d; ++i) {
    for (int64_t j = 0; j < kKvBlock; ++j) dst[i * kKvBlock + j] = Key<type>(keys, d, i, j);
  }
}

template <KvType type>
void UnpackValues(const std::byte* values, int64_t count, int64_t d, float* dst) {
  for (int64_t j = 0; j < count; ++j) {
    for (int64_t i = 0; i < d; ++i) dst[j * d + i] = Value<type>(values, d, i, j);
  }
}

template <KvType type>
void AttendQuery(const AttentionBlock& block, int64_t count, const float* q, int64_t d, float scale, float* state) {
  float e[kKvBlock] = {};  // scores, then their exponentials
  for (int64_t i = 0; i < d; ++i) {
    for (int64_t j = 0; j < count; ++j) e[j] += q[i] * Key<type>(block.keys, d, i, j);
  }
  float largest = state[0];
  for (int64_t j = 0; j < count; ++j) largest = std::max(largest, e[j] *= scale);
  const float rescale = std::exp(state[0] - largest);
  state[0] = largest;
  for (int64_t i = 0; i < kPartials; ++i) state[kStateSum + i] *= rescale;
  for (int64_t j = 0; j < count; ++j) state[kStateSum + j % kPartials] += e[j] = std::exp(e[j] - largest);
  float* sum = state + kStateValues;
  for (int64_t i = 0; i < d; ++i) sum[i] *= rescale;
  for (int64_t j = 0; j < count; ++j) {
    for (int64_t i = 0; i < d; ++i) sum[i] += e[j] * Value<type>(block.values, d, i, j);
  }
}

template <KvType type>
void Attend(const AttentionBlock& block, int64_t d, float scale) {
  for (int64_t r = 0; r < block.rows; ++r) {
    for (int64_t n = 0; n < block.queries; ++n) {
      AttendQuery<type>(block, block.Count(r), block.q + r * block.q_stride + n * d, d, scale,
                        block.states + r * block.state_stride + n * AttentionStateFloats(d));
    }
  }
}

void Merge(const float* part, int64_t d, float* total) {
  const float largest = std::max(total[0], part[0]);
  const float old_weight = std::exp(total[0] - largest), weight = std::exp(part[0] - largest);
  total[0] = largest;
  for (int64_t i = kStateSum; i < kStateValues + d; ++i) total[i] = total[i] * old_weight + part[i] * weight;
}

void Finish(const float* total, int64_t d, float* out) {
  const float sum = Sum(total + kStateSum, kPartials);
  for (int64_t i = 0; i < d; ++i) out[i] = total[kStateValues + i] / sum;
}

}  // namespace

void StartAttentionState(int64_t d, float* state) {
  std::fill_n(state, AttentionStateFloats(d), 0.0f);
  state[0] = -std::numeric_limits<float>::infinity();
}

const AttentionKernels& PlainAttentionKernels() {
  static constexpr AttentionKernels kernels = {
      "plain",
      1,
      {Attend<kKvF32>, Attend<kKvF16>, Attend<kKvBf16>, Attend<kKvQ8_0>},
      {UnpackKeys<kKvF32>, UnpackKeys<kKvF16>, UnpackKeys<kKvBf16>, UnpackKeys<kKvQ8_0>},
      {UnpackValues<kKvF32>, UnpackValues<kKvF16>, UnpackValues<kKvBf16>, UnpackValues<kKvQ8_0>},
      Merge,
      Finish};
  return kernels;
}

std::vector<const AttentionKernels*> RunnableAttentionKernels(const Cpu& cpu) {
  return Runnable(cpu, &PlainAttentionKernels(), Avx2AttentionKernels(), Avx512AttentionKernels());
}

const AttentionKernels& BestAttentionKernels(const Cpu& cpu, int64_t d) {
  const AttentionKernels* best = &PlainAttentionKernels();
  for (const AttentionKernels* kernels : RunnableAttentionKernels(cpu)) {
    if (d % kernels->dim_multiple == 0) best = kernels;
  }
  return *best;
}

const AttentionKernels& BestAttentionKernels(int64_t d) {
  static const Cpu cpu = DetectCpu();
  return BestAttentionKernels(cpu, d);
}

}  // namespace tidemark
