// Products in floating point by own kernels, one backend per instruction set and precision (float_kernels.h).
//
// Few rows of x (decode): the product streams through the stored bytes, decoding in registers. More rows (prefill): a group of
// four weight rows is unpacked into the first-level cache and meets all rows of x, which stream from the second level; where x
// itself exceeds that, a panel of weights is unpacked into the second level and x passes by in chunks.
#include <algorithm>
#include <memory>
#include <vector>

#include "backends/float_kernels.h"
#include "backends/inputs.h"
#include "backends/panels.h"
#include "backends/table.h"
#include "backends/unpack.h"

namespace tidemark {
namespace {

// In the second-level cache, bytes: all of x beside one group of weights, or else a panel of weights and a chunk of x.
constexpr int64_t kResidentBytes = 640 * 1024, kPanelBytes = 256 * 1024, kChunkBytes = 384 * 1024;

struct PackedFloat final : PackedWeights {
  PackedFloat(const MatmulBackend* backend, const WeightView& view, const FloatKernels& kernels) : PackedWeights(backend, view) {
    for (const FloatKernels::Format& f : kernels.formats) {
      if (f.name == view.format->name) format = &f;
    }
    for (const DequantizeKernel& kernel : kernels.to_float()) {
      if (kernel.format == view.format->name) to_float = kernel.to_float;
    }
  }
  const FloatKernels::Format* format = nullptr;  // nullptr: through to_float, or through DequantizeRows
  ToFloat to_float = nullptr;
};

bool Streams(const MatmulCall& call) {
  return call.x.rows <= kMaxStreamRows && static_cast<const PackedFloat*>(call.w)->format != nullptr;
}

// rows <= kGroupRows rows of w, from `first`, as a group.
void UnpackGroup(const FloatKernels& kernels, const PackedFloat& w, int64_t first, int64_t rows, std::byte* group) {
  const WeightView& view = w.view();
  const int64_t row_bytes = view.RowBytes();
  const std::byte* stored = view.data + first * row_bytes;
  if (w.format != nullptr) {
    w.format->unpack(stored, row_bytes, rows, view.k, group);
    return;
  }
  float* plain = reinterpret_cast<float*>(ThreadScratch(ScratchUse::kOutput, kGroupRows * view.k * int64_t{sizeof(float)}));
  if (w.to_float != nullptr) {
    w.to_float(stored, {plain, static_cast<size_t>(rows * view.k)});
  } else {
    DequantizeRows(view, first, rows, plain);
  }
  const float* plain_rows[kGroupRows];
  for (int64_t r = 0; r < rows; ++r) plain_rows[r] = plain + r * view.k;
  kernels.interleave({plain_rows, static_cast<size_t>(rows)}, view.k, kGroupRows, group);
}

// Rows [first, first + rows) of w against tiles of x.
void MultiplyTiles(const FloatKernels& kernels, const PreparedCall& call, int64_t first, int64_t rows) {
  const auto& w = static_cast<const PackedFloat&>(*call.call.w);
  const Matrix& y = call.call.y;
  const int64_t k = w.view().k, m = y.rows, row_bytes = PaddedK(k) * kernels.value_bytes;
  const int64_t group_bytes = kGroupRows * row_bytes, tile_bytes = kernels.tile_rows * row_bytes;
  const bool resident = m * row_bytes <= kResidentBytes;
  const int64_t step = resident ? kGroupRows : std::clamp<int64_t>(kPanelBytes / group_bytes, 1, 8) * kGroupRows;
  const int64_t chunk = resident ? m : std::clamp<int64_t>(kChunkBytes / tile_bytes, 1, 8) * kernels.tile_rows;
  std::byte* panel = ThreadScratch(ScratchUse::kPanel, step * row_bytes);
  for (int64_t j0 = 0; j0 < rows; j0 += step) {
    const int64_t end = std::min(rows, j0 + step);
    for (int64_t j = j0; j < end; j += kGroupRows) {
      UnpackGroup(kernels, w, first + j, std::min(kGroupRows, end - j), panel + (j - j0) * row_bytes);
    }
    for (int64_t i = 0; i < m; i += chunk) {
      for (int64_t j = j0; j < end; j += kGroupRows) {
        kernels.multiply(panel + (j - j0) * row_bytes, std::min(kGroupRows, end - j), k, call.x + i * row_bytes,
                         std::min(chunk, m - i), y.data + i * y.stride + first + j, y.stride);
      }
    }
  }
}

void StreamRows(const PreparedCall& call, int64_t first, int64_t rows) {
  const MatmulCall& c = call.call;
  const WeightView& w = c.w->view();
  static_cast<const PackedFloat*>(c.w)->format->stream({w.data + first * w.RowBytes(), w.RowBytes(), rows, w.k, c.x.data,
                                                        c.x.stride, call.x, c.x.rows, c.y.data + first, c.y.stride});
}

class OwnFloat final : public MatmulBackend {
 public:
  explicit OwnFloat(const FloatKernels& kernels) : kernels_(kernels) {
    inputs_.tile_rows = kernels.tile_rows;
    inputs_.kind = [&kernels](const MatmulCall& call) { return Streams(call) && !kernels.stream_reads_tiles ? kNotPrepared : 0; };
    inputs_.tile_bytes = [&kernels](int, int64_t k) { return kernels.tile_rows * PaddedK(k) * kernels.value_bytes; };
    inputs_.prepare = [&kernels](int, std::span<const float* const> rows, int64_t k, int64_t height, std::byte* tile) {
      kernels.interleave(rows, k, height, tile);
    };
  }

  std::string_view Name() const override { return kernels_.name; }
  Precision PrecisionFor(const MatmulProblem&) const override { return kernels_.precision; }
  std::string WhyNot(const MatmulProblem&, const Cpu& cpu) const override {
    return kernels_.runs_on(cpu) ? "" : "this processor has no " + std::string(kernels_.needs);
  }
  std::unique_ptr<PackedWeights> Pack(const WeightView& view, ThreadPool&) const override {
    return std::make_unique<PackedFloat>(this, view, kernels_);
  }

  void Run(std::span<const MatmulCall> calls, ThreadPool& pool) const override {
    CheckCalls(calls, *this);
    const auto panel_rows = [](const MatmulCall& call) { return PanelRows(call.w->view()); };
    RunPrepared(calls, inputs_, pool, panel_rows, [&](const PreparedCall& call, int64_t first, int64_t rows) {
      if (Streams(call.call)) {
        StreamRows(call, first, rows);
      } else {
        MultiplyTiles(kernels_, call, first, rows);
      }
    });
  }

  std::string Details() const override { return std::string(kernels_.details); }

 private:
  const FloatKernels& kernels_;
  InputLayout inputs_;
};

}  // namespace

const MatmulBackend* Avx512F32Backend() {
  if (Avx512F32Kernels() == nullptr) return nullptr;
  static const OwnFloat backend(*Avx512F32Kernels());
  return &backend;
}

const MatmulBackend* Avx2F32Backend() {
  if (Avx2F32Kernels() == nullptr) return nullptr;
  static const OwnFloat backend(*Avx2F32Kernels());
  return &backend;
}

const MatmulBackend* Avx512Bf16Backend() {
  if (Avx512Bf16Kernels() == nullptr) return nullptr;
  static const OwnFloat backend(*Avx512Bf16Kernels());
  return &backend;
}

}  // namespace tidemark
