// Blocks of stored weights to vectors in registers, for AVX-512 (F, BW, CD, DQ, VL): for dequantisation and for kernels that
// multiply what they decode. Included inside a marked region and a namespace, so that each instruction set compiles and inlines
// its own; <immintrin.h>, <cstring>, half.h and k_scales.h before it.
//
// A sub-block of 4-bit codes has 16 different weights, one of 5-bit codes 32: they are computed once and the codes select them
// (vpermps for float32; vpermw for bfloat16, rounded 16 times instead of once per weight). Other widths are computed weight by
// weight. No FMA: the weights are those of the plain version, bit for bit; rounded ones are these rounded.
//
// A decoder is a format: blocks of kValues weights in kBytes, decoded in kChunks pieces. Chunk(state, block, c, use) calls
// use(i, w) with the weights from i of the block on, i ascending. The state is what all pieces share. Out says what w is:
//   FloatOutput     __m512: sixteen weights
//   Bf16Output<R>   __m512i: 32 of them, rounded by R::Round(low, high)
// Both have Table, what selects from sixteen weights, and four ways to hand on weights from i on:
//   Nibbles16(table, bytes, i, use)    16 low nibbles, then 16 high ones (Q4_0)
//   Nibbles32(low, high, p, i, use)    32 low nibbles by one table, then 32 high ones by another (Q4_K)
//   Codes32(first, second, q, i, use)  32 codes below 32, by the table that the two make together (Q5_K)
//   Values32(low, high, i, use)        the weights themselves
#ifndef TIDEMARK_ENGINE_FORMATS_DECODERS_AVX512_H_
#define TIDEMARK_ENGINE_FORMATS_DECODERS_AVX512_H_

inline __m128i Load16(const std::byte* p) { return _mm_loadu_si128(reinterpret_cast<const __m128i*>(p)); }
inline __m256i Load32(const std::byte* p) { return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(p)); }
inline __m512 Widen(__m128i q) { return _mm512_cvtepi32_ps(_mm512_cvtepi8_epi32(q)); }  // 16 signed bytes
inline float Half(const std::byte* p) { return _mm_cvtss_f32(_mm_cvtph_ps(_mm_cvtsi32_si128(LoadU16(p)))); }

inline __m512 CountUp(int first) {
  return _mm512_cvtepi32_ps(
      _mm512_add_epi32(_mm512_set1_epi32(first), _mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15)));
}

struct FloatOutput {
  using Table = __m512;
  static Table MakeTable(__m512 weights) { return weights; }

  // The permute ignores the upper bits of an index, so low nibbles need no mask.
  template <typename Use>
  static void Nibbles16(const Table& table, __m128i bytes, int i, Use use) {
    const __m512i codes = _mm512_cvtepu8_epi32(bytes);
    use(i, _mm512_permutexvar_ps(codes, table));
    use(i + 16, _mm512_permutexvar_ps(_mm512_srli_epi32(codes, 4), table));
  }
  template <typename Use>
  static void Nibbles32(__m512 low, __m512 high, const std::byte* p, int i, Use use) {
    const __m512i first = _mm512_cvtepu8_epi32(Load16(p)), second = _mm512_cvtepu8_epi32(Load16(p + 16));
    use(i, _mm512_permutexvar_ps(first, low));
    use(i + 16, _mm512_permutexvar_ps(second, low));
    use(i + 32, _mm512_permutexvar_ps(_mm512_srli_epi32(first, 4), high));
    use(i + 48, _mm512_permutexvar_ps(_mm512_srli_epi32(second, 4), high));
  }
  template <typename Use>
  static void Codes32(__m512 first, __m512 second, __m256i q, int i, Use use) {
    use(i, _mm512_permutex2var_ps(first, _mm512_cvtepu8_epi32(_mm256_castsi256_si128(q)), second));
    use(i + 16, _mm512_permutex2var_ps(first, _mm512_cvtepu8_epi32(_mm256_extracti128_si256(q, 1)), second));
  }
  template <typename Use>
  static void Values32(__m512 low, __m512 high, int i, Use use) {
    use(i, low);
    use(i + 16, high);
  }
};

template <typename R>
struct Bf16Output {
  using Table = __m512i;  // the weights twice: the permute looks at five bits of an index
  static Table MakeTable(__m512 weights) { return R::Round(weights, weights); }

  template <typename Use>
  static void Nibbles16(const Table& table, __m128i bytes, int i, Use use) {
    const __m256i codes = _mm256_cvtepu8_epi16(bytes);
    const __m512i index = _mm512_inserti64x4(_mm512_castsi256_si512(codes), _mm256_srli_epi16(codes, 4), 1);
    use(i, _mm512_permutexvar_epi16(index, table));
  }
  // Both tables in one register; bit 4 of an index tells them apart.
  template <typename Use>
  static void Nibbles32(__m512 low, __m512 high, const std::byte* p, int i, Use use) {
    const __m512i tables = R::Round(low, high);
    const __m512i codes = _mm512_cvtepu8_epi16(Load32(p));
    use(i, _mm512_permutexvar_epi16(_mm512_and_si512(codes, _mm512_set1_epi16(15)), tables));
    use(i + 32, _mm512_permutexvar_epi16(_mm512_or_si512(_mm512_srli_epi16(codes, 4), _mm512_set1_epi16(16)), tables));
  }
  template <typename Use>
  static void Codes32(__m512 first, __m512 second, __m256i q, int i, Use use) {
    use(i, _mm512_permutexvar_epi16(_mm512_cvtepu8_epi16(q), R::Round(first, second)));
  }
  template <typename Use>
  static void Values32(__m512 low, __m512 high, int i, Use use) {
    use(i, R::Round(low, high));
  }
};

template <typename Out>
struct Q4_0Decoder {
  static constexpr int kValues = 32, kBytes = 18, kChunks = 1;
  using State = typename Out::Table;
  static State Prepare(const std::byte* block) { return Out::MakeTable(_mm512_mul_ps(CountUp(-8), _mm512_set1_ps(Half(block)))); }
  template <typename Use>
  static void Chunk(const State& table, const std::byte* block, int, Use use) {
    Out::Nibbles16(table, Load16(block + 2), 0, use);
  }
};

template <typename Out>
struct Q8_0Decoder {
  static constexpr int kValues = 32, kBytes = 34, kChunks = 1;
  using State = __m512;
  static State Prepare(const std::byte* block) { return _mm512_set1_ps(Half(block)); }
  template <typename Use>
  static void Chunk(const State& d, const std::byte* block, int, Use use) {
    Out::Values32(_mm512_mul_ps(Widen(Load16(block + 2)), d), _mm512_mul_ps(Widen(Load16(block + 18)), d), 0, use);
  }
};

// Eight products d * scale and dmin * min of Q4_K and Q5_K.
struct KScales {
  alignas(64) float values[16];  // scales, then mins

  // A block begins with d, dmin and the twelve bytes of k_scales.h: dwords 1, 2, 3 of `head`. Codes are, as dwords, scales 0 - 3,
  // 4 - 7, mins 0 - 3, 4 - 7: dword 1, low nibbles of 3, dword 2, high nibbles of 3, and for 4 - 7 the top bits of 1 and of 2.
  static KScales Of(const std::byte* block) {
    const __m128i head = Load16(block), top_bits = _mm_set1_epi32(0x30303030);
    const __m128i spread = _mm_srlv_epi32(_mm_shuffle_epi32(head, _MM_SHUFFLE(3, 2, 3, 1)), _mm_setr_epi32(0, 0, 0, 4));
    const __m128i tops = _mm_srli_epi32(_mm_maskz_shuffle_epi32(0xa, head, _MM_PERM_CCBB), 2);
    const __m128i low = _mm_and_si128(spread, _mm_setr_epi32(0x3f3f3f3f, 0x0f0f0f0f, 0x3f3f3f3f, 0x0f0f0f0f));
    const __m512 codes = Widen(_mm_or_si128(low, _mm_and_si128(tops, top_bits)));
    const __m512i first_or_second = _mm512_setr_epi32(0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 1, 1);
    const __m512 factor = _mm512_permutexvar_ps(first_or_second, _mm512_castps128_ps512(_mm_cvtph_ps(head)));
    KScales k;
    _mm512_store_ps(k.values, _mm512_mul_ps(factor, codes));
    return k;
  }
  // scale * q - min for the sixteen codes q.
  __m512 Table(int sub, __m512 codes) const {
    return _mm512_sub_ps(_mm512_mul_ps(_mm512_set1_ps(values[sub]), codes), _mm512_set1_ps(values[8 + sub]));
  }
};

template <typename Out>
struct Q4_KDecoder {
  static constexpr int kValues = 256, kBytes = 144, kChunks = 4;
  using State = KScales;
  static State Prepare(const std::byte* block) { return KScales::Of(block); }
  template <typename Use>
  static void Chunk(const State& k, const std::byte* block, int c, Use use) {
    Out::Nibbles32(k.Table(2 * c, CountUp(0)), k.Table(2 * c + 1, CountUp(0)), block + 16 + 32 * c, 64 * c, use);
  }
};

template <typename Out>
struct Q5_KDecoder {
  static constexpr int kValues = 256, kBytes = 176, kChunks = 4;
  using State = KScales;
  static State Prepare(const std::byte* block) { return KScales::Of(block); }

  // 32 codes: bit 4 from bit `sub` of qh, the rest from the low nibbles of `packed`.
  template <typename Use>
  static void Sub(const State& k, int sub, __m256i packed, __m256i qh, Use use) {
    const __m256i low = _mm256_and_si256(packed, _mm256_set1_epi8(15));
    const __mmask32 set = _mm256_test_epi8_mask(qh, _mm256_set1_epi8(static_cast<char>(1 << sub)));
    const __m256i q = _mm256_mask_add_epi8(low, set, low, _mm256_set1_epi8(16));
    Out::Codes32(k.Table(sub, CountUp(0)), k.Table(sub, CountUp(16)), q, 32 * sub, use);
  }
  template <typename Use>
  static void Chunk(const State& k, const std::byte* block, int c, Use use) {
    const __m256i qh = Load32(block + 16), packed = Load32(block + 48 + 32 * c);
    Sub(k, 2 * c, packed, qh, use);
    Sub(k, 2 * c + 1, _mm256_srli_epi16(packed, 4), qh, use);
  }
};

template <typename Out>
struct Q6_KDecoder {
  static constexpr int kValues = 256, kBytes = 210, kChunks = 2;
  struct State {
    alignas(64) float scales[16];
  };
  static State Prepare(const std::byte* block) {
    State s;
    _mm512_store_ps(s.scales, _mm512_mul_ps(_mm512_set1_ps(Half(block + 208)), Widen(Load16(block + 192))));
    return s;
  }
  template <typename Use>
  static void Chunk(const State& s, const std::byte* block, int half, Use use) {
    const __m256i nibble = _mm256_set1_epi8(15), high_bits = _mm256_set1_epi8(0x30), offset = _mm256_set1_epi8(32);
    const __m256i ql[2] = {Load32(block + 64 * half), Load32(block + 64 * half + 32)};
    const __m256i qh = Load32(block + 128 + 32 * half);
    // Bits 2t, 2t + 1 of qh moved to bits 4, 5; what shifts across bytes is masked away.
    const __m256i high[4] = {_mm256_slli_epi16(qh, 4), _mm256_slli_epi16(qh, 2), qh, _mm256_srli_epi16(qh, 2)};
#pragma GCC unroll 4
    for (int quarter = 0; quarter < 4; ++quarter) {
      const __m256i packed = ql[quarter % 2];
      const __m256i low = _mm256_and_si256(quarter < 2 ? packed : _mm256_srli_epi16(packed, 4), nibble);
      const __m256i q = _mm256_sub_epi8(_mm256_or_si256(low, _mm256_and_si256(high[quarter], high_bits)), offset);
      const int group = 8 * half + 2 * quarter;
      Out::Values32(_mm512_mul_ps(_mm512_set1_ps(s.scales[group]), Widen(_mm256_castsi256_si128(q))),
                    _mm512_mul_ps(_mm512_set1_ps(s.scales[group + 1]), Widen(_mm256_extracti128_si256(q, 1))), 16 * group, use);
    }
  }
};

#endif  // TIDEMARK_ENGINE_FORMATS_DECODERS_AVX512_H_
