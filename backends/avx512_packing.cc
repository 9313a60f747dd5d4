// Packing of integer panels with AVX-512 (int8_packing.h): a word of 16 rows is one register.
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
TM_REGION_AVX512
namespace {

using Rows = __m512i;

inline Rows Zero() { return _mm512_setzero_si512(); }
inline Rows And(Rows a, uint32_t mask) { return _mm512_and_si512(a, _mm512_set1_epi32(static_cast<int>(mask))); }
inline Rows Or(Rows a, Rows b) { return _mm512_or_si512(a, b); }
inline Rows Xor(Rows a, uint32_t mask) { return _mm512_xor_si512(a, _mm512_set1_epi32(static_cast<int>(mask))); }

template <int kBits>
Rows Shift(Rows a) {
  if constexpr (kBits > 0) {
    return _mm512_slli_epi32(a, kBits);
  } else if constexpr (kBits < 0) {
    return _mm512_srli_epi32(a, -kBits);
  } else {
    return a;
  }
}

inline Rows Split(Rows a) {
  return _mm512_inserti64x4(_mm512_castsi256_si512(_mm512_cvtepi32_epi16(a)), _mm512_cvtepi32_epi16(Shift<-16>(a)), 1);
}

// Part i of a register: row 4 * i + row.
inline Rows LoadParts(const std::byte* p, int64_t row_bytes) {
  const auto load = [&](int64_t row) { return _mm_loadu_si128(reinterpret_cast<const __m128i*>(p + row * row_bytes)); };
  return _mm512_inserti32x4(_mm512_inserti32x4(_mm512_inserti32x4(_mm512_castsi128_si512(load(0)), load(4), 1), load(8), 2),
                            load(12), 3);
}

inline void Load4(const std::byte* p, int64_t row_bytes, Rows* a) {
  const Rows r0 = LoadParts(p, row_bytes), r1 = LoadParts(p + row_bytes, row_bytes);
  const Rows r2 = LoadParts(p + 2 * row_bytes, row_bytes), r3 = LoadParts(p + 3 * row_bytes, row_bytes);
  const Rows low01 = _mm512_unpacklo_epi32(r0, r1), high01 = _mm512_unpackhi_epi32(r0, r1);
  const Rows low23 = _mm512_unpacklo_epi32(r2, r3), high23 = _mm512_unpackhi_epi32(r2, r3);
  a[0] = _mm512_unpacklo_epi64(low01, low23);
  a[1] = _mm512_unpackhi_epi64(low01, low23);
  a[2] = _mm512_unpacklo_epi64(high01, high23);
  a[3] = _mm512_unpackhi_epi64(high01, high23);
}

template <bool kNear>
void Store(std::byte* p, Rows a) {
  if constexpr (kNear) {
    _mm512_store_si512(p, a);
  } else {
    _mm512_stream_si512(reinterpret_cast<__m512i*>(p), a);
  }
}
inline void Fence() { _mm_sfence(); }

#include "backends/int8_packing.h"

}  // namespace
TM_REGION_END

std::span<const Int8Packing> Avx512Int8Packing() { return kPacking; }

#else

std::span<const Int8Packing> Avx512Int8Packing() { return {}; }

#endif  // TM_HAVE_X86

}  // namespace tidemark
