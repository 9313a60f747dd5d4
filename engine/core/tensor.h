// Views of numbers that somebody else owns: stored weights (any Format) and float32 activations. Two types, no N-d tensor.
#ifndef TIDEMARK_ENGINE_CORE_TENSOR_H_
#define TIDEMARK_ENGINE_CORE_TENSOR_H_

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include "engine/core/format.h"

namespace tidemark {

// A stored matrix [n, k], row-major: row r is output feature r, k is the contiguous input dimension. A vector is [1, k].
// A stack of experts is a list of such views, because checkpoints store experts stacked or one by one.
struct WeightView {
  std::string name;  // canonical tensor name with the expert in brackets, for messages and reports
  const Format* format = nullptr;
  int64_t n = 0;                         // rows
  int64_t k = 0;                         // values per row, a multiple of format->block_values
  const std::byte* data = nullptr;       // n * format->Bytes(k) bytes, no alignment promised
  const Format* scale_format = nullptr;  // split formats only: format of scales and biases
  const std::byte* scales = nullptr;     // split formats only: [n, k / block_values]
  const std::byte* biases = nullptr;     // split formats only: same shape

  int64_t RowBytes() const { return format->Bytes(k); }
  int64_t StoredBytes() const;                          // data, scales and biases
  WeightView Rows(int64_t first, int64_t count) const;  // rows [first, first + count)
};

// Row `row` of w as float32; dst.size() == w.k. Exact (bit for bit the reference's dequantisation).
void DequantizeRow(const WeightView& w, int64_t row, std::span<float> dst);

// Rows [first, first + count) into dst[count, w.k], contiguous.
void DequantizeRows(const WeightView& w, int64_t first, int64_t count, float* dst);

// Float32 activations [rows, cols]; row r starts at data + r * stride.
template <typename T>
struct MatrixSpan {
  T* data = nullptr;
  int64_t rows = 0;
  int64_t cols = 0;
  int64_t stride = 0;  // values between row starts, >= cols

  std::span<T> Row(int64_t r) const { return {data + r * stride, static_cast<size_t>(cols)}; }
  operator MatrixSpan<const T>() const { return {data, rows, cols, stride}; }
};
// Rows [first, first + count) of m.
template <typename T>
MatrixSpan<T> RowRange(MatrixSpan<T> m, int64_t first, int64_t count) {
  return {m.data + first * m.stride, count, m.cols, m.stride};
}
using Matrix = MatrixSpan<float>;
using ConstMatrix = MatrixSpan<const float>;

}  // namespace tidemark

#endif  // TIDEMARK_ENGINE_CORE_TENSOR_H_
