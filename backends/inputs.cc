#include "backends/inputs.h"

#include <algorithm>

#include "backends/unpack.h"

namespace tidemark {
namespace {

constexpr int64_t kMaxBytes = int64_t{64} << 20;  // prepared activations held at a time

bool SameInput(const ConstMatrix& a, const ConstMatrix& b) {
  return a.data == b.data && a.rows == b.rows && a.cols == b.cols && a.stride == b.stride;
}

int64_t Tiles(const ConstMatrix& x, const InputLayout& layout) { return (x.rows + layout.tile_rows - 1) / layout.tile_rows; }

}  // namespace

std::vector<MatmulCall> CutLongCalls(std::span<const MatmulCall> calls, const InputLayout& layout) {
  std::vector<MatmulCall> cut;
  for (const MatmulCall& call : calls) {
    const int kind = layout.kind(call);
    const int64_t tiles = kind == kNotPrepared ? call.x.rows : kMaxBytes / layout.tile_bytes(kind, call.x.cols);
    const int64_t max_rows = std::max<int64_t>(1, tiles) * layout.tile_rows;
    for (int64_t first = 0; first < call.x.rows; first += max_rows) {
      const int64_t rows = std::min(max_rows, call.x.rows - first);
      cut.push_back({call.w,
                     {call.x.data + first * call.x.stride, rows, call.x.cols, call.x.stride},
                     {call.y.data + first * call.y.stride, rows, call.y.cols, call.y.stride}});
    }
  }
  return cut;
}

std::vector<PreparedCall> PrepareInputs(std::span<const MatmulCall> calls, const InputLayout& layout, ThreadPool& pool) {
  std::vector<PreparedCall> prepared;
  std::vector<int64_t> offsets;
  int64_t used = 0;
  for (const MatmulCall& call : calls) {
    const int kind = layout.kind(call);
    const bool shared =
        kind != kNotPrepared && !prepared.empty() && prepared.back().kind == kind && SameInput(prepared.back().call.x, call.x);
    const bool owns = kind != kNotPrepared && !shared;
    const int64_t bytes = owns ? Tiles(call.x, layout) * layout.tile_bytes(kind, call.x.cols) : 0;
    if (used > 0 && used + bytes > kMaxBytes) break;
    offsets.push_back(shared ? offsets.back() : used);
    prepared.push_back({call, nullptr, kind, owns});
    used += bytes;
  }
  struct Task {
    int kind;
    ConstMatrix x;
    std::byte* tile;
  };
  std::byte* buffer = used == 0 ? nullptr : ThreadScratch(ScratchUse::kInput, used);
  std::vector<Task> tasks;
  for (size_t c = 0; c < prepared.size(); ++c) {
    PreparedCall& call = prepared[c];
    if (call.kind == kNotPrepared) continue;
    const ConstMatrix& x = call.call.x;
    call.x = buffer + offsets[c];
    for (int64_t t = 0; call.owns_x && t < Tiles(x, layout); ++t) {
      const int64_t first = t * layout.tile_rows;
      tasks.push_back({call.kind,
                       {x.data + first * x.stride, std::min(layout.tile_rows, x.rows - first), x.cols, x.stride},
                       call.x + t * layout.tile_bytes(call.kind, x.cols)});
    }
  }
  pool.RunRanges(static_cast<int64_t>(tasks.size()), 4, [&](int64_t begin, int64_t end, int) {
    for (int64_t t = begin; t < end; ++t) {
      const Task& task = tasks[static_cast<size_t>(t)];
      layout.prepare(task.kind, task.x, task.tile);
    }
  });
  return prepared;
}

}  // namespace tidemark
