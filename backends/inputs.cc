#include "backends/inputs.h"

#include <algorithm>
#include <array>

#include "backends/unpack.h"
#include "engine/core/error.h"

namespace tidemark {
namespace {

constexpr int64_t kMaxBytes = int64_t{64} << 20;  // prepared activations held at a time

bool SameInput(const MatmulCall& a, const MatmulCall& b) {
  return a.x.data == b.x.data && a.m() == b.m() && a.x.cols == b.x.cols && a.x.stride == b.x.stride && a.rows == b.rows;
}

int64_t Tiles(int64_t m, const InputLayout& layout) { return (m + layout.tile_rows - 1) / layout.tile_rows; }

int64_t Height(int64_t m, const InputLayout& layout) {
  const int64_t tiles = Tiles(m, layout);
  return layout.even_tiles ? (m + tiles - 1) / tiles : layout.tile_rows;
}

// Rows [first, first + count) of a call.
MatmulCall RowsOf(const MatmulCall& call, int64_t first, int64_t count) {
  MatmulCall part = call;
  part.y = {call.y.data + first * call.y.stride, count, call.y.cols, call.y.stride};
  if (call.rows != nullptr) {
    part.rows = call.rows + first;
  } else {
    part.x = {call.x.data + first * call.x.stride, count, call.x.cols, call.x.stride};
  }
  return part;
}

}  // namespace

std::vector<MatmulCall> CutLongCalls(std::span<const MatmulCall> calls, const InputLayout& layout) {
  std::vector<MatmulCall> cut;
  for (const MatmulCall& call : calls) {
    const int kind = layout.kind(call);
    const int64_t tiles = kind == kNotPrepared ? call.m() : kMaxBytes / layout.tile_bytes(kind, call.x.cols);
    const int64_t max_rows = std::max<int64_t>(1, tiles) * layout.tile_rows;
    for (int64_t first = 0; first < call.m(); first += max_rows) {
      cut.push_back(RowsOf(call, first, std::min(max_rows, call.m() - first)));
    }
  }
  return cut;
}

std::vector<PreparedCall> PrepareInputs(std::span<const MatmulCall> calls, const InputLayout& layout, ThreadPool& pool) {
  TM_CHECK(layout.tile_rows <= kMaxTileRows, "tiles of {} rows", layout.tile_rows);
  std::vector<PreparedCall> prepared;
  std::vector<int64_t> offsets;
  int64_t used = 0;
  for (const MatmulCall& call : calls) {
    const int kind = layout.kind(call);
    const bool shared =
        kind != kNotPrepared && !prepared.empty() && prepared.back().kind == kind && SameInput(prepared.back().call, call);
    const bool owns = kind != kNotPrepared && !shared;
    const int64_t height = Height(call.m(), layout);
    const int64_t tile_bytes = kind == kNotPrepared ? 0 : layout.tile_bytes(kind, call.x.cols) * height / layout.tile_rows;
    const int64_t bytes = owns ? Tiles(call.m(), layout) * tile_bytes : 0;
    if (used > 0 && used + bytes > kMaxBytes) break;
    offsets.push_back(shared ? offsets.back() : used);
    prepared.push_back({call, nullptr, kind, height, tile_bytes, owns});
    used += bytes;
  }
  struct Task {
    const PreparedCall* call;
    int64_t first;  // row
    std::byte* tile;
  };
  std::byte* buffer = used == 0 ? nullptr : ThreadScratch(ScratchUse::kInput, used);
  std::vector<Task> tasks;
  for (size_t c = 0; c < prepared.size(); ++c) {
    PreparedCall& call = prepared[c];
    if (call.kind == kNotPrepared) continue;
    call.x = buffer + offsets[c];
    for (int64_t first = 0, t = 0; call.owns_x && first < call.call.m(); first += call.height, ++t) {
      tasks.push_back({&call, first, call.x + t * call.tile_bytes});
    }
  }
  pool.RunRanges(static_cast<int64_t>(tasks.size()), std::max<int64_t>(1, 16 / layout.tile_rows),
                 [&](int64_t begin, int64_t end, int) {
                   std::array<const float*, kMaxTileRows> rows;
                   for (int64_t t = begin; t < end; ++t) {
                     const auto& [call, first, tile] = tasks[static_cast<size_t>(t)];
                     const int64_t count = std::min(call->height, call->call.m() - first);
                     for (int64_t i = 0; i < count; ++i) rows[static_cast<size_t>(i)] = call->call.XRow(first + i);
                     layout.prepare(call->kind, {rows.data(), static_cast<size_t>(count)}, call->call.x.cols, call->height, tile);
                   }
                 });
  return prepared;
}

}  // namespace tidemark
