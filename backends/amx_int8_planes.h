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

namespace tidemark::amx_int8 {

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

// Scales of 16 rows and two sub-blocks as 16-bit pairs; the chosen one in both halves of a lane.
template <bool kSigned>
__m512i Scale(const std::byte* unit, int pair_index, int half) {
  const __m256i bytes = Load32(unit + 64 + 32 * pair_index);
  const __m512i pair = kSigned ? _mm512_cvtepi8_epi16(bytes) : _mm512_cvtepu8_epi16(bytes);
  if (half == 0) return _mm512_or_si512(_mm512_slli_epi32(pair, 16), _mm512_and_si512(pair, _mm512_set1_epi32(0xffff)));
  return _mm512_or_si512(_mm512_srli_epi32(pair, 16), _mm512_and_si512(pair, _mm512_set1_epi32(static_cast<int>(0xffff0000u))));
}

// Codes < 32, two to a 16-bit lane, times parts of a scale < 8: no carry from one to the other.
struct SplitScale {
  __m512i low, high;
  SplitScale(const std::byte* unit, int pair, int half) {
    const __m512i scale = Scale<false>(unit, pair, half);
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
    for (int step = 0; step < 4; ++step, planes += 2 * kTileBytes) {
#pragma GCC unroll 2
      for (int half = 0; half < 2; ++half) {
        const SplitScale scale(unit, step, half);
        const std::byte* vectors = unit + 320 + 256 * (2 * step + half);
#pragma GCC unroll 4
        for (int v = 0; v < 4; ++v) {
          __m512i low, high;
          SplitNibbles(vectors + 64 * v, low, high);
          scale.Store(low, planes + 512 * half + 128 * v);
          scale.Store(high, planes + 512 * half + 128 * v + 64);
        }
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
    for (int step = 0; step < 4; ++step, planes += 2 * kTileBytes) {
#pragma GCC unroll 2
      for (int half = 0; half < 2; ++half) {
        const SplitScale scale(unit, step, half);
        const std::byte* vectors = unit + 320 + 320 * (2 * step + half);
        const __m512i upper = Load64(vectors + 256);
#pragma GCC unroll 8
        for (int v = 0; v < 8; ++v) {
          const __m512i packed = Load64(vectors + 64 * (v / 2)), nibbles = _mm512_set1_epi8(15);
          const __m512i low = _mm512_and_si512(v % 2 == 0 ? packed : _mm512_srli_epi16(packed, 4), nibbles);
          const __m512i moved = v < 4 ? _mm512_slli_epi16(upper, 4 - v) : _mm512_srli_epi16(upper, v - 4);
          // low | moved & bit4
          scale.Store(_mm512_ternarylogic_epi64(low, moved, bit4, 0xf8), planes + 512 * half + 64 * v);
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
    for (int step = 0; step < 4; ++step, planes += 2 * kTileBytes) {
#pragma GCC unroll 4
      for (int quarter = 0; quarter < 4; ++quarter) {
        const std::byte* vectors = unit + 320 + 192 * (4 * step + quarter);
        const __m512i scale = Scale<true>(unit, 2 * step + quarter / 2, quarter % 2), upper = Load64(vectors + 128);
        const __m512i moved[4] = {_mm512_slli_epi16(upper, 4), _mm512_slli_epi16(upper, 2), upper, _mm512_srli_epi16(upper, 2)};
        __m512i w[4];
        for (int v = 0; v < 2; ++v) SplitNibbles(vectors + 64 * v, w[2 * v], w[2 * v + 1]);
#pragma GCC unroll 4
        for (int v = 0; v < 4; ++v) {
          const __m512i codes = _mm512_ternarylogic_epi64(w[v], moved[v], bits, 0xf8);
          const __m512i even = _mm512_mullo_epi16(_mm512_and_si512(codes, low_bytes), scale);
          const __m512i odd = _mm512_mullo_epi16(_mm512_srli_epi16(codes, 8), scale);
          // Bytes of even where low_bytes is set, of odd elsewhere.
          std::byte* to = planes + 256 * quarter + 64 * v;
          _mm512_store_si512(to, _mm512_ternarylogic_epi64(low_bytes, even, _mm512_slli_epi16(odd, 8), 0xca));
          _mm512_store_si512(to + kTileBytes, _mm512_ternarylogic_epi64(low_bytes, _mm512_srli_epi16(even, 8), odd, 0xca));
        }
      }
    }
  }
};

TM_REGION_END
}  // namespace tidemark::amx_int8

#endif  // TM_HAVE_X86

#endif  // TIDEMARK_BACKENDS_AMX_INT8_PLANES_H_
