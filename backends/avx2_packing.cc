// Packing of integer panels with AVX2 (int8_packing.h): a word of 16 rows is two registers.
#include "backends/int8_panels.h"
#include "engine/core/isa_region.h"

#if TM_HAVE_X86
#include <immintrin.h>
#endif

#include <algorithm>
#include <array>
#include <utility>

namespace tidemark {

#if TM_HAVE_X86
TM_REGION_AVX2
namespace {

struct Rows {
  __m256i of[2];  // rows 0 to 7 and 8 to 15
};

inline __m256i Same(uint32_t mask) { return _mm256_set1_epi32(static_cast<int>(mask)); }

inline Rows Zero() { return {{_mm256_setzero_si256(), _mm256_setzero_si256()}}; }
inline Rows And(const Rows& a, uint32_t mask) {
  return {{_mm256_and_si256(a.of[0], Same(mask)), _mm256_and_si256(a.of[1], Same(mask))}};
}
inline Rows Or(const Rows& a, const Rows& b) { return {{_mm256_or_si256(a.of[0], b.of[0]), _mm256_or_si256(a.of[1], b.of[1])}}; }
inline Rows Xor(const Rows& a, uint32_t mask) {
  return {{_mm256_xor_si256(a.of[0], Same(mask)), _mm256_xor_si256(a.of[1], Same(mask))}};
}

template <int kBits>
Rows Shift(const Rows& a) {
  if constexpr (kBits > 0) {
    return {{_mm256_slli_epi32(a.of[0], kBits), _mm256_slli_epi32(a.of[1], kBits)}};
  } else if constexpr (kBits < 0) {
    return {{_mm256_srli_epi32(a.of[0], -kBits), _mm256_srli_epi32(a.of[1], -kBits)}};
  } else {
    return a;
  }
}

// The lower halves of eight words, then the upper ones.
inline __m256i SplitEight(__m256i a) {
  const __m256i order = _mm256_broadcastsi128_si256(_mm_setr_epi8(0, 1, 4, 5, 8, 9, 12, 13, 2, 3, 6, 7, 10, 11, 14, 15));
  return _mm256_permute4x64_epi64(_mm256_shuffle_epi8(a, order), 0xd8);
}
inline Rows Split(const Rows& a) {
  const __m256i first = SplitEight(a.of[0]), second = SplitEight(a.of[1]);
  return {{_mm256_permute2x128_si256(first, second, 0x20), _mm256_permute2x128_si256(first, second, 0x31)}};
}

// Part i of a register: row 4 * i + row.
inline __m256i LoadParts(const std::byte* p, int64_t row_bytes) {
  const auto load = [&](int64_t row) { return _mm_loadu_si128(reinterpret_cast<const __m128i*>(p + row * row_bytes)); };
  return _mm256_inserti128_si256(_mm256_castsi128_si256(load(0)), load(4), 1);
}

inline void Load4(const std::byte* p, int64_t row_bytes, Rows* a) {
  for (int half = 0; half < 2; ++half, p += 8 * row_bytes) {
    const __m256i r0 = LoadParts(p, row_bytes), r1 = LoadParts(p + row_bytes, row_bytes);
    const __m256i r2 = LoadParts(p + 2 * row_bytes, row_bytes), r3 = LoadParts(p + 3 * row_bytes, row_bytes);
    const __m256i low01 = _mm256_unpacklo_epi32(r0, r1), high01 = _mm256_unpackhi_epi32(r0, r1);
    const __m256i low23 = _mm256_unpacklo_epi32(r2, r3), high23 = _mm256_unpackhi_epi32(r2, r3);
    a[0].of[half] = _mm256_unpacklo_epi64(low01, low23);
    a[1].of[half] = _mm256_unpackhi_epi64(low01, low23);
    a[2].of[half] = _mm256_unpacklo_epi64(high01, high23);
    a[3].of[half] = _mm256_unpackhi_epi64(high01, high23);
  }
}

template <bool kNear>
void Store(std::byte* p, const Rows& a) {
  auto* to = reinterpret_cast<__m256i*>(p);
  for (int i = 0; i < 2; ++i) kNear ? _mm256_store_si256(to + i, a.of[i]) : _mm256_stream_si256(to + i, a.of[i]);
}
inline void Fence() { _mm_sfence(); }

#include "backends/int8_packing.h"

}  // namespace
TM_REGION_END

std::span<const Int8Packing> Avx2Int8Packing() { return kPacking; }

#else

std::span<const Int8Packing> Avx2Int8Packing() { return {}; }

#endif  // TM_HAVE_X86

}  // namespace tidemark
