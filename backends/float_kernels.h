// Own kernels that multiply in floating point: what an instruction set provides, and the backend made of it (own_float.cc).
//
// The order of every sum is fixed by k alone, so a row of x gives the same bits in every batch, whatever the kernel:
//   s[lane] = s[lane] + x[p] * w[p] for p = lane, lane + L, lane + 2L, ... by one FMA each (float32: L is 16 for AVX-512, 8 for
//   AVX2), or by one VDPBF16PS for each pair of values p, p + 1 (bfloat16: 16 lanes, 32 values a step);
//   y = the sums of the lanes added in one fixed tree; beyond the end of a row both factors are zero.
// Lanes run along k because stored rows do: one row of x needs no transposition, and its weights never leave the registers in
// which they are decoded. Float32 weights are those of DequantizeRows, bit for bit; bfloat16 ones are these rounded.
#ifndef TIDEMARK_BACKENDS_FLOAT_KERNELS_H_
#define TIDEMARK_BACKENDS_FLOAT_KERNELS_H_

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
  int64_t x_stride;
  const std::byte* x_tile;  // instead of x where the kernels say so
  int64_t m;
  float* y;
  int64_t y_stride;
};
inline constexpr int64_t kMaxStreamRows = 4;

// Operands of prefill lie in memory in the order in which the kernel reads them, one 64-byte (AVX2: 32-byte) vector of one row
// at a time, zeros beyond the end of a row: x in tiles [vectors of k][tile_rows], w in groups [vectors of k][kGroupRows]. Rows
// that lie a power of two apart would compete for the same sets of the first-level cache (measured: a quarter slower).
inline constexpr int64_t kGroupRows = 4;

struct FloatKernels {
  struct Format {
    std::string_view name;
    // Products straight from the stored bytes: decode, whose speed is that of the memory.
    void (*stream)(const StreamArguments&);
    // rows <= kGroupRows stored rows as one group; absent rows become zero.
    void (*unpack)(const std::byte* w, int64_t row_bytes, int64_t rows, int64_t k, std::byte* group);
  };
  std::span<const Format> formats;                  // any other goes through DequantizeRows
  std::span<const DequantizeKernel> (*to_float)();  // or, if among them, through these of the same instruction set

  Precision precision;
  int64_t value_bytes, tile_rows;
  bool stream_reads_tiles;
  // Up to `slots` rows of k floats as a tile or a group, rounded as the precision says.
  void (*interleave)(std::span<const float* const> rows, int64_t k, int64_t slots, std::byte* dst);
  // y[i, j] = dot(row i of x, row j of w) for the first `rows` rows of one group of w and all m rows of x's tiles.
  void (*multiply)(const std::byte* group, int64_t rows, int64_t k, const std::byte* x_tiles, int64_t m, float* y,
                   int64_t y_stride);

  std::string_view name, details;
  bool (*runs_on)(const Cpu&);
  std::string_view needs;  // what runs_on asks for, in words
};

// Values of a row in tiles and groups: k rounded up to whole vectors of every kernel.
inline int64_t PaddedK(int64_t k) { return (k + 31) / 32 * 32; }

// FloatKernels::interleave without rounding, `lanes` values to a vector.
template <int64_t lanes>
void InterleaveFloats(std::span<const float* const> rows, int64_t k, int64_t slots, std::byte* dst) {
  for (int64_t p = 0; p < PaddedK(k); p += lanes) {
    const auto count = static_cast<size_t>(std::clamp<int64_t>(k - p, 0, lanes));
    for (size_t r = 0; r < static_cast<size_t>(slots); ++r, dst += lanes * sizeof(float)) {
      const size_t bytes = r < rows.size() ? count * sizeof(float) : 0;
      if (bytes > 0) std::memcpy(dst, rows[r] + p, bytes);
      std::memset(dst + bytes, 0, lanes * sizeof(float) - bytes);
    }
  }
}

// Made by each instruction set's file; nullptr where the compiler does not target it.
const FloatKernels* Avx512F32Kernels();
const FloatKernels* Avx2F32Kernels();
const FloatKernels* Avx512Bf16Kernels();

}  // namespace tidemark

#endif  // TIDEMARK_BACKENDS_FLOAT_KERNELS_H_
