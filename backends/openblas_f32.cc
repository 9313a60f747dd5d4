// Float32 arithmetic by OpenBLAS: panels of weights are unpacked to float32 and multiplied by sgemm, row-major
// y = x * transpose(w). Panels run in parallel on our pool and OpenBLAS itself stays on one thread.
#include <cblas.h>
#include <fmt/format.h>

#include <memory>
#include <string>
#include <vector>

#include "backends/library_threads.h"
#include "backends/panels.h"
#include "backends/table.h"
#include "backends/unpack.h"

namespace tidemark {
namespace {

// Up to so many rows of x are multiplied one by one: sgemm first copies the panel into an order of its own, which costs more than
// reading it again from the cache (k 2048, q4_k, one core: 2 rows at 3.1 G weights/s by sgemm).
constexpr int64_t kMaxVectorRows = 4;

// y[:, first : first + rows] = x * transpose(rows of w), with the panel in float32.
void Multiply(const Panel& task, const float* w) {
  const auto& [call, first, rows] = task;
  const blasint m = static_cast<blasint>(call->x.rows), n = static_cast<blasint>(rows), k = static_cast<blasint>(call->x.cols);
  const blasint x_stride = static_cast<blasint>(call->x.stride), y_stride = static_cast<blasint>(call->y.stride);
  float* y = call->y.data + first;
  if (m <= kMaxVectorRows) {
    for (int64_t i = 0; i < m; ++i) {
      const float* x = call->x.data + i * call->x.stride;
      cblas_sgemv(CblasRowMajor, CblasNoTrans, n, k, 1.0f, w, k, x, 1, 0.0f, y + i * call->y.stride, 1);
    }
    return;
  }
  cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasTrans, m, n, k, 1.0f, call->x.data, x_stride, w, k, 0.0f, y, y_stride);
}

class OpenBlasF32 final : public MatmulBackend {
 public:
  OpenBlasF32() { openblas_set_num_threads(1); }

  std::string_view Name() const override { return "openblas_f32"; }
  Precision PrecisionFor(const MatmulProblem&) const override { return Precision::kExact; }
  std::string WhyNot(const MatmulProblem&, const Cpu& cpu) const override { return WhyNotCapped(cpu); }

  std::unique_ptr<PackedWeights> Pack(const WeightView& view, ThreadPool&) const override {
    return std::make_unique<PackedWeights>(this, view);
  }

  void Run(std::span<const MatmulCall> calls, ThreadPool& pool) const override {
    CheckCalls(calls, *this);
    const std::vector<Panel> panels = SplitIntoPanels(calls, PanelRows);
    pool.Run(static_cast<int64_t>(panels.size()), [&](int64_t t, int) {
      const Panel& task = panels[static_cast<size_t>(t)];
      UseOneOpenMpThread();
      Multiply(task, UnpackF32(task.call->w->view(), task.first, task.rows));
    });
  }

  std::string Details() const override {
    std::string config = openblas_get_config();
    config.erase(config.find_last_not_of(' ') + 1);
    return fmt::format("{}, {} thread of its own per caller, {}", config, openblas_get_num_threads(),
                       DescribePanels(sizeof(float)));
  }
};

}  // namespace

const MatmulBackend* OpenBlasF32Backend() {
  static const OpenBlasF32 backend;
  return &backend;
}

}  // namespace tidemark
