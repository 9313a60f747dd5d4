// Attention's kernels for AVX-512: sixteen positions, or sixteen elements of a head, at a time. Exponentials: vector_math.h.
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
TM_REGION_AVX512
namespace {

struct Lanes {
  using F = __m512;
  static constexpr int kLanes = 16, kTileVectors = 4;

  static F Load(const float* p) { return _mm512_loadu_ps(p); }
  static void Store(float* p, F v) { _mm512_storeu_ps(p, v); }
  static F Set1(float x) { return _mm512_set1_ps(x); }
  static F Fma(F a, F b, F c) { return _mm512_fmadd_ps(a, b, c); }
  static F Add(F a, F b) { return _mm512_add_ps(a, b); }
  static F Sub(F a, F b) { return _mm512_sub_ps(a, b); }
  static F Mul(F a, F b) { return _mm512_mul_ps(a, b); }
  static F Div(F a, F b) { return _mm512_div_ps(a, b); }
  static F Max(F a, F b) { return _mm512_max_ps(a, b); }
  static float MaxOf(F v) { return _mm512_reduce_max_ps(v); }
  static float SumOf(F v) { return SumLanes(v); }
  static F Exp(F x) { return ExpOfNegative(x); }
  static F First(F v, int64_t n) {
    return _mm512_mask_mov_ps(_mm512_set1_ps(-std::numeric_limits<float>::infinity()), static_cast<__mmask16>((1u << n) - 1), v);
  }
  static F Half(const std::byte* p) { return _mm512_cvtph_ps(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(p))); }
  static F HalfOfAll(const std::byte* p) {
    short h;
    std::memcpy(&h, p, 2);
    return _mm512_cvtph_ps(_mm256_set1_epi16(h));
  }
  static F Bf16(const std::byte* p) {
    const __m512i wide = _mm512_cvtepu16_epi32(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(p)));
    return _mm512_castsi512_ps(_mm512_slli_epi32(wide, 16));
  }
  static F Int8(const std::byte* p) {
    return _mm512_cvtepi32_ps(_mm512_cvtepi8_epi32(_mm_loadu_si128(reinterpret_cast<const __m128i*>(p))));
  }
};

#include "engine/ops/attention_loops.h"

constexpr AttentionKernels kKernels = MakeKernels("avx512");

}  // namespace
TM_REGION_END

const AttentionKernels* Avx512AttentionKernels() { return &kKernels; }

#else

const AttentionKernels* Avx512AttentionKernels() { return nullptr; }

#endif  // TM_HAVE_X86

}  // namespace tidemark
