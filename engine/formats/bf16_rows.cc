#include "engine/formats/bf16_rows.h"

#include <algorithm>
#include <array>

#include "engine/core/error.h"
#include "engine/formats/half.h"
#include "engine/formats/kernels.h"

namespace tidemark {
namespace {

// Values per step through float32 scratch: stays in L1, a multiple of every format's block.
constexpr int64_t kChunk = 2048;

void BlocksThroughFloat(const Format& format, const std::byte* src, std::span<uint16_t> dst) {
  TM_CHECK(kChunk % format.block_values == 0, "block of {} values", format.block_values);
  std::array<float, kChunk> scratch;
  for (size_t done = 0; done < dst.size(); done += kChunk) {
    const size_t count = std::min<size_t>(kChunk, dst.size() - done);
    format.dequantize(src + format.Bytes(static_cast<int64_t>(done)), {scratch.data(), count});
    FloatToBf16({scratch.data(), count}, dst.subspan(done, count));
  }
}

void SplitRowThroughFloat(const WeightView& row, std::span<uint16_t> dst) {
  TM_CHECK(kChunk % row.format->block_values == 0, "group of {} values", row.format->block_values);
  std::array<float, kChunk> scratch;
  for (size_t done = 0; done < dst.size(); done += kChunk) {
    const size_t count = std::min<size_t>(kChunk, dst.size() - done);
    const int64_t quant_bytes = row.format->Bytes(static_cast<int64_t>(done));
    const int64_t scale_bytes = row.scale_format->Bytes(static_cast<int64_t>(done) / row.format->block_values);
    const std::byte* biases = row.biases == nullptr ? nullptr : row.biases + scale_bytes;
    row.format->dequantize_split(row.data + quant_bytes, row.scales + scale_bytes, biases, row.scale_format,
                                 {scratch.data(), count});
    FloatToBf16({scratch.data(), count}, dst.subspan(done, count));
  }
}

}  // namespace

void DequantizeToBf16(const WeightView& w, int64_t first_row, int64_t rows, uint16_t* dst) {
  const WeightView view = w.Rows(first_row, rows);
  const std::span<uint16_t> out(dst, static_cast<size_t>(rows * w.k));
  if (w.format->dequantize == nullptr) {
    for (int64_t r = 0; r < rows; ++r) SplitRowThroughFloat(view.Rows(r, 1), out.subspan(r * w.k, w.k));
    return;
  }
  const DequantizeKernel* kernel = BestKernel(w.format->name);
  if (kernel != nullptr && kernel->to_bf16 != nullptr) {
    kernel->to_bf16(view.data, out);
  } else {
    BlocksThroughFloat(*w.format, view.data, out);
  }
}

}  // namespace tidemark
