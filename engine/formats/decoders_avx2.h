// Blocks of stored weights to vectors in registers, for AVX2 with F16C: for dequantisation and for kernels that multiply what
// they decode. Included inside a marked region and a namespace; <immintrin.h>, <cstring>, half.h and k_scales.h before it.
//
// Eight lanes hold too few of a sub-block's different weights to select from, so codes become signed bytes, bytes become floats,
// and those are scaled one by one. No FMA: the weights are those of the plain version, bit for bit.
//
// A decoder is a format: blocks of kValues weights in kBytes. ForEach8(block, use) calls use(i, w) with weights i .. i + 7 of the
// block, i ascending.
#ifndef TIDEMARK_ENGINE_FORMATS_DECODERS_AVX2_H_
#define TIDEMARK_ENGINE_FORMATS_DECODERS_AVX2_H_

inline __m128i Load16(const std::byte* p) { return _mm_loadu_si128(reinterpret_cast<const __m128i*>(p)); }
inline __m256i Load32(const std::byte* p) { return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(p)); }
inline __m128i Load8(const std::byte* p) { return _mm_loadl_epi64(reinterpret_cast<const __m128i*>(p)); }
inline __m256 Widen(__m128i q) { return _mm256_cvtepi32_ps(_mm256_cvtepi8_epi32(q)); }  // the low 8 signed bytes
inline float Half(const std::byte* p) { return _mm_cvtss_f32(_mm_cvtph_ps(_mm_cvtsi32_si128(LoadU16(p)))); }
inline __m128i LowNibbles(__m128i packed) { return _mm_and_si128(packed, _mm_set1_epi8(15)); }
inline __m128i HighNibbles(__m128i packed) { return _mm_and_si128(_mm_srli_epi16(packed, 4), _mm_set1_epi8(15)); }

// 16 signed codes times a scale.
template <typename Use>
void Scaled16(int i, __m128i q, __m256 scale, Use use) {
  use(i, _mm256_mul_ps(Widen(q), scale));
  use(i + 8, _mm256_mul_ps(Widen(_mm_srli_si128(q, 8)), scale));
}

struct Q4_0Decoder {
  static constexpr int kValues = 32, kBytes = 18;
  template <typename Use>
  static void ForEach8(const std::byte* block, Use use) {
    const __m256 d = _mm256_set1_ps(Half(block));
    const __m128i packed = Load16(block + 2), eight = _mm_set1_epi8(8);
    Scaled16(0, _mm_sub_epi8(LowNibbles(packed), eight), d, use);
    Scaled16(16, _mm_sub_epi8(HighNibbles(packed), eight), d, use);
  }
};

struct Q8_0Decoder {
  static constexpr int kValues = 32, kBytes = 34;
  template <typename Use>
  static void ForEach8(const std::byte* block, Use use) {
    const __m256 d = _mm256_set1_ps(Half(block));
    for (int i = 0; i < 32; i += 8) use(i, _mm256_mul_ps(Widen(Load8(block + 2 + i)), d));
  }
};

// Eight products d * scale and dmin * min of Q4_K and Q5_K.
struct KScales {
  alignas(32) float scale[8];
  alignas(32) float min[8];

  explicit KScales(const std::byte* block) {
    const ScaleMinBytes bytes = SplitScaleMins(block + 4);
    const __m256 scale_codes = Widen(_mm_cvtsi64_si128(static_cast<int64_t>(bytes.scales)));
    const __m256 min_codes = Widen(_mm_cvtsi64_si128(static_cast<int64_t>(bytes.mins)));
    _mm256_store_ps(scale, _mm256_mul_ps(_mm256_set1_ps(Half(block)), scale_codes));
    _mm256_store_ps(min, _mm256_mul_ps(_mm256_set1_ps(Half(block + 2)), min_codes));
  }
  // scale * q - min for 16 codes.
  template <typename Use>
  void Apply16(int sub, int i, __m128i q, Use use) const {
    const __m256 scales = _mm256_broadcast_ss(scale + sub), mins = _mm256_broadcast_ss(min + sub);
    use(i, _mm256_sub_ps(_mm256_mul_ps(Widen(q), scales), mins));
    use(i + 8, _mm256_sub_ps(_mm256_mul_ps(Widen(_mm_srli_si128(q, 8)), scales), mins));
  }
};

struct Q4_KDecoder {
  static constexpr int kValues = 256, kBytes = 144;
  template <typename Use>
  static void ForEach8(const std::byte* block, Use use) {
    const KScales k(block);
    for (int chunk = 0; chunk < 4; ++chunk) {
      const __m128i first = Load16(block + 16 + 32 * chunk), second = Load16(block + 32 + 32 * chunk);
      k.Apply16(2 * chunk, 64 * chunk, LowNibbles(first), use);
      k.Apply16(2 * chunk, 64 * chunk + 16, LowNibbles(second), use);
      k.Apply16(2 * chunk + 1, 64 * chunk + 32, HighNibbles(first), use);
      k.Apply16(2 * chunk + 1, 64 * chunk + 48, HighNibbles(second), use);
    }
  }
};

struct Q5_KDecoder {
  static constexpr int kValues = 256, kBytes = 176;
  template <typename Use>
  static void ForEach8(const std::byte* block, Use use) {
    const KScales k(block);
    const __m128i bit4 = _mm_set1_epi8(16);
    for (int sub = 0; sub < 8; ++sub) {
      const __m128i bit = _mm_set1_epi8(static_cast<char>(1 << sub));
      for (int part = 0; part < 32; part += 16) {
        const __m128i packed = Load16(block + 48 + 32 * (sub / 2) + part), high = Load16(block + 16 + part);
        const __m128i low = sub % 2 == 0 ? LowNibbles(packed) : HighNibbles(packed);
        const __m128i set = _mm_and_si128(_mm_cmpeq_epi8(_mm_and_si128(high, bit), bit), bit4);
        k.Apply16(sub, 32 * sub + part, _mm_or_si128(low, set), use);
      }
    }
  }
};

struct Q6_KDecoder {
  static constexpr int kValues = 256, kBytes = 210;
  template <typename Use>
  static void ForEach8(const std::byte* block, Use use) {
    const __m256 d = _mm256_set1_ps(Half(block + 208));
    alignas(32) float scales[16];
    _mm256_store_ps(scales, _mm256_mul_ps(d, Widen(Load8(block + 192))));
    _mm256_store_ps(scales + 8, _mm256_mul_ps(d, Widen(Load8(block + 200))));
    const __m256i nibble = _mm256_set1_epi8(15), high_bits = _mm256_set1_epi8(0x30), offset = _mm256_set1_epi8(32);
    for (int half = 0; half < 2; ++half) {
      const __m256i ql[2] = {Load32(block + 64 * half), Load32(block + 64 * half + 32)};
      const __m256i qh = Load32(block + 128 + 32 * half);
      // Bits 2t, 2t + 1 of qh moved to bits 4, 5; what shifts across bytes is masked away.
      const __m256i high[4] = {_mm256_slli_epi16(qh, 4), _mm256_slli_epi16(qh, 2), qh, _mm256_srli_epi16(qh, 2)};
      for (int quarter = 0; quarter < 4; ++quarter) {
        const __m256i packed = ql[quarter % 2];
        const __m256i low = _mm256_and_si256(quarter < 2 ? packed : _mm256_srli_epi16(packed, 4), nibble);
        const __m256i q = _mm256_sub_epi8(_mm256_or_si256(low, _mm256_and_si256(high[quarter], high_bits)), offset);
        const int group = 8 * half + 2 * quarter;
        Scaled16(16 * group, _mm256_castsi256_si128(q), _mm256_broadcast_ss(scales + group), use);
        Scaled16(16 * group + 16, _mm256_extracti128_si256(q, 1), _mm256_broadcast_ss(scales + group + 1), use);
      }
    }
  }
};

#endif  // TIDEMARK_ENGINE_FORMATS_DECODERS_AVX2_H_
