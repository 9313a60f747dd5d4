// Float32 arithmetic by own kernels, one backend per instruction set (f32_kernels.h).
//
// Few rows of x (decode): the product streams through the stored bytes, decoding in registers. More rows (prefill): a group of
// four weight rows is unpacked into the first-level cache and meets all rows of x, which stream from the second level; where x
// itself exceeds that, a panel of weights is unpacked into the second level and x passes by in chunks.
#include <algorithm>
#include <memory>
#include <vector>

#include "backends/f32_kernels.h"
#include "backends/inputs.h"
#include "backends/panels.h"
#include "backends/table.h"
#include "backends/unpack.h"

namespace tidemark {
namespace {

// In the second-level cache, floats: all of x beside one group of weights, or else a panel of weights and a chunk of x.
constexpr int64_t kResidentFloats = 160 * 1024, kPanelFloats = 64 * 1024, kChunkFloats = 96 * 1024;

struct PackedF32 final : PackedWeights {
  PackedF32(const MatmulBackend* backend, const WeightView& view, const F32Kernels& kernels) : PackedWeights(backend, view) {
    for (const F32Kernels::Format& f : kernels.formats) {
      if (f.name == view.format->name) format = &f;
    }
    for (const DequantizeKernel& kernel : kernels.to_float()) {
      if (kernel.format == view.format->name) to_float = kernel.to_float;
    }
  }
  const F32Kernels::Format* format = nullptr;  // nullptr: through to_float, or through DequantizeRows
  ToFloat to_float = nullptr;
};

// rows <= kGroupRows rows of w, from `first`, as a group.
void UnpackGroup(const F32Kernels& kernels, const PackedF32& w, int64_t first, int64_t rows, float* group) {
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
  Interleave({plain, rows, view.k, view.k}, kGroupRows, kernels.lanes, group);
}

// Rows [first, first + rows) of w against tiles of x.
void MultiplyTiles(const F32Kernels& kernels, const PreparedCall& call, int64_t first, int64_t rows) {
  const auto& w = static_cast<const PackedF32&>(*call.call.w);
  const Matrix& y = call.call.y;
  const int64_t k = w.view().k, m = y.rows, padded = PaddedK(k);
  const int64_t group_values = kGroupRows * padded, tile_values = kernels.tile_rows * padded;
  const bool resident = m * padded <= kResidentFloats;
  const int64_t step = resident ? kGroupRows : std::clamp<int64_t>(kPanelFloats / group_values, 1, 8) * kGroupRows;
  const int64_t chunk = resident ? m : std::clamp<int64_t>(kChunkFloats / tile_values, 1, 8) * kernels.tile_rows;
  const int64_t groups = (step + kGroupRows - 1) / kGroupRows;
  const auto* x = reinterpret_cast<const float*>(call.x);
  auto* panel = reinterpret_cast<float*>(ThreadScratch(ScratchUse::kPanel, groups * group_values * int64_t{sizeof(float)}));
  for (int64_t j0 = 0; j0 < rows; j0 += step) {
    const int64_t end = std::min(rows, j0 + step);
    for (int64_t j = j0; j < end; j += kGroupRows) {
      const int64_t count = std::min(kGroupRows, end - j);
      UnpackGroup(kernels, w, first + j, count, panel + (j - j0) / kGroupRows * group_values);
    }
    for (int64_t i = 0; i < m; i += chunk) {
      for (int64_t j = j0; j < end; j += kGroupRows) {
        kernels.multiply(panel + (j - j0) / kGroupRows * group_values, std::min(kGroupRows, end - j), k,
                         x + i / kernels.tile_rows * tile_values, std::min(chunk, m - i), y.data + i * y.stride + first + j,
                         y.stride);
      }
    }
  }
}

void StreamRows(const F32Kernels::Format& format, const MatmulCall& call, int64_t first, int64_t rows) {
  const WeightView& w = call.w->view();
  format.stream({w.data + first * w.RowBytes(), w.RowBytes(), rows, w.k, call.x.data, call.x.stride, call.x.rows,
                 call.y.data + first, call.y.stride});
}

class OwnF32 final : public MatmulBackend {
 public:
  explicit OwnF32(const F32Kernels& kernels) : kernels_(kernels) {
    inputs_.tile_rows = kernels.tile_rows;
    inputs_.kind = [](const MatmulCall& call) {
      return call.x.rows > kMaxStreamRows || static_cast<const PackedF32*>(call.w)->format == nullptr ? 0 : kNotPrepared;
    };
    inputs_.tile_bytes = [&kernels](int, int64_t k) { return kernels.tile_rows * PaddedK(k) * int64_t{sizeof(float)}; };
    inputs_.prepare = [&kernels](int, ConstMatrix x, std::byte* tile) {
      Interleave(x, kernels.tile_rows, kernels.lanes, reinterpret_cast<float*>(tile));
    };
  }

  std::string_view Name() const override { return kernels_.name; }
  Precision PrecisionFor(const MatmulProblem&) const override { return Precision::kExact; }
  std::string WhyNot(const MatmulProblem&, const Cpu& cpu) const override {
    return kernels_.runs_on(cpu) ? "" : "this processor has no " + std::string(kernels_.needs);
  }
  std::unique_ptr<PackedWeights> Pack(const WeightView& view, ThreadPool&) const override {
    return std::make_unique<PackedF32>(this, view, kernels_);
  }

  void Run(std::span<const MatmulCall> calls, ThreadPool& pool) const override {
    CheckCalls(calls, *this);
    RunPrepared(calls, inputs_, pool, PanelRows, [&](const PreparedCall& call, int64_t first, int64_t rows) {
      if (call.x == nullptr) {
        StreamRows(*static_cast<const PackedF32&>(*call.call.w).format, call.call, first, rows);
      } else {
        MultiplyTiles(kernels_, call, first, rows);
      }
    });
  }

  std::string Details() const override { return std::string(kernels_.details); }

 private:
  const F32Kernels& kernels_;
  InputLayout inputs_;
};

}  // namespace

const MatmulBackend* Avx512F32Backend() {
  if (Avx512F32Kernels() == nullptr) return nullptr;
  static const OwnF32 backend(*Avx512F32Kernels());
  return &backend;
}

const MatmulBackend* Avx2F32Backend() {
  if (Avx2F32Kernels() == nullptr) return nullptr;
  static const OwnF32 backend(*Avx2F32Kernels());
  return &backend;
}

}  // namespace tidemark
