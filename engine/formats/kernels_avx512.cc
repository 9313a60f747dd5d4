// Dequantisation for AVX-512 (F, BW, CD, DQ, VL), to float32 and to bfloat16 at once.
//
// A sub-block of 4-bit codes has only 16 different weights: they are computed once, in the order of the plain version, and the
// codes then select from a register (vpermps; vpermw for bfloat16, so rounding happens 16 times instead of per weight). The
// permutes ignore the upper bits of an index, so low nibbles need no mask. Other widths are computed weight by weight.
// Multiplications and subtractions stay separate (no FMA): the results are those of the plain version, bit for bit.
#include "engine/core/isa_region.h"
#include "engine/formats/codebooks.h"
#include "engine/formats/half.h"
#include "engine/formats/kernels.h"

#if TM_HAVE_X86
#include <immintrin.h>
#endif

#include <array>
#include <cstring>

namespace tidemark {

#if TM_HAVE_X86
TM_REGION_AVX512
namespace avx512 {
namespace {

__m128i Load16(const std::byte* p) { return _mm_loadu_si128(reinterpret_cast<const __m128i*>(p)); }
__m256i Load32(const std::byte* p) { return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(p)); }

// --- Writing 16 weights, as float32 or rounded to bfloat16.

__m256i RoundToBf16(__m512 v) {
  const __m512i bits = _mm512_castps_si512(v);
  const __m512i odd = _mm512_and_si512(_mm512_srli_epi32(bits, 16), _mm512_set1_epi32(1));
  const __m512i rounded = _mm512_add_epi32(_mm512_add_epi32(bits, _mm512_set1_epi32(0x7fff)), odd);
  const __mmask16 nan = _mm512_cmp_ps_mask(v, v, _CMP_UNORD_Q);
  const __m512i kept = _mm512_mask_or_epi32(rounded, nan, bits, _mm512_set1_epi32(0x00400000));
  return _mm512_cvtepi32_epi16(_mm512_srli_epi32(kept, 16));
}

void Emit(float* dst, __m512 v) { _mm512_storeu_ps(dst, v); }
void Emit(uint16_t* dst, __m512 v) { _mm256_storeu_si256(reinterpret_cast<__m256i*>(dst), RoundToBf16(v)); }

// 16 signed bytes as floats.
__m512 Widen(__m128i q) { return _mm512_cvtepi32_ps(_mm512_cvtepi8_epi32(q)); }

// --- Sixteen possible weights in a register, selected by nibbles.

// 16 bytes: low nibbles to dst[0..16), high nibbles to dst[high_at..high_at + 16).
void ExpandNibbles16(float* dst, __m512 table, const std::byte* src, int high_at) {
  const __m512i codes = _mm512_cvtepu8_epi32(Load16(src));
  _mm512_storeu_ps(dst, _mm512_permutexvar_ps(codes, table));
  _mm512_storeu_ps(dst + high_at, _mm512_permutexvar_ps(_mm512_srli_epi32(codes, 4), table));
}

// Blocks of Q4_0's order: 16 bytes, high nibbles follow low ones.
void ExpandBlock(float* dst, __m512 table, const std::byte* src) { ExpandNibbles16(dst, table, src, 16); }
void ExpandBlock(uint16_t* dst, __m512 table, const std::byte* src) {
  const __m256i codes = _mm256_cvtepu8_epi16(Load16(src));
  const __m512i index = _mm512_inserti64x4(_mm512_castsi256_si512(codes), _mm256_srli_epi16(codes, 4), 1);
  // The table twice, because bit 4 of the index is not masked.
  _mm512_storeu_si512(dst, _mm512_permutexvar_epi16(index, _mm512_broadcast_i64x4(RoundToBf16(table))));
}

// Chunks of Q4_K's order: 32 bytes, low nibbles from one table to dst[0..32), high ones from another to dst[32..64).
void ExpandChunk(float* dst, __m512 low, __m512 high, const std::byte* src) {
  for (int i = 0; i < 32; i += 16) {
    const __m512i codes = _mm512_cvtepu8_epi32(Load16(src + i));
    _mm512_storeu_ps(dst + i, _mm512_permutexvar_ps(codes, low));
    _mm512_storeu_ps(dst + 32 + i, _mm512_permutexvar_ps(_mm512_srli_epi32(codes, 4), high));
  }
}
void ExpandChunk(uint16_t* dst, __m512 low, __m512 high, const std::byte* src) {
  const __m512i codes = _mm512_cvtepu8_epi16(Load32(src));
  _mm512_storeu_si512(dst, _mm512_permutexvar_epi16(codes, _mm512_broadcast_i64x4(RoundToBf16(low))));
  _mm512_storeu_si512(dst + 32, _mm512_permutexvar_epi16(_mm512_srli_epi16(codes, 4), _mm512_broadcast_i64x4(RoundToBf16(high))));
}

__m512 CountUp(int first) {
  return _mm512_cvtepi32_ps(
      _mm512_add_epi32(_mm512_set1_epi32(first), _mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15)));
}

// --- Formats. T is float or uint16_t (bfloat16).

template <typename T>
void Q4_0(const std::byte* src, std::span<T> dst) {
  const __m512 codes = CountUp(-8);
  for (size_t i = 0; i + 32 <= dst.size(); i += 32, src += 18) {
    ExpandBlock(dst.data() + i, _mm512_mul_ps(codes, _mm512_set1_ps(LoadHalf(src))), src + 2);
  }
}

template <typename T>
void Q4_1(const std::byte* src, std::span<T> dst) {
  const __m512 codes = CountUp(0);
  for (size_t i = 0; i + 32 <= dst.size(); i += 32, src += 20) {
    const __m512 product = _mm512_mul_ps(codes, _mm512_set1_ps(LoadHalf(src)));
    ExpandBlock(dst.data() + i, _mm512_add_ps(product, _mm512_set1_ps(LoadHalf(src + 2))), src + 4);
  }
}

__m512 Codebook(const int8_t* values) { return Widen(_mm_loadu_si128(reinterpret_cast<const __m128i*>(values))); }

template <typename T>
void Iq4Nl(const std::byte* src, std::span<T> dst) {
  const __m512 codes = Codebook(kIq4Values);
  for (size_t i = 0; i + 32 <= dst.size(); i += 32, src += 18) {
    ExpandBlock(dst.data() + i, _mm512_mul_ps(codes, _mm512_set1_ps(LoadHalf(src))), src + 2);
  }
}

template <typename T>
void Mxfp4(const std::byte* src, std::span<T> dst) {
  const __m512 codes = Codebook(kMxfp4Values);
  for (size_t i = 0; i + 32 <= dst.size(); i += 32, src += 17) {
    const float d = Mxfp4Scale(static_cast<uint8_t>(src[0]));
    ExpandBlock(dst.data() + i, _mm512_mul_ps(codes, _mm512_set1_ps(d)), src + 1);
  }
}

template <typename T>
void Iq4Xs(const std::byte* src, std::span<T> dst) {
  const __m512 codes = Codebook(kIq4Values);
  for (size_t i = 0; i + 256 <= dst.size(); i += 256, src += 136) {
    const float d = LoadHalf(src);
    const uint32_t high = LoadU16(src + 2);
    uint32_t low;
    std::memcpy(&low, src + 4, sizeof low);
    for (int sub = 0; sub < 8; ++sub) {
      const int scale = static_cast<int>((low >> (4 * sub) & 15) | (high >> (2 * sub) & 3) << 4) - 32;
      const __m512 table = _mm512_mul_ps(_mm512_set1_ps(d * static_cast<float>(scale)), codes);
      ExpandBlock(dst.data() + i + 32 * sub, table, src + 8 + 16 * sub);
    }
  }
}

template <typename T>
void Q8_0(const std::byte* src, std::span<T> dst) {
  for (size_t i = 0; i + 32 <= dst.size(); i += 32, src += 34) {
    const __m512 d = _mm512_set1_ps(LoadHalf(src));
    Emit(dst.data() + i, _mm512_mul_ps(Widen(Load16(src + 2)), d));
    Emit(dst.data() + i + 16, _mm512_mul_ps(Widen(Load16(src + 18)), d));
  }
}

// Q5_0: subtract 16, no min. Q5_1: add the min.
template <typename T, bool kHasMin>
void Q5(const std::byte* src, std::span<T> dst) {
  constexpr int kHead = kHasMin ? 4 : 2;
  for (size_t i = 0; i + 32 <= dst.size(); i += 32, src += kHead + 20) {
    uint32_t qh;
    std::memcpy(&qh, src + kHead, sizeof qh);
    const __m128i packed = Load16(src + kHead + 4), mask = _mm_set1_epi8(15);
    const __m256i nibbles = _mm256_set_m128i(_mm_and_si128(_mm_srli_epi16(packed, 4), mask), _mm_and_si128(packed, mask));
    __m256i q = _mm256_mask_add_epi8(nibbles, qh, nibbles, _mm256_set1_epi8(16));
    if constexpr (!kHasMin) q = _mm256_sub_epi8(q, _mm256_set1_epi8(16));
    const __m512 d = _mm512_set1_ps(LoadHalf(src));
    __m512 low = _mm512_mul_ps(Widen(_mm256_castsi256_si128(q)), d);
    __m512 high = _mm512_mul_ps(Widen(_mm256_extracti128_si256(q, 1)), d);
    if constexpr (kHasMin) {
      const __m512 m = _mm512_set1_ps(LoadHalf(src + 2));
      low = _mm512_add_ps(low, m);
      high = _mm512_add_ps(high, m);
    }
    Emit(dst.data() + i, low);
    Emit(dst.data() + i + 16, high);
  }
}

// Eight products d * scale and dmin * min of Q4_K and Q5_K.
struct KScales {
  alignas(32) float scale[8];
  alignas(32) float min[8];
};

KScales UnpackKScales(const std::byte* block) {
  uint32_t s[3];
  std::memcpy(s, block + 4, sizeof s);
  const uint64_t scales = (s[0] & 0x3f3f3f3fu) | uint64_t{(s[2] & 0x0f0f0f0fu) | (s[0] >> 2 & 0x30303030u)} << 32;
  const uint64_t mins = (s[1] & 0x3f3f3f3fu) | uint64_t{(s[2] >> 4 & 0x0f0f0f0fu) | (s[1] >> 2 & 0x30303030u)} << 32;
  const auto widen = [](uint64_t v) {
    return _mm256_cvtepi32_ps(_mm256_cvtepu8_epi32(_mm_cvtsi64_si128(static_cast<int64_t>(v))));
  };
  KScales k;
  _mm256_store_ps(k.scale, _mm256_mul_ps(_mm256_set1_ps(LoadHalf(block)), widen(scales)));
  _mm256_store_ps(k.min, _mm256_mul_ps(_mm256_set1_ps(LoadHalf(block + 2)), widen(mins)));
  return k;
}

// scale * q - min for the sixteen codes q.
__m512 KTable(const KScales& k, int sub, __m512 codes) {
  return _mm512_sub_ps(_mm512_mul_ps(_mm512_set1_ps(k.scale[sub]), codes), _mm512_set1_ps(k.min[sub]));
}

template <typename T>
void Q4_K(const std::byte* src, std::span<T> dst) {
  const __m512 codes = CountUp(0);
  for (size_t i = 0; i + 256 <= dst.size(); i += 256, src += 144) {
    const KScales k = UnpackKScales(src);
    for (int chunk = 0; chunk < 4; ++chunk) {
      ExpandChunk(dst.data() + i + 64 * chunk, KTable(k, 2 * chunk, codes), KTable(k, 2 * chunk + 1, codes),
                  src + 16 + 32 * chunk);
    }
  }
}

// 32 five-bit codes, given in bytes, from the two halves of their table.
void Expand5(float* dst, __m512 low, __m512 high, __m256i codes) {
  const __m512i first = _mm512_cvtepu8_epi32(_mm256_castsi256_si128(codes));
  const __m512i second = _mm512_cvtepu8_epi32(_mm256_extracti128_si256(codes, 1));
  _mm512_storeu_ps(dst, _mm512_permutex2var_ps(low, first, high));
  _mm512_storeu_ps(dst + 16, _mm512_permutex2var_ps(low, second, high));
}
void Expand5(uint16_t* dst, __m512 low, __m512 high, __m256i codes) {
  const __m512i table = _mm512_inserti64x4(_mm512_castsi256_si512(RoundToBf16(low)), RoundToBf16(high), 1);
  _mm512_storeu_si512(dst, _mm512_permutexvar_epi16(_mm512_cvtepu8_epi16(codes), table));
}

template <typename T>
void Q5_K(const std::byte* src, std::span<T> dst) {
  const __m512 low_codes = CountUp(0), high_codes = CountUp(16);
  const __m256i nibble = _mm256_set1_epi8(15), bit4 = _mm256_set1_epi8(16);
  for (size_t i = 0; i + 256 <= dst.size(); i += 256, src += 176) {
    const KScales k = UnpackKScales(src);
    const __m256i qh = Load32(src + 16);
    for (int chunk = 0; chunk < 4; ++chunk) {
      const __m256i packed = Load32(src + 48 + 32 * chunk);
      for (int part = 0; part < 2; ++part) {
        const int sub = 2 * chunk + part;
        const __m256i low = _mm256_and_si256(part == 0 ? packed : _mm256_srli_epi16(packed, 4), nibble);
        const __mmask32 set = _mm256_test_epi8_mask(qh, _mm256_set1_epi8(static_cast<char>(1 << sub)));
        const __m256i codes = _mm256_mask_add_epi8(low, set, low, bit4);
        Expand5(dst.data() + i + 32 * sub, KTable(k, sub, low_codes), KTable(k, sub, high_codes), codes);
      }
    }
  }
}

template <typename T>
void Q6_K(const std::byte* src, std::span<T> dst) {
  const __m256i nibble = _mm256_set1_epi8(15), high_bits = _mm256_set1_epi8(0x30), offset = _mm256_set1_epi8(32);
  for (size_t i = 0; i + 256 <= dst.size(); i += 256, src += 210) {
    alignas(64) float scales[16];
    _mm512_store_ps(scales, _mm512_mul_ps(_mm512_set1_ps(LoadHalf(src + 208)), Widen(Load16(src + 192))));
    for (int half = 0; half < 2; ++half) {
      const __m256i ql[2] = {Load32(src + 64 * half), Load32(src + 64 * half + 32)};
      const __m256i qh = Load32(src + 128 + 32 * half);
      // Bits 2t, 2t + 1 of qh moved to bits 4, 5; what shifts across bytes is masked away.
      const __m256i high[4] = {_mm256_slli_epi16(qh, 4), _mm256_slli_epi16(qh, 2), qh, _mm256_srli_epi16(qh, 2)};
      for (int quarter = 0; quarter < 4; ++quarter) {
        const __m256i packed = ql[quarter % 2];
        const __m256i low = _mm256_and_si256(quarter < 2 ? packed : _mm256_srli_epi16(packed, 4), nibble);
        const __m256i q = _mm256_sub_epi8(_mm256_or_si256(low, _mm256_and_si256(high[quarter], high_bits)), offset);
        const float* scale = scales + 8 * half + 2 * quarter;
        T* out = dst.data() + i + 128 * half + 32 * quarter;
        Emit(out, _mm512_mul_ps(_mm512_set1_ps(scale[0]), Widen(_mm256_castsi256_si128(q))));
        Emit(out + 16, _mm512_mul_ps(_mm512_set1_ps(scale[1]), Widen(_mm256_extracti128_si256(q, 1))));
      }
    }
  }
}

template <typename T>
void Q2_K(const std::byte* src, std::span<T> dst) {
  const __m256i two_bits = _mm256_set1_epi8(3);
  for (size_t i = 0; i + 256 <= dst.size(); i += 256, src += 84) {
    alignas(64) float scales[16], mins[16];
    const __m512i packed = _mm512_cvtepu8_epi32(Load16(src));
    const __m512 scale_codes = _mm512_cvtepi32_ps(_mm512_and_si512(packed, _mm512_set1_epi32(15)));
    const __m512 min_codes = _mm512_cvtepi32_ps(_mm512_srli_epi32(packed, 4));
    _mm512_store_ps(scales, _mm512_mul_ps(_mm512_set1_ps(LoadHalf(src + 80)), scale_codes));
    _mm512_store_ps(mins, _mm512_mul_ps(_mm512_set1_ps(LoadHalf(src + 82)), min_codes));
    for (int half = 0; half < 2; ++half) {
      __m256i qs = Load32(src + 16 + 32 * half);
      for (int pair = 0; pair < 4; ++pair, qs = _mm256_srli_epi16(qs, 2)) {
        const __m256i q = _mm256_and_si256(qs, two_bits);
        const int group = 8 * half + 2 * pair;
        T* out = dst.data() + i + 16 * group;
        const __m512 first = _mm512_mul_ps(_mm512_set1_ps(scales[group]), Widen(_mm256_castsi256_si128(q)));
        const __m512 second = _mm512_mul_ps(_mm512_set1_ps(scales[group + 1]), Widen(_mm256_extracti128_si256(q, 1)));
        Emit(out, _mm512_sub_ps(first, _mm512_set1_ps(mins[group])));
        Emit(out + 16, _mm512_sub_ps(second, _mm512_set1_ps(mins[group + 1])));
      }
    }
  }
}

// The sixteen 6-bit scales of Q3_K minus 32.
__m128i UnpackQ3Scales(const std::byte* packed) {
  uint32_t s[3];
  std::memcpy(s, packed, sizeof s);
  const auto join = [&s](uint32_t low, int shift) {
    return static_cast<int>((low & 0x0f0f0f0fu) | (s[2] >> shift & 0x03030303u) << 4);
  };
  const __m128i scales = _mm_setr_epi32(join(s[0], 0), join(s[1], 2), join(s[0] >> 4, 4), join(s[1] >> 4, 6));
  return _mm_sub_epi8(scales, _mm_set1_epi8(32));
}

template <typename T>
void Q3_K(const std::byte* src, std::span<T> dst) {
  const __m256i two_bits = _mm256_set1_epi8(3), four = _mm256_set1_epi8(4);
  for (size_t i = 0; i + 256 <= dst.size(); i += 256, src += 110) {
    alignas(64) float scales[16];
    _mm512_store_ps(scales, _mm512_mul_ps(_mm512_set1_ps(LoadHalf(src + 108)), Widen(UnpackQ3Scales(src + 96))));
    const __m256i hmask = Load32(src);
    for (int half = 0; half < 2; ++half) {
      __m256i qs = Load32(src + 32 + 32 * half);
      for (int pair = 0; pair < 4; ++pair, qs = _mm256_srli_epi16(qs, 2)) {
        const __mmask32 clear = _mm256_testn_epi8_mask(hmask, _mm256_set1_epi8(static_cast<char>(1 << (4 * half + pair))));
        const __m256i low = _mm256_and_si256(qs, two_bits);
        const __m256i q = _mm256_mask_sub_epi8(low, clear, low, four);
        const int group = 8 * half + 2 * pair;
        T* out = dst.data() + i + 16 * group;
        Emit(out, _mm512_mul_ps(_mm512_set1_ps(scales[group]), Widen(_mm256_castsi256_si128(q))));
        Emit(out + 16, _mm512_mul_ps(_mm512_set1_ps(scales[group + 1]), Widen(_mm256_extracti128_si256(q, 1))));
      }
    }
  }
}

// f16 and bf16 are arrays at any alignment; the few values after the last full vector go through the scalar functions.
template <typename T>
void F16(const std::byte* src, std::span<T> dst) {
  size_t i = 0;
  for (; i + 16 <= dst.size(); i += 16) Emit(dst.data() + i, _mm512_cvtph_ps(Load32(src + 2 * i)));
  for (; i < dst.size(); ++i) {
    if constexpr (sizeof(T) == 4) {
      dst[i] = LoadHalf(src + 2 * i);
    } else {
      dst[i] = FloatToBf16(LoadHalf(src + 2 * i));
    }
  }
}

void Bf16(const std::byte* src, std::span<float> dst) {
  size_t i = 0;
  for (; i + 16 <= dst.size(); i += 16) {
    _mm512_storeu_si512(dst.data() + i, _mm512_slli_epi32(_mm512_cvtepu16_epi32(Load32(src + 2 * i)), 16));
  }
  for (; i < dst.size(); ++i) dst[i] = Bf16ToFloat(LoadU16(src + 2 * i));
}

}  // namespace
}  // namespace avx512
TM_REGION_END

namespace {

void CopyBf16(const std::byte* src, std::span<uint16_t> dst) {
  if (!dst.empty()) std::memcpy(dst.data(), src, dst.size_bytes());
}

constexpr std::array kKernels = {
    DequantizeKernel{"f16", "avx512", avx512::F16<float>, avx512::F16<uint16_t>},
    DequantizeKernel{"bf16", "avx512", avx512::Bf16, CopyBf16},
    DequantizeKernel{"q8_0", "avx512", avx512::Q8_0<float>, avx512::Q8_0<uint16_t>},
    DequantizeKernel{"q4_0", "avx512", avx512::Q4_0<float>, avx512::Q4_0<uint16_t>},
    DequantizeKernel{"q4_1", "avx512", avx512::Q4_1<float>, avx512::Q4_1<uint16_t>},
    DequantizeKernel{"q5_0", "avx512", avx512::Q5<float, false>, avx512::Q5<uint16_t, false>},
    DequantizeKernel{"q5_1", "avx512", avx512::Q5<float, true>, avx512::Q5<uint16_t, true>},
    DequantizeKernel{"q2_k", "avx512", avx512::Q2_K<float>, avx512::Q2_K<uint16_t>},
    DequantizeKernel{"q3_k", "avx512", avx512::Q3_K<float>, avx512::Q3_K<uint16_t>},
    DequantizeKernel{"q4_k", "avx512", avx512::Q4_K<float>, avx512::Q4_K<uint16_t>},
    DequantizeKernel{"q5_k", "avx512", avx512::Q5_K<float>, avx512::Q5_K<uint16_t>},
    DequantizeKernel{"q6_k", "avx512", avx512::Q6_K<float>, avx512::Q6_K<uint16_t>},
    DequantizeKernel{"iq4_nl", "avx512", avx512::Iq4Nl<float>, avx512::Iq4Nl<uint16_t>},
    DequantizeKernel{"iq4_xs", "avx512", avx512::Iq4Xs<float>, avx512::Iq4Xs<uint16_t>},
    DequantizeKernel{"mxfp4", "avx512", avx512::Mxfp4<float>, avx512::Mxfp4<uint16_t>},
};

}  // namespace

std::span<const DequantizeKernel> Avx512Kernels() { return kKernels; }

#else

std::span<const DequantizeKernel> Avx512Kernels() { return {}; }

#endif  // TM_HAVE_X86

}  // namespace tidemark
