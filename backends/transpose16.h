// A 16 x 16 matrix of 4-byte elements, transposed in registers by 64 shuffles.
#ifndef TIDEMARK_BACKENDS_TRANSPOSE16_H_
#define TIDEMARK_BACKENDS_TRANSPOSE16_H_

#include "engine/core/isa_region.h"

#if TM_HAVE_X86
#include <immintrin.h>

namespace tidemark {
TM_REGION_AVX512

inline void Transpose16(__m512i (&v)[16]) {
  __m512i t[16];
  // Pairs of rows, then of pairs: lane l of q[4g + c] is column 4l + c of rows 4g .. 4g + 3.
#pragma GCC unroll 8
  for (int i = 0; i < 16; i += 2) {
    t[i] = _mm512_unpacklo_epi32(v[i], v[i + 1]);
    t[i + 1] = _mm512_unpackhi_epi32(v[i], v[i + 1]);
  }
  __m512i q[16];
#pragma GCC unroll 4
  for (int g = 0; g < 16; g += 4) {
    q[g] = _mm512_unpacklo_epi64(t[g], t[g + 2]);
    q[g + 1] = _mm512_unpackhi_epi64(t[g], t[g + 2]);
    q[g + 2] = _mm512_unpacklo_epi64(t[g + 1], t[g + 3]);
    q[g + 3] = _mm512_unpackhi_epi64(t[g + 1], t[g + 3]);
  }
  // A 4 x 4 transposition of lanes for every column c of four.
#pragma GCC unroll 4
  for (int c = 0; c < 4; ++c) {
    const __m512i even_low = _mm512_shuffle_i32x4(q[c], q[4 + c], 0x88), odd_low = _mm512_shuffle_i32x4(q[c], q[4 + c], 0xdd);
    const __m512i even_high = _mm512_shuffle_i32x4(q[8 + c], q[12 + c], 0x88);
    const __m512i odd_high = _mm512_shuffle_i32x4(q[8 + c], q[12 + c], 0xdd);
    v[c] = _mm512_shuffle_i32x4(even_low, even_high, 0x88);
    v[8 + c] = _mm512_shuffle_i32x4(even_low, even_high, 0xdd);
    v[4 + c] = _mm512_shuffle_i32x4(odd_low, odd_high, 0x88);
    v[12 + c] = _mm512_shuffle_i32x4(odd_low, odd_high, 0xdd);
  }
}

TM_REGION_END
}  // namespace tidemark

#endif  // TM_HAVE_X86

#endif  // TIDEMARK_BACKENDS_TRANSPOSE16_H_
