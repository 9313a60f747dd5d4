// Float32 products for AVX-512 (F, BW, CD, DQ, VL).
//
// Decode: a format's decoder yields its weights sixteen at a time, in registers, and each vector meets 1-4 rows of x right
// there. Sub-blocks of 4 and 5 bits have at most 32 different weights: they are computed once and the codes select them
// (vpermps), three or four instructions per 16 weights, which is faster than memory delivers the codes. Four weight rows are
// walked side by side, block by block: each has one chain of dependent FMAs, and four chains hide each other's latency.
//
// Prefill: tiles of 6 rows of x by 4 rows of w, 24 sums in registers: 10 loads for 24 FMAs, two of either per cycle. k is cut
// so that the weights of a tile stay in the first-level cache; the sums wait in memory meanwhile, all lanes of them, because
// adding the lanes earlier would change the order.
#include "backends/float_kernels.h"
#include "engine/core/isa_region.h"
#include "engine/formats/half.h"

#if TM_HAVE_X86
#include <immintrin.h>
#endif

#include <algorithm>
#include <array>
#include <cstring>

namespace tidemark {

#if TM_HAVE_X86
TM_REGION_AVX512
namespace {

__m128i Load16(const std::byte* p) { return _mm_loadu_si128(reinterpret_cast<const __m128i*>(p)); }
__m256i Load32(const std::byte* p) { return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(p)); }
__m512 Widen(__m128i q) { return _mm512_cvtepi32_ps(_mm512_cvtepi8_epi32(q)); }
float Half(const std::byte* p) { return _mm_cvtss_f32(_mm_cvtph_ps(_mm_cvtsi32_si128(LoadU16(p)))); }

__m512 CountUp(int first) {
  return _mm512_cvtepi32_ps(
      _mm512_add_epi32(_mm512_set1_epi32(first), _mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15)));
}

// The one order in which lanes are added.
float SumLanes(__m512 v) {
  const __m256 eight = _mm256_add_ps(_mm512_castps512_ps256(v), _mm512_extractf32x8_ps(v, 1));
  const __m128 four = _mm_add_ps(_mm256_castps256_ps128(eight), _mm256_extractf128_ps(eight, 1));
  const __m128 two = _mm_add_ps(four, _mm_movehl_ps(four, four));
  return _mm_cvtss_f32(_mm_add_ss(two, _mm_movehdup_ps(two)));
}

// --- Decoders. A block is decoded in kChunks pieces of kValues / kChunks weights: Chunk(state, block, c, use) calls use(i, w)
// with weights i .. i + 15 of the block, i ascending. The state is what all pieces share.

struct Q4_0 {
  static constexpr int kValues = 32, kBytes = 18, kChunks = 1;
  using State = __m512;  // the sixteen possible weights
  static State Prepare(const std::byte* block) { return _mm512_mul_ps(CountUp(-8), _mm512_set1_ps(Half(block))); }
  template <typename Use>
  static void Chunk(const State& table, const std::byte* block, int, Use use) {
    const __m512i packed = _mm512_cvtepu8_epi32(Load16(block + 2));
    use(0, _mm512_permutexvar_ps(packed, table));  // the permute ignores the upper bits of an index
    use(16, _mm512_permutexvar_ps(_mm512_srli_epi32(packed, 4), table));
  }
};

struct Q8_0 {
  static constexpr int kValues = 32, kBytes = 34, kChunks = 1;
  using State = __m512;
  static State Prepare(const std::byte* block) { return _mm512_set1_ps(Half(block)); }
  template <typename Use>
  static void Chunk(const State& d, const std::byte* block, int, Use use) {
    use(0, _mm512_mul_ps(Widen(Load16(block + 2)), d));
    use(16, _mm512_mul_ps(Widen(Load16(block + 18)), d));
  }
};

// Eight products d * scale and dmin * min of Q4_K and Q5_K.
struct KScales {
  alignas(64) float values[16];  // scales, then mins

  static KScales Of(const std::byte* block) {
    uint32_t s[3];
    std::memcpy(s, block + 4, sizeof s);
    const uint64_t scales = (s[0] & 0x3f3f3f3fu) | uint64_t{(s[2] & 0x0f0f0f0fu) | (s[0] >> 2 & 0x30303030u)} << 32;
    const uint64_t mins = (s[1] & 0x3f3f3f3fu) | uint64_t{(s[2] >> 4 & 0x0f0f0f0fu) | (s[1] >> 2 & 0x30303030u)} << 32;
    const __m512 codes = Widen(_mm_set_epi64x(static_cast<int64_t>(mins), static_cast<int64_t>(scales)));
    const __m512 factor = _mm512_insertf32x8(_mm512_set1_ps(Half(block)), _mm256_set1_ps(Half(block + 2)), 1);
    KScales k;
    _mm512_store_ps(k.values, _mm512_mul_ps(factor, codes));
    return k;
  }
  // scale * q - min for the sixteen codes q.
  __m512 Table(int sub, __m512 codes) const {
    return _mm512_sub_ps(_mm512_mul_ps(_mm512_set1_ps(values[sub]), codes), _mm512_set1_ps(values[8 + sub]));
  }
};

struct Q4_K {
  static constexpr int kValues = 256, kBytes = 144, kChunks = 4;
  using State = KScales;
  static State Prepare(const std::byte* block) { return KScales::Of(block); }
  template <typename Use>
  static void Chunk(const State& k, const std::byte* block, int c, Use use) {
    const __m512 low = k.Table(2 * c, CountUp(0)), high = k.Table(2 * c + 1, CountUp(0));
    const __m512i first = _mm512_cvtepu8_epi32(Load16(block + 16 + 32 * c));
    const __m512i second = _mm512_cvtepu8_epi32(Load16(block + 32 + 32 * c));
    use(64 * c, _mm512_permutexvar_ps(first, low));
    use(64 * c + 16, _mm512_permutexvar_ps(second, low));
    use(64 * c + 32, _mm512_permutexvar_ps(_mm512_srli_epi32(first, 4), high));
    use(64 * c + 48, _mm512_permutexvar_ps(_mm512_srli_epi32(second, 4), high));
  }
};

struct Q5_K {
  static constexpr int kValues = 256, kBytes = 176, kChunks = 4;
  using State = KScales;
  static State Prepare(const std::byte* block) { return KScales::Of(block); }

  // 32 codes: bit 4 from the mask, the rest from the low nibbles of `packed`.
  template <typename Use>
  static void Sub(const State& k, int sub, __m256i packed, __m256i qh, Use use) {
    const __m256i low = _mm256_and_si256(packed, _mm256_set1_epi8(15));
    const __mmask32 set = _mm256_test_epi8_mask(qh, _mm256_set1_epi8(static_cast<char>(1 << sub)));
    const __m256i q = _mm256_mask_add_epi8(low, set, low, _mm256_set1_epi8(16));
    const __m512 first = k.Table(sub, CountUp(0)), second = k.Table(sub, CountUp(16));
    const __m512i q0 = _mm512_cvtepu8_epi32(_mm256_castsi256_si128(q));
    const __m512i q1 = _mm512_cvtepu8_epi32(_mm256_extracti128_si256(q, 1));
    use(32 * sub, _mm512_permutex2var_ps(first, q0, second));
    use(32 * sub + 16, _mm512_permutex2var_ps(first, q1, second));
  }
  template <typename Use>
  static void Chunk(const State& k, const std::byte* block, int c, Use use) {
    const __m256i qh = Load32(block + 16), packed = Load32(block + 48 + 32 * c);
    Sub(k, 2 * c, packed, qh, use);
    Sub(k, 2 * c + 1, _mm256_srli_epi16(packed, 4), qh, use);
  }
};

struct Q6_K {
  static constexpr int kValues = 256, kBytes = 210, kChunks = 2;
  struct State {
    alignas(64) float scales[16];
  };
  static State Prepare(const std::byte* block) {
    State s;
    _mm512_store_ps(s.scales, _mm512_mul_ps(_mm512_set1_ps(Half(block + 208)), Widen(Load16(block + 192))));
    return s;
  }
  template <typename Use>
  static void Chunk(const State& s, const std::byte* block, int half, Use use) {
    const __m256i nibble = _mm256_set1_epi8(15), high_bits = _mm256_set1_epi8(0x30), offset = _mm256_set1_epi8(32);
    const __m256i ql[2] = {Load32(block + 64 * half), Load32(block + 64 * half + 32)};
    const __m256i qh = Load32(block + 128 + 32 * half);
    const __m256i high[4] = {_mm256_slli_epi16(qh, 4), _mm256_slli_epi16(qh, 2), qh, _mm256_srli_epi16(qh, 2)};
#pragma GCC unroll 4
    for (int quarter = 0; quarter < 4; ++quarter) {
      const __m256i packed = ql[quarter % 2];
      const __m256i low = _mm256_and_si256(quarter < 2 ? packed : _mm256_srli_epi16(packed, 4), nibble);
      const __m256i q = _mm256_sub_epi8(_mm256_or_si256(low, _mm256_and_si256(high[quarter], high_bits)), offset);
      const int group = 8 * half + 2 * quarter;
      use(16 * group, _mm512_mul_ps(_mm512_set1_ps(s.scales[group]), Widen(_mm256_castsi256_si128(q))));
      use(16 * group + 16, _mm512_mul_ps(_mm512_set1_ps(s.scales[group + 1]), Widen(_mm256_extracti128_si256(q, 1))));
    }
  }
};

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

// One group for prefill: kRows rows side by side as in StreamGroup, the weights stored instead of multiplied.
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
#pragma GCC unroll 1
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
constexpr int64_t kTileK = 2048;  // 32 KiB of weights: they stay in the first-level cache while tiles of x pass

// Adds to sums[i * kGroupRows + j] the products of k values (a multiple of 16) of kX rows of a tile of x and of a group of w.
template <int kX>
void Tile(const float* w, const float* x, int64_t k, __m512* sums) {
  __m512 s[kX][kGroupRows];
  for (int i = 0; i < kX; ++i) {
    for (int j = 0; j < kGroupRows; ++j) s[i][j] = sums[i * kGroupRows + j];
  }
  for (int64_t p = 0; p < k; p += 16, x += 16 * kTileRows, w += 16 * kGroupRows) {
    __m512 row[kX];
    for (int i = 0; i < kX; ++i) {
      row[i] = _mm512_loadu_ps(x + 16 * i);
      _mm_prefetch(reinterpret_cast<const char*>(x + 16 * (i + 24 * kTileRows)), _MM_HINT_T0);
    }
    for (int j = 0; j < kGroupRows; ++j) {
      const __m512 v = _mm512_loadu_ps(w + 16 * j);
      for (int i = 0; i < kX; ++i) s[i][j] = _mm512_fmadd_ps(v, row[i], s[i][j]);
    }
  }
  for (int i = 0; i < kX; ++i) {
    for (int j = 0; j < kGroupRows; ++j) sums[i * kGroupRows + j] = s[i][j];
  }
}

using TileFunction = void (*)(const float*, const float*, int64_t, __m512*);
constexpr TileFunction kTiles[kTileRows] = {Tile<1>, Tile<2>, Tile<3>, Tile<4>, Tile<5>, Tile<6>};

void Multiply(const std::byte* group_bytes, int64_t rows, int64_t k, const std::byte* x_bytes, int64_t m, float* y,
              int64_t y_stride) {
  const auto* group = reinterpret_cast<const float*>(group_bytes);
  const auto* x_tiles = reinterpret_cast<const float*>(x_bytes);
  constexpr int64_t kMaxRows = 8 * kTileRows;  // rows of x whose sums wait at a time
  __m512 sums[kMaxRows * kGroupRows];
  const int64_t padded = PaddedK(k);
  for (int64_t i0 = 0; i0 < m; i0 += kMaxRows) {
    const int64_t count = std::min(kMaxRows, m - i0);
    for (int64_t i = 0; i < count * kGroupRows; ++i) sums[i] = _mm512_setzero_ps();
    for (int64_t p = 0; p < padded; p += kTileK) {
      for (int64_t i = 0; i < count; i += kTileRows) {
        const float* tile = x_tiles + (i0 + i) * padded + p * kTileRows;
        kTiles[std::min<int64_t>(kTileRows, count - i) - 1](group + p * kGroupRows, tile, std::min(kTileK, padded - p),
                                                            sums + i * kGroupRows);
      }
    }
    for (int64_t i = 0; i < count; ++i) {
      for (int64_t j = 0; j < rows; ++j) y[(i0 + i) * y_stride + j] = SumLanes(sums[i * kGroupRows + j]);
    }
  }
}

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
                                       .runs_on = [](const Cpu& cpu) { return cpu.avx2 && cpu.fma && cpu.f16c && cpu.avx512; },
                                       .needs = "AVX-512 (F, BW, CD, DQ, VL)"};
  return &kernels;
}

#else

const FloatKernels* Avx512F32Kernels() { return nullptr; }

#endif  // TM_HAVE_X86

}  // namespace tidemark
