// Float32 products for AVX2 with FMA and F16C: the structure of avx512_f32.cc with 8 lanes and 16 registers.
//
// Weights are decoded eight at a time (decoders_avx2.h). Prefill tiles are 3 rows of x by 4 rows of w: 12 sums, 3 vectors of x,
// one of w.
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
TM_REGION_AVX2
namespace {

#include "engine/formats/decoders_avx2.h"

// --- Decode.

// kRows weight rows against kM rows of x; the rows' next neighbours, kRows further on, are prefetched meanwhile.
template <typename Decoder, int kM, int kRows>
void StreamGroup(const StreamArguments& a, int64_t j) {
  __m256 sums[kRows][kM];
  for (auto& row : sums) {
    for (__m256& s : row) s = _mm256_setzero_ps();
  }
  const std::byte* w = a.w + j * a.row_bytes;
  for (int64_t p = 0; p < a.k; p += Decoder::kValues, w += Decoder::kBytes) {
    for (int r = 0; r < kRows; ++r) {
      const std::byte* block = w + r * a.row_bytes;
      for (int line = 0; line < Decoder::kBytes; line += 64) {
        _mm_prefetch(reinterpret_cast<const char*>(block + kRows * a.row_bytes + line), _MM_HINT_T0);
      }
      Decoder::ForEach8(block, [&](int i, __m256 v) {
        for (int t = 0; t < kM; ++t) {
          sums[r][t] = _mm256_fmadd_ps(v, _mm256_loadu_ps(a.x + t * a.x_stride + p + i), sums[r][t]);
        }
      });
    }
  }
  for (int r = 0; r < kRows; ++r) {
    for (int t = 0; t < kM; ++t) a.y[t * a.y_stride + j + r] = SumLanes(sums[r][t]);
  }
}

template <typename Decoder, int kM>
void StreamRows(const StreamArguments& a) {
  constexpr int kRows = kM == 1 ? 4 : 2;
  int64_t j = 0;
  for (; j + kRows <= a.rows; j += kRows) StreamGroup<Decoder, kM, kRows>(a, j);
  for (; j < a.rows; ++j) StreamGroup<Decoder, kM, 1>(a, j);
}

// One group for prefill, row by row.
template <typename Decoder>
void Unpack(const std::byte* w, int64_t row_bytes, int64_t rows, int64_t k, std::byte* bytes) {
  auto* group = reinterpret_cast<float*>(bytes);
  if (rows < kGroupRows) std::memset(group, 0, static_cast<size_t>(kGroupRows * k) * sizeof(float));
  for (int64_t r = 0; r < rows; ++r) {
    const std::byte* block = w + r * row_bytes;
    float* dst = group + 8 * r;
    for (int64_t p = 0; p < k; p += Decoder::kValues, block += Decoder::kBytes, dst += Decoder::kValues * kGroupRows) {
      Decoder::ForEach8(block, [&](int i, __m256 v) { _mm256_storeu_ps(dst + i * kGroupRows, v); });
    }
  }
}

template <typename Decoder>
void Stream(const StreamArguments& a) {
  constexpr std::array kByM = {StreamRows<Decoder, 1>, StreamRows<Decoder, 2>, StreamRows<Decoder, 3>, StreamRows<Decoder, 4>};
  kByM[static_cast<size_t>(a.m - 1)](a);
}

// Plain floats, eight at a time.
__m256 LoadF32(const std::byte* p) { return _mm256_loadu_ps(reinterpret_cast<const float*>(p)); }
__m256 LoadF16(const std::byte* p) { return _mm256_cvtph_ps(Load16(p)); }
__m256 LoadBf16(const std::byte* p) { return _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_cvtepu16_epi32(Load16(p)), 16)); }

// The first `count` < 8 values of p, then zeros.
template <__m256 (*Load)(const std::byte*)>
__m256 LoadSome(const std::byte* p, int64_t bytes) {
  alignas(32) std::byte padded[32] = {};
  std::memcpy(padded, p, static_cast<size_t>(bytes));
  return Load(padded);
}

template <__m256 (*Load)(const std::byte*), int kBytes, int kM, int kRows>
void StreamFloatGroup(const StreamArguments& a, int64_t j) {
  __m256 sums[kRows][kM];
  for (auto& row : sums) {
    for (__m256& s : row) s = _mm256_setzero_ps();
  }
  const std::byte* w = a.w + j * a.row_bytes;
  int64_t p = 0;
  for (; p + 8 <= a.k; p += 8) {
    for (int r = 0; r < kRows; ++r) {
      const std::byte* at = w + r * a.row_bytes + p * kBytes;
      _mm_prefetch(reinterpret_cast<const char*>(at + kRows * a.row_bytes), _MM_HINT_T0);
      const __m256 v = Load(at);
      for (int t = 0; t < kM; ++t) {
        sums[r][t] = _mm256_fmadd_ps(v, _mm256_loadu_ps(a.x + t * a.x_stride + p), sums[r][t]);
      }
    }
  }
  for (int r = 0; r < kRows; ++r) {
    for (int t = 0; t < kM; ++t) {
      if (p < a.k) {
        const auto* x = reinterpret_cast<const std::byte*>(a.x + t * a.x_stride + p);
        const __m256 v = LoadSome<Load>(w + r * a.row_bytes + p * kBytes, (a.k - p) * kBytes);
        sums[r][t] = _mm256_fmadd_ps(v, LoadSome<LoadF32>(x, (a.k - p) * 4), sums[r][t]);
      }
      a.y[t * a.y_stride + j + r] = SumLanes(sums[r][t]);
    }
  }
}

template <__m256 (*Load)(const std::byte*), int kBytes, int kM>
void StreamFloatRows(const StreamArguments& a) {
  constexpr int kRows = kM == 1 ? 4 : 2;
  int64_t j = 0;
  for (; j + kRows <= a.rows; j += kRows) StreamFloatGroup<Load, kBytes, kM, kRows>(a, j);
  for (; j < a.rows; ++j) StreamFloatGroup<Load, kBytes, kM, 1>(a, j);
}

template <__m256 (*Load)(const std::byte*), int kBytes>
void StreamFloats(const StreamArguments& a) {
  constexpr std::array kByM = {StreamFloatRows<Load, kBytes, 1>, StreamFloatRows<Load, kBytes, 2>,
                               StreamFloatRows<Load, kBytes, 3>, StreamFloatRows<Load, kBytes, 4>};
  kByM[static_cast<size_t>(a.m - 1)](a);
}

template <__m256 (*Load)(const std::byte*), int kBytes>
void UnpackFloats(const std::byte* w, int64_t row_bytes, int64_t rows, int64_t k, std::byte* bytes) {
  auto* group = reinterpret_cast<float*>(bytes);
  for (int64_t p = 0; p < PaddedK(k); p += 8, w += 8 * kBytes) {
    for (int64_t r = 0; r < kGroupRows; ++r, group += 8) {
      const int64_t bytes = r < rows ? std::clamp<int64_t>(k - p, 0, 8) * kBytes : 0;
      _mm256_storeu_ps(group, bytes == 8 * kBytes ? Load(w + r * row_bytes) : LoadSome<Load>(w + r * row_bytes, bytes));
    }
  }
}

// --- Prefill.

constexpr int kTileRows = 3;
struct TileVectors {
  using Sum = __m256;
  using Vector = __m256;
  static constexpr int64_t kBytes = 32, kValues = 8, kStepsAtATime = 256, kTilesAtATime = 16;
  static constexpr bool kPrefetch = false;
  static Sum Zero() { return _mm256_setzero_ps(); }
  static Vector Load(const std::byte* p) { return _mm256_loadu_ps(reinterpret_cast<const float*>(p)); }
  static Sum Fma(Vector w, Vector x, Sum sum) { return _mm256_fmadd_ps(w, x, sum); }
};
#include "backends/float_tiles.h"

constexpr std::array kFormats = {
    FloatKernels::Format{"f32", StreamFloats<LoadF32, 4>, UnpackFloats<LoadF32, 4>},
    FloatKernels::Format{"f16", StreamFloats<LoadF16, 2>, UnpackFloats<LoadF16, 2>},
    FloatKernels::Format{"bf16", StreamFloats<LoadBf16, 2>, UnpackFloats<LoadBf16, 2>},
    FloatKernels::Format{"q8_0", Stream<Q8_0Decoder>, Unpack<Q8_0Decoder>},
    FloatKernels::Format{"q4_0", Stream<Q4_0Decoder>, Unpack<Q4_0Decoder>},
    FloatKernels::Format{"q4_k", Stream<Q4_KDecoder>, Unpack<Q4_KDecoder>},
    FloatKernels::Format{"q5_k", Stream<Q5_KDecoder>, Unpack<Q5_KDecoder>},
    FloatKernels::Format{"q6_k", Stream<Q6_KDecoder>, Unpack<Q6_KDecoder>},
};

}  // namespace
TM_REGION_END

const FloatKernels* Avx2F32Kernels() {
  static const FloatKernels kernels = {.formats = kFormats,
                                       .to_float = Avx2Kernels,
                                       .precision = Precision::kExact,
                                       .value_bytes = sizeof(float),
                                       .tile_rows = kTileRows,
                                       .stream_reads_tiles = false,
                                       .interleave = InterleaveFloats<8>,
                                       .multiply = Multiply,
                                       .name = "avx2_f32",
                                       .details = "own code, float32 in 8 lanes along k, same bits in every batch",
                                       .runs_on = [](const Cpu& cpu) { return cpu.RunsAvx2(); },
                                       .needs = "AVX2 with FMA and F16C"};
  return &kernels;
}

#else

const FloatKernels* Avx2F32Kernels() { return nullptr; }

#endif  // TM_HAVE_X86

}  // namespace tidemark
