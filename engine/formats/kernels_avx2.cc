// Dequantisation for AVX2 with F16C, to float32 and to bfloat16, eight weights at a time: the formats that kernels decode too by
// the decoders they share (decoders_avx2.h), the others here in the same manner.
//
// Multiplications and subtractions stay separate (no FMA): the results are those of the plain version, bit for bit.
#include "engine/core/isa_region.h"
#include "engine/formats/codebooks.h"
#include "engine/formats/half.h"
#include "engine/formats/half_vectors.h"
#include "engine/formats/k_scales.h"
#include "engine/formats/kernels.h"

#if TM_HAVE_X86
#include <immintrin.h>
#endif

#include <array>
#include <cstring>

namespace tidemark {

#if TM_HAVE_X86
TM_REGION_AVX2
namespace avx2 {
namespace {

#include "engine/formats/decoders_avx2.h"

// --- Writing 8 weights, as float32 or rounded to bfloat16.

void Emit(float* dst, __m256 v) { _mm256_storeu_ps(dst, v); }
void Emit(uint16_t* dst, __m256 v) { _mm_storeu_si128(reinterpret_cast<__m128i*>(dst), RoundToBf16(v)); }

// q * scale for 16 signed bytes.
template <typename T>
void Emit16(T* dst, __m128i q, __m256 scale) {
  Emit(dst, _mm256_mul_ps(Widen(q), scale));
  Emit(dst + 8, _mm256_mul_ps(Widen(_mm_srli_si128(q, 8)), scale));
}
// q * scale - min.
template <typename T>
void Emit16(T* dst, __m128i q, __m256 scale, __m256 min) {
  Emit(dst, _mm256_sub_ps(_mm256_mul_ps(Widen(q), scale), min));
  Emit(dst + 8, _mm256_sub_ps(_mm256_mul_ps(Widen(_mm_srli_si128(q, 8)), scale), min));
}

// --- Formats. T is float or uint16_t (bfloat16).

template <typename Decoder, typename T>
void Blocks(const std::byte* src, std::span<T> dst) {
  constexpr size_t kValues = Decoder::kValues;
  for (size_t i = 0; i + kValues <= dst.size(); i += kValues, src += Decoder::kBytes) {
    Decoder::ForEach8(src, [to = dst.data() + i](int at, __m256 v) { Emit(to + at, v); });
  }
}

// d * codebook[q] for 16 bytes of nibbles in the order of Q4_0.
template <typename T>
void EmitCodes(T* dst, __m128i packed, __m128i codebook, float d) {
  const __m256 scale = _mm256_set1_ps(d);
  Emit16(dst, _mm_shuffle_epi8(codebook, LowNibbles(packed)), scale);
  Emit16(dst + 16, _mm_shuffle_epi8(codebook, HighNibbles(packed)), scale);
}

template <typename T>
void Iq4Nl(const std::byte* src, std::span<T> dst) {
  const __m128i codebook = _mm_loadu_si128(reinterpret_cast<const __m128i*>(kIq4Values));
  for (size_t i = 0; i + 32 <= dst.size(); i += 32, src += 18)
    EmitCodes(dst.data() + i, Load16(src + 2), codebook, LoadHalf(src));
}

template <typename T>
void Mxfp4(const std::byte* src, std::span<T> dst) {
  const __m128i codebook = _mm_loadu_si128(reinterpret_cast<const __m128i*>(kMxfp4Values));
  for (size_t i = 0; i + 32 <= dst.size(); i += 32, src += 17) {
    EmitCodes(dst.data() + i, Load16(src + 1), codebook, Mxfp4Scale(static_cast<uint8_t>(src[0])));
  }
}

template <typename T>
void Iq4Xs(const std::byte* src, std::span<T> dst) {
  const __m128i codebook = _mm_loadu_si128(reinterpret_cast<const __m128i*>(kIq4Values));
  for (size_t i = 0; i + 256 <= dst.size(); i += 256, src += 136) {
    const float d = LoadHalf(src);
    const uint32_t high = LoadU16(src + 2);
    uint32_t low;
    std::memcpy(&low, src + 4, sizeof low);
    for (int sub = 0; sub < 8; ++sub) {
      const int scale = static_cast<int>((low >> (4 * sub) & 15) | (high >> (2 * sub) & 3) << 4) - 32;
      EmitCodes(dst.data() + i + 32 * sub, Load16(src + 8 + 16 * sub), codebook, d * static_cast<float>(scale));
    }
  }
}

template <typename T>
void Q2_K(const std::byte* src, std::span<T> dst) {
  const __m256i two_bits = _mm256_set1_epi8(3);
  for (size_t i = 0; i + 256 <= dst.size(); i += 256, src += 84) {
    const float d = LoadHalf(src + 80), dmin = LoadHalf(src + 82);
    for (int half = 0; half < 2; ++half) {
      __m256i qs = Load32(src + 16 + 32 * half);
      for (int pair = 0; pair < 4; ++pair, qs = _mm256_srli_epi16(qs, 2)) {
        const __m256i q = _mm256_and_si256(qs, two_bits);
        const __m128i parts[2] = {_mm256_castsi256_si128(q), _mm256_extracti128_si256(q, 1)};
        for (int part = 0; part < 2; ++part) {
          const int group = 8 * half + 2 * pair + part, packed = static_cast<int>(src[group]);
          const __m256 scale = _mm256_set1_ps(d * static_cast<float>(packed & 15));
          Emit16(dst.data() + i + 16 * group, parts[part], scale, _mm256_set1_ps(dmin * static_cast<float>(packed >> 4)));
        }
      }
    }
  }
}

template <typename T>
void Q3_K(const std::byte* src, std::span<T> dst) {
  const __m256i two_bits = _mm256_set1_epi8(3), four = _mm256_set1_epi8(4);
  for (size_t i = 0; i + 256 <= dst.size(); i += 256, src += 110) {
    uint32_t s[3];
    std::memcpy(s, src + 96, sizeof s);
    int8_t scales[16];
    for (int g = 0; g < 4; ++g) {
      const uint32_t low = s[g % 2] >> (g / 2 * 4) & 0x0f0f0f0fu;
      const uint32_t four_scales = low | (s[2] >> (2 * g) & 0x03030303u) << 4;
      std::memcpy(scales + 4 * g, &four_scales, sizeof four_scales);
    }
    const float d = LoadHalf(src + 108);
    const __m256i hmask = Load32(src);
    for (int half = 0; half < 2; ++half) {
      __m256i qs = Load32(src + 32 + 32 * half);
      for (int pair = 0; pair < 4; ++pair, qs = _mm256_srli_epi16(qs, 2)) {
        const __m256i bit = _mm256_set1_epi8(static_cast<char>(1 << (4 * half + pair)));
        const __m256i clear = _mm256_cmpeq_epi8(_mm256_and_si256(hmask, bit), _mm256_setzero_si256());
        const __m256i q = _mm256_sub_epi8(_mm256_and_si256(qs, two_bits), _mm256_and_si256(clear, four));
        const int group = 8 * half + 2 * pair;
        T* out = dst.data() + i + 16 * group;
        Emit16(out, _mm256_castsi256_si128(q), _mm256_set1_ps(d * static_cast<float>(scales[group] - 32)));
        Emit16(out + 16, _mm256_extracti128_si256(q, 1), _mm256_set1_ps(d * static_cast<float>(scales[group + 1] - 32)));
      }
    }
  }
}

// f16 and bf16 are arrays at any alignment; the few values after the last full vector go through the scalar functions.
template <typename T>
void F16(const std::byte* src, std::span<T> dst) {
  size_t i = 0;
  for (; i + 8 <= dst.size(); i += 8) Emit(dst.data() + i, _mm256_cvtph_ps(Load16(src + 2 * i)));
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
  for (; i + 8 <= dst.size(); i += 8) {
    const __m256i wide = _mm256_slli_epi32(_mm256_cvtepu16_epi32(Load16(src + 2 * i)), 16);
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(dst.data() + i), wide);
  }
  for (; i < dst.size(); ++i) dst[i] = Bf16ToFloat(LoadU16(src + 2 * i));
}

}  // namespace
}  // namespace avx2
TM_REGION_END

namespace {

void CopyBf16(const std::byte* src, std::span<uint16_t> dst) {
  if (!dst.empty()) std::memcpy(dst.data(), src, dst.size_bytes());
}

constexpr std::array kKernels = {
    DequantizeKernel{"f16", "avx2", avx2::F16<float>, avx2::F16<uint16_t>},
    DequantizeKernel{"bf16", "avx2", avx2::Bf16, CopyBf16},
    DequantizeKernel{"q8_0", "avx2", avx2::Blocks<avx2::Q8_0Decoder, float>, avx2::Blocks<avx2::Q8_0Decoder, uint16_t>},
    DequantizeKernel{"q4_0", "avx2", avx2::Blocks<avx2::Q4_0Decoder, float>, avx2::Blocks<avx2::Q4_0Decoder, uint16_t>},
    DequantizeKernel{"q2_k", "avx2", avx2::Q2_K<float>, avx2::Q2_K<uint16_t>},
    DequantizeKernel{"q3_k", "avx2", avx2::Q3_K<float>, avx2::Q3_K<uint16_t>},
    DequantizeKernel{"q4_k", "avx2", avx2::Blocks<avx2::Q4_KDecoder, float>, avx2::Blocks<avx2::Q4_KDecoder, uint16_t>},
    DequantizeKernel{"q5_k", "avx2", avx2::Blocks<avx2::Q5_KDecoder, float>, avx2::Blocks<avx2::Q5_KDecoder, uint16_t>},
    DequantizeKernel{"q6_k", "avx2", avx2::Blocks<avx2::Q6_KDecoder, float>, avx2::Blocks<avx2::Q6_KDecoder, uint16_t>},
    DequantizeKernel{"iq4_nl", "avx2", avx2::Iq4Nl<float>, avx2::Iq4Nl<uint16_t>},
    DequantizeKernel{"iq4_xs", "avx2", avx2::Iq4Xs<float>, avx2::Iq4Xs<uint16_t>},
    DequantizeKernel{"mxfp4", "avx2", avx2::Mxfp4<float>, avx2::Mxfp4<uint16_t>},
};

}  // namespace

std::span<const DequantizeKernel> Avx2Kernels() { return kKernels; }

#else

std::span<const DequantizeKernel> Avx2Kernels() { return {}; }

#endif  // TM_HAVE_X86

}  // namespace tidemark
