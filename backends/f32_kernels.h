// Own float32 kernels: what an instruction set provides, and the backend made of it.
//
// The order of every sum is fixed by k alone, so a row of x gives the same bits in every batch, whatever the kernel:
//   s[lane] = fma(x[p], w[p], s[lane]) for p = lane, lane + L, lane + 2L, ...  (L lanes: 16 for AVX-512, 8 for AVX2)
//   y = the L sums added in one fixed tree; beyond the end of a row both factors are zero.
// Lanes run along k because stored rows do: one row of x needs no transposition, and its weights never leave the registers in
// which they are decoded. The weights themselves are those of DequantizeRows, bit for bit.
#ifndef TIDEMARK_BACKENDS_F32_KERNELS_H_
#define TIDEMARK_BACKENDS_F32_KERNELS_H_

#include <cstddef>
#include <cstdint>
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

struct F32Kernels {
  // Products straight from the stored bytes of a format: decode, whose speed is that of the memory.
  struct Stream {
    std::string_view format;
    void (*run)(const StreamArguments&);
  };
  std::span<const Stream> streams;

  // y[i, j] = dot(row i of x, row j of w) with w unpacked: [rows, k], contiguous. Any m and rows >= 1.
  void (*multiply)(const float* w, int64_t rows, int64_t k, ConstMatrix x, float* y, int64_t y_stride);

  std::span<const DequantizeKernel> (*unpack)();  // preferred for unpacking; formats not in it go through DequantizeRows

  std::string_view name, details;
  bool (*runs_on)(const Cpu&);
  std::string_view needs;  // what runs_on asks for, in words
};

// Made by each instruction set's file; nullptr where the compiler does not target it.
const F32Kernels* Avx512F32Kernels();
const F32Kernels* Avx2F32Kernels();

}  // namespace tidemark

#endif  // TIDEMARK_BACKENDS_F32_KERNELS_H_
