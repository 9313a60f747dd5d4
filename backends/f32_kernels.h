// Own float32 kernels: what an instruction set provides, and the backend made of it.
//
// The order of every sum is fixed by k alone, so a row of x gives the same bits in every batch, whatever the kernel:
//   s[lane] = fma(x[p], w[p], s[lane]) for p = lane, lane + L, lane + 2L, ...  (L lanes: 16 for AVX-512, 8 for AVX2)
//   y = the L sums added in one fixed tree; beyond the end of a row both factors are zero.
// Lanes run along k because stored rows do: one row of x needs no transposition, and its weights never leave the registers in
// which they are decoded. The weights themselves are those of DequantizeRows, bit for bit.
#ifndef TIDEMARK_BACKENDS_F32_KERNELS_H_
#define TIDEMARK_BACKENDS_F32_KERNELS_H_

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>

#include "engine/core/matmul.h"
#include "engine/formats/kernels.h"

namespace tidemark {

// y[i, j] = dot(row i of x, row j of w) for stored rows j = 0 .. rows - 1, `row_bytes` apart, and 1 <= m <= kMaxStreamRows rows
// of x. Reads nothing beyond the rows (prefetches may point there).
struct StreamArguments {
  const std::byte* w;
  int64_t row_bytes, rows, k;
  const float* x;
  int64_t x_stride, m;
  float* y;
  int64_t y_stride;
};
inline constexpr int64_t kMaxStreamRows = 4;

// Operands of prefill lie in memory in the order in which the kernel reads them, `lanes` values of one row at a time, zeros
// beyond the end of a row: x in tiles [k / lanes][tile_rows][lanes], w in groups [k / lanes][kGroupRows][lanes]. Rows a power of
// two apart would compete for the same sets of the first-level cache (tiles 40 % slower with rows 8 KiB apart).
inline constexpr int64_t kGroupRows = 4;

struct F32Kernels {
  struct Format {
    std::string_view name;
    // Products straight from the stored bytes: decode, whose speed is that of the memory.
    void (*stream)(const StreamArguments&);
    // rows <= kGroupRows stored rows as one group; absent rows become zero.
    void (*unpack)(const std::byte* w, int64_t row_bytes, int64_t rows, int64_t k, float* group);
  };
  std::span<const Format> formats;                  // any other goes through DequantizeRows
  std::span<const DequantizeKernel> (*to_float)();  // or, if among them, through these of the same instruction set

  int64_t lanes, tile_rows;
  // y[i, j] = dot(row i of x, row j of w) for the first `rows` rows of one group of w and all m rows of x's tiles.
  void (*multiply)(const float* group, int64_t rows, int64_t k, const float* x_tiles, int64_t m, float* y, int64_t y_stride);

  std::string_view name, details;
  bool (*runs_on)(const Cpu&);
  std::string_view needs;  // what runs_on asks for, in words
};

// Values of a row in tiles and groups: k rounded up to whole vectors of every instruction set.
inline int64_t PaddedK(int64_t k) { return (k + 15) / 16 * 16; }

// Up to `slots` rows of x as interleaved vectors, for tiles and groups.
inline void Interleave(ConstMatrix x, int64_t slots, int64_t lanes, float* dst) {
  for (int64_t p = 0; p < PaddedK(x.cols); p += lanes) {
    const int64_t count = std::clamp<int64_t>(x.cols - p, 0, lanes);
    for (int64_t r = 0; r < slots; ++r, dst += lanes) {
      const int64_t valid = r < x.rows ? count : 0;
      std::memcpy(dst, x.data + r * x.stride + p, static_cast<size_t>(valid) * sizeof(float));
      std::memset(dst + valid, 0, static_cast<size_t>(lanes - valid) * sizeof(float));
    }
  }
}

// Made by each instruction set's file; nullptr where the compiler does not target it.
const F32Kernels* Avx512F32Kernels();
const F32Kernels* Avx2F32Kernels();

}  // namespace tidemark

#endif  // TIDEMARK_BACKENDS_F32_KERNELS_H_
