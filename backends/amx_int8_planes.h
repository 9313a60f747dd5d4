// Units of the K formats' panels (int8_panels.h) as planes of bytes for amx_int8.cc, which says why: scales times codes, exactly,
// in two planes. Format::Split writes [4 steps of 64 values][2 planes][16][64 bytes]; the high plane counts 2^kShift.
#ifndef TIDEMARK_BACKENDS_AMX_INT8_PLANES_H_
#define TIDEMARK_BACKENDS_AMX_INT8_PLANES_H_

#include <cstddef>
#include <cstdint>
#include <cstring>

#include "engine/core/isa_region.h"

#if TM_HAVE_X86
#include <immintrin.h>

namespace tidemark::planes {

inline constexpr int64_t kTileBytes = 1024;
inline constexpr int64_t kUnitPlanes = 8 * kTileBytes;

TM_REGION_AMX

inline __m512i Load64(const std::byte* p) { return _mm512_load_si512(p); }
inline __m256i Load32(const std::byte* p) { return _mm256_load_si256(reinterpret_cast<const __m256i*>(p)); }
inline __m512 Halves(const std::byte* p) { return _mm512_cvtph_ps(Load32(p)); }
inline __m512i Broadcast(const void* p) {
  int32_t v;
  std::memcpy(&v, p, sizeof v);
  return _mm512_set1_epi32(v);
}

inline void SplitNibbles(const std::byte* p, __m512i& low, __m512i& high) {
  const __m512i packed = Load64(p), nibbles = _mm512_set1_epi8(15);
  low = _mm512_and_si512(packed, nibbles);
  high = _mm512_and_si512(_mm512_srli_epi16(packed, 4), nibbles);
}

// Vector v of a sub-block of w, v counted from the beginning of the unit.
inline std::byte* PlaneVector(std::byte* planes, int v) { return planes + v / 16 * (2 * kTileBytes) + v % 16 * 64; }

// Scales of 16 rows and two sub-blocks as 16-bit pairs; the chosen one in both halves of a lane.
template <bool kSigned>
__m512i Scale(const std::byte* unit, int sub) {
  const __m256i bytes = Load32(unit + 64 + 32 * (sub / 2));
  const __m512i pair = kSigned ? _mm512_cvtepi8_epi16(bytes) : _mm512_cvtepu8_epi16(bytes);
  if (sub % 2 == 0) return _mm512_or_si512(_mm512_slli_epi32(pair, 16), _mm512_and_si512(pair, _mm512_set1_epi32(0xffff)));
  return _mm512_or_si512(_mm512_srli_epi32(pair, 16), _mm512_and_si512(pair, _mm512_set1_epi32(static_cast<int>(0xffff0000u))));
}

// Codes < 32, two to a 16-bit lane, times parts of a scale < 8: no carry from one to the other.
struct SplitScale {
  __m512i low, high;
  SplitScale(const std::byte* unit, int sub) {
    const __m512i scale = Scale<false>(unit, sub);
    low = _mm512_and_si512(scale, _mm512_set1_epi16(7));
    high = _mm512_srli_epi16(scale, 3);
  }
  void Store(__m512i codes, std::byte* to) const {
    _mm512_store_si512(to, _mm512_mullo_epi16(codes, low));
    _mm512_store_si512(to + kTileBytes, _mm512_mullo_epi16(codes, high));
  }
};

struct Q4_K {
  static constexpr int64_t kBytes = 320 + 8 * 256;
  static constexpr int kPairs = 4, kShift = 3;  // kPairs: pairs of mins
  static constexpr bool kMins = true, kSignedHigh = false;
  static void Split(const std::byte* unit, std::byte* planes) {
    for (int sub = 0; sub < 8; ++sub) {
      const SplitScale scale(unit, sub);
#pragma GCC unroll 4
      for (int v = 0; v < 4; ++v) {
        __m512i low, high;
        SplitNibbles(unit + 320 + 256 * sub + 64 * v, low, high);
        std::byte* to = PlaneVector(planes, 8 * sub + 2 * v);
        scale.Store(low, to);
        scale.Store(high, to + 64);
      }
    }
  }
};

struct Q5_K {
  static constexpr int64_t kBytes = 320 + 8 * 320;
  static constexpr int kPairs = 4, kShift = 3;
  static constexpr bool kMins = true, kSignedHigh = false;
  static void Split(const std::byte* unit, std::byte* planes) {
    const __m512i bit4 = _mm512_set1_epi8(16);
    for (int sub = 0; sub < 8; ++sub) {
      const SplitScale scale(unit, sub);
      const std::byte* vectors = unit + 320 + 320 * sub;
      const __m512i upper = Load64(vectors + 256);
#pragma GCC unroll 4
      for (int v = 0; v < 4; ++v) {
        __m512i codes[2];
        SplitNibbles(vectors + 64 * v, codes[0], codes[1]);
#pragma GCC unroll 2
        for (int i = 0; i < 2; ++i) {
          const int bit = 2 * v + i;
          const __m512i moved = bit < 4 ? _mm512_slli_epi16(upper, 4 - bit) : _mm512_srli_epi16(upper, bit - 4);
          codes[i] = _mm512_ternarylogic_epi64(codes[i], moved, bit4, 0xf8);  // codes | moved & bit4
          scale.Store(codes[i], PlaneVector(planes, 8 * sub + bit));
        }
      }
    }
  }
};

struct Q6_K {
  static constexpr int64_t kBytes = 320 + 16 * 192;
  static constexpr int kPairs = 8, kShift = 8;
  static constexpr bool kMins = false, kSignedHigh = true;
  static void Split(const std::byte* unit, std::byte* planes) {
    const __m512i bits = _mm512_set1_epi8(0x30), low_bytes = _mm512_set1_epi16(0xff);
    for (int sub = 0; sub < 16; ++sub) {
      const std::byte* vectors = unit + 320 + 192 * sub;
      const __m512i scale = Scale<true>(unit, sub), upper = Load64(vectors + 128);
      const __m512i moved[4] = {_mm512_slli_epi16(upper, 4), _mm512_slli_epi16(upper, 2), upper, _mm512_srli_epi16(upper, 2)};
      __m512i w[4];
      for (int v = 0; v < 2; ++v) SplitNibbles(vectors + 64 * v, w[2 * v], w[2 * v + 1]);
#pragma GCC unroll 4
      for (int v = 0; v < 4; ++v) {
        const __m512i codes = _mm512_ternarylogic_epi64(w[v], moved[v], bits, 0xf8);
        const __m512i even = _mm512_mullo_epi16(_mm512_and_si512(codes, low_bytes), scale);
        const __m512i odd = _mm512_mullo_epi16(_mm512_srli_epi16(codes, 8), scale);
        std::byte* to = PlaneVector(planes, 4 * sub + v);
        // Bytes of even where low_bytes is set, of odd elsewhere.
        _mm512_store_si512(to, _mm512_ternarylogic_epi64(low_bytes, even, _mm512_slli_epi16(odd, 8), 0xca));
        _mm512_store_si512(to + kTileBytes, _mm512_ternarylogic_epi64(low_bytes, _mm512_srli_epi16(even, 8), odd, 0xca));
      }
    }
  }
};

TM_REGION_END
}  // namespace tidemark::planes

#endif  // TM_HAVE_X86

#endif  // TIDEMARK_BACKENDS_AMX_INT8_PLANES_H_
