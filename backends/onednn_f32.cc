// Float32 arithmetic by oneDNN: panels of weights are unpacked to float32 and multiplied on the thread that unpacked them.
#include <memory>
#include <vector>

#include "backends/library_threads.h"
#include "backends/onednn_product.h"
#include "backends/panels.h"
#include "backends/table.h"
#include "backends/unpack.h"

namespace tidemark {
namespace {

class OnednnF32 final : public MatmulBackend {
 public:
  std::string_view Name() const override { return "onednn_f32"; }
  Precision PrecisionFor(const MatmulProblem&) const override { return Precision::kExact; }
  std::string WhyNot(const MatmulProblem&, const Cpu& cpu) const override {
    const std::string capped = WhyNotCapped(cpu);
    return capped.empty() ? WhyNotOnednn() : capped;
  }

  std::unique_ptr<PackedWeights> Pack(const WeightView& view, ThreadPool&) const override {
    return std::make_unique<PackedWeights>(this, view);
  }

  void Run(std::span<const MatmulCall> calls, ThreadPool& pool) const override {
    CheckCalls(calls, *this);
    const std::vector<Panel> panels = SplitIntoPanels(calls, PanelRows);
    pool.Run(static_cast<int64_t>(panels.size()), [&](int64_t t, int) {
      const auto& [call, first, rows] = panels[static_cast<size_t>(t)];
      const float* w = UnpackF32(call->w->view(), first, rows);
      products_.Multiply(call->x.data, call->x.stride, w, call->x.cols,
                         {call->y.data + first, call->y.rows, rows, call->y.stride});
    });
  }

  std::string Details() const override { return OnednnDetails(sizeof(float)); }

 private:
  OnednnProducts products_{OnednnProducts::Inputs::kF32};
};

}  // namespace

const MatmulBackend* OnednnF32Backend() {
  static const OnednnF32 backend;
  return &backend;
}

}  // namespace tidemark
