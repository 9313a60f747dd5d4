// Dequantisation for AVX-512 (F, BW, CD, DQ, VL), to float32 and to bfloat16 at once.
//
// The formats that kernels decode too by the decoders they share (decoders_avx512.h), the others here in the same manner: sixteen
// possible weights in a register, selected by nibbles, or weight by weight. Multiplications and subtractions stay separate (no
// FMA): the results are those of the plain version, bit for bit.
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
TM_REGION_AVX512
namespace avx512 {
namespace {

#include "engine/formats/decoders_avx512.h"

struct Rounding {
  static __m512i Round(__m512 low, __m512 high) { return RoundToBf16(low, high); }
};

// How weights of type T, float or uint16_t (bfloat16), are written.
template <typename T>
struct Writing;
template <>
struct Writing<float> {
  using Output = FloatOutput;
  float* to;
  void operator()(int i, __m512 v) const { _mm512_storeu_ps(to + i, v); }
};
template <>
struct Writing<uint16_t> {
  using Output = Bf16Output<Rounding>;
  uint16_t* to;
  void operator()(int i, __m512i v) const { _mm512_storeu_si512(to + i, v); }
};

// --- Formats.

template <template <typename> typename Decoder, typename T>
void Blocks(const std::byte* src, std::span<T> dst) {
  using D = Decoder<typename Writing<T>::Output>;
  constexpr size_t kValues = D::kValues;
  for (size_t i = 0; i + kValues <= dst.size(); i += kValues, src += D::kBytes) {
    const typename D::State state = D::Prepare(src);
    // As a loop this takes 2.6 times as long on a row of q4_k that is not in the cache.
#pragma GCC unroll 4
    for (int c = 0; c < D::kChunks; ++c) D::Chunk(state, src, c, Writing<T>{dst.data() + i});
  }
}

// 16 bytes of nibbles in the order of Q4_0, selecting among sixteen weights.
template <typename T>
void ExpandBlock(T* dst, __m512 weights, const std::byte* src) {
  using Output = typename Writing<T>::Output;
  Output::Nibbles16(Output::MakeTable(weights), Load16(src), 0, Writing<T>{dst});
}

template <typename T>
void Emit32(T* dst, __m512 low, __m512 high) {
  Writing<T>::Output::Values32(low, high, 0, Writing<T>{dst});
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
    Emit32(dst.data() + i, low, high);
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
        Emit32(out, _mm512_sub_ps(first, _mm512_set1_ps(mins[group])), _mm512_sub_ps(second, _mm512_set1_ps(mins[group + 1])));
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
        Emit32(out, _mm512_mul_ps(_mm512_set1_ps(scales[group]), Widen(_mm256_castsi256_si128(q))),
               _mm512_mul_ps(_mm512_set1_ps(scales[group + 1]), Widen(_mm256_extracti128_si256(q, 1))));
      }
    }
  }
}

// f16 and bf16 are arrays at any alignment; the few values after the last full vector go through the scalar functions.
template <typename T>
void F16(const std::byte* src, std::span<T> dst) {
  size_t i = 0;
  for (; i + 32 <= dst.size(); i += 32) {
    Emit32(dst.data() + i, _mm512_cvtph_ps(Load32(src + 2 * i)), _mm512_cvtph_ps(Load32(src + 2 * i + 32)));
  }
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
    DequantizeKernel{"q8_0", "avx512", avx512::Blocks<avx512::Q8_0Decoder, float>, avx512::Blocks<avx512::Q8_0Decoder, uint16_t>},
    DequantizeKernel{"q4_0", "avx512", avx512::Blocks<avx512::Q4_0Decoder, float>, avx512::Blocks<avx512::Q4_0Decoder, uint16_t>},
    DequantizeKernel{"q4_1", "avx512", avx512::Q4_1<float>, avx512::Q4_1<uint16_t>},
    DequantizeKernel{"q5_0", "avx512", avx512::Q5<float, false>, avx512::Q5<uint16_t, false>},
    DequantizeKernel{"q5_1", "avx512", avx512::Q5<float, true>, avx512::Q5<uint16_t, true>},
    DequantizeKernel{"q2_k", "avx512", avx512::Q2_K<float>, avx512::Q2_K<uint16_t>},
    DequantizeKernel{"q3_k", "avx512", avx512::Q3_K<float>, avx512::Q3_K<uint16_t>},
    DequantizeKernel{"q4_k", "avx512", avx512::Blocks<avx512::Q4_KDecoder, float>, avx512::Blocks<avx512::Q4_KDecoder, uint16_t>},
    DequantizeKernel{"q5_k", "avx512", avx512::Blocks<avx512::Q5_KDecoder, float>, avx512::Blocks<avx512::Q5_KDecoder, uint16_t>},
    DequantizeKernel{"q6_k", "avx512", avx512::Blocks<avx512::Q6_KDecoder, float>, avx512::Blocks<avx512::Q6_KDecoder, uint16_t>},
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
