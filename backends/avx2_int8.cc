// Integer products for AVX2 over the panels of int8_panels.h, eight rows of a panel at a time.
//
// Without dot-product instructions four bytes are multiplied in two steps: vpmaddubsw adds pairs of products into 16 bits, which
// saturate, and vpmaddwd adds pairs of those into 32. Codes of 4 bits leave room for eight steps in 16 bits (8 * 2 * 15 * 127 =
// 30480), those of 5 bits for four (31496), those of 6 bits for two (32004), so the second step is rare, and it multiplies with
// the scale at the same time. 8-bit codes have no room at all as unsigned numbers (2 * 255 * 127): their sign is moved to the
// activation (2 * 128 * 127 = 32512).
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
TM_REGION_AVX2
namespace {

constexpr int kHalf = 32;  // bytes of a vector's eight rows; the other eight follow

__m256i Load32(const std::byte* p) { return _mm256_load_si256(reinterpret_cast<const __m256i*>(p)); }
__m128i Load16(const std::byte* p) { return _mm_load_si128(reinterpret_cast<const __m128i*>(p)); }
__m256 Halves(const std::byte* p) { return _mm256_cvtph_ps(Load16(p)); }

// Four activations, or any four bytes, in all lanes.
__m256i Broadcast(const void* p) {
  int32_t v;
  std::memcpy(&v, p, sizeof v);
  return _mm256_set1_epi32(v);
}

__m256 BroadcastFloat(const std::byte* p) { return _mm256_castsi256_ps(Broadcast(p)); }

void SplitNibbles(const std::byte* p, __m256i& low, __m256i& high) {
  const __m256i packed = Load32(p), nibble = _mm256_set1_epi8(15);
  low = _mm256_and_si256(packed, nibble);
  high = _mm256_and_si256(_mm256_srli_epi16(packed, 4), nibble);
}

// --- Formats with blocks of 256. Load(unit, sub) gives the codes of a sub-block, kVectors of 4 values each; kRoom: vectors whose
// products fit 16 bits. `unit` is shifted by kHalf for the second eight rows, so offsets of codes are those of the first.

struct Q4_K {
  static constexpr int kSubs = 8, kVectors = 8, kRoom = 8, kBytes = 320 + 8 * 256;
  static constexpr bool kMins = true;
  static void Load(const std::byte* unit, int sub, __m256i* w) {
    for (int v = 0; v < 4; ++v) SplitNibbles(unit + 320 + 256 * sub + 64 * v, w[2 * v], w[2 * v + 1]);
  }
};

struct Q5_K {
  static constexpr int kSubs = 8, kVectors = 8, kRoom = 4, kBytes = 320 + 8 * 320;
  static constexpr bool kMins = true;
  static void Load(const std::byte* unit, int sub, __m256i* w) {
    const std::byte* vectors = unit + 320 + 320 * sub;
    const __m256i upper = Load32(vectors + 256), bit4 = _mm256_set1_epi8(16);
    for (int v = 0; v < 4; ++v) SplitNibbles(vectors + 64 * v, w[2 * v], w[2 * v + 1]);
#pragma GCC unroll 8
    for (int v = 0; v < 8; ++v) {
      const __m256i moved = v < 4 ? _mm256_slli_epi16(upper, 4 - v) : _mm256_srli_epi16(upper, v - 4);
      w[v] = _mm256_or_si256(w[v], _mm256_and_si256(moved, bit4));
    }
  }
};

struct Q6_K {
  static constexpr int kSubs = 16, kVectors = 4, kRoom = 2, kBytes = 320 + 16 * 192;
  static constexpr bool kMins = false;  // its codes are q - 32: the scales play the mins
  static void Load(const std::byte* unit, int sub, __m256i* w) {
    const std::byte* vectors = unit + 320 + 192 * sub;
    const __m256i upper = Load32(vectors + 128), bits = _mm256_set1_epi8(0x30);
    for (int v = 0; v < 2; ++v) SplitNibbles(vectors + 64 * v, w[2 * v], w[2 * v + 1]);
    const __m256i moved[4] = {_mm256_slli_epi16(upper, 4), _mm256_slli_epi16(upper, 2), upper, _mm256_srli_epi16(upper, 2)};
    for (int v = 0; v < 4; ++v) w[v] = _mm256_or_si256(w[v], _mm256_and_si256(moved[v], bits));
  }
};

// A pair of scales of 8 rows as 16-bit numbers, the even one low.
template <bool kSigned>
__m256i ScalePair(const std::byte* p) {
  return kSigned ? _mm256_cvtepi8_epi16(Load16(p)) : _mm256_cvtepu8_epi16(Load16(p));
}

template <int kBytes>
void Prefetch(const std::byte* p) {
  for (int line = 0; line < kBytes; line += 64) _mm_prefetch(reinterpret_cast<const char*>(p + line), _MM_HINT_T0);
}

// fn(i) for each row of a tile. A few rows' sums stay in registers from one sub-block to the next; those of more wait in the
// first-level cache, since the codes of w take half of the registers.
template <int kM, typename Fn>
void ForRows(const Fn& fn) {
  if constexpr (kM <= 8) {
#pragma GCC unroll 8
    for (int i = 0; i < kM; ++i) fn(i);
  } else {
#pragma GCC unroll 1
    for (int i = 0; i < kM; ++i) fn(i);
  }
}

// sums[i] += the sub-block's codes times row i of x, times its scale (in both 16-bit halves of a lane). x: [kM][32] codes, or the
// second half of each.
template <typename Format, int kM>
void AddSub(const __m256i* w, __m256i scale, const std::byte* x, __m256i* sums) {
  ForRows<kM>([&](int i) {
    const std::byte* codes = x + 32 * i;
    __m256i sum = sums[i];
#pragma GCC unroll 2
    for (int first = 0; first < Format::kVectors; first += Format::kRoom) {
      __m256i dot = _mm256_maddubs_epi16(w[first], Broadcast(codes + 4 * first));
#pragma GCC unroll 8
      for (int v = first + 1; v < first + Format::kRoom; ++v) {
        dot = _mm256_add_epi16(dot, _mm256_maddubs_epi16(w[v], Broadcast(codes + 4 * v)));
      }
      sum = _mm256_add_epi32(sum, _mm256_madd_epi16(dot, scale));
    }
    sums[i] = sum;
  });
}

// One block of 256 values: totals[kPanel * i] += the product of 8 rows of w and row i of x. half: 0 or 1, which eight rows.
template <typename Format, int kM>
void AddBlock(const std::byte* unit, int half, const std::byte* x, float* totals) {
  constexpr int kPairs = Format::kSubs / 2, kSubValues = 256 / Format::kSubs;
  const auto codes = [x](int s) { return x + s * kSubValues / 32 * (32 * kM) + s * kSubValues % 32; };
  const __m256i even = _mm256_set1_epi32(0x01000100), odd = _mm256_set1_epi32(0x03020302);
  const __m256i lanes = _mm256_broadcastsi128_si256(_mm_setr_epi32(0, 0x04040404, 0x08080808, 0x0c0c0c0c));
  const __m256i pick_even = _mm256_add_epi8(lanes, even), pick_odd = _mm256_add_epi8(lanes, odd);
  const std::byte *pairs = unit + 64 + 16 * half, *codes_at = unit + kHalf * half;
  __m256i sums[kM];
  for (__m256i& s : sums) s = _mm256_setzero_si256();
  for (int pair = 0; pair < kPairs; ++pair) {
    const __m256i scales = ScalePair<!Format::kMins>(pairs + 32 * pair);
    __m256i w[Format::kVectors];
    Format::Load(codes_at, 2 * pair, w);
    AddSub<Format, kM>(w, _mm256_shuffle_epi8(scales, pick_even), codes(2 * pair), sums);
    Format::Load(codes_at, 2 * pair + 1, w);
    AddSub<Format, kM>(w, _mm256_shuffle_epi8(scales, pick_odd), codes(2 * pair + 1), sums);
  }
  // The mins: 16-bit pairs times pairs of sums of activations.
  const std::byte* mins_at = Format::kMins ? pairs + 32 * kPairs : pairs;
  const std::byte* sums_of_x = x + (Format::kMins ? Int8Tile::kSums32 : Int8Tile::kSums16) * kM;
  __m256i min_pairs[kPairs];
  for (int pair = 0; pair < kPairs; ++pair) min_pairs[pair] = ScalePair<!Format::kMins>(mins_at + 32 * pair);
  const __m256 d = Halves(unit + 16 * half);
  const __m256 dmin = Format::kMins ? Halves(unit + 32 + 16 * half) : _mm256_mul_ps(d, _mm256_set1_ps(32));
  for (int i = 0; i < kM; ++i) {
    __m256i mins = _mm256_setzero_si256();
#pragma GCC unroll 8
    for (int pair = 0; pair < kPairs; ++pair) {
      mins = _mm256_add_epi32(mins, _mm256_madd_epi16(min_pairs[pair], Broadcast(sums_of_x + 4 * (pair * kM + i))));
    }
    const __m256 dx = BroadcastFloat(x + Int8Tile::kScale * kM + 4 * i), old = _mm256_load_ps(totals + kPanel * i);
    const __m256 plus = _mm256_fmadd_ps(_mm256_cvtepi32_ps(sums[i]), _mm256_mul_ps(d, dx), old);
    _mm256_store_ps(totals + kPanel * i, _mm256_fnmadd_ps(_mm256_cvtepi32_ps(mins), _mm256_mul_ps(dmin, dx), plus));
  }
}

template <typename Format>
struct Per256 {
  static constexpr int64_t kUnitBytes = Format::kBytes;
  template <int kM>
  static void AddUnit(const std::byte* unit, int half, const std::byte* x, int64_t u, float* totals) {
    AddBlock<Format, kM>(unit, half, x + u * kM * static_cast<int64_t>(sizeof(Int8Block256)), totals);
  }
};

// --- Formats with blocks of 32, two of them a unit. Dot: the codes of a block (of the right eight rows) times 32 activations;
// offset: the row's number in the tile at kOffsets.

struct Q4_0 {
  static constexpr int kBlockBytes = 256, kOffsets = Int8Tile::kMinus8;
  static void Load(const std::byte* p, __m256i* w) {
    for (int v = 0; v < 4; ++v) SplitNibbles(p + 64 * v, w[2 * v], w[2 * v + 1]);
  }
  static __m256i Dot(const __m256i* w, const std::byte* codes, const std::byte* offset) {
    __m256i dot = _mm256_maddubs_epi16(w[0], Broadcast(codes));
#pragma GCC unroll 8
    for (int v = 1; v < 8; ++v) dot = _mm256_add_epi16(dot, _mm256_maddubs_epi16(w[v], Broadcast(codes + 4 * v)));
    return _mm256_add_epi32(_mm256_madd_epi16(dot, _mm256_set1_epi16(1)), Broadcast(offset));
  }
};

struct Q8_0 {
  static constexpr int kBlockBytes = 512, kOffsets = Int8Tile::kMinus128;
  static void Load(const std::byte* p, __m256i* w) {
    for (int v = 0; v < 8; ++v) w[v] = _mm256_xor_si256(Load32(p + 64 * v), _mm256_set1_epi8(-128));
  }
  static __m256i Dot(const __m256i* w, const std::byte* codes, const std::byte*) {
    __m256i dot = _mm256_setzero_si256();
#pragma GCC unroll 8
    for (int v = 0; v < 8; ++v) {
      const __m256i moved = _mm256_sign_epi8(Broadcast(codes + 4 * v), w[v]);
      const __m256i pairs = _mm256_maddubs_epi16(_mm256_abs_epi8(w[v]), moved);
      dot = _mm256_add_epi32(dot, _mm256_madd_epi16(pairs, _mm256_set1_epi16(1)));
    }
    return dot;
  }
};

template <typename Format>
struct Per32 {
  static constexpr int64_t kUnitBytes = 64 + 2 * Format::kBlockBytes;

  template <int kM>
  static void AddUnit(const std::byte* unit, int half, const std::byte* x, int64_t u, float* totals) {
    x += u / 4 * kM * static_cast<int64_t>(sizeof(Int8Block32));
    for (int b = 0; b < 2; ++b) {
      __m256i w[8];
      Format::Load(unit + 64 + b * Format::kBlockBytes + kHalf * half, w);
      const __m256 d = Halves(unit + 32 * b + 16 * half);
      const int64_t sub = u % 4 * 2 + b;
      const std::byte *codes = x + sub * (32 * kM), *numbers = x + sub * (4 * kM);
      ForRows<kM>([&](int i) {
        const __m256i dot = Format::Dot(w, codes + 32 * i, numbers + Format::kOffsets * kM + 4 * i);
        const __m256 scale = _mm256_mul_ps(d, BroadcastFloat(numbers + Int8Tile::kScales * kM + 4 * i));
        const __m256 old = _mm256_load_ps(totals + kPanel * i);
        _mm256_store_ps(totals + kPanel * i, _mm256_fmadd_ps(_mm256_cvtepi32_ps(dot), scale, old));
      });
    }
  }
};

// --- One panel.

template <typename Layout, int kM>
void Multiply(const Int8Pass& pass) {
  const auto& [panel, prefetch, totals] = pass.of[0];
  if (pass.first) std::memset(totals, 0, kM * kPanel * sizeof(float));
  for (int64_t u = 0; u < pass.units; ++u) {
    const std::byte* unit = panel + u * Layout::kUnitBytes;
    Prefetch<Layout::kUnitBytes>(prefetch + u * Layout::kUnitBytes);
    for (int half = 0; half < 2; ++half) Layout::template AddUnit<kM>(unit, half, pass.x, u, totals + 8 * half);
  }
}

void Store(const float* totals, const float* gate, int64_t m, int64_t rows, float* y, int64_t y_stride) {
  for (int64_t i = 0; i < m; ++i) {
    alignas(32) float row[kPanel];
    for (int64_t j = 0; j < kPanel; j += 8) {
      __m256 t = _mm256_load_ps(totals + kPanel * i + j);
      if (gate != nullptr) t = _mm256_mul_ps(Silu(_mm256_load_ps(gate + kPanel * i + j)), t);
      _mm256_store_ps(row + j, t);
    }
    std::memcpy(y + i * y_stride, row, static_cast<size_t>(rows) * sizeof(float));
  }
}

template <typename Layout, size_t... kHeights>
constexpr Int8Kernels::Entry MakeEntry(std::string_view format, std::index_sequence<kHeights...>) {
  return {format, {Multiply<Layout, static_cast<int>(kHeights) + 1>...}, {}};
}
using Heights = std::make_index_sequence<static_cast<size_t>(kInt8TileRows)>;

constexpr std::array kEntries = {
    MakeEntry<Per32<Q4_0>>("q4_0", Heights()),  MakeEntry<Per32<Q8_0>>("q8_0", Heights()),
    MakeEntry<Per256<Q4_K>>("q4_k", Heights()), MakeEntry<Per256<Q5_K>>("q5_k", Heights()),
    MakeEntry<Per256<Q6_K>>("q6_k", Heights()),
};

}  // namespace
TM_REGION_END

const Int8Kernels* Avx2Int8Kernels() {
  static const Int8Kernels kernels = {
      .entries = kEntries,
      .store = Store,
      .name = "avx2_int8",
      .details = "own code, panels of 16 rows, activations int8 per 256 values (q4_0, q8_0: per 32), same bits in every batch",
      .runs_on = [](const Cpu& cpu) { return cpu.RunsAvx2(); },
      .needs = "AVX2 with FMA and F16C"};
  return &kernels;
}

#else

const Int8Kernels* Avx2Int8Kernels() { return nullptr; }

#endif  // TM_HAVE_X86

}  // namespace tidemark
