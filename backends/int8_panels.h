// Integer products: weights repacked once into panels of 16 interleaved rows, activations rounded once per row to int8.
//
// The dot product of 4 unsigned by 4 signed bytes, added to an int32, is one instruction (vpdpbusd), so the natural vector is
// [16 rows][4 values of k]: a lane belongs to one row of w, the same 4 activations are broadcast to all lanes, nothing is ever
// added across lanes, and the scales of 16 rows are one vector. Two such vectors of 4-bit codes share 64 bytes, as low and high
// nibbles. The codes of a format are kept as they are: only activations are rounded (Precision::kInt8).
//
// K formats (q4_k, q5_k, q6_k), per block of 256 values of 16 rows:
//   half d[16], dmin[16] | scales, pairs [subs / 2][16][2] | mins, likewise (not q6_k) | codes of one sub-block after another
//   q4_k: 8 subs of 32 values: 4 vectors of nibbles. q5_k: those and 64 bytes of fifth bits, bit v for vector v.
//   q6_k: 16 subs of 16 values: 2 vectors of nibbles, 64 bytes of upper bits, bits 2v and 2v + 1 for vector v.
//   Activations have one scale per 256 values. sum of d * s * q * x - dmin * m * x = dx * (d * sum of s * (q . xq) - dmin * sum
//   of m * (sum of xq)); for q6_k the codes are q - 32, which takes the place of the min: dmin = 32 d, m = s.
// 32-value formats (q4_0, q8_0), per two blocks of 16 rows:
//   half d[2][16] | codes of the first block | codes of the second (absent: zeros), 4 vectors of nibbles or 8 of bytes + 128
//   Activations have one scale per 32 values; the offset of the codes, 8 or 128, is subtracted through the sum of xq.
//
// Ranges, with |xq| <= 127: sums over a block are at most 16 * 128 * (16 * 63 * 127) < 2^28 (q6_k), 8 * 63 * (32 * 31 * 127) <
// 2^26 (q5_k), 32 * 255 * 127 < 2^20 (q8_0): int32 never overflows, and integer sums do not depend on order.
#ifndef TIDEMARK_BACKENDS_INT8_PANELS_H_
#define TIDEMARK_BACKENDS_INT8_PANELS_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "engine/core/matmul.h"

namespace tidemark {

inline constexpr int64_t kPanel = 16;         // rows of a panel
inline constexpr int64_t kInt8TileRows = 16;  // most rows of x that meet a panel together

// How activations are rounded; the numbers are kinds of InputLayout.
enum class Int8Kind { kPer256 = 0, kPer32 = 1 };

// 256 activations of one row.
struct alignas(64) Int8Block256 {
  int8_t codes[256];
  int16_t sums16[16];  // of 16 codes each
  int16_t sums32[8];   // of 32 codes each
  float scale;         // x is about scale * code
};
struct alignas(64) Int8Block32 {
  int8_t codes[256];
  float scales[8];     // per 32 codes
  int32_t minus_8[8];  // -8 * the sum of 32 codes
  int32_t minus_128[8];
};
static_assert(sizeof(Int8Block256) == 320 && sizeof(Int8Block32) == 384);

// A tile: the blocks of `height` rows interleaved, so that a kernel reads memory in order whatever the height:
//   codes [8][height][32], then per kind: pairs of sums32 [4][height], pairs of sums16 [8][height], scales [height];
//   or scales [8][height], minus_8 [8][height], minus_128 [8][height]. Four-byte numbers; a block takes height * sizeof(block).
struct Int8Tile {
  static constexpr int kCodes = 32, kSums32 = 256, kSums16 = 272, kScale = 304;  // offsets, to be multiplied by the height
  static constexpr int kScales = 256, kMinus8 = 288, kMinus128 = 320;
};

// Bytes of one row of k activations, and of a row of a tile.
int64_t Int8RowBytes(Int8Kind kind, int64_t k);

// Rounds a row to nearest even with scale = max|x| / 127 per group; zeros beyond its end. A group with a NaN or an infinity gets
// the scale NaN. row: 64-byte aligned, Int8RowBytes. Needs AVX2.
void RoundToInt8(Int8Kind kind, std::span<const float> x, std::byte* row);

// Rounds rows of k values into a tile of `height` >= rows.size() rows; those absent become zero. Needs AVX2.
void RoundToInt8Tile(Int8Kind kind, std::span<const float* const> rows, int64_t k, int64_t height, std::byte* tile);

// The same from rows that RoundToInt8 made.
void ArrangeInt8Tile(Int8Kind kind, std::span<const std::byte* const> rows, int64_t k, int64_t height, std::byte* tile);

// A format's panels.
struct Int8Format {
  std::string_view name;
  Int8Kind kind;
  int64_t unit_values;  // of k per unit of the panel: 256, or 64 for two blocks of 32
  int64_t unit_bytes;   // a multiple of 64
  // One unit of one row: `block` as stored (nullptr: absent, the panel is zero already), lane in [0, 16).
  void (*pack)(const std::byte* stored, int64_t blocks, int64_t lane, std::byte* unit);

  int64_t PanelBytes(int64_t k) const { return (k + unit_values - 1) / unit_values * unit_bytes; }
};
std::span<const Int8Format> Int8Formats();
const Int8Format* FindInt8Format(std::string_view name);  // nullptr: no panels for it

// An instruction set's packing of one format, 16 whole rows at once (int8_packing.h).
struct Int8Packing {
  std::string_view format;
  // 16 rows of `blocks` stored blocks, row_bytes apart, to every byte of a panel, 64-byte aligned. Reads nothing beyond the rows,
  // but asks the caches for the next 16.
  void (*pack)(const std::byte* rows, int64_t row_bytes, int64_t blocks, std::byte* panel);
  // The same into the caches, for a panel that is used right away; `pack` writes past them.
  void (*pack_near)(const std::byte* rows, int64_t row_bytes, int64_t blocks, std::byte* panel);
};
// Every format; none where the compiler does not target it. They need Cpu::RunsAvx512 and RunsAvx2.
std::span<const Int8Packing> Avx512Int8Packing();
std::span<const Int8Packing> Avx2Int8Packing();

// Rows [first, first + 16) of w, zeros beyond the last, to a panel. The same bytes with and without `packing`, which may be
// nullptr. near: the panel is used right away.
void PackInt8Panel(const WeightView& w, const Int8Format& format, const Int8Packing* packing, int64_t first, std::byte* panel,
                   bool near = false);

// The panels of a matrix that an integer backend of own_int8.cc packed, one after another; nullptr: packing was left for later.
const std::byte* PackedInt8Panels(const PackedWeights& w);

// One panel, or two at once, times one tile over some units of k: totals[i][j] (+)= row j of the panel times row i of the tile.
struct Int8Pass {
  struct Panel {
    const std::byte* panel;     // its first unit
    const std::byte* prefetch;  // what comes after this pass: `units` units of a panel
    float* totals;              // [height][kPanel], 64-byte aligned
  };
  std::array<Panel, 2> of;  // the second for `multiply_two` only
  int64_t units;
  const std::byte* x;  // the tile at the block of that unit, which is the first of its block
  bool first;          // totals start from zero
};

// An instruction set's products. The float operations per row are the same for every height and cut of k.
struct Int8Kernels {
  using Multiply = void (*)(const Int8Pass&);
  struct Entry {
    std::string_view format;
    std::array<Multiply, kInt8TileRows> multiply;      // by height - 1
    std::array<Multiply, kInt8TileRows> multiply_two;  // likewise; nullptr where two panels at once gain nothing
  };
  std::span<const Entry> entries;  // every format of Int8Formats
  // y[i, j] = totals[i][j], or that times silu(gate[i][j]), for j < rows <= kPanel; gate may be nullptr.
  void (*store)(const float* totals, const float* gate, int64_t m, int64_t rows, float* y, int64_t y_stride);
  std::string_view name, details;
  bool (*runs_on)(const Cpu&);
  std::string_view needs;
};
const Int8Kernels* Avx512Int8Kernels();  // nullptr where the compiler does not target it
const Int8Kernels* Avx2Int8Kernels();

}  // namespace tidemark

#endif  // TIDEMARK_BACKENDS_INT8_PANELS_H_
