// Attention's inner loops for AVX2 with FMA: attention_avx512.cc with eight lanes. What is left of a row after the last whole
// vector is computed in a padded copy, by the same instructions.
#include "engine/core/isa_region.h"
#include "engine/ops/attention_kernels.h"

#if TM_HAVE_X86
#include <immintrin.h>
#endif

#include <algorithm>
#include <cstring>

namespace tidemark {

#if TM_HAVE_X86
TM_REGION_AVX2
namespace {

// The first count < 8 values of p; `fill` in the other lanes.
__m256 LoadSome(const float* p, int64_t count, float fill) {
  alignas(32) float padded[8] = {fill, fill, fill, fill, fill, fill, fill, fill};
  std::memcpy(padded, p, static_cast<size_t>(count) * sizeof(float));
  return _mm256_load_ps(padded);
}
void StoreSome(float* p, int64_t count, __m256 v) {
  alignas(32) float padded[8];
  _mm256_store_ps(padded, v);
  std::memcpy(p, padded, static_cast<size_t>(count) * sizeof(float));
}

// The one order in which lanes are added.
float SumLanes(__m256 v) {
  const __m128 four = _mm_add_ps(_mm256_castps256_ps128(v), _mm256_extractf128_ps(v, 1));
  const __m128 two = _mm_add_ps(four, _mm_movehl_ps(four, four));
  return _mm_cvtss_f32(_mm_add_ss(two, _mm_movehdup_ps(two)));
}

// As in attention_avx512.cc; results below the smallest normal number are zero.
__m256 Exp(__m256 x) {
  x = _mm256_max_ps(_mm256_set1_ps(-200), x);  // of a NaN: the second operand
  const __m256 n = _mm256_round_ps(_mm256_mul_ps(x, _mm256_set1_ps(1.44269504f)), _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
  __m256 r = _mm256_fnmadd_ps(n, _mm256_set1_ps(0.693359375f), x);
  r = _mm256_fnmadd_ps(n, _mm256_set1_ps(-2.12194440e-4f), r);
  __m256 p = _mm256_set1_ps(1.0f / 5040);
  for (const float c : {1.0f / 720, 1.0f / 120, 1.0f / 24, 1.0f / 6, 0.5f, 1.0f, 1.0f}) {
    p = _mm256_fmadd_ps(p, r, _mm256_set1_ps(c));
  }
  const __m256i exponent = _mm256_slli_epi32(_mm256_add_epi32(_mm256_cvtps_epi32(n), _mm256_set1_epi32(127)), 23);
  const __m256 tiny = _mm256_cmp_ps(n, _mm256_set1_ps(-126), _CMP_LT_OQ);
  return _mm256_andnot_ps(tiny, _mm256_mul_ps(p, _mm256_castsi256_ps(exponent)));
}

void Score(const float* query, const float* keys, int64_t count, int64_t d, float scale, float* scores) {
  for (int64_t j = 0; j < count; ++j, keys += d) {
    __m256 sum = _mm256_setzero_ps();
    int64_t i = 0;
    for (; i + 8 <= d; i += 8) sum = _mm256_fmadd_ps(_mm256_loadu_ps(query + i), _mm256_loadu_ps(keys + i), sum);
    if (i < d) sum = _mm256_fmadd_ps(LoadSome(query + i, d - i, 0), LoadSome(keys + i, d - i, 0), sum);
    scores[j] = SumLanes(sum) * scale;
  }
}

float Softmax(float* scores, int64_t n) {
  const float largest = *std::max_element(scores, scores + n);
  const __m256 max = _mm256_set1_ps(largest);
  __m256 sum = _mm256_setzero_ps();
  int64_t j = 0;
  for (; j + 8 <= n; j += 8) {
    const __m256 e = Exp(_mm256_sub_ps(_mm256_loadu_ps(scores + j), max));
    _mm256_storeu_ps(scores + j, e);
    sum = _mm256_add_ps(sum, e);
  }
  if (j < n) {
    StoreSome(scores + j, n - j, Exp(_mm256_sub_ps(LoadSome(scores + j, n - j, largest), max)));
    sum = _mm256_add_ps(sum, LoadSome(scores + j, n - j, 0));
  }
  return SumLanes(sum);
}

// 32 elements of the head at a time stay in registers while all positions pass.
void AddWeighted(const float* e, const float* values, int64_t count, int64_t d, float* out) {
  int64_t i = 0;
  for (; i + 32 <= d; i += 32) {
    __m256 s[4];
    for (int v = 0; v < 4; ++v) s[v] = _mm256_loadu_ps(out + i + 8 * v);
    for (int64_t j = 0; j < count; ++j) {
      const __m256 weight = _mm256_set1_ps(e[j]);
      for (int v = 0; v < 4; ++v) s[v] = _mm256_fmadd_ps(weight, _mm256_loadu_ps(values + j * d + i + 8 * v), s[v]);
    }
    for (int v = 0; v < 4; ++v) _mm256_storeu_ps(out + i + 8 * v, s[v]);
  }
  for (; i < d; i += 8) {
    const int64_t lanes = std::min<int64_t>(8, d - i);
    __m256 s = LoadSome(out + i, lanes, 0);
    for (int64_t j = 0; j < count; ++j) s = _mm256_fmadd_ps(_mm256_set1_ps(e[j]), LoadSome(values + j * d + i, lanes, 0), s);
    StoreSome(out + i, lanes, s);
  }
}

}  // namespace
TM_REGION_END

const AttentionKernels* Avx2AttentionKernels() {
  static const AttentionKernels kernels = {"avx2", Score, Softmax, AddWeighted};
  return &kernels;
}

#else

const AttentionKernels* Avx2AttentionKernels() { return nullptr; }

#endif  // TM_HAVE_X86

}  // namespace tidemark
