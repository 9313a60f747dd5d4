// The formats with a scale for every 32 values, q4_0 and q8_0, for amx_int8.cc.
//
// Both factors have a float scale per 32 values, so no scale can become part of the codes as in amx_int8_planes.h: each block is
// a product of half a tile's depth, and its sums are scaled at once:
//   unit of w (int8_panels.h): half d[2][16] | codes of block 0 | codes of block 1
//   tile B of a block: [8][16 rows of w][4 values], tile A: [16 rows of x][32 values], C: [16 rows of x][16 rows of w]
// While a unit is multiplied the sums of the unit before it are scaled. On paper, cycles of one Sapphire Rapids core per 16 x 16
// sums and 256 values: products 8 x 16 = 128, scaling 8 x 16 x 3 / 2 = 192.
#ifndef TIDEMARK_BACKENDS_AMX_INT8_PER32_H_
#define TIDEMARK_BACKENDS_AMX_INT8_PER32_H_

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "backends/amx_int8_planes.h"
#include "backends/int8_panels.h"
#include "backends/tiles.h"
#include "engine/core/isa_region.h"

#if TM_HAVE_X86
#include <immintrin.h>

namespace tidemark::amx_int8 {

TM_REGION_AMX

// Tiles 0 to 3 are sums, 4 and 5 rows of x, the first of each pair for `first` rows of x, the second for `second`.
inline TileShapes ShapesFor(int64_t first, int64_t second, int64_t depth) {
  TileShapes shapes;
  for (const int t : {0, 1}) shapes.Set(t, first, 64);
  shapes.Set(4, first, depth);
  for (const int t : {2, 3}) shapes.Set(t, second, second == 0 ? 0 : 64);
  shapes.Set(5, second, second == 0 ? 0 : depth);
  for (const int t : {6, 7}) shapes.Set(t, depth / 4, 64);
  return shapes;
}

// Unpack: the codes of a unit as two tiles of 8 rows, signed, so that nothing is left to subtract from the sums.
struct Q4_0 {
  static constexpr int64_t kBytes = 64 + 2 * 256;
  static void Unpack(const std::byte* unit, std::byte* to) {
    const __m512i eight = _mm512_set1_epi8(8);
#pragma GCC unroll 8
    for (int v = 0; v < 8; ++v) {
      __m512i low, high;
      SplitNibbles(unit + 64 + 64 * v, low, high);
      _mm512_store_si512(to + 128 * v, _mm512_sub_epi8(low, eight));
      _mm512_store_si512(to + 128 * v + 64, _mm512_sub_epi8(high, eight));
    }
  }
};

struct Q8_0 {
  static constexpr int64_t kBytes = 64 + 2 * 512;
  static void Unpack(const std::byte* unit, std::byte* to) {
    const __m512i sign = _mm512_set1_epi8(static_cast<char>(0x80));
#pragma GCC unroll 16
    for (int v = 0; v < 16; ++v) _mm512_store_si512(to + 64 * v, _mm512_xor_si512(_mm512_load_si512(unit + 64 + 64 * v), sign));
  }
};

// totals[i] += the products of the two blocks of a unit; sums: [2 blocks][16][16].
template <typename Format>
void AddUnit(const std::byte* unit, const int32_t* sums, const std::byte* x, int64_t x_row_bytes, size_t sub, int64_t rows,
             __m512* totals) {
  const __m512 d[2] = {Halves(unit), Halves(unit + 32)};
#pragma GCC unroll 16
  for (int64_t i = 0; i < rows; ++i) {
    const auto& block = *reinterpret_cast<const Int8Block32*>(x + i * x_row_bytes);
    __m512 total = totals[i];
#pragma GCC unroll 2
    for (size_t b = 0; b < 2; ++b) {
      const __m512i dot = _mm512_load_si512(sums + 256 * b + 16 * static_cast<size_t>(i));
      const __m512 scale = _mm512_mul_ps(d[b], _mm512_set1_ps(block.scales[sub + b]));
      total = _mm512_fmadd_ps(_mm512_cvtepi32_ps(dot), scale, total);
    }
    totals[i] = total;
  }
}

// Up to 16 rows of x. Tiles 0 and 1, or 2 and 3, are the sums of the two blocks of a unit, 4 and 5 of x, 6 and 7 of w. A unit's
// sums are scaled while the unit after it is multiplied.
template <typename Tiles, typename Format>
void MultiplyTile(const std::byte* panel, int64_t k, const std::byte* x, int64_t x_row_bytes, int64_t rows, bool unpack,
                  std::byte* planes, __m512* out) {
  alignas(64) int32_t sums[2][512];
  __m512 totals[16];
  for (__m512& t : totals) t = _mm512_setzero_ps();
  const auto scale = [&](int64_t u) {
    const std::byte* blocks = x + u / 4 * static_cast<int64_t>(sizeof(Int8Block32));
    const auto sub = static_cast<size_t>(u % 4 * 2);
    const std::byte* unit = panel + u * Format::kBytes;
    if (rows == 16) {
      AddUnit<Format>(unit, sums[u % 2], blocks, x_row_bytes, sub, 16, totals);
    } else {
      AddUnit<Format>(unit, sums[u % 2], blocks, x_row_bytes, sub, rows, totals);
    }
  };
  const int64_t units = (k + 63) / 64;
  for (int64_t u = 0; u < units; ++u) {
    std::byte* codes = planes + u * kTileBytes;
    if (unpack) Format::Unpack(panel + u * Format::kBytes, codes);
    const std::byte* x_codes = x + u / 4 * static_cast<int64_t>(sizeof(Int8Block32)) + u % 4 * 64;
    Tiles::template Zero<0>();
    Tiles::template Load<4>(x_codes, x_row_bytes);
    Tiles::template Load<6>(codes, 64);
    Tiles::template DotI8I8<0, 4, 6>();
    Tiles::template Zero<1>();
    Tiles::template Load<5>(x_codes + 32, x_row_bytes);
    Tiles::template Load<7>(codes + 512, 64);
    Tiles::template DotI8I8<1, 5, 7>();
    Tiles::template Store<0>(sums[u % 2], 64);
    Tiles::template Store<1>(sums[u % 2] + 256, 64);
    if (u > 0) scale(u - 1);
  }
  scale(units - 1);
  for (int64_t i = 0; i < rows; ++i) out[i] = totals[i];
}

template <typename Format>
struct Per32 {
  static constexpr int64_t PlaneBytes(int64_t k) { return (k + 63) / 64 * kTileBytes; }

  template <typename Tiles>
  static void Multiply(const std::byte* panel, int64_t k, const std::byte* x, int64_t x_row_bytes, int64_t m, std::byte* planes,
                       __m512* totals) {
    for (int64_t i = 0; i < m; i += 16) {
      const int64_t rows = std::min<int64_t>(16, m - i);
      if (i == 0 || rows < 16) Tiles::Configure(ShapesFor(rows, rows, 32));
      MultiplyTile<Tiles, Format>(panel, k, x + i * x_row_bytes, x_row_bytes, rows, i == 0, planes, totals + i);
    }
  }
};

TM_REGION_END
}  // namespace tidemark::amx_int8

#endif  // TM_HAVE_X86

#endif  // TIDEMARK_BACKENDS_AMX_INT8_PER32_H_
