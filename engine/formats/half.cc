// Bulk conversions of half.h: scalar loops, F16C/AVX2 and AVX-512 versions, the best one picked on first use.
#include "engine/formats/half.h"

#include "engine/core/cpu.h"
#include "engine/core/error.h"
#include "engine/core/isa_region.h"
#include "engine/formats/half_vectors.h"

#if TM_HAVE_X86
#include <immintrin.h>
#endif

#include <array>

namespace tidemark {
namespace {

void HalfToFloatScalar(const uint16_t* src, float* dst, size_t count) {
  for (size_t i = 0; i < count; ++i) dst[i] = HalfToFloat(src[i]);
}
void FloatToHalfScalar(const float* src, uint16_t* dst, size_t count) {
  for (size_t i = 0; i < count; ++i) dst[i] = FloatToHalf(src[i]);
}
void Bf16ToFloatScalar(const uint16_t* src, float* dst, size_t count) {
  for (size_t i = 0; i < count; ++i) dst[i] = Bf16ToFloat(src[i]);
}
void FloatToBf16Scalar(const float* src, uint16_t* dst, size_t count) {
  for (size_t i = 0; i < count; ++i) dst[i] = FloatToBf16(src[i]);
}

}  // namespace

#if TM_HAVE_X86
TM_REGION_AVX2
namespace avx2 {
namespace {

void HalfToFloat(const uint16_t* src, float* dst, size_t count) {
  size_t i = 0;
  for (; i + 8 <= count; i += 8) {
    _mm256_storeu_ps(dst + i, _mm256_cvtph_ps(_mm_loadu_si128(reinterpret_cast<const __m128i*>(src + i))));
  }
  HalfToFloatScalar(src + i, dst + i, count - i);
}
void FloatToHalf(const float* src, uint16_t* dst, size_t count) {
  size_t i = 0;
  for (; i + 8 <= count; i += 8) {
    const __m128i halves = _mm256_cvtps_ph(_mm256_loadu_ps(src + i), _MM_FROUND_TO_NEAREST_INT);
    _mm_storeu_si128(reinterpret_cast<__m128i*>(dst + i), halves);
  }
  FloatToHalfScalar(src + i, dst + i, count - i);
}
void Bf16ToFloat(const uint16_t* src, float* dst, size_t count) {
  size_t i = 0;
  for (; i + 8 <= count; i += 8) {
    const __m256i wide = _mm256_cvtepu16_epi32(_mm_loadu_si128(reinterpret_cast<const __m128i*>(src + i)));
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(dst + i), _mm256_slli_epi32(wide, 16));
  }
  Bf16ToFloatScalar(src + i, dst + i, count - i);
}
void FloatToBf16(const float* src, uint16_t* dst, size_t count) {
  size_t i = 0;
  for (; i + 8 <= count; i += 8) {
    _mm_storeu_si128(reinterpret_cast<__m128i*>(dst + i), RoundToBf16(_mm256_loadu_ps(src + i)));
  }
  FloatToBf16Scalar(src + i, dst + i, count - i);
}

}  // namespace
}  // namespace avx2
TM_REGION_END

TM_REGION_AVX512
namespace avx512 {
namespace {

void HalfToFloat(const uint16_t* src, float* dst, size_t count) {
  size_t i = 0;
  for (; i + 16 <= count; i += 16) {
    _mm512_storeu_ps(dst + i, _mm512_cvtph_ps(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(src + i))));
  }
  HalfToFloatScalar(src + i, dst + i, count - i);
}
void FloatToHalf(const float* src, uint16_t* dst, size_t count) {
  size_t i = 0;
  for (; i + 16 <= count; i += 16) {
    const __m256i halves = _mm512_cvtps_ph(_mm512_loadu_ps(src + i), _MM_FROUND_TO_NEAREST_INT);
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(dst + i), halves);
  }
  FloatToHalfScalar(src + i, dst + i, count - i);
}
void Bf16ToFloat(const uint16_t* src, float* dst, size_t count) {
  size_t i = 0;
  for (; i + 16 <= count; i += 16) {
    const __m512i wide = _mm512_cvtepu16_epi32(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(src + i)));
    _mm512_storeu_si512(dst + i, _mm512_slli_epi32(wide, 16));
  }
  Bf16ToFloatScalar(src + i, dst + i, count - i);
}
void FloatToBf16(const float* src, uint16_t* dst, size_t count) {
  size_t i = 0;
  for (; i + 16 <= count; i += 16) {
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(dst + i), RoundToBf16(_mm512_loadu_ps(src + i)));
  }
  FloatToBf16Scalar(src + i, dst + i, count - i);
}

}  // namespace
}  // namespace avx512
TM_REGION_END
#endif  // TM_HAVE_X86

namespace {

constexpr std::array kKernels = {
    HalfKernels{"scalar", HalfToFloatScalar, FloatToHalfScalar, Bf16ToFloatScalar, FloatToBf16Scalar},
#if TM_HAVE_X86
    HalfKernels{"avx2", avx2::HalfToFloat, avx2::FloatToHalf, avx2::Bf16ToFloat, avx2::FloatToBf16},
    HalfKernels{"avx512", avx512::HalfToFloat, avx512::FloatToHalf, avx512::Bf16ToFloat, avx512::FloatToBf16},
#endif
};

const HalfKernels& Best() {
  static const HalfKernels& best = AvailableHalfKernels().back();
  return best;
}

}  // namespace

// The table is ordered so that each row needs all that the rows before it need.
std::span<const HalfKernels> AvailableHalfKernels() {
  const Cpu cpu = DetectCpu();
  const size_t count = cpu.RunsAvx512() ? 3 : cpu.RunsAvx2() ? 2 : 1;
  return std::span<const HalfKernels>(kKernels).first(count);
}

void HalfToFloat(std::span<const uint16_t> src, std::span<float> dst) {
  TM_CHECK(src.size() == dst.size(), "{} halves to {} floats", src.size(), dst.size());
  Best().half_to_float(src.data(), dst.data(), src.size());
}
void FloatToHalf(std::span<const float> src, std::span<uint16_t> dst) {
  TM_CHECK(src.size() == dst.size(), "{} floats to {} halves", src.size(), dst.size());
  Best().float_to_half(src.data(), dst.data(), src.size());
}
void Bf16ToFloat(std::span<const uint16_t> src, std::span<float> dst) {
  TM_CHECK(src.size() == dst.size(), "{} bf16 to {} floats", src.size(), dst.size());
  Best().bf16_to_float(src.data(), dst.data(), src.size());
}
void FloatToBf16(std::span<const float> src, std::span<uint16_t> dst) {
  TM_CHECK(src.size() == dst.size(), "{} floats to {} bf16", src.size(), dst.size());
  Best().float_to_bf16(src.data(), dst.data(), src.size());
}

}  // namespace tidemark
