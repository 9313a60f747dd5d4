// Bfloat16 inputs and float32 sums by oneDNN (AVX-512 BF16 or AMX). Weights are unpacked panel by panel and rounded to
// bfloat16; activations are rounded once per call, before the panels, because every panel reads all of them.
#include <algorithm>
#include <memory>
#include <vector>

#include "backends/library_threads.h"
#include "backends/onednn_product.h"
#include "backends/panels.h"
#include "backends/table.h"
#include "backends/unpack.h"
#include "engine/formats/half.h"

namespace tidemark {
namespace {

constexpr int64_t kMaxInputBytes = int64_t{64} << 20;  // rounded activations held at a time
constexpr int64_t kRowsPerTask = 8;

// Rows of a call together with their rounded activations: x[call.x.rows, call.x.cols], contiguous.
struct Block {
  MatmulCall call;
  uint16_t* x = nullptr;
  bool owns_x = true;  // false: the block before it has the same activations (gate and up; q, k and v)
};

bool SameInput(const ConstMatrix& a, const ConstMatrix& b) {
  return a.data == b.data && a.rows == b.rows && a.cols == b.cols && a.stride == b.stride;
}

int64_t InputBytes(const ConstMatrix& x) { return (x.rows * x.cols * int64_t{sizeof(uint16_t)} + 63) / 64 * 64; }

// Cuts calls whose rounded activations would exceed the buffer into runs of rows; keeps all others whole.
std::vector<MatmulCall> CutLongCalls(std::span<const MatmulCall> calls) {
  std::vector<MatmulCall> cut;
  for (const MatmulCall& call : calls) {
    const int64_t max_rows = std::max<int64_t>(1, kMaxInputBytes / (call.x.cols * int64_t{sizeof(uint16_t)}));
    for (int64_t first = 0; first < call.x.rows; first += max_rows) {
      const int64_t rows = std::min(max_rows, call.x.rows - first);
      cut.push_back({call.w,
                     {call.x.data + first * call.x.stride, rows, call.x.cols, call.x.stride},
                     {call.y.data + first * call.y.stride, rows, call.y.cols, call.y.stride}});
    }
  }
  return cut;
}

// The longest prefix of `calls` whose activations fit the buffer (at least one call), placed in it.
std::vector<Block> TakeBlocks(std::span<const MatmulCall> calls) {
  std::vector<Block> blocks;
  std::vector<int64_t> offsets;
  int64_t used = 0;
  for (const MatmulCall& call : calls) {
    const bool shared = !blocks.empty() && SameInput(blocks.back().call.x, call.x);
    if (!shared && used > 0 && used + InputBytes(call.x) > kMaxInputBytes) break;
    blocks.push_back({call, nullptr, !shared});
    offsets.push_back(shared ? offsets.back() : used);
    if (!shared) used += InputBytes(call.x);
  }
  std::byte* buffer = ThreadScratch(ScratchUse::kInput, used);
  for (size_t i = 0; i < blocks.size(); ++i) blocks[i].x = reinterpret_cast<uint16_t*>(buffer + offsets[i]);
  return blocks;
}

void RoundInputs(std::span<const Block> blocks, ThreadPool& pool) {
  struct Rows {
    const Block* block;
    int64_t first;
  };
  std::vector<Rows> tasks;
  for (const Block& block : blocks) {
    for (int64_t first = 0; block.owns_x && first < block.call.x.rows; first += kRowsPerTask) tasks.push_back({&block, first});
  }
  pool.Run(static_cast<int64_t>(tasks.size()), [&](int64_t t, int) {
    const auto& [block, first] = tasks[static_cast<size_t>(t)];
    const ConstMatrix& x = block->call.x;
    for (int64_t r = first; r < std::min(first + kRowsPerTask, x.rows); ++r)
      FloatToBf16(x.Row(r), {block->x + r * x.cols, static_cast<size_t>(x.cols)});
  });
}

class OnednnBf16 final : public MatmulBackend {
 public:
  std::string_view Name() const override { return "onednn_bf16"; }
  Precision PrecisionFor(const MatmulProblem&) const override { return Precision::kBf16; }

  // Without the instructions oneDNN emulates bfloat16 (AVX-512) or runs its scalar reference: slower than onednn_f32 and less
  // exact.
  std::string WhyNot(const MatmulProblem&, const Cpu& cpu) const override {
    if (!cpu.avx512_bf16 && !cpu.amx_bf16) return "this processor has neither AVX-512 BF16 nor AMX BF16";
    if (!OnednnUsesBf16())
      return "oneDNN does not use bfloat16 instructions here (see ONEDNN_MAX_CPU_ISA): " + OnednnDetails(sizeof(uint16_t));
    const std::string capped = WhyNotCapped(cpu);
    return capped.empty() ? WhyNotOnednn() : capped;
  }

  std::unique_ptr<PackedWeights> Pack(const WeightView& view, ThreadPool&) const override {
    return std::make_unique<PackedWeights>(this, view);
  }

  void Run(std::span<const MatmulCall> calls, ThreadPool& pool) const override {
    CheckCalls(calls, *this);
    const std::vector<MatmulCall> cut = CutLongCalls(calls);
    for (std::span<const MatmulCall> rest = cut; !rest.empty();) {
      const std::vector<Block> blocks = TakeBlocks(rest);
      RoundInputs(blocks, pool);
      RunBlocks(blocks, pool);
      rest = rest.subspan(blocks.size());
    }
  }

  std::string Details() const override { return OnednnDetails(sizeof(uint16_t)); }

 private:
  void RunBlocks(std::span<const Block> blocks, ThreadPool& pool) const {
    struct Task {
      const Block* block;
      int64_t first, rows;
    };
    std::vector<Task> tasks;
    for (const Block& block : blocks) {
      for (const Panel& panel : SplitIntoPanels({&block.call, 1}, PanelRows)) tasks.push_back({&block, panel.first, panel.rows});
    }
    pool.Run(static_cast<int64_t>(tasks.size()), [&](int64_t t, int) {
      const auto& [block, first, rows] = tasks[static_cast<size_t>(t)];
      const MatmulCall& call = block->call;
      const uint16_t* w = UnpackBf16(call.w->view(), first, rows);
      products_.Multiply(block->x, call.x.cols, w, call.x.cols, {call.y.data + first, call.y.rows, rows, call.y.stride});
    });
  }

  OnednnProducts products_{OnednnProducts::Inputs::kBf16};
};

}  // namespace

const MatmulBackend* OnednnBf16Backend() {
  static const OnednnBf16 backend;
  return &backend;
}

}  // namespace tidemark
