// Stored weights to bfloat16 vectors for AVX-512 BF16, in registers: shared by the kernels of avx512_bf16.cc and amx_bf16.cc.
//
// The decoders of decoders_avx512.h with the rounding of VCVTNE2PS2BF16: to nearest even, subnormal numbers as zero. The
// different weights of a sub-block of 4-bit or 5-bit codes fit one register, and one vpermw turns 32 codes into 32 weights:
// decoding to bfloat16 takes half the instructions of decoding to float32.
#ifndef TIDEMARK_BACKENDS_BF16_DECODERS_H_
#define TIDEMARK_BACKENDS_BF16_DECODERS_H_

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "engine/core/isa_region.h"
#include "engine/formats/half.h"
#include "engine/formats/k_scales.h"

#if TM_HAVE_X86
#include <immintrin.h>

namespace tidemark::bf16 {
TM_REGION_AVX512_BF16

#include "engine/formats/decoders_avx512.h"

// 32 floats as bfloat16, in order. The vector types of bfloat16 differ between compilers; both convert by a plain cast.
struct Rounding {
  static __m512i Round(__m512 low, __m512 high) { return (__m512i)_mm512_cvtne2ps_pbh(high, low); }
};
inline __m512 Dot(__m512 sum, __m512i a, __m512i b) { return _mm512_dpbf16_ps(sum, (__m512bh)a, (__m512bh)b); }

// A use of decoded weights: every 32 of them to memory, `step` bytes apart. Here because code of a region is inlined only into
// code of the same or more instruction sets, and Chunk is in between.
struct Store {
  std::byte* to;
  int64_t step;
  void operator()(int i, __m512i v) const { _mm512_store_si512(to + i / 32 * step, v); }
};

using Q4_0 = Q4_0Decoder<Bf16Output<Rounding>>;
using Q8_0 = Q8_0Decoder<Bf16Output<Rounding>>;
using Q4_K = Q4_KDecoder<Bf16Output<Rounding>>;
using Q5_K = Q5_KDecoder<Bf16Output<Rounding>>;
using Q6_K = Q6_KDecoder<Bf16Output<Rounding>>;

// Plain floats: Load gives the 32 values whose bits are set in the mask, zeros for the others.
struct F32 {
  static constexpr int kBytes = 4;
  static __m512i Load(const std::byte* p, __mmask32 mask) {
    const auto high = static_cast<__mmask16>(mask >> 16);
    return Rounding::Round(_mm512_maskz_loadu_ps(static_cast<__mmask16>(mask), p), _mm512_maskz_loadu_ps(high, p + 64));
  }
};
struct F16 {
  static constexpr int kBytes = 2;
  static __m512i Load(const std::byte* p, __mmask32 mask) {
    const __m512i halves = _mm512_maskz_loadu_epi16(mask, p);
    return Rounding::Round(_mm512_cvtph_ps(_mm512_castsi512_si256(halves)),
                           _mm512_cvtph_ps(_mm512_extracti64x4_epi64(halves, 1)));
  }
};
struct Bf16 {
  static constexpr int kBytes = 2;
  static __m512i Load(const std::byte* p, __mmask32 mask) { return _mm512_maskz_loadu_epi16(mask, p); }
};

inline __mmask32 Mask(int64_t count) { return static_cast<__mmask32>((uint64_t{1} << std::clamp<int64_t>(count, 0, 32)) - 1); }

TM_REGION_END
}  // namespace tidemark::bf16

#endif  // TM_HAVE_X86

#endif  // TIDEMARK_BACKENDS_BF16_DECODERS_H_
