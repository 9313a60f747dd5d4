// Stored weights to bfloat16 vectors for AVX-512 BF16, in registers: shared by the kernels of avx512_bf16.cc and amx_bf16.cc.
//
// A sub-block of 4-bit codes has sixteen different weights, of 5-bit codes thirty-two: they are rounded once, fit one register,
// and one vpermw turns 32 codes into 32 weights. So decoding to bfloat16 takes half the instructions of decoding to float32.
#ifndef TIDEMARK_BACKENDS_BF16_DECODERS_H_
#define TIDEMARK_BACKENDS_BF16_DECODERS_H_

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "engine/core/isa_region.h"
#include "engine/formats/half.h"

#if TM_HAVE_X86
#include <immintrin.h>

namespace tidemark::bf16 {
TM_REGION_AVX512_BF16

inline __m128i Load16(const std::byte* p) { return _mm_loadu_si128(reinterpret_cast<const __m128i*>(p)); }
inline __m256i Load32(const std::byte* p) { return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(p)); }
inline __m512 Widen(__m128i q) { return _mm512_cvtepi32_ps(_mm512_cvtepi8_epi32(q)); }
inline float Half(const std::byte* p) { return _mm_cvtss_f32(_mm_cvtph_ps(_mm_cvtsi32_si128(LoadU16(p)))); }

// 32 floats as bfloat16, in order. The vector types of bfloat16 differ between compilers; both convert by a plain cast.
inline __m512i Round(__m512 low, __m512 high) { return (__m512i)_mm512_cvtne2ps_pbh(high, low); }
inline __m512 Dot(__m512 sum, __m512i a, __m512i b) { return _mm512_dpbf16_ps(sum, (__m512bh)a, (__m512bh)b); }

inline __m512 CountUp(int first) {
  return _mm512_cvtepi32_ps(
      _mm512_add_epi32(_mm512_set1_epi32(first), _mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15)));
}

// A use of decoded weights: every 32 of them to memory, `step` bytes apart. Here because code of a region is inlined only into
// code of the same or more instruction sets, and Chunk is in between.
struct Store {
  std::byte* to;
  int64_t step;
  void operator()(int i, __m512i v) const { _mm512_store_si512(to + i / 32 * step, v); }
};

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
    // Both tables in one register; bit 4 of an index tells them apart.
    const __m512i tables = Round(k.Table(2 * c, CountUp(0)), k.Table(2 * c + 1, CountUp(0)));
    const __m512i codes = _mm512_cvtepu8_epi16(Load32(block + 16 + 32 * c));
    use(64 * c, _mm512_permutexvar_epi16(_mm512_and_si512(codes, _mm512_set1_epi16(15)), tables));
    use(64 * c + 32, _mm512_permutexvar_epi16(_mm512_or_si512(_mm512_srli_epi16(codes, 4), _mm512_set1_epi16(16)), tables));
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

inline __mmask32 Mask(int64_t count) { return static_cast<__mmask32>((uint64_t{1} << std::clamp<int64_t>(count, 0, 32)) - 1); }

TM_REGION_END
}  // namespace tidemark::bf16

#endif  // TM_HAVE_X86

#endif  // TIDEMARK_BACKENDS_BF16_DECODERS_H_
