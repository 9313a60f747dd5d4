// Integer products by own kernels, one backend per instruction set (int8_panels.h).
#include <sys/mman.h>

#include <algorithm>
#include <cstring>
#include <memory>
#include <new>

#include "backends/inputs.h"
#include "backends/int8_panels.h"
#include "backends/panels.h"
#include "backends/table.h"
#include "engine/core/error.h"

namespace tidemark {
namespace {

constexpr int64_t kHugePage = int64_t{2} << 20;
constexpr int64_t kTaskBytes = 128 * 1024;  // of panels, about: long enough to pay for handing it out
constexpr int64_t kChunkRows = 64;          // rows of x that pass while a task's panels stay in the second-level cache

struct FreeAligned {
  size_t alignment;
  void operator()(std::byte* p) const { ::operator delete (p, std::align_val_t{alignment}); }
};
using Buffer = std::unique_ptr<std::byte[], FreeAligned>;

// On huge pages where the system allows it: a token reads every page once, so small ones miss the TLB all the time.
Buffer AllocatePanels(int64_t bytes) {
  const size_t alignment = bytes >= kHugePage ? kHugePage : 64;
  Buffer buffer(static_cast<std::byte*>(::operator new (static_cast<size_t>(bytes), std::align_val_t{alignment})), {alignment});
  // Whole huge pages only: one that covers the end would hold memory that nobody asked for.
  if (bytes >= kHugePage) madvise(buffer.get(), static_cast<size_t>(bytes / kHugePage * kHugePage), MADV_HUGEPAGE);
  return buffer;
}

struct PackedInt8 final : PackedWeights {
  PackedInt8(const MatmulBackend* backend, const WeightView& view, const Int8Format& f, Int8Kernels::Multiply multiply_)
      : PackedWeights(backend, view),
        format(&f),
        multiply(multiply_),
        panel_bytes(f.PanelBytes(view.k)),
        bytes((view.n + kPanel - 1) / kPanel * panel_bytes),
        panels(AllocatePanels(bytes)) {}

  int64_t PackedBytes() const override { return bytes; }

  const Int8Format* format;
  Int8Kernels::Multiply multiply;
  int64_t panel_bytes, bytes;
  Buffer panels;
};

// The rows of one panel; rows beyond the last stay zero.
void PackPanel(const WeightView& w, const Int8Format& format, int64_t first, std::byte* panel) {
  std::memset(panel, 0, static_cast<size_t>(format.PanelBytes(w.k)));
  const int64_t blocks = w.k / w.format->block_values, step = std::max<int64_t>(1, format.unit_values / w.format->block_values);
  for (int64_t lane = 0; lane < std::min(kPanel, w.n - first); ++lane) {
    const std::byte* row = w.data + (first + lane) * w.RowBytes();
    for (int64_t b = 0; b < blocks; b += step) {
      format.pack(row + b * w.format->block_bytes, std::min(step, blocks - b), lane, panel + b / step * format.unit_bytes);
    }
  }
}

class OwnInt8 final : public MatmulBackend {
 public:
  explicit OwnInt8(const Int8Kernels& kernels) : kernels_(kernels) {
    inputs_.kind = [](const MatmulCall& call) { return static_cast<int>(static_cast<const PackedInt8*>(call.w)->format->kind); };
    inputs_.tile_bytes = [](int kind, int64_t k) { return Int8RowBytes(static_cast<Int8Kind>(kind), k); };
    inputs_.prepare = [](int kind, ConstMatrix x, std::byte* row) { RoundToInt8(static_cast<Int8Kind>(kind), x.Row(0), row); };
  }

  std::string_view Name() const override { return kernels_.name; }
  Precision PrecisionFor(const MatmulProblem&) const override { return Precision::kInt8; }

  std::string WhyNot(const MatmulProblem& problem, const Cpu& cpu) const override {
    if (!kernels_.runs_on(cpu)) return "this processor has no " + std::string(kernels_.needs);
    if (problem.format == nullptr || FindInt8Format(problem.format->name) != nullptr) return {};
    return fmt::format("no integer panels for {}, only for q4_0, q8_0, q4_k, q5_k and q6_k", problem.format->name);
  }

  std::unique_ptr<PackedWeights> Pack(const WeightView& view, ThreadPool& pool) const override {
    const Int8Format* format = FindInt8Format(view.format->name);
    TM_CHECK(format != nullptr, "{}: {} has no integer panels", view.name, view.format->name);
    const auto entry = std::find_if(kernels_.entries.begin(), kernels_.entries.end(),
                                    [&](const Int8Kernels::Entry& e) { return e.format == format->name; });
    auto packed = std::make_unique<PackedInt8>(this, view, *format, entry->multiply);
    pool.Run((view.n + kPanel - 1) / kPanel,
             [&](int64_t p, int) { PackPanel(view, *format, p * kPanel, packed->panels.get() + p * packed->panel_bytes); });
    return packed;
  }

  void Run(std::span<const MatmulCall> calls, ThreadPool& pool) const override {
    CheckCalls(calls, *this);
    const auto rows_per_task = [](const WeightView& w) {
      return std::clamp<int64_t>(kTaskBytes / FindInt8Format(w.format->name)->PanelBytes(w.k), 1, 16) * kPanel;
    };
    RunPrepared(calls, inputs_, pool, rows_per_task, RunTask);
  }

  std::string Details() const override { return std::string(kernels_.details); }

 private:
  static void RunTask(const PreparedCall& call, int64_t first, int64_t rows) {
    const auto& w = static_cast<const PackedInt8&>(*call.call.w);
    const int64_t k = w.view().k, x_bytes = Int8RowBytes(w.format->kind, k);
    const Matrix& y = call.call.y;
    for (int64_t i = 0; i < y.rows; i += kChunkRows) {
      for (int64_t j = first; j < first + rows; j += kPanel) {
        w.multiply(w.panels.get() + j / kPanel * w.panel_bytes, std::min(kPanel, first + rows - j), k, call.x + i * x_bytes,
                   x_bytes, std::min(kChunkRows, y.rows - i), y.data + i * y.stride + j, y.stride);
      }
    }
  }

  const Int8Kernels& kernels_;
  InputLayout inputs_;
};

}  // namespace

const MatmulBackend* Avx512Int8Backend() {
  if (Avx512Int8Kernels() == nullptr) return nullptr;
  static const OwnInt8 backend(*Avx512Int8Kernels());
  return &backend;
}

const MatmulBackend* Avx2Int8Backend() {
  if (Avx2Int8Kernels() == nullptr) return nullptr;
  static const OwnInt8 backend(*Avx2Int8Kernels());
  return &backend;
}

}  // namespace tidemark
