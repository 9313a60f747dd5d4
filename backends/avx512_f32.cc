// Float32 products for AVX-512 (F, BW, CD, DQ, VL).
//
// Decode: a format's decoder (decoders_avx512.h) yields its weights sixteen at a time, in registers, and each vector meets 1-4
// rows of x right there. Codes of 4 and 5 bits select among weights computed once, three or four instructions per 16 weights:
// faster than memory delivers the codes. Four weight rows are walked side by side, block by block: each has one chain of
// dependent FMAs, and four chains hide each other's latency.
//
// Prefill (float_tiles.h): tiles of 6 rows of x by 4 rows of w, 24 sums in registers: 10 loads for 24 FMAs, two of either per
// cycle. k is cut so that the weights of a tile stay in the first-level cache; the sums wait in memory meanwhile, all lanes.
#include "backends/float_kernels.h"
#include "engine/core/isa_region.h"
#include "engine/core/vector_math.h"
#include "engine/formats/half.h"
#include "engine/formats/k_scales.h"

#if TM_HAVE_X86
#include <immintrin.h>
#endif

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>

namespace tidemark {

#if TM_HAVE_X86
TM_REGION_AVX512
namespace {

#include "engine/formats/decoders_avx512.h"

using Q4_0 = Q4_0Decoder<FloatOutput>;
using Q8_0 = Q8_0Decoder<FloatOutput>;
using Q4_K = Q4_KDecoder<FloatOutput>;
using Q5_K = Q5_KDecoder<FloatOutput>;
using Q6_K = Q6_KDecoder<FloatOutput>;

// --- Decode.

// kRows weight rows against kM rows of x; the rows' next neighbours, kRows further on, are prefetched meanwhile.
template <typename Decoder, int kM, int kRows>
void StreamGroup(const StreamArguments& a, int64_t j) {
  __m512 sums[kRows][kM];
  for (auto& row : sums) {
    for (__m512& s : row) s = _mm512_setzero_ps();
  }
  const std::byte* w = a.w + j * a.row_bytes;
  const float* x = a.x;
  for (int64_t p = 0; p < a.k; p += Decoder::kValues, w += Decoder::kBytes, x += Decoder::kValues) {
    typename Decoder::State states[kRows];
#pragma GCC unroll 4
    for (int r = 0; r < kRows; ++r) {
      const std::byte* block = w + r * a.row_bytes;
      for (int line = 0; line < Decoder::kBytes; line += 64) {
        _mm_prefetch(reinterpret_cast<const char*>(block + kRows * a.row_bytes + line), _MM_HINT_T0);
      }
      states[r] = Decoder::Prepare(block);
    }
#pragma GCC unroll 1
    for (int c = 0; c < Decoder::kChunks; ++c) {
#pragma GCC unroll 4
      for (int r = 0; r < kRows; ++r) {
        Decoder::Chunk(states[r], w + r * a.row_bytes, c, [&](int i, __m512 v) {
#pragma GCC unroll 4
          for (int t = 0; t < kM; ++t) sums[r][t] = _mm512_fmadd_ps(v, _mm512_loadu_ps(x + t * a.x_stride + i), sums[r][t]);
        });
      }
    }
  }
  for (int r = 0; r < kRows; ++r) {
    for (int t = 0; t < kM; ++t) a.y[t * a.y_stride + j + r] = SumLanes(sums[r][t]);
  }
}

template <typename Decoder, int kM>
void StreamRows(const StreamArguments& a) {
  int64_t j = 0;
  for (; j + 4 <= a.rows; j += 4) StreamGroup<Decoder, kM, 4>(a, j);
  for (; j < a.rows; ++j) StreamGroup<Decoder, kM, 1>(a, j);
}

// One group for prefill: kRows rows side by side as in StreamGroup, the weights stored instead of multiplied. Chunks are
// unrolled: as a loop they make prefill of 16 to 64 rows of q4_k 6 % slower.
template <typename Decoder, int kRows>
void UnpackRows(const std::byte* w, int64_t row_bytes, int64_t k, float* group) {
  for (int64_t p = 0; p < k; p += Decoder::kValues, w += Decoder::kBytes, group += Decoder::kValues * kGroupRows) {
    typename Decoder::State states[kRows];
#pragma GCC unroll 4
    for (int r = 0; r < kRows; ++r) {
      const std::byte* block = w + r * row_bytes;
      for (int line = 0; line < Decoder::kBytes; line += 64) {
        _mm_prefetch(reinterpret_cast<const char*>(block + kRows * row_bytes + line), _MM_HINT_T0);
      }
      states[r] = Decoder::Prepare(block);
    }
#pragma GCC unroll 4
    for (int c = 0; c < Decoder::kChunks; ++c) {
#pragma GCC unroll 4
      for (int r = 0; r < kRows; ++r) {
        Decoder::Chunk(states[r], w + r * row_bytes, c,
                       [&](int i, __m512 v) { _mm512_storeu_ps(group + i * kGroupRows + 16 * r, v); });
      }
    }
  }
}

template <typename Decoder>
void Unpack(const std::byte* w, int64_t row_bytes, int64_t rows, int64_t k, std::byte* bytes) {
  auto* group = reinterpret_cast<float*>(bytes);
  if (rows == kGroupRows) {
    UnpackRows<Decoder, kGroupRows>(w, row_bytes, k, group);
    return;
  }
  std::memset(group, 0, static_cast<size_t>(kGroupRows * k) * sizeof(float));
  for (int64_t r = 0; r < rows; ++r) UnpackRows<Decoder, 1>(w + r * row_bytes, row_bytes, k, group + 16 * r);
}

template <typename Decoder>
void Stream(const StreamArguments& a) {
  constexpr std::array kByM = {StreamRows<Decoder, 1>, StreamRows<Decoder, 2>, StreamRows<Decoder, 3>, StreamRows<Decoder, 4>};
  kByM[static_cast<size_t>(a.m - 1)](a);
}

// Plain floats: sixteen weights, and the first of them that a mask names followed by zeros.
struct F32 {
  static constexpr int kBytes = 4;
  static __m512 Load(const std::byte* p) { return _mm512_loadu_ps(p); }
  static __m512 Load(const std::byte* p, __mmask16 mask) { return _mm512_maskz_loadu_ps(mask, p); }
};
struct F16 {
  static constexpr int kBytes = 2;
  static __m512 Load(const std::byte* p) { return _mm512_cvtph_ps(Load32(p)); }
  static __m512 Load(const std::byte* p, __mmask16 mask) { return _mm512_cvtph_ps(_mm256_maskz_loadu_epi16(mask, p)); }
};
struct Bf16 {
  static constexpr int kBytes = 2;
  static __m512 Widen(__m256i v) { return _mm512_castsi512_ps(_mm512_slli_epi32(_mm512_cvtepu16_epi32(v), 16)); }
  static __m512 Load(const std::byte* p) { return Widen(Load32(p)); }
  static __m512 Load(const std::byte* p, __mmask16 mask) { return Widen(_mm256_maskz_loadu_epi16(mask, p)); }
};

template <typename Type, int kM, int kRows>
void StreamFloatGroup(const StreamArguments& a, int64_t j) {
  __m512 sums[kRows][kM];
  for (auto& row : sums) {
    for (__m512& s : row) s = _mm512_setzero_ps();
  }
  const std::byte* w = a.w + j * a.row_bytes;
  int64_t p = 0;
  for (; p + 16 <= a.k; p += 16, w += 16 * Type::kBytes) {
#pragma GCC unroll 4
    for (int r = 0; r < kRows; ++r) {
      _mm_prefetch(reinterpret_cast<const char*>(w + (r + kRows) * a.row_bytes), _MM_HINT_T0);
      const __m512 v = Type::Load(w + r * a.row_bytes);
#pragma GCC unroll 4
      for (int t = 0; t < kM; ++t) sums[r][t] = _mm512_fmadd_ps(v, _mm512_loadu_ps(a.x + t * a.x_stride + p), sums[r][t]);
    }
  }
  const auto mask = static_cast<__mmask16>((1u << (a.k - p)) - 1);
  for (int r = 0; r < kRows; ++r) {
    for (int t = 0; t < kM; ++t) {
      if (mask != 0) {
        const __m512 v = Type::Load(w + r * a.row_bytes, mask);
        sums[r][t] = _mm512_fmadd_ps(v, _mm512_maskz_loadu_ps(mask, a.x + t * a.x_stride + p), sums[r][t]);
      }
      a.y[t * a.y_stride + j + r] = SumLanes(sums[r][t]);
    }
  }
}

template <typename Type, int kM>
void StreamFloatRows(const StreamArguments& a) {
  int64_t j = 0;
  for (; j + 4 <= a.rows; j += 4) StreamFloatGroup<Type, kM, 4>(a, j);
  for (; j < a.rows; ++j) StreamFloatGroup<Type, kM, 1>(a, j);
}

template <typename Type>
void StreamFloats(const StreamArguments& a) {
  constexpr std::array kByM = {StreamFloatRows<Type, 1>, StreamFloatRows<Type, 2>, StreamFloatRows<Type, 3>,
                               StreamFloatRows<Type, 4>};
  kByM[static_cast<size_t>(a.m - 1)](a);
}

template <typename Type>
void UnpackFloats(const std::byte* w, int64_t row_bytes, int64_t rows, int64_t k, std::byte* bytes) {
  auto* group = reinterpret_cast<float*>(bytes);
  for (int64_t p = 0; p < PaddedK(k); p += 16, w += 16 * Type::kBytes) {
    const auto mask = static_cast<__mmask16>((1u << std::clamp<int64_t>(k - p, 0, 16)) - 1);
    for (int64_t r = 0; r < kGroupRows; ++r, group += 16) {
      _mm512_storeu_ps(group, r < rows ? Type::Load(w + r * row_bytes, mask) : _mm512_setzero_ps());
    }
  }
}

// --- Prefill.

constexpr int kTileRows = 6;
struct TileVectors {
  using Sum = __m512;
  using Vector = __m512;
  static constexpr int64_t kBytes = 64, kValues = 16, kStepsAtATime = 128, kTilesAtATime = 8;
  static constexpr bool kPrefetch = true;
  static Sum Zero() { return _mm512_setzero_ps(); }
  static Vector Load(const std::byte* p) { return _mm512_loadu_ps(p); }
  static Sum Fma(Vector w, Vector x, Sum sum) { return _mm512_fmadd_ps(w, x, sum); }
};
#include "backends/float_tiles.h"

constexpr std::array kFormats = {
    FloatKernels::Format{"f32", StreamFloats<F32>, UnpackFloats<F32>},
    FloatKernels::Format{"f16", StreamFloats<F16>, UnpackFloats<F16>},
    FloatKernels::Format{"bf16", StreamFloats<Bf16>, UnpackFloats<Bf16>},
    FloatKernels::Format{"q8_0", Stream<Q8_0>, Unpack<Q8_0>},
    FloatKernels::Format{"q4_0", Stream<Q4_0>, Unpack<Q4_0>},
    FloatKernels::Format{"q4_k", Stream<Q4_K>, Unpack<Q4_K>},
    FloatKernels::Format{"q5_k", Stream<Q5_K>, Unpack<Q5_K>},
    FloatKernels::Format{"q6_k", Stream<Q6_K>, Unpack<Q6_K>},
};

}  // namespace
TM_REGION_END

const FloatKernels* Avx512F32Kernels() {
  static const FloatKernels kernels = {.formats = kFormats,
                                       .to_float = Avx512Kernels,
                                       .precision = Precision::kExact,
                                       .value_bytes = sizeof(float),
                                       .tile_rows = kTileRows,
                                       .stream_reads_tiles = false,
                                       .interleave = InterleaveFloats<16>,
                                       .multiply = Multiply,
                                       .name = "avx512_f32",
                                       .details = "own code, float32 in 16 lanes along k, same bits in every batch",
                                       .runs_on = [](const Cpu& cpu) { return cpu.RunsAvx512(); },
                                       .needs = "AVX-512 (F, BW, CD, DQ, VL)"};
  return &kernels;
}

#else

const FloatKernels* Avx512F32Kernels() { return nullptr; }

#endif  // TM_HAVE_X86

}  // namespace tidemark
