#include "engine/core/tensor.h"

#include "engine/core/error.h"

namespace tidemark {

int64_t WeightView::StoredBytes() const {
  const int64_t scale_bytes = scales == nullptr ? 0 : scale_format->Bytes(k / format->block_values);
  return n * (RowBytes() + scale_bytes + (biases == nullptr ? 0 : scale_bytes));
}

WeightView WeightView::Rows(int64_t first, int64_t count) const {
  TM_CHECK(first >= 0 && count >= 0 && first + count <= n, "{}: rows {}..{} of {}", name, first, first + count, n);
  WeightView view = *this;
  view.n = count;
  view.data += first * RowBytes();
  if (scales != nullptr) {
    const int64_t scale_bytes = scale_format->Bytes(k / format->block_values);
    view.scales += first * scale_bytes;
    if (biases != nullptr) view.biases += first * scale_bytes;
  }
  return view;
}

void DequantizeRow(const WeightView& w, int64_t row, std::span<float> dst) { DequantizeRows(w, row, 1, dst.data()); }

void DequantizeRows(const WeightView& w, int64_t first, int64_t count, float* dst) {
  const WeightView rows = w.Rows(first, count);
  if (w.format->dequantize != nullptr) {
    w.format->dequantize(rows.data, {dst, static_cast<size_t>(count * w.k)});
    return;
  }
  const int64_t scale_bytes = w.scale_format->Bytes(w.k / w.format->block_values);
  for (int64_t r = 0; r < count; ++r) {
    const std::byte* biases = rows.biases == nullptr ? nullptr : rows.biases + r * scale_bytes;
    w.format->dequantize_split(rows.data + r * rows.RowBytes(), rows.scales + r * scale_bytes, biases, w.scale_format,
                               {dst + r * w.k, static_cast<size_t>(w.k)});
  }
}

}  // namespace tidemark
