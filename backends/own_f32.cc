// Float32 arithmetic by own kernels, one backend per instruction set (f32_kernels.h).
//
// Few rows of x (decode): the product streams through the stored bytes, decoding in registers. More rows (prefill): a group of
// four weight rows is unpacked into the first-level cache and meets all rows of x, which stream from the second level; where x
// itself exceeds that, a panel of weights is unpacked into the second level and x passes by in chunks.
#include <algorithm>
#include <memory>
#include <vector>

#include "backends/f32_kernels.h"
#include "backends/panels.h"
#include "backends/table.h"
#include "backends/unpack.h"

namespace tidemark {
namespace {

constexpr int64_t kGroupRows = 4;
constexpr int64_t kMaxResidentX = 640 * 1024;  // bytes of x that stay in the second-level cache beside the rest
constexpr int64_t kChunkRows = 24;             // rows of x at a time otherwise

struct PackedF32 final : PackedWeights {
  PackedF32(const MatmulBackend* backend, const WeightView& view, const F32Kernels& kernels) : PackedWeights(backend, view) {
    for (const auto& s : kernels.streams) {
      if (s.format == view.format->name) stream = s.run;
    }
    for (const DequantizeKernel& kernel : kernels.unpack()) {
      if (kernel.format == view.format->name) to_float = kernel.to_float;
    }
  }
  void (*stream)(const StreamArguments&) = nullptr;
  ToFloat to_float = nullptr;
};

// Rows of w as floats, in place where they are stored so.
const float* Unpack(const PackedF32& w, int64_t first, int64_t rows) {
  if (w.to_float == nullptr) return UnpackF32(w.view(), first, rows);
  const int64_t values = rows * w.view().k;
  float* panel = reinterpret_cast<float*>(ThreadScratch(ScratchUse::kPanel, values * int64_t{sizeof(float)}));
  w.to_float(w.view().data + first * w.view().RowBytes(), {panel, static_cast<size_t>(values)});
  return panel;
}

void MultiplyUnpacked(const F32Kernels& kernels, const PackedF32& w, const Panel& task) {
  const ConstMatrix& x = task.call->x;
  const Matrix& y = task.call->y;
  const bool resident = x.rows * x.cols * int64_t{sizeof(float)} <= kMaxResidentX;
  const int64_t step = resident ? kGroupRows : task.rows, chunk = resident ? x.rows : kChunkRows;
  for (int64_t first = task.first, end = task.first + task.rows; first < end; first += step) {
    const int64_t rows = std::min(step, end - first);
    const float* panel = Unpack(w, first, rows);
    for (int64_t i = 0; i < x.rows; i += chunk) {
      const ConstMatrix part = {x.data + i * x.stride, std::min(chunk, x.rows - i), x.cols, x.stride};
      kernels.multiply(panel, rows, x.cols, part, y.data + i * y.stride + first, y.stride);
    }
  }
}

class OwnF32 final : public MatmulBackend {
 public:
  explicit OwnF32(const F32Kernels& kernels) : kernels_(kernels) {}

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
    const std::vector<Panel> panels = SplitIntoPanels(calls, PanelRows);
    pool.Run(static_cast<int64_t>(panels.size()), [&](int64_t t, int) {
      const Panel& task = panels[static_cast<size_t>(t)];
      const auto& w = static_cast<const PackedF32&>(*task.call->w);
      const auto& [x, y] = std::pair(task.call->x, task.call->y);
      if (w.stream == nullptr || x.rows > kMaxStreamRows) {
        MultiplyUnpacked(kernels_, w, task);
        return;
      }
      const int64_t row_bytes = w.view().RowBytes();
      w.stream({w.view().data + task.first * row_bytes, row_bytes, task.rows, x.cols, x.data, x.stride, x.rows,
                y.data + task.first, y.stride});
    });
  }

  std::string Details() const override { return std::string(kernels_.details); }

 private:
  const F32Kernels& kernels_;
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
