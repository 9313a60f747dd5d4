// Rounding to bfloat16 in vectors, as FloatToBf16 of half.h has it, NaNs and subnormal numbers included. The instruction of
// AVX512_BF16 is not that: it takes subnormal numbers for zero whatever MXCSR says.
#ifndef TIDEMARK_ENGINE_FORMATS_HALF_VECTORS_H_
#define TIDEMARK_ENGINE_FORMATS_HALF_VECTORS_H_

#include "engine/core/isa_region.h"

#if TM_HAVE_X86
#include <immintrin.h>

#include <cstdint>

namespace tidemark {

TM_REGION_AVX2
inline __m128i RoundToBf16(__m256 v) {
  const __m256i bits = _mm256_castps_si256(v);
  const __m256i odd = _mm256_and_si256(_mm256_srli_epi32(bits, 16), _mm256_set1_epi32(1));
  const __m256i rounded = _mm256_add_epi32(_mm256_add_epi32(bits, _mm256_set1_epi32(0x7fff)), odd);
  const __m256i quiet = _mm256_or_si256(bits, _mm256_set1_epi32(0x00400000));
  const __m256i nan = _mm256_castps_si256(_mm256_cmp_ps(v, v, _CMP_UNORD_Q));
  const __m256i upper = _mm256_srli_epi32(_mm256_blendv_epi8(rounded, quiet, nan), 16);
  return _mm_packus_epi32(_mm256_castsi256_si128(upper), _mm256_extracti128_si256(upper, 1));
}
TM_REGION_END

TM_REGION_AVX512
// The results in the upper halves of the lanes.
inline __m512i RoundUpperHalves(__m512 v) {
  const __m512i bits = _mm512_castps_si512(v);
  const __m512i odd = _mm512_and_si512(_mm512_srli_epi32(bits, 16), _mm512_set1_epi32(1));
  const __m512i rounded = _mm512_add_epi32(_mm512_add_epi32(bits, _mm512_set1_epi32(0x7fff)), odd);
  const __mmask16 nan = _mm512_cmp_ps_mask(v, v, _CMP_UNORD_Q);
  return _mm512_mask_or_epi32(rounded, nan, bits, _mm512_set1_epi32(0x00400000));
}

inline __m256i RoundToBf16(__m512 v) { return _mm512_cvtepi32_epi16(_mm512_srli_epi32(RoundUpperHalves(v), 16)); }

// 32 of them, in order.
inline __m512i RoundToBf16(__m512 low, __m512 high) {
  alignas(64) static constexpr uint16_t kOdd[32] = {1,  3,  5,  7,  9,  11, 13, 15, 17, 19, 21, 23, 25, 27, 29, 31,
                                                    33, 35, 37, 39, 41, 43, 45, 47, 49, 51, 53, 55, 57, 59, 61, 63};
  return _mm512_permutex2var_epi16(RoundUpperHalves(low), _mm512_load_si512(kOdd), RoundUpperHalves(high));
}
TM_REGION_END

}  // namespace tidemark

#endif  // TM_HAVE_X86

#endif  // TIDEMARK_ENGINE_FORMATS_HALF_VECTORS_H_
