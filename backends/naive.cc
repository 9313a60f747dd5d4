// The reference backend: every format, one fixed order of operations, the oracle for all others.
//
// y[i, j] = float(sum over p = 0, 1, ..., k - 1 of double(x[i, p]) * double(w[j, p])). A product of two floats has 48 bits and
// is exact in double, so the only roundings are k - 1 double additions and one conversion at the end: the result is the
// correctly rounded float in nearly every case, and identical with and without FMA and for every tiling. Hence it does not
// depend on m, on the threads or on the other calls of the list, which float32 accumulation would give only for one fixed
// vector width.
//
// To be usable as an oracle for whole models it keeps eight rows of w, transposed to [k][8] doubles, in cache and streams all
// rows of x past them; lanes are rows of w, so no sum is ever split.
#include <algorithm>
#include <memory>
#include <vector>

#include "backends/panels.h"
#include "backends/table.h"

namespace tidemark {
namespace {

constexpr int kLanes = 8;  // rows of w side by side

// Eight doubles; the compiler lowers it to whatever vectors the baseline has.
typedef double Lanes __attribute__((vector_size(kLanes * sizeof(double))));

// acc[i] = sum over p of x[i][p] * w[p], for kRows rows of x at once so that a load of w serves several products.
template <int kRows>
void DotRows(const float* x, int64_t stride, const Lanes* w, int64_t k, Lanes* acc) {
  Lanes sum[kRows] = {};
  for (int64_t p = 0; p < k; ++p) {
    for (int i = 0; i < kRows; ++i) sum[i] += w[p] * static_cast<double>(x[i * stride + p]);
  }
  std::copy(sum, sum + kRows, acc);
}

struct Scratch {
  std::unique_ptr<float[]> rows;   // [kLanes, k], dequantised
  std::unique_ptr<Lanes[]> panel;  // [k], the same transposed
};

// Rows [first, first + rows) of w as panel[p][lane]; lanes beyond `rows` are zero and never read back.
void LoadPanel(const WeightView& w, int64_t first, int64_t rows, Scratch& scratch) {
  DequantizeRows(w, first, rows, scratch.rows.get());
  std::fill(scratch.rows.get() + rows * w.k, scratch.rows.get() + kLanes * w.k, 0.0f);
  for (int64_t p = 0; p < w.k; ++p) {
    Lanes column;
    for (int lane = 0; lane < kLanes; ++lane) column[lane] = static_cast<double>(scratch.rows[lane * w.k + p]);
    scratch.panel[p] = column;
  }
}

void RunPanel(const Panel& task, Scratch& scratch) {
  const auto& [call, first, rows] = task;
  const int64_t k = call->x.cols, m = call->x.rows;
  LoadPanel(call->w->view(), first, rows, scratch);
  Lanes acc[2];
  for (int64_t i = 0; i < m; i += 2) {
    const float* x = call->x.data + i * call->x.stride;
    const int64_t count = std::min<int64_t>(2, m - i);
    if (count == 2) {
      DotRows<2>(x, call->x.stride, scratch.panel.get(), k, acc);
    } else {
      DotRows<1>(x, call->x.stride, scratch.panel.get(), k, acc);
    }
    for (int64_t r = 0; r < count; ++r) {
      float* y = call->y.data + (i + r) * call->y.stride + first;
      for (int64_t lane = 0; lane < rows; ++lane) y[lane] = static_cast<float>(acc[r][lane]);
    }
  }
}

class Naive final : public MatmulBackend {
 public:
  std::string_view Name() const override { return "naive"; }
  Precision PrecisionFor(const MatmulProblem&) const override { return Precision::kExact; }
  std::string WhyNot(const MatmulProblem&, const Cpu&) const override { return {}; }

  std::unique_ptr<PackedWeights> Pack(const WeightView& view, ThreadPool&) const override {
    return std::make_unique<PackedWeights>(this, view);
  }

  void Run(std::span<const MatmulCall> calls, ThreadPool& pool) const override {
    CheckCalls(calls, *this);
    const std::vector<Panel> panels = SplitIntoPanels(calls, [](const WeightView&) { return int64_t{kLanes}; });
    int64_t max_k = 0;
    for (const MatmulCall& call : calls) max_k = std::max(max_k, call.x.cols);
    std::vector<Scratch> scratch(static_cast<size_t>(pool.size()));
    for (Scratch& s : scratch) {
      s.rows = std::make_unique_for_overwrite<float[]>(static_cast<size_t>(max_k * kLanes));
      s.panel = std::make_unique_for_overwrite<Lanes[]>(static_cast<size_t>(max_k));
    }
    pool.Run(static_cast<int64_t>(panels.size()),
             [&](int64_t t, int worker) { RunPanel(panels[static_cast<size_t>(t)], scratch[static_cast<size_t>(worker)]); });
  }

  std::string Details() const override { return "own code, double accumulation in ascending k"; }
};

}  // namespace

const MatmulBackend* NaiveBackend() {
  static const Naive backend;
  return &backend;
}

}  // namespace tidemark
