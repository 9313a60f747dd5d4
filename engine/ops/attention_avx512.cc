// Attention's inner loops for AVX-512: sixteen elements of a head, or sixteen positions, at a time.
//
// exp(x) = 2^n * e^r with n = round(x / ln 2) and |r| <= ln 2 / 2; r is exact to double-float by splitting ln 2 (Cody, Waite,
// Software Manual for the Elementary Functions, 1980), e^r is its Taylor polynomial of degree 7 (relative error below 1e-8 there,
// so the result is within 2 units in the last place), and VSCALEFPS multiplies by 2^n without overflow on the way, down to
// subnormal results. Arguments are never positive here.
#include "engine/core/isa_region.h"
#include "engine/ops/attention_kernels.h"

#if TM_HAVE_X86
#include <immintrin.h>
#endif

namespace tidemark {

#if TM_HAVE_X86
TM_REGION_AVX512
namespace {

__mmask16 Mask(int64_t count) { return static_cast<__mmask16>(count >= 16 ? 0xffff : (1u << count) - 1); }

// The one order in which lanes are added.
float SumLanes(__m512 v) {
  const __m256 eight = _mm256_add_ps(_mm512_castps512_ps256(v), _mm512_extractf32x8_ps(v, 1));
  const __m128 four = _mm_add_ps(_mm256_castps256_ps128(eight), _mm256_extractf128_ps(eight, 1));
  const __m128 two = _mm_add_ps(four, _mm_movehl_ps(four, four));
  return _mm_cvtss_f32(_mm_add_ss(two, _mm_movehdup_ps(two)));
}

__m512 Exp(__m512 x) {
  x = _mm512_max_ps(_mm512_set1_ps(-200), x);  // of a NaN: the second operand
  const __m512 n = _mm512_roundscale_ps(_mm512_mul_ps(x, _mm512_set1_ps(1.44269504f)), 0);
  __m512 r = _mm512_fnmadd_ps(n, _mm512_set1_ps(0.693359375f), x);
  r = _mm512_fnmadd_ps(n, _mm512_set1_ps(-2.12194440e-4f), r);
  __m512 p = _mm512_set1_ps(1.0f / 5040);
  for (const float c : {1.0f / 720, 1.0f / 120, 1.0f / 24, 1.0f / 6, 0.5f, 1.0f, 1.0f}) {
    p = _mm512_fmadd_ps(p, r, _mm512_set1_ps(c));
  }
  return _mm512_scalef_ps(p, n);
}

void Score(const float* query, const float* keys, int64_t count, int64_t d, float scale, float* scores) {
  for (int64_t j = 0; j < count; ++j, keys += d) {
    __m512 sum = _mm512_setzero_ps();
    int64_t i = 0;
    for (; i + 16 <= d; i += 16) sum = _mm512_fmadd_ps(_mm512_loadu_ps(query + i), _mm512_loadu_ps(keys + i), sum);
    if (i < d) {
      const __mmask16 mask = Mask(d - i);
      sum = _mm512_fmadd_ps(_mm512_maskz_loadu_ps(mask, query + i), _mm512_maskz_loadu_ps(mask, keys + i), sum);
    }
    scores[j] = SumLanes(sum) * scale;
  }
}

float Softmax(float* scores, int64_t n) {
  __m512 largest = _mm512_set1_ps(scores[0]);
  for (int64_t j = 0; j < n; j += 16) {
    largest = _mm512_max_ps(_mm512_mask_loadu_ps(largest, Mask(n - j), scores + j), largest);
  }
  const __m512 max = _mm512_set1_ps(_mm512_reduce_max_ps(largest));
  __m512 sum = _mm512_setzero_ps();
  for (int64_t j = 0; j < n; j += 16) {
    const __mmask16 mask = Mask(n - j);
    const __m512 e = Exp(_mm512_sub_ps(_mm512_mask_loadu_ps(max, mask, scores + j), max));
    _mm512_mask_storeu_ps(scores + j, mask, e);
    sum = _mm512_mask_add_ps(sum, mask, sum, e);
  }
  return SumLanes(sum);
}

// 64 elements of the head at a time stay in registers while all positions pass.
void AddWeighted(const float* e, const float* values, int64_t count, int64_t d, float* out) {
  int64_t i = 0;
  for (; i + 64 <= d; i += 64) {
    __m512 s[4];
    for (int v = 0; v < 4; ++v) s[v] = _mm512_loadu_ps(out + i + 16 * v);
    for (int64_t j = 0; j < count; ++j) {
      const __m512 weight = _mm512_set1_ps(e[j]);
      for (int v = 0; v < 4; ++v) s[v] = _mm512_fmadd_ps(weight, _mm512_loadu_ps(values + j * d + i + 16 * v), s[v]);
    }
    for (int v = 0; v < 4; ++v) _mm512_storeu_ps(out + i + 16 * v, s[v]);
  }
  for (; i < d; i += 16) {
    const __mmask16 mask = Mask(d - i);
    __m512 s = _mm512_maskz_loadu_ps(mask, out + i);
    for (int64_t j = 0; j < count; ++j) {
      s = _mm512_fmadd_ps(_mm512_set1_ps(e[j]), _mm512_maskz_loadu_ps(mask, values + j * d + i), s);
    }
    _mm512_mask_storeu_ps(out + i, mask, s);
  }
}

}  // namespace
TM_REGION_END

const AttentionKernels* Avx512AttentionKernels() {
  static const AttentionKernels kernels = {"avx512", Score, Softmax, AddWeighted};
  return &kernels;
}

#else

const AttentionKernels* Avx512AttentionKernels() { return nullptr; }

#endif  // TM_HAVE_X86

}  // namespace tidemark
