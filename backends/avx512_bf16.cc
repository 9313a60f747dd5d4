// Bfloat16 products for AVX-512 BF16: the structure of avx512_f32.cc with VDPBF16PS, which multiplies 32 pairs of bfloat16 values
// and adds neighbouring products to 16 float32 sums.
//
// A sub-block of 4-bit codes has sixteen different weights, of 5-bit codes thirty-two: they are rounded once, fit one register,
// and one vpermw turns 32 codes into 32 weights. So decoding to bfloat16 takes half the instructions of decoding to float32.
//
// Both factors are rounded to nearest even by VCVTNE2PS2BF16; subnormal inputs and results count as zero, as the instructions
// have it. Decode and prefill round with the same instruction and add in the same order: a row gives the same bits in any batch.
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
TM_REGION_AVX512_BF16
namespace {

__m128i Load16(const std::byte* p) { return _mm_loadu_si128(reinterpret_cast<const __m128i*>(p)); }
__m256i Load32(const std::byte* p) { return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(p)); }
__m512 Widen(__m128i q) { return _mm512_cvtepi32_ps(_mm512_cvtepi8_epi32(q)); }
float Half(const std::byte* p) { return _mm_cvtss_f32(_mm_cvtph_ps(_mm_cvtsi32_si128(LoadU16(p)))); }

// 32 floats as bfloat16, in order. The vector types of bfloat16 differ between compilers; both convert by a plain cast.
__m512i Round(__m512 low, __m512 high) { return (__m512i)_mm512_cvtne2ps_pbh(high, low); }
__m512 Dot(__m512 sum, __m512i a, __m512i b) { return _mm512_dpbf16_ps(sum, (__m512bh)a, (__m512bh)b); }

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

// --- Decoders, as in avx512_f32.cc: Chunk(state, block, c, use) calls use(i, w) with 32 weights from i, i ascending.

struct Q4_0 {
  static constexpr int kValues = 32, kBytes = 18, kChunks = 1;
  using State = __m512i;  // the sixteen possible weights, twice: the permute looks at five bits of an index
  static State Prepare(const std::byte* block) {
    const __m512 table = _mm512_mul_ps(CountUp(-8), _mm512_set1_ps(Half(block)));
    return Round(table, table);
  }
  template <typename Use>
  static void Chunk(const State& table, const std::byte* block, int, Use use) {
    const __m256i codes = _mm256_cvtepu8_epi16(Load16(block + 2));
    const __m512i index = _mm512_inserti64x4(_mm512_castsi256_si512(codes), _mm256_srli_epi16(codes, 4), 1);
    use(0, _mm512_permutexvar_epi16(index, table));
  }
};

struct Q8_0 {
  static constexpr int kValues = 32, kBytes = 34, kChunks = 1;
  using State = __m512;
  static State Prepare(const std::byte* block) { return _mm512_set1_ps(Half(block)); }
  template <typename Use>
  static void Chunk(const State& d, const std::byte* block, int, Use use) {
    use(0, Round(_mm512_mul_ps(Widen(Load16(block + 2)), d), _mm512_mul_ps(Widen(Load16(block + 18)), d)));
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
    const __m512i codes = _mm512_cvtepu8_epi16(Load32(block + 16 + 32 * c));
    use(64 * c, _mm512_permutexvar_epi16(codes, Round(low, low)));
    use(64 * c + 32, _mm512_permutexvar_epi16(_mm512_srli_epi16(codes, 4), Round(high, high)));
  }
};

struct Q5_K {
  static constexpr int kValues = 256, kBytes = 176, kChunks = 4;
  using State = KScales;
  static State Prepare(const std::byte* block) { return KScales::Of(block); }

  // 32 codes: bit 4 from bit `sub` of qh, the rest from the low nibbles of `packed`.
  template <typename Use>
  static void Sub(const State& k, int sub, __m256i packed, __m256i qh, Use use) {
    const __m256i low = _mm256_and_si256(packed, _mm256_set1_epi8(15));
    const __mmask32 set = _mm256_test_epi8_mask(qh, _mm256_set1_epi8(static_cast<char>(1 << sub)));
    const __m256i q = _mm256_mask_add_epi8(low, set, low, _mm256_set1_epi8(16));
    const __m512i table = Round(k.Table(sub, CountUp(0)), k.Table(sub, CountUp(16)));
    use(32 * sub, _mm512_permutexvar_epi16(_mm512_cvtepu8_epi16(q), table));
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
      use(16 * group, Round(_mm512_mul_ps(_mm512_set1_ps(s.scales[group]), Widen(_mm256_castsi256_si128(q))),
                            _mm512_mul_ps(_mm512_set1_ps(s.scales[group + 1]), Widen(_mm256_extracti128_si256(q, 1)))));
    }
  }
};

// Plain floats: Load gives the 32 values whose bits are set in the mask, zeros for the others.
struct F32 {
  static constexpr int kBytes = 4;
  static __m512i Load(const std::byte* p, __mmask32 mask) {
    const auto high = static_cast<__mmask16>(mask >> 16);
    return Round(_mm512_maskz_loadu_ps(static_cast<__mmask16>(mask), p), _mm512_maskz_loadu_ps(high, p + 64));
  }
};
struct F16 {
  static constexpr int kBytes = 2;
  static __m512i Load(const std::byte* p, __mmask32 mask) {
    const __m512i halves = _mm512_maskz_loadu_epi16(mask, p);
    return Round(_mm512_cvtph_ps(_mm512_castsi512_si256(halves)), _mm512_cvtph_ps(_mm512_extracti64x4_epi64(halves, 1)));
  }
};
struct Bf16 {
  static constexpr int kBytes = 2;
  static __m512i Load(const std::byte* p, __mmask32 mask) { return _mm512_maskz_loadu_epi16(mask, p); }
};

__mmask32 Mask(int64_t count) { return static_cast<__mmask32>((uint64_t{1} << std::clamp<int64_t>(count, 0, 32)) - 1); }

// --- Tiles of x: [k / 32][kTileRows][32].

constexpr int kTileRows = 6;

void Interleave(std::span<const float* const> rows, int64_t k, int64_t slots, std::byte* dst) {
  for (int64_t p = 0; p < PaddedK(k); p += 32) {
    for (size_t r = 0; r < static_cast<size_t>(slots); ++r, dst += 64) {
      const bool present = r < rows.size();
      const __m512i v =
          present ? F32::Load(reinterpret_cast<const std::byte*>(rows[r] + p), Mask(k - p)) : _mm512_setzero_si512();
      _mm512_store_si512(dst, v);
    }
  }
}

// --- Decode.

// Calls use(r, i, w) with the weights of kRows rows, 32 at a time; the next kRows rows are prefetched meanwhile.
template <typename Decoder, int kRows, typename Use>
void ForEach32(const std::byte* w, int64_t row_bytes, int64_t k, Use use) {
  for (int64_t p = 0; p < k; p += Decoder::kValues, w += Decoder::kBytes) {
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
        Decoder::Chunk(states[r], w + r * row_bytes, c, [&](int i, __m512i v) { use(r, p + i, v); });
      }
    }
  }
}

// The same for plain floats.
template <typename Type, int kRows, typename Use>
void ForEach32Floats(const std::byte* w, int64_t row_bytes, int64_t k, Use use) {
  for (int64_t p = 0; p < k; p += 32, w += 32 * Type::kBytes) {
    const __mmask32 mask = Mask(k - p);
#pragma GCC unroll 4
    for (int r = 0; r < kRows; ++r) {
      const std::byte* at = w + r * row_bytes;
      for (int line = 0; line < 32 * Type::kBytes; line += 64) {
        _mm_prefetch(reinterpret_cast<const char*>(at + kRows * row_bytes + line), _MM_HINT_T0);
      }
      use(r, p, Type::Load(at, mask));
    }
  }
}

// How a format's weights are walked: Walk<kRows>(w, row_bytes, k, use).
template <typename Decoder>
struct Blocks {
  template <int kRows, typename Use>
  static void Walk(const std::byte* w, int64_t row_bytes, int64_t k, Use use) {
    ForEach32<Decoder, kRows>(w, row_bytes, k, use);
  }
};
template <typename Type>
struct Floats {
  template <int kRows, typename Use>
  static void Walk(const std::byte* w, int64_t row_bytes, int64_t k, Use use) {
    ForEach32Floats<Type, kRows>(w, row_bytes, k, use);
  }
};

template <typename Weights, int kM, int kRows>
void StreamGroup(const StreamArguments& a, int64_t j) {
  __m512 sums[kRows][kM];
  for (auto& row : sums) {
    for (__m512& s : row) s = _mm512_setzero_ps();
  }
  Weights::template Walk<kRows>(a.w + j * a.row_bytes, a.row_bytes, a.k, [&](int r, int64_t p, __m512i v) {
    const std::byte* x = a.x_tile + p * (2 * kTileRows);
#pragma GCC unroll 4
    for (int t = 0; t < kM; ++t) sums[r][t] = Dot(sums[r][t], v, _mm512_load_si512(x + 64 * t));
  });
  for (int r = 0; r < kRows; ++r) {
    for (int t = 0; t < kM; ++t) a.y[t * a.y_stride + j + r] = SumLanes(sums[r][t]);
  }
}

template <typename Weights, int kM>
void StreamRows(const StreamArguments& a) {
  int64_t j = 0;
  for (; j + 4 <= a.rows; j += 4) StreamGroup<Weights, kM, 4>(a, j);
  for (; j < a.rows; ++j) StreamGroup<Weights, kM, 1>(a, j);
}

template <typename Weights>
void Stream(const StreamArguments& a) {
  constexpr std::array kByM = {StreamRows<Weights, 1>, StreamRows<Weights, 2>, StreamRows<Weights, 3>, StreamRows<Weights, 4>};
  kByM[static_cast<size_t>(a.m - 1)](a);
}

template <typename Weights>
void Unpack(const std::byte* w, int64_t row_bytes, int64_t rows, int64_t k, std::byte* group) {
  const auto store = [&](int64_t r, int64_t p, __m512i v) { _mm512_store_si512(group + p * (2 * kGroupRows) + 64 * r, v); };
  if (rows == kGroupRows) {
    Weights::template Walk<kGroupRows>(w, row_bytes, k, store);
    return;
  }
  std::memset(group, 0, static_cast<size_t>(kGroupRows * PaddedK(k)) * 2);
  for (int64_t row = 0; row < rows; ++row) {
    Weights::template Walk<1>(w + row * row_bytes, row_bytes, k, [&](int, int64_t p, __m512i v) { store(row, p, v); });
  }
}

// --- Prefill.

constexpr int64_t kTileK = 4096;  // 32 KiB of weights: they stay in the first-level cache while tiles of x pass

// Adds to sums[i * kGroupRows + j] the products of k values (a multiple of 32) of kX rows of a tile of x and of a group of w.
template <int kX>
void Tile(const std::byte* w, const std::byte* x, int64_t k, __m512* sums) {
  __m512 s[kX][kGroupRows];
  for (int i = 0; i < kX; ++i) {
    for (int j = 0; j < kGroupRows; ++j) s[i][j] = sums[i * kGroupRows + j];
  }
  for (int64_t p = 0; p < k; p += 32, x += 64 * kTileRows, w += 64 * kGroupRows) {
    __m512i row[kX];
    for (int i = 0; i < kX; ++i) {
      row[i] = _mm512_load_si512(x + 64 * i);
      _mm_prefetch(reinterpret_cast<const char*>(x + 64 * (i + 24 * kTileRows)), _MM_HINT_T0);
    }
    for (int j = 0; j < kGroupRows; ++j) {
      const __m512i v = _mm512_load_si512(w + 64 * j);
      for (int i = 0; i < kX; ++i) s[i][j] = Dot(s[i][j], v, row[i]);
    }
  }
  for (int i = 0; i < kX; ++i) {
    for (int j = 0; j < kGroupRows; ++j) sums[i * kGroupRows + j] = s[i][j];
  }
}

using TileFunction = void (*)(const std::byte*, const std::byte*, int64_t, __m512*);
constexpr TileFunction kTiles[kTileRows] = {Tile<1>, Tile<2>, Tile<3>, Tile<4>, Tile<5>, Tile<6>};

void Multiply(const std::byte* group, int64_t rows, int64_t k, const std::byte* x_tiles, int64_t m, float* y, int64_t y_stride) {
  constexpr int64_t kMaxRows = 8 * kTileRows;  // rows of x whose sums wait at a time
  __m512 sums[kMaxRows * kGroupRows];
  const int64_t padded = PaddedK(k);
  for (int64_t i0 = 0; i0 < m; i0 += kMaxRows) {
    const int64_t count = std::min(kMaxRows, m - i0);
    for (int64_t i = 0; i < count * kGroupRows; ++i) sums[i] = _mm512_setzero_ps();
    for (int64_t p = 0; p < padded; p += kTileK) {
      for (int64_t i = 0; i < count; i += kTileRows) {
        const std::byte* tile = x_tiles + 2 * ((i0 + i) * padded + p * kTileRows);
        kTiles[std::min<int64_t>(kTileRows, count - i) - 1](group + 2 * p * kGroupRows, tile, std::min(kTileK, padded - p),
                                                            sums + i * kGroupRows);
      }
    }
    for (int64_t i = 0; i < count; ++i) {
      for (int64_t j = 0; j < rows; ++j) y[(i0 + i) * y_stride + j] = SumLanes(sums[i * kGroupRows + j]);
    }
  }
}

constexpr std::array kFormats = {
    FloatKernels::Format{"f32", Stream<Floats<F32>>, Unpack<Floats<F32>>},
    FloatKernels::Format{"f16", Stream<Floats<F16>>, Unpack<Floats<F16>>},
    FloatKernels::Format{"bf16", Stream<Floats<Bf16>>, Unpack<Floats<Bf16>>},
    FloatKernels::Format{"q8_0", Stream<Blocks<Q8_0>>, Unpack<Blocks<Q8_0>>},
    FloatKernels::Format{"q4_0", Stream<Blocks<Q4_0>>, Unpack<Blocks<Q4_0>>},
    FloatKernels::Format{"q4_k", Stream<Blocks<Q4_K>>, Unpack<Blocks<Q4_K>>},
    FloatKernels::Format{"q5_k", Stream<Blocks<Q5_K>>, Unpack<Blocks<Q5_K>>},
    FloatKernels::Format{"q6_k", Stream<Blocks<Q6_K>>, Unpack<Blocks<Q6_K>>},
};

}  // namespace
TM_REGION_END

const FloatKernels* Avx512Bf16Kernels() {
  static const FloatKernels kernels = {
      .formats = kFormats,
      .to_float = Avx512Kernels,
      .precision = Precision::kBf16,
      .value_bytes = 2,
      .tile_rows = kTileRows,
      .stream_reads_tiles = true,
      .interleave = Interleave,
      .multiply = Multiply,
      .name = "avx512_bf16",
      .details = "own code, bfloat16 inputs, float32 sums in 16 lanes along k, same bits in every batch",
      .runs_on = [](const Cpu& cpu) { return cpu.avx2 && cpu.fma && cpu.f16c && cpu.avx512 && cpu.avx512_bf16; },
      .needs = "AVX-512 BF16"};
  return &kernels;
}

#else

const FloatKernels* Avx512Bf16Kernels() { return nullptr; }

#endif  // TM_HAVE_X86

}  // namespace tidemark
