// The matrix unit of AMX as the kernels see it: eight tile registers of up to 16 rows x 64 bytes and C += A * B on them.
//
// A kernel is a template over one of two types with the same static functions: AmxTiles is the instructions, PlainTiles the
// same in C++ as Intel's manual defines them (Software Developer's Manual, volume 2, TDPBF16PS, TDPBSSD, TDPBSUD). So loops,
// packing and epilogues are tested on machines without AMX (whose AVX-512 the kernels need anyway).
//
// Shapes, in 4-byte elements: A [m][k], B [k][n], C [m][n]. An element of A and B holds 4 neighbouring bytes, or 2 bfloat16,
// along the inner dimension, so B is not a plain matrix: element (r, c) holds inner values 4r .. 4r + 3 (2r, 2r + 1) of column c.
//
// Inline assembly instead of intrinsics: GCC 12 gives _tile_loadd no memory operand, so stores to a buffer that only tiles read
// may be moved behind the load or deleted, and says of _tile_loadconfig that it reads 8 bytes of the 64.
#ifndef TIDEMARK_BACKENDS_TILES_H_
#define TIDEMARK_BACKENDS_TILES_H_

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "engine/core/isa_region.h"

#if TM_HAVE_X86

namespace tidemark {

// The 64 bytes that LDTILECFG reads.
struct alignas(64) TileShapes {
  uint8_t palette = 1;
  uint8_t start_row = 0;
  uint8_t reserved[14] = {};
  uint16_t row_bytes[16] = {};
  uint8_t rows[16] = {};

  constexpr void Set(int tile, int64_t rows_, int64_t row_bytes_) {
    rows[tile] = static_cast<uint8_t>(rows_);
    row_bytes[tile] = static_cast<uint16_t>(row_bytes_);
  }
  static constexpr TileShapes Full() {
    TileShapes shapes;
    for (int t = 0; t < 8; ++t) shapes.Set(t, 16, 64);
    return shapes;
  }
};
static_assert(sizeof(TileShapes) == 64);

TM_REGION_AMX

// Tiles are registers of the thread. A kernel configures them when it begins and releases them before it returns: a thread that
// goes on without tiles costs the system 8 KiB less per context switch, and no two kernels need to agree on shapes.
struct AmxTiles {
  static void Configure(const TileShapes& shapes) { __asm__ volatile("ldtilecfg %0" ::"m"(shapes)); }
  static void Release() { __asm__ volatile("tilerelease"); }
  template <int tile>
  static void Zero() {
    __asm__ volatile("tilezero %%tmm%c0" ::"i"(tile));
  }
  template <int tile>
  static void Load(const void* from, int64_t stride) {
    __asm__ volatile("tileloadd (%0,%1,1), %%tmm%c2" ::"r"(from), "r"(stride), "i"(tile) : "memory");
  }
  template <int tile>
  static void Store(void* to, int64_t stride) {
    __asm__ volatile("tilestored %%tmm%c2, (%0,%1,1)" ::"r"(to), "r"(stride), "i"(tile) : "memory");
  }
  // C += A * B: bfloat16; signed by unsigned bytes; signed by signed bytes.
  template <int c, int a, int b>
  static void DotBf16() {
    __asm__ volatile("tdpbf16ps %%tmm%c2, %%tmm%c1, %%tmm%c0" ::"i"(c), "i"(a), "i"(b));
  }
  template <int c, int a, int b>
  static void DotI8U8() {
    __asm__ volatile("tdpbsud %%tmm%c2, %%tmm%c1, %%tmm%c0" ::"i"(c), "i"(a), "i"(b));
  }
  template <int c, int a, int b>
  static void DotI8I8() {
    __asm__ volatile("tdpbssd %%tmm%c2, %%tmm%c1, %%tmm%c0" ::"i"(c), "i"(a), "i"(b));
  }
};

struct PlainTiles {
  static void Configure(const TileShapes& shapes) {
    State() = {};
    State().shapes = shapes;
  }
  static void Release() { State() = {}; }
  template <int tile>
  static void Zero() {
    std::memset(State().bytes[tile], 0, 1024);
  }
  template <int tile>
  static void Load(const void* from, int64_t stride) {
    Zero<tile>();
    for (int r = 0; r < Rows(tile); ++r) {
      std::memcpy(State().bytes[tile][r], static_cast<const std::byte*>(from) + r * stride, RowBytes(tile));
    }
  }
  template <int tile>
  static void Store(void* to, int64_t stride) {
    for (int r = 0; r < Rows(tile); ++r) {
      std::memcpy(static_cast<std::byte*>(to) + r * stride, State().bytes[tile][r], RowBytes(tile));
    }
  }
  template <int c, int a, int b>
  static void DotBf16();
  template <int c, int a, int b>
  static void DotI8U8() {
    DotBytes<uint8_t>(c, a, b);
  }
  template <int c, int a, int b>
  static void DotI8I8() {
    DotBytes<int8_t>(c, a, b);
  }

 private:
  struct Registers {
    TileShapes shapes;
    alignas(64) std::byte bytes[8][16][64];
  };
  static Registers& State() {
    thread_local Registers registers;
    return registers;
  }
  static int Rows(int tile) { return State().shapes.rows[tile]; }
  static size_t RowBytes(int tile) { return State().shapes.row_bytes[tile]; }
  template <typename T>
  static T Get(int tile, int row, int index) {
    T value;
    std::memcpy(&value, State().bytes[tile][row] + static_cast<size_t>(index) * sizeof(T), sizeof(T));
    return value;
  }
  // The unit treats subnormal numbers as zero, wherever they occur.
  static float Flush(float v) { return std::fpclassify(v) == FP_SUBNORMAL ? std::copysign(0.0f, v) : v; }
  static float FromBf16(uint16_t bits) {
    const uint32_t wide = uint32_t{bits} << 16;
    float v;
    std::memcpy(&v, &wide, sizeof v);
    return Flush(v);
  }
  template <typename BType>
  static void DotBytes(int c, int a, int b);
};

template <typename BType>
void PlainTiles::DotBytes(int c, int a, int b) {
  for (int m = 0; m < Rows(c); ++m) {
    int32_t sums[16];
    std::memcpy(sums, State().bytes[c][m], sizeof sums);
    for (int k = 0; k < 4 * Rows(b); ++k) {
      for (int n = 0; n < 16; ++n) sums[n] += Get<int8_t>(a, m, k) * Get<BType>(b, k / 4, 4 * n + k % 4);
    }
    std::memcpy(State().bytes[c][m], sums, RowBytes(c));
  }
}

// The values of even and of odd index are summed apart from zero, by fused multiply-adds in ascending order; the two sums are
// added, and what comes out is added to C.
template <int c, int a, int b>
void PlainTiles::DotBf16() {
  for (int m = 0; m < Rows(c); ++m) {
    for (int n = 0; n < static_cast<int>(RowBytes(c) / 4); ++n) {
      float sums[2] = {};
      for (int k = 0; k < 2 * Rows(b); ++k) {
        const float x = FromBf16(Get<uint16_t>(a, m, k)), y = FromBf16(Get<uint16_t>(b, k / 2, 2 * n + k % 2));
        sums[k % 2] = Flush(std::fma(x, y, sums[k % 2]));
      }
      const float total = Flush(Get<float>(c, m, n) + Flush(sums[0] + sums[1]));
      std::memcpy(State().bytes[c][m] + 4 * n, &total, sizeof total);
    }
  }
}

TM_REGION_END

}  // namespace tidemark

#endif  // TM_HAVE_X86

#endif  // TIDEMARK_BACKENDS_TILES_H_
