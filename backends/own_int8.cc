// Integer products by own kernels, one backend per instruction set (int8_panels.h).
#include <sys/mman.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <mutex>
#include <new>
#include <utility>

#include "backends/inputs.h"
#include "backends/int8_panels.h"
#include "backends/panels.h"
#include "backends/table.h"
#include "backends/unpack.h"
#include "engine/core/error.h"

namespace tidemark {
namespace {

constexpr int64_t kHugePage = int64_t{2} << 20;
// Panels of a task, bytes about. With few rows of x the product streams through the panels once, and long tasks keep the
// processor's own prefetching going; with many, the panels stay in the second-level cache while tiles of x pass.
constexpr int64_t kStreamedBytes = 512 * 1024, kResidentBytes = 384 * 1024, kLeastBytes = 48 * 1024;
constexpr int64_t kStreamedRows = 16;      // few rows
constexpr int64_t kAheadBytes = 4608;      // a stream is asked for before it is needed by the time that so many bytes take
constexpr int64_t kChunkValues = 2048;     // of k: a tile of so many and the panels' part stay in the first-level cache
constexpr int64_t kMostPackedPanels = 32;  // of a task of packing

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

// Panels, or the stored rows as long as the matrix has not been used twice.
class PackedInt8 final : public PackedWeights {
 public:
  PackedInt8(const MatmulBackend* backend, const WeightView& view, const Int8Kernels::Entry& entry, const Int8Packing& pack)
      : PackedWeights(backend, view),
        format(FindInt8Format(entry.format)),
        kernels(&entry),
        packing(&pack),
        panel_bytes(format->PanelBytes(view.k)),
        bytes((view.n + kPanel - 1) / kPanel * panel_bytes) {}

  int64_t PackedBytes() const override { return bytes; }

  // Several panels to a task, because each asks for the rows of the next.
  void Finish(ThreadPool& pool) const override {
    if (Panels() != nullptr) return;  // asked for every product by amx_int8: no lock
    std::function<void(double)> released;
    const auto begin = std::chrono::steady_clock::now();
    {
      const std::lock_guard lock(mutex_);
      if (Panels() != nullptr) return;
      Buffer buffer = AllocatePanels(bytes);
      const int64_t panels = bytes / panel_bytes;
      const int64_t step = std::clamp<int64_t>(panels / (int64_t{4} * pool.size()), 1, kMostPackedPanels);
      pool.Run((panels + step - 1) / step, [&](int64_t task, int) {
        PackPanels(task * step, std::min(step, panels - task * step), buffer.get() + task * step * panel_bytes, false);
      });
      buffer_ = std::move(buffer);
      panels_.store(buffer_.get(), std::memory_order_release);
      released = std::exchange(released_, nullptr);
    }
    if (released) released(std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count());
  }

  void WhenReleased(std::function<void(double)> released) override {
    {
      const std::lock_guard lock(mutex_);
      if (Panels() == nullptr) {
        released_ = std::move(released);
        return;
      }
    }
    released(0);
  }

  // A product begins: the second one has panels to read.
  void Use(ThreadPool& pool) const {
    if (Panels() == nullptr && used_.exchange(true, std::memory_order_relaxed)) Finish(pool);
  }

  // Panels [first, first + count), without memory of their own in `room`.
  const std::byte* PanelsFrom(int64_t first, int64_t count, std::byte* room) const {
    if (const std::byte* panels = Panels()) return panels + first * panel_bytes;
    PackPanels(first, count, room, true);
    return room;
  }

  const std::byte* Panels() const { return panels_.load(std::memory_order_acquire); }  // nullptr: not packed yet

  const Int8Format* const format;
  const Int8Kernels::Entry* const kernels;
  const Int8Packing* const packing;
  const int64_t panel_bytes, bytes;

 private:
  void PackPanels(int64_t first, int64_t count, std::byte* to, bool near) const {
    for (int64_t p = 0; p < count; ++p) PackInt8Panel(view(), *format, packing, (first + p) * kPanel, to + p * panel_bytes, near);
  }

  mutable std::mutex mutex_;  // of what follows
  mutable Buffer buffer_{nullptr, {64}};
  mutable std::function<void(double)> released_;
  mutable std::atomic<const std::byte*> panels_ = nullptr;
  mutable std::atomic<bool> used_ = false;
};

const PackedInt8& Packed(const PackedWeights* w) { return static_cast<const PackedInt8&>(*w); }

int64_t PanelBytes(const MatmulCall& call) {
  return Packed(call.w).panel_bytes + (call.gate != nullptr ? Packed(call.gate).panel_bytes : 0);
}

// Rows of w per task: enough tasks for the threads to even out, each as large as is good for its kind.
int64_t TaskRows(const MatmulCall& call, int64_t bytes_of_all, int threads) {
  const int64_t share = bytes_of_all / (int64_t{4} * threads);
  const int64_t most = call.m() <= kStreamedRows ? kStreamedBytes : kResidentBytes;
  return std::max<int64_t>(1, std::clamp(share, kLeastBytes, most) / PanelBytes(call)) * kPanel;
}

class OwnInt8 final : public MatmulBackend {
 public:
  OwnInt8(const Int8Kernels& kernels, std::span<const Int8Packing> packing) : kernels_(kernels), packing_(packing) {
    inputs_.tile_rows = kInt8TileRows;
    inputs_.even_tiles = true;
    inputs_.kind = [](const MatmulCall& call) { return static_cast<int>(Packed(call.w).format->kind); };
    inputs_.tile_bytes = [](int kind, int64_t k) { return kInt8TileRows * Int8RowBytes(static_cast<Int8Kind>(kind), k); };
    inputs_.prepare = [](int kind, std::span<const float* const> rows, int64_t k, int64_t height, std::byte* tile) {
      RoundToInt8Tile(static_cast<Int8Kind>(kind), rows, k, height, tile);
    };
    inputs_.row_bytes = [](int kind, int64_t k) { return Int8RowBytes(static_cast<Int8Kind>(kind), k); };
    inputs_.round = [](int kind, std::span<const float> x, std::byte* row) { RoundToInt8(static_cast<Int8Kind>(kind), x, row); };
    inputs_.arrange = [](int kind, std::span<const std::byte* const> rows, int64_t k, int64_t height, std::byte* tile) {
      ArrangeInt8Tile(static_cast<Int8Kind>(kind), rows, k, height, tile);
    };
  }

  std::string_view Name() const override { return kernels_.name; }
  Precision PrecisionFor(const MatmulProblem&) const override { return Precision::kInt8; }

  std::string WhyNot(const MatmulProblem& problem, const Cpu& cpu) const override {
    if (!kernels_.runs_on(cpu)) return "this processor has no " + std::string(kernels_.needs);
    if (problem.format == nullptr || FindInt8Format(problem.format->name) != nullptr) return {};
    return fmt::format("no integer panels for {}, only for q4_0, q8_0, q4_k, q5_k and q6_k", problem.format->name);
  }

  std::unique_ptr<PackedWeights> Pack(const WeightView& view, ThreadPool& pool) const override {
    std::unique_ptr<PackedWeights> packed = Defer(view);
    packed->Finish(pool);
    return packed;
  }

  std::unique_ptr<PackedWeights> Defer(const WeightView& view) const override {
    TM_CHECK(FindInt8Format(view.format->name) != nullptr, "{}: {} has no integer panels", view.name, view.format->name);
    const auto of_format = [&](const auto& e) { return e.format == view.format->name; };
    const auto entry = std::find_if(kernels_.entries.begin(), kernels_.entries.end(), of_format);
    const auto packing = std::find_if(packing_.begin(), packing_.end(), of_format);
    TM_CHECK(entry != kernels_.entries.end() && packing != packing_.end(), "{}: no kernels of {}", view.format->name,
             kernels_.name);
    return std::make_unique<PackedInt8>(this, view, *entry, *packing);
  }

  // Both products of a gated unit read the same tiles.
  bool RunsFused(const MatmulCall& call) const override {
    return call.gate == nullptr ||
           (&call.gate->backend() == this && Packed(call.gate).format->kind == Packed(call.w).format->kind);
  }

  void Run(std::span<const MatmulCall> calls, ThreadPool& pool) const override {
    CheckCalls(calls, *this);
    int64_t bytes = 0;
    for (const MatmulCall& call : calls) {
      bytes += Packed(call.w).bytes * (call.gate != nullptr ? 2 : 1);
      Packed(call.w).Use(pool);
      if (call.gate != nullptr) Packed(call.gate).Use(pool);
    }
    const auto rows_per_task = [&](const MatmulCall& call) { return TaskRows(call, bytes, pool.size()); };
    RunPrepared(calls, inputs_, pool, rows_per_task,
                [&](const PreparedCall& call, int64_t first, int64_t rows) { RunTask(call, first, rows); });
  }

  std::string Details() const override { return std::string(kernels_.details); }

 private:
  // Rows [first, first + rows) of w and, if there is one, of the gate, for all tiles of x.
  void RunTask(const PreparedCall& call, int64_t first, int64_t rows) const {
    const bool gated = call.call.gate != nullptr;
    const int64_t panels = (rows + kPanel - 1) / kPanel, size = panels * call.height * kPanel;
    float* totals = reinterpret_cast<float*>(
        ThreadScratch(ScratchUse::kOutput, size * (gated ? 2 : 1) * static_cast<int64_t>(sizeof(float))));
    float* gate_totals = gated ? totals + size : nullptr;
    const int64_t panel = Packed(call.call.w).panel_bytes, gate_panel = gated ? Packed(call.call.gate).panel_bytes : 0;
    const bool packed = Packed(call.call.w).Panels() != nullptr && (!gated || Packed(call.call.gate).Panels() != nullptr);
    std::byte* room = packed ? nullptr : ThreadScratch(ScratchUse::kPanel, panels * (panel + gate_panel));
    std::byte* gate_room = packed ? nullptr : room + panels * panel;
    const std::byte* w = Packed(call.call.w).PanelsFrom(first / kPanel, panels, room);
    const std::byte* gate = gated ? Packed(call.call.gate).PanelsFrom(first / kPanel, panels, gate_room) : nullptr;
    const Matrix& y = call.call.y;
    const bool streams = y.rows <= kStreamedRows;
    for (int64_t i = 0, t = 0; i < y.rows; i += call.height, ++t) {
      const std::byte* x = call.x + t * call.tile_bytes;
      const int64_t k = call.call.w->view().k, step = streams ? k : kChunkValues;
      for (int64_t p = 0; p < k; p += step) {
        RunPanels(call.call, {x, p, std::min(step, k - p), call.height, panels, w, gate}, totals, gate_totals);
      }
      for (int64_t j = 0; j < panels; ++j) {
        const int64_t at = j * call.height * kPanel, row = first + j * kPanel;
        kernels_.store(totals + at, gated ? gate_totals + at : nullptr, std::min(call.height, y.rows - i),
                       std::min(kPanel, first + rows - row), y.data + i * y.stride + row, y.stride);
      }
    }
  }

  // Values [p, p + values) of k of one tile, and the panels of a task.
  struct Part {
    const std::byte* x;
    int64_t p, values, height;
    int64_t panels;
    const std::byte *w, *gate;  // the first of them
  };

  // Panels [begin, end) of those a task has, one after another.
  struct Stream {
    const PackedInt8* w;
    const std::byte* panels;  // the task's first, which is panel 0
    int64_t begin, end;
    float* totals;  // of the first
  };

  // All panels of a task. Those of the gate and of w in turn or two at once, since both want the same part of x; without a gate
  // the two halves of w.
  static void RunPanels(const MatmulCall& call, const Part& part, float* totals, float* gate_totals) {
    const PackedInt8& w = Packed(call.w);
    if (call.gate != nullptr) {
      RunStreams({&Packed(call.gate), part.gate, 0, part.panels, gate_totals}, {&w, part.w, 0, part.panels, totals}, part);
      return;
    }
    const bool pairs = w.kernels->multiply_two[static_cast<size_t>(part.height - 1)] != nullptr;
    const int64_t half = pairs ? part.panels / 2 : 0;
    RunStreams({&w, part.w, 0, half, totals}, {&w, part.w, half, 2 * half, totals}, part);
    for (int64_t j = 2 * half; j < part.panels; ++j) RunOne({&w, part.w, 2 * half, part.panels, totals}, j, part);
  }

  // Two streams of the same length.
  static void RunStreams(const Stream& a, const Stream& b, const Part& part) {
    const Int8Kernels::Multiply two = a.w->kernels->multiply_two[static_cast<size_t>(part.height - 1)];
    for (int64_t j = 0; j < a.end - a.begin; ++j) {
      if (two != nullptr && a.w->kernels == b.w->kernels) {
        two(PassOf(*a.w, part, {PanelOf(a, a.begin + j, part), PanelOf(b, b.begin + j, part)}));
      } else {
        RunOne(a, a.begin + j, part);
        RunOne(b, b.begin + j, part);
      }
    }
  }

  static void RunOne(const Stream& stream, int64_t j, const Part& part) {
    const PackedInt8& w = *stream.w;
    w.kernels->multiply[static_cast<size_t>(part.height - 1)](PassOf(w, part, {PanelOf(stream, j, part), {}}));
  }

  static Int8Pass PassOf(const PackedInt8& w, const Part& part, const std::array<Int8Pass::Panel, 2>& panels) {
    const Int8Format& f = *w.format;
    return {panels, (part.values + f.unit_values - 1) / f.unit_values,
            part.x + part.p / 256 * (part.height * Int8RowBytes(f.kind, 256)), part.p == 0};
  }

  static Int8Pass::Panel PanelOf(const Stream& stream, int64_t j, const Part& part) {
    const PackedInt8& w = *stream.w;
    const Int8Format& f = *w.format;
    const std::byte* panel = stream.panels + j * w.panel_bytes;
    const int64_t k = w.view().k, first_unit = part.p / f.unit_values;
    // What comes next: some units ahead in a stream; else the same part of the next panel, or after the last panel the next part
    // of the first, which is part 0 for the next tile.
    const std::byte* next = panel + (first_unit + std::max<int64_t>(2, kAheadBytes / f.unit_bytes)) * f.unit_bytes;
    if (part.values != k) {
      const int64_t next_unit = part.p + part.values == k ? 0 : (part.p + part.values) / f.unit_values;
      next = j + 1 == stream.end ? panel - (j - stream.begin) * w.panel_bytes + next_unit * f.unit_bytes
                                 : panel + w.panel_bytes + first_unit * f.unit_bytes;
    }
    return {panel + first_unit * f.unit_bytes, next, stream.totals + j * part.height * kPanel};
  }

  const Int8Kernels& kernels_;
  std::span<const Int8Packing> packing_;  // of the same instruction set
  InputLayout inputs_;
};

}  // namespace

const std::byte* PackedInt8Panels(const PackedWeights& w) { return static_cast<const PackedInt8&>(w).Panels(); }

const MatmulBackend* Avx512Int8Backend() {
  if (Avx512Int8Kernels() == nullptr) return nullptr;
  static const OwnInt8 backend(*Avx512Int8Kernels(), Avx512Int8Packing());
  return &backend;
}

const MatmulBackend* Avx2Int8Backend() {
  if (Avx2Int8Kernels() == nullptr) return nullptr;
  static const OwnInt8 backend(*Avx2Int8Kernels(), Avx2Int8Packing());
  return &backend;
}

}  // namespace tidemark
