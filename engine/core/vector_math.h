// e^x and what follows from it in vectors: for AVX2 with FMA and for AVX-512 (F, BW, CD, DQ, VL), eight and sixteen floats.
//
// e^x = 2^n * e^r with n = round(x / ln 2), |r| <= ln 2 / 2. r = x - n ln 2 is exact to double-float because ln 2 is split into a
// part of few bits and a rest (Cody, Waite: Software Manual for the Elementary Functions, 1980); e^r is its Taylor polynomial of
// degree 7, relative error below 1e-8 there, so that the result is within 2 units in the last place. Both instruction sets do
// the same operations in the same order and give the same bits wherever 2^n is a normal number. engine/ops/op_loops.h has the
// same terms without fused operations.
#ifndef TIDEMARK_ENGINE_CORE_VECTOR_MATH_H_
#define TIDEMARK_ENGINE_CORE_VECTOR_MATH_H_

#include <initializer_list>

#include "engine/core/isa_region.h"

#if TM_HAVE_X86
#include <immintrin.h>
#endif

namespace tidemark {

namespace exp_terms {
inline constexpr float kLog2E = 1.44269504f;
inline constexpr float kLn2High = 0.693359375f, kLn2Low = -2.12194440e-4f;  // their sum is ln 2
inline constexpr float kFirst = 1.0f / 5040;                                // the polynomial, highest power first
inline constexpr float kRest[] = {1.0f / 720, 1.0f / 120, 1.0f / 24, 1.0f / 6, 0.5f, 1.0f, 1.0f};
// Where silu and sigmoid cut -x off: 2^n and 2^-n are normal numbers, and the result is within 2e-38 |x| of the true one.
inline constexpr float kCut = 87;
}  // namespace exp_terms

#if TM_HAVE_X86

TM_REGION_AVX2

// e^r of the split x = n ln 2 + r.
inline __m256 ExpOfRest(__m256 x, __m256& n) {
  n = _mm256_round_ps(_mm256_mul_ps(x, _mm256_set1_ps(exp_terms::kLog2E)), _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
  __m256 r = _mm256_fnmadd_ps(n, _mm256_set1_ps(exp_terms::kLn2High), x);
  r = _mm256_fnmadd_ps(n, _mm256_set1_ps(exp_terms::kLn2Low), r);
  __m256 p = _mm256_set1_ps(exp_terms::kFirst);
  for (const float c : exp_terms::kRest) p = _mm256_fmadd_ps(p, r, _mm256_set1_ps(c));
  return p;
}

// p * 2^n for a normal 2^n.
inline __m256 ScaleBy(__m256 p, __m256 n) {
  const __m256i power = _mm256_slli_epi32(_mm256_add_epi32(_mm256_cvtps_epi32(n), _mm256_set1_epi32(127)), 23);
  return _mm256_mul_ps(p, _mm256_castsi256_ps(power));
}

// e^x for x <= 0; below the smallest normal number zero; a NaN stays one.
inline __m256 ExpOfNegative(__m256 x) {
  __m256 n;
  const __m256 p = ExpOfRest(_mm256_max_ps(_mm256_set1_ps(-200), x), n);  // max of a NaN: the second operand
  return _mm256_andnot_ps(_mm256_cmp_ps(n, _mm256_set1_ps(-126), _CMP_LT_OQ), ScaleBy(p, n));
}

// g / (1 + e^-g), with -g cut off at +-kCut.
inline __m256 Silu(__m256 g) {
  const __m256 cut = _mm256_set1_ps(exp_terms::kCut), low = _mm256_set1_ps(-exp_terms::kCut);
  __m256 n;
  const __m256 p = ExpOfRest(_mm256_max_ps(low, _mm256_min_ps(cut, _mm256_sub_ps(_mm256_setzero_ps(), g))), n);
  return _mm256_div_ps(g, _mm256_add_ps(_mm256_set1_ps(1), ScaleBy(p, n)));
}

// The sum of the lanes in one fixed order: halves first.
inline float SumLanes(__m256 v) {
  const __m128 four = _mm_add_ps(_mm256_castps256_ps128(v), _mm256_extractf128_ps(v, 1));
  const __m128 two = _mm_add_ps(four, _mm_movehl_ps(four, four));
  return _mm_cvtss_f32(_mm_add_ss(two, _mm_movehdup_ps(two)));
}

TM_REGION_END

TM_REGION_AVX512

inline __m512 ExpOfRest(__m512 x, __m512& n) {
  n = _mm512_roundscale_ps(_mm512_mul_ps(x, _mm512_set1_ps(exp_terms::kLog2E)), 0);
  __m512 r = _mm512_fnmadd_ps(n, _mm512_set1_ps(exp_terms::kLn2High), x);
  r = _mm512_fnmadd_ps(n, _mm512_set1_ps(exp_terms::kLn2Low), r);
  __m512 p = _mm512_set1_ps(exp_terms::kFirst);
  for (const float c : exp_terms::kRest) p = _mm512_fmadd_ps(p, r, _mm512_set1_ps(c));
  return p;
}

// e^x for x <= 0; VSCALEFPS multiplies by 2^n without overflow on the way, down to subnormal results; a NaN stays one.
inline __m512 ExpOfNegative(__m512 x) {
  __m512 n;
  const __m512 p = ExpOfRest(_mm512_max_ps(_mm512_set1_ps(-200), x), n);  // max of a NaN: the second operand
  return _mm512_scalef_ps(p, n);
}

inline __m512 Silu(__m512 g) {
  const __m512 cut = _mm512_set1_ps(exp_terms::kCut), low = _mm512_set1_ps(-exp_terms::kCut);
  __m512 n;
  const __m512 p = ExpOfRest(_mm512_max_ps(low, _mm512_min_ps(cut, _mm512_sub_ps(_mm512_setzero_ps(), g))), n);
  return _mm512_div_ps(g, _mm512_add_ps(_mm512_set1_ps(1), _mm512_scalef_ps(p, n)));
}

inline float SumLanes(__m512 v) { return SumLanes(_mm256_add_ps(_mm512_castps512_ps256(v), _mm512_extractf32x8_ps(v, 1))); }

TM_REGION_END

#endif  // TM_HAVE_X86

}  // namespace tidemark

#endif  // TIDEMARK_ENGINE_CORE_VECTOR_MATH_H_
