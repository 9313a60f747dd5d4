// Integer products for AVX-512 VNNI over the panels of int8_panels.h.
//
// The codes of a sub-block of 32 values are eight registers. They are loaded and split once and meet up to sixteen rows of x
// before the next ones come: decoding costs a token of prefill next to nothing, and nothing is unpacked to memory. For one row
// the loop is five instructions per 128 weights, several times faster than memory delivers them.
//
// Per row and block of 256 values everything is an integer until the two products with d and dmin, so the float operations per
// row are the same for every m.
#include "backends/int8_panels.h"
#include "engine/core/isa_region.h"
#include "engine/core/vector_math.h"

#if TM_HAVE_X86
#include <immintrin.h>
#endif

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>

namespace tidemark {

#if TM_HAVE_X86
TM_REGION_AVX512_VNNI
namespace {

__m512i Load64(const std::byte* p) { return _mm512_load_si512(p); }
__m256i Load32(const std::byte* p) { return _mm256_load_si256(reinterpret_cast<const __m256i*>(p)); }
__m512 Halves(const std::byte* p) { return _mm512_cvtph_ps(Load32(p)); }
__m512i Nibbles() { return _mm512_set1_epi8(15); }

// Four activations, or any four bytes, in all lanes.
__m512i Broadcast(const void* p) {
  int32_t v;
  std::memcpy(&v, p, sizeof v);
  return _mm512_set1_epi32(v);
}

void SplitNibbles(const std::byte* p, __m512i& low, __m512i& high) {
  const __m512i packed = Load64(p);
  low = _mm512_and_si512(packed, Nibbles());
  high = _mm512_and_si512(_mm512_srli_epi16(packed, 4), Nibbles());
}

// --- Formats with blocks of 256. Load(sub) gives the codes of a sub-block, kVectors of 4 values each.

struct Q4_K {
  static constexpr int kSubs = 8, kVectors = 8, kBytes = 320 + 8 * 256;
  static constexpr bool kMins = true;
  static void Load(const std::byte* unit, int sub, __m512i* w) {
    for (int v = 0; v < 4; ++v) SplitNibbles(unit + 320 + 256 * sub + 64 * v, w[2 * v], w[2 * v + 1]);
  }
};

struct Q5_K {
  static constexpr int kSubs = 8, kVectors = 8, kBytes = 320 + 8 * 320;
  static constexpr bool kMins = true;
  static void Load(const std::byte* unit, int sub, __m512i* w) {
    const std::byte* vectors = unit + 320 + 320 * sub;
    const __m512i upper = Load64(vectors + 256), bit4 = _mm512_set1_epi8(16);
    for (int v = 0; v < 4; ++v) SplitNibbles(vectors + 64 * v, w[2 * v], w[2 * v + 1]);
#pragma GCC unroll 8
    for (int v = 0; v < 8; ++v) {
      const __m512i moved = v < 4 ? _mm512_slli_epi16(upper, 4 - v) : _mm512_srli_epi16(upper, v - 4);
      w[v] = _mm512_ternarylogic_epi64(w[v], moved, bit4, 0xf8);  // w | moved & bit4
    }
  }
};

struct Q6_K {
  static constexpr int kSubs = 16, kVectors = 4, kBytes = 320 + 16 * 192;
  static constexpr bool kMins = false;  // its codes are q - 32: the scales play the mins
  static void Load(const std::byte* unit, int sub, __m512i* w) {
    const std::byte* vectors = unit + 320 + 192 * sub;
    const __m512i upper = Load64(vectors + 128), bits = _mm512_set1_epi8(0x30);
    for (int v = 0; v < 2; ++v) SplitNibbles(vectors + 64 * v, w[2 * v], w[2 * v + 1]);
    const __m512i moved[4] = {_mm512_slli_epi16(upper, 4), _mm512_slli_epi16(upper, 2), upper, _mm512_srli_epi16(upper, 2)};
    for (int v = 0; v < 4; ++v) w[v] = _mm512_ternarylogic_epi64(w[v], moved[v], bits, 0xf8);
  }
};

// A pair of scales of 16 rows as 16-bit numbers, the even one low.
template <bool kSigned>
__m512i ScalePair(const std::byte* p) {
  return kSigned ? _mm512_cvtepi8_epi16(Load32(p)) : _mm512_cvtepu8_epi16(Load32(p));
}

// Part `part` of `parts` of a unit's lines: spread over the work, so that requests never queue up.
template <int kBytes, int kParts>
void Prefetch(const std::byte* p, int part) {
  constexpr int kLines = kBytes / 64, kEach = (kLines + kParts - 1) / kParts;
#pragma GCC unroll 16
  for (int i = 0; i < kEach; ++i) {
    if (part * kEach + i < kLines) _mm_prefetch(reinterpret_cast<const char*>(p + (part * kEach + i) * 64), _MM_HINT_T0);
  }
}

// sums[i] += the sub-block's codes times row i of x, times its scales. x: [kM][32] codes, or the second half of each.
template <int kVectors, int kM>
void AddSub(const __m512i* w, __m512i scale, const std::byte* x, __m512i* sums) {
#pragma GCC unroll 16
  for (int i = 0; i < kM; ++i) {
    __m512i dot = _mm512_setzero_si512();
#pragma GCC unroll 8
    for (int v = 0; v < kVectors; ++v) dot = _mm512_dpbusd_epi32(dot, w[v], Broadcast(x + 32 * i + 4 * v));
    sums[i] = _mm512_add_epi32(sums[i], _mm512_mullo_epi32(dot, scale));
  }
}

__m512 BroadcastFloat(const std::byte* p) { return _mm512_castsi512_ps(Broadcast(p)); }

// One block of 256 values: totals[i] += the product of 16 rows of w and row i of x.
template <typename Format, int kM>
void AddBlock(const std::byte* unit, const std::byte* x, const std::byte* prefetch, __m512* totals) {
  constexpr int kPairs = Format::kSubs / 2, kSubValues = 256 / Format::kSubs;
  // Where the codes of sub-block s begin in the tile; sub-blocks of 16 values are halves of the tile's 32.
  const auto codes = [x](int s) { return x + s * kSubValues / 32 * (32 * kM) + s * kSubValues % 32; };
  __m512i sums[kM];
  for (__m512i& s : sums) s = _mm512_setzero_si512();
  for (int pair = 0; pair < kPairs; ++pair) {
    Prefetch<Format::kBytes, kPairs>(prefetch, pair);
    const __m512i scales = ScalePair<!Format::kMins>(unit + 64 + 32 * pair);
    __m512i w[Format::kVectors];
    Format::Load(unit, 2 * pair, w);
    const __m512i even = _mm512_srai_epi32(_mm512_slli_epi32(scales, 16), 16), odd = _mm512_srai_epi32(scales, 16);
    AddSub<Format::kVectors, kM>(w, even, codes(2 * pair), sums);
    Format::Load(unit, 2 * pair + 1, w);
    AddSub<Format::kVectors, kM>(w, odd, codes(2 * pair + 1), sums);
  }
  // The mins: 16-bit pairs times pairs of sums of activations.
  constexpr int kMinsAt = Format::kMins ? 64 + 32 * kPairs : 64;
  __m512i min_pairs[kPairs];
  for (int pair = 0; pair < kPairs; ++pair) min_pairs[pair] = ScalePair<!Format::kMins>(unit + kMinsAt + 32 * pair);
  const __m512 d = Halves(unit), dmin = Format::kMins ? Halves(unit + 32) : _mm512_mul_ps(d, _mm512_set1_ps(32));
  const std::byte* sums_of_x = x + (Format::kMins ? Int8Tile::kSums32 : Int8Tile::kSums16) * kM;
#pragma GCC unroll 16
  for (int i = 0; i < kM; ++i) {
    __m512i mins = _mm512_setzero_si512();
#pragma GCC unroll 8
    for (int pair = 0; pair < kPairs; ++pair) {
      mins = _mm512_dpwssd_epi32(mins, min_pairs[pair], Broadcast(sums_of_x + 4 * (pair * kM + i)));
    }
    const __m512 dx = BroadcastFloat(x + Int8Tile::kScale * kM + 4 * i);
    const __m512 plus = _mm512_fmadd_ps(_mm512_cvtepi32_ps(sums[i]), _mm512_mul_ps(d, dx), totals[i]);
    totals[i] = _mm512_fnmadd_ps(_mm512_cvtepi32_ps(mins), _mm512_mul_ps(dmin, dx), plus);
  }
}

template <typename Format>
struct Per256 {
  static constexpr int64_t kUnitBytes = Format::kBytes;
  template <int kM>
  static void AddUnit(const std::byte* unit, const std::byte* x, int64_t u, const std::byte* prefetch, __m512* totals) {
    AddBlock<Format, kM>(unit, x + u * kM * static_cast<int64_t>(sizeof(Int8Block256)), prefetch, totals);
  }
};

// --- Formats with blocks of 32, two of them a unit.

struct Q4_0 {
  static constexpr int kBlockBytes = 256, kOffsets = Int8Tile::kMinus8;
  static void Load(const std::byte* p, __m512i* w) {
    for (int v = 0; v < 4; ++v) SplitNibbles(p + 64 * v, w[2 * v], w[2 * v + 1]);
  }
};

struct Q8_0 {
  static constexpr int kBlockBytes = 512, kOffsets = Int8Tile::kMinus128;
  static void Load(const std::byte* p, __m512i* w) {
    for (int v = 0; v < 8; ++v) w[v] = Load64(p + 64 * v);
  }
};

template <typename Format>
struct Per32 {
  static constexpr int64_t kUnitBytes = 64 + 2 * Format::kBlockBytes;

  template <int kM>
  static void AddUnit(const std::byte* unit, const std::byte* x, int64_t u, const std::byte* prefetch, __m512* totals) {
    x += u / 4 * kM * static_cast<int64_t>(sizeof(Int8Block32));
    for (int b = 0; b < 2; ++b) {
      Prefetch<kUnitBytes, 2>(prefetch, b);
      __m512i w[8];
      Format::Load(unit + 64 + b * Format::kBlockBytes, w);
      const __m512 d = Halves(unit + 32 * b);
      const int64_t sub = u % 4 * 2 + b;
      const std::byte *codes = x + sub * (32 * kM), *numbers = x + sub * (4 * kM);
#pragma GCC unroll 16
      for (int i = 0; i < kM; ++i) {
        __m512i dot = Broadcast(numbers + Format::kOffsets * kM + 4 * i);
#pragma GCC unroll 8
        for (int v = 0; v < 8; ++v) dot = _mm512_dpbusd_epi32(dot, w[v], Broadcast(codes + 32 * i + 4 * v));
        const __m512 scale = _mm512_mul_ps(d, BroadcastFloat(numbers + Int8Tile::kScales * kM + 4 * i));
        totals[i] = _mm512_fmadd_ps(_mm512_cvtepi32_ps(dot), scale, totals[i]);
      }
    }
  }
};

// --- One panel.

template <typename Layout, int kM>
void Multiply(const Int8Pass& pass) {
  __m512 totals[kM];
  for (int i = 0; i < kM; ++i) totals[i] = pass.first ? _mm512_setzero_ps() : _mm512_load_ps(pass.totals + kPanel * i);
  for (int64_t u = 0; u < pass.units; ++u) {
    const int64_t at = u * Layout::kUnitBytes;
    Layout::template AddUnit<kM>(pass.panel + at, pass.x, u, pass.prefetch + at, totals);
  }
  for (int i = 0; i < kM; ++i) _mm512_store_ps(pass.totals + kPanel * i, totals[i]);
}

void Store(const float* totals, const float* gate, int64_t m, int64_t rows, float* y, int64_t y_stride) {
  const auto mask = static_cast<__mmask16>((1u << rows) - 1);
  for (int64_t i = 0; i < m; ++i) {
    __m512 t = _mm512_load_ps(totals + kPanel * i);
    if (gate != nullptr) t = _mm512_mul_ps(Silu(_mm512_load_ps(gate + kPanel * i)), t);
    _mm512_mask_storeu_ps(y + i * y_stride, mask, t);
  }
}

template <typename Layout, size_t... kHeights>
constexpr Int8Kernels::Entry MakeEntry(std::string_view format, std::index_sequence<kHeights...>) {
  return {format, {Multiply<Layout, static_cast<int>(kHeights) + 1>...}};
}
using Heights = std::make_index_sequence<static_cast<size_t>(kInt8TileRows)>;

constexpr std::array kEntries = {
    MakeEntry<Per32<Q4_0>>("q4_0", Heights()),  MakeEntry<Per32<Q8_0>>("q8_0", Heights()),
    MakeEntry<Per256<Q4_K>>("q4_k", Heights()), MakeEntry<Per256<Q5_K>>("q5_k", Heights()),
    MakeEntry<Per256<Q6_K>>("q6_k", Heights()),
};

}  // namespace
TM_REGION_END

const Int8Kernels* Avx512Int8Kernels() {
  static const Int8Kernels kernels = {
      .entries = kEntries,
      .store = Store,
      .name = "avx512_int8",
      .details = "own code, panels of 16 rows, activations int8 per 256 values (q4_0, q8_0: per 32), same bits in every batch",
      .runs_on = [](const Cpu& cpu) { return cpu.RunsAvx512Vnni(); },
      .needs = "AVX-512 VNNI"};
  return &kernels;
}

#else

const Int8Kernels* Avx512Int8Kernels() { return nullptr; }

#endif  // TM_HAVE_X86

}  // namespace tidemark
