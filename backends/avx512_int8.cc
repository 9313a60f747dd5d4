// Integer products for AVX-512 VNNI over the panels of int8_panels.h.
//
// The codes of a sub-block of 32 values are eight registers, split from nibbles once for up to sixteen rows of x: decoding costs
// a token of prefill next to nothing, and nothing is unpacked to memory. For one row the loop is five instructions per 128
// weights, several times faster than memory delivers them. With many rows each product broadcasts four activations from memory,
// so that loads are the limit; two panels at once (Int8Kernels::multiply_two) halve them, at the price of splitting codes every
// ten rows at most.
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

// --- Formats with blocks of 256. Load(sub, v, w) gives two vectors of 4 values each, v and v + 1 of kVectors in a sub-block.

struct Q4_K {
  static constexpr int kSubs = 8, kVectors = 8, kBytes = 320 + 8 * 256;
  static constexpr bool kMins = true;
  static void Load(const std::byte* unit, int sub, int v, __m512i* w) {
    SplitNibbles(unit + 320 + 256 * sub + 32 * v, w[0], w[1]);
  }
};

struct Q5_K {
  static constexpr int kSubs = 8, kVectors = 8, kBytes = 320 + 8 * 320;
  static constexpr bool kMins = true;
  static void Load(const std::byte* unit, int sub, int v, __m512i* w) {
    const std::byte* vectors = unit + 320 + 320 * sub;
    const __m512i upper = Load64(vectors + 256), bit4 = _mm512_set1_epi8(16);
    SplitNibbles(vectors + 32 * v, w[0], w[1]);
#pragma GCC unroll 2
    for (int i = 0; i < 2; ++i) {
      const int bit = v + i;
      const __m512i moved = bit < 4 ? _mm512_slli_epi16(upper, 4 - bit) : _mm512_srli_epi16(upper, bit - 4);
      w[i] = _mm512_ternarylogic_epi64(w[i], moved, bit4, 0xf8);  // w | moved & bit4
    }
  }
};

struct Q6_K {
  static constexpr int kSubs = 16, kVectors = 4, kBytes = 320 + 16 * 192;
  static constexpr bool kMins = false;  // its codes are q - 32: the scales play the mins
  static void Load(const std::byte* unit, int sub, int v, __m512i* w) {
    const std::byte* vectors = unit + 320 + 192 * sub;
    const __m512i upper = Load64(vectors + 128), bits = _mm512_set1_epi8(0x30);
    SplitNibbles(vectors + 32 * v, w[0], w[1]);
#pragma GCC unroll 2
    for (int i = 0; i < 2; ++i) {
      const int bit = 2 * (v + i);
      const __m512i moved = bit < 4 ? _mm512_slli_epi16(upper, 4 - bit) : _mm512_srli_epi16(upper, bit - 4);
      w[i] = _mm512_ternarylogic_epi64(w[i], moved, bits, 0xf8);
    }
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

template <int kPanels, int kRows>
void SetZero(__m512i (&of)[kPanels][kRows]) {
  for (auto& panel : of) {
    for (__m512i& v : panel) v = _mm512_setzero_si512();
  }
}

// dots[p][i] += the codes of one block of w's panel p times row i of x. load(p, v, w): vectors v and v + 1 of panel p's codes; x:
// row i begins at 32 i. One panel: its codes stay in registers while rows pass. Two: two vectors of each, and every broadcast of
// activations, which is a load, serves two products; the products' two ports, not the loads, are then the limit.
template <int kVectors, int kRows, int kPanels, typename Load>
void AddDots(const Load& load, const std::byte* x, __m512i (&dots)[kPanels][kRows]) {
  constexpr int kTogether = kPanels == 1 ? kVectors : 2;
#pragma GCC unroll 4
  for (int v = 0; v < kVectors; v += kTogether) {
    __m512i w[kPanels][kTogether];
#pragma GCC unroll 2
    for (int p = 0; p < kPanels; ++p) {
#pragma GCC unroll 4
      for (int u = 0; u < kTogether; u += 2) load(p, v + u, w[p] + u);
    }
#pragma GCC unroll 16
    for (int i = 0; i < kRows; ++i) {
#pragma GCC unroll 8
      for (int u = 0; u < kTogether; ++u) {
        __m512i four = Broadcast(x + 32 * i + 4 * (v + u));
        if constexpr (kPanels > 1) asm("" : "+v"(four));  // one load: else each product repeats it
#pragma GCC unroll 2
        for (int p = 0; p < kPanels; ++p) dots[p][i] = _mm512_dpbusd_epi32(dots[p][i], w[p][u], four);
      }
    }
  }
}

__m512 BroadcastFloat(const std::byte* p) { return _mm512_castsi512_ps(Broadcast(p)); }

// Panels that meet the same rows of x: where their units begin, what to ask for meanwhile.
template <int kPanels>
struct Units {
  std::array<const std::byte*, kPanels> unit, prefetch;
};

template <typename Format>
struct Per256 {
  static constexpr int64_t kUnitBytes = Format::kBytes;
  static constexpr int kPairs = Format::kSubs / 2;

  // One block of 256 values: totals[p][i] += the product of panel p and row i, for rows [kFirst, kFirst + kRows) of the tile.
  template <int kM, int kFirst, int kRows, int kPanels>
  static void AddUnit(const Units<kPanels>& w, const std::byte* x, int64_t u, __m512 (&totals)[kPanels][kM]) {
    x += u * kM * static_cast<int64_t>(sizeof(Int8Block256));
    __m512i sums[kPanels][kRows];
    SetZero(sums);
    for (int pair = 0; pair < kPairs; ++pair) {
      __m512i scales[kPanels];
#pragma GCC unroll 2
      for (int p = 0; p < kPanels; ++p) {
        if (kFirst == 0) Prefetch<Format::kBytes, kPairs>(w.prefetch[p], pair);
        scales[p] = ScalePair<!Format::kMins>(w.unit[p] + 64 + 32 * pair);
      }
      AddSub<kM, kFirst>(w, x, 2 * pair, scales, sums);
      AddSub<kM, kFirst>(w, x, 2 * pair + 1, scales, sums);
    }
#pragma GCC unroll 2
    for (int p = 0; p < kPanels; ++p) Finish<kM, kFirst>(w.unit[p], x, sums[p], totals[p]);
  }

 private:
  // sums += the products of sub-block s times its scales, of which a pair is given.
  template <int kM, int kFirst, int kRows, int kPanels>
  static void AddSub(const Units<kPanels>& w, const std::byte* x, int s, const __m512i (&scales)[kPanels],
                     __m512i (&sums)[kPanels][kRows]) {
    // Where the codes of the sub-block begin in the tile; sub-blocks of 16 values are halves of the tile's 32.
    constexpr int kSubValues = 256 / Format::kSubs;
    const std::byte* codes = x + s * kSubValues / 32 * (32 * kM) + s * kSubValues % 32 + 32 * kFirst;
    __m512i dots[kPanels][kRows];
    SetZero(dots);
    AddDots<Format::kVectors>([&](int p, int v, __m512i* to) { Format::Load(w.unit[p], s, v, to); }, codes, dots);
#pragma GCC unroll 2
    for (int p = 0; p < kPanels; ++p) {
      const __m512i scale = _mm512_srai_epi32(s % 2 == 0 ? _mm512_slli_epi32(scales[p], 16) : scales[p], 16);
#pragma GCC unroll 16
      for (int i = 0; i < kRows; ++i) sums[p][i] = _mm512_add_epi32(sums[p][i], _mm512_mullo_epi32(dots[p][i], scale));
    }
  }

  // The mins, 16-bit pairs times pairs of sums of activations, and the products with d and dmin.
  template <int kM, int kFirst, int kRows>
  static void Finish(const std::byte* unit, const std::byte* x, const __m512i (&sums)[kRows], __m512 (&totals)[kM]) {
    constexpr int kMinsAt = Format::kMins ? 64 + 32 * kPairs : 64;
    __m512i min_pairs[kPairs];
    for (int pair = 0; pair < kPairs; ++pair) min_pairs[pair] = ScalePair<!Format::kMins>(unit + kMinsAt + 32 * pair);
    const __m512 d = Halves(unit), dmin = Format::kMins ? Halves(unit + 32) : _mm512_mul_ps(d, _mm512_set1_ps(32));
    const std::byte* sums_of_x = x + (Format::kMins ? Int8Tile::kSums32 : Int8Tile::kSums16) * kM;
#pragma GCC unroll 16
    for (int i = 0; i < kRows; ++i) {
      const int row = kFirst + i;
      __m512i mins = _mm512_setzero_si512();
#pragma GCC unroll 8
      for (int pair = 0; pair < kPairs; ++pair) {
        mins = _mm512_dpwssd_epi32(mins, min_pairs[pair], Broadcast(sums_of_x + 4 * (pair * kM + row)));
      }
      const __m512 dx = BroadcastFloat(x + Int8Tile::kScale * kM + 4 * row);
      const __m512 plus = _mm512_fmadd_ps(_mm512_cvtepi32_ps(sums[i]), _mm512_mul_ps(d, dx), totals[row]);
      totals[row] = _mm512_fnmadd_ps(_mm512_cvtepi32_ps(mins), _mm512_mul_ps(dmin, dx), plus);
    }
  }
};

// --- Formats with blocks of 32, two of them a unit.

struct Q4_0 {
  static constexpr int kBlockBytes = 256, kOffsets = Int8Tile::kMinus8;
  static void Load(const std::byte* p, int v, __m512i* w) { SplitNibbles(p + 32 * v, w[0], w[1]); }
};

struct Q8_0 {
  static constexpr int kBlockBytes = 512, kOffsets = Int8Tile::kMinus128;
  static void Load(const std::byte* p, int v, __m512i* w) {
    w[0] = Load64(p + 64 * v);
    w[1] = Load64(p + 64 * v + 64);
  }
};

template <typename Format>
struct Per32 {
  static constexpr int64_t kUnitBytes = 64 + 2 * Format::kBlockBytes;

  template <int kM, int kFirst, int kRows, int kPanels>
  static void AddUnit(const Units<kPanels>& w, const std::byte* x, int64_t u, __m512 (&totals)[kPanels][kM]) {
    x += u / 4 * kM * static_cast<int64_t>(sizeof(Int8Block32));
    for (int b = 0; b < 2; ++b) {
      const int64_t sub = u % 4 * 2 + b;
      const std::byte* numbers = x + sub * (4 * kM) + 4 * kFirst;
      __m512i dots[kPanels][kRows];
#pragma GCC unroll 2
      for (int p = 0; p < kPanels; ++p) {
        if (kFirst == 0) Prefetch<kUnitBytes, 2>(w.prefetch[p], b);
        for (int i = 0; i < kRows; ++i) dots[p][i] = Broadcast(numbers + Format::kOffsets * kM + 4 * i);
      }
      AddDots<8>([&](int p, int v, __m512i* to) { Format::Load(w.unit[p] + 64 + b * Format::kBlockBytes, v, to); },
                 x + sub * (32 * kM) + 32 * kFirst, dots);
#pragma GCC unroll 2
      for (int p = 0; p < kPanels; ++p) {
        const __m512 d = Halves(w.unit[p] + 32 * b);
#pragma GCC unroll 16
        for (int i = 0; i < kRows; ++i) {
          const __m512 scale = _mm512_mul_ps(d, BroadcastFloat(numbers + Int8Tile::kScales * kM + 4 * i));
          totals[p][kFirst + i] = _mm512_fmadd_ps(_mm512_cvtepi32_ps(dots[p][i]), scale, totals[p][kFirst + i]);
        }
      }
    }
  }
};

// --- One panel, or two.

template <typename Layout, int kM, int kPanels>
void Multiply(const Int8Pass& pass) {
  constexpr int kMostRows = kPanels == 1 ? 16 : 10;  // whose dot products fit the registers, with codes
  constexpr int kRows = kM <= kMostRows ? kM : (kM + 1) / 2;
  __m512 totals[kPanels][kM];
  for (int p = 0; p < kPanels; ++p) {
    for (int i = 0; i < kM; ++i) totals[p][i] = pass.first ? _mm512_setzero_ps() : _mm512_load_ps(pass.of[p].totals + kPanel * i);
  }
  for (int64_t u = 0; u < pass.units; ++u) {
    Units<kPanels> w;
    for (int p = 0; p < kPanels; ++p) {
      w.unit[p] = pass.of[p].panel + u * Layout::kUnitBytes;
      w.prefetch[p] = pass.of[p].prefetch + u * Layout::kUnitBytes;
    }
    Layout::template AddUnit<kM, 0, kRows>(w, pass.x, u, totals);
    if constexpr (kRows < kM) Layout::template AddUnit<kM, kRows, kM - kRows>(w, pass.x, u, totals);
  }
  for (int p = 0; p < kPanels; ++p) {
    for (int i = 0; i < kM; ++i) _mm512_store_ps(pass.of[p].totals + kPanel * i, totals[p][i]);
  }
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
constexpr Int8Kernels::Entry MakeEntry(std::string_view format, bool pairs, std::index_sequence<kHeights...>) {
  Int8Kernels::Entry entry = {format, {Multiply<Layout, static_cast<int>(kHeights) + 1, 1>...}, {}};
  if (pairs) entry.multiply_two = {Multiply<Layout, static_cast<int>(kHeights) + 1, 2>...};
  return entry;
}
using Heights = std::make_index_sequence<static_cast<size_t>(kInt8TileRows)>;

// Pairs gain 8 to 13 % but for q6_k: decoding its codes for half as many rows at a time takes what the loads give.
constexpr std::array kEntries = {
    MakeEntry<Per32<Q4_0>>("q4_0", true, Heights()),   MakeEntry<Per32<Q8_0>>("q8_0", true, Heights()),
    MakeEntry<Per256<Q4_K>>("q4_k", true, Heights()),  MakeEntry<Per256<Q5_K>>("q5_k", true, Heights()),
    MakeEntry<Per256<Q6_K>>("q6_k", false, Heights()),
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
