// Attention's kernels for AVX2 with FMA: attention_avx512.cc with eight lanes.
#include <cstring>
#include <limits>

#include "engine/core/isa_region.h"
#include "engine/core/vector_math.h"
#include "engine/ops/attention_kernels.h"

#if TM_HAVE_X86
#include <immintrin.h>
#endif

namespace tidemark {

#if TM_HAVE_X86
TM_REGION_AVX2
namespace {

struct Lanes {
  using F = __m256;
  static constexpr int kLanes = 8, kTileVectors = 2;

  static F Load(const float* p) { return _mm256_loadu_ps(p); }
  static void Store(float* p, F v) { _mm256_storeu_ps(p, v); }
  static F Set1(float x) { return _mm256_set1_ps(x); }
  static F Fma(F a, F b, F c) { return _mm256_fmadd_ps(a, b, c); }
  static F Add(F a, F b) { return _mm256_add_ps(a, b); }
  static F Sub(F a, F b) { return _mm256_sub_ps(a, b); }
  static F Mul(F a, F b) { return _mm256_mul_ps(a, b); }
  static F Div(F a, F b) { return _mm256_div_ps(a, b); }
  static F Max(F a, F b) { return _mm256_max_ps(a, b); }
  static float MaxOf(F v) {
    const __m128 four = _mm_max_ps(_mm256_castps256_ps128(v), _mm256_extractf128_ps(v, 1));
    const __m128 two = _mm_max_ps(four, _mm_movehl_ps(four, four));
    return _mm_cvtss_f32(_mm_max_ss(two, _mm_movehdup_ps(two)));
  }
  static float SumOf(F v) { return SumLanes(v); }
  static F Exp(F x) { return ExpOfNegative(x); }
  static F First(F v, int64_t n) {
    const __m256i lane = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
    const __m256i keep = _mm256_cmpgt_epi32(_mm256_set1_epi32(static_cast<int>(n)), lane);
    return _mm256_blendv_ps(_mm256_set1_ps(-std::numeric_limits<float>::infinity()), v, _mm256_castsi256_ps(keep));
  }
  static F Half(const std::byte* p) { return _mm256_cvtph_ps(_mm_loadu_si128(reinterpret_cast<const __m128i*>(p))); }
  static F HalfOfAll(const std::byte* p) {
    short h;
    std::memcpy(&h, p, 2);
    return _mm256_cvtph_ps(_mm_set1_epi16(h));
  }
  static F Bf16(const std::byte* p) {
    const __m256i wide = _mm256_cvtepu16_epi32(_mm_loadu_si128(reinterpret_cast<const __m128i*>(p)));
    return _mm256_castsi256_ps(_mm256_slli_epi32(wide, 16));
  }
  static F Int8(const std::byte* p) {
    return _mm256_cvtepi32_ps(_mm256_cvtepi8_epi32(_mm_loadl_epi64(reinterpret_cast<const __m128i*>(p))));
  }
};

#include "engine/ops/attention_loops.h"

constexpr AttentionKernels kKernels = MakeKernels("avx2");

}  // namespace
TM_REGION_END

const AttentionKernels* Avx2AttentionKernels() { return &kKernels; }

#else

const AttentionKernels* Avx2AttentionKernels() { return nullptr; }

#endif  // TM_HAVE_X86

}  // namespace tidemark
