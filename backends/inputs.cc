#include "backends/inputs.h"

#include <algorithm>
#include <array>

#include "backends/unpack.h"
#include "engine/core/error.h"

namespace tidemark {
namespace {

constexpr int64_t kMaxBytes = int64_t{64} << 20;  // prepared activations held at a time

bool SameRows(const MatmulCall& a, const MatmulCall& b) {
  if (a.rows == b.rows) return true;
  return a.rows != nullptr && b.rows != nullptr && std::equal(a.rows, a.rows + a.m(), b.rows);
}

bool SameSource(const MatmulCall& a, const MatmulCall& b) {
  return a.x.data == b.x.data && a.x.rows == b.x.rows && a.x.cols == b.x.cols && a.x.stride == b.x.stride;
}

// The rows to choose from may be more than those chosen, and without `rows` they are those.
bool SameInput(const MatmulCall& a, const MatmulCall& b) { return SameSource(a, b) && a.m() == b.m() && SameRows(a, b); }

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

// The rows that calls gather from one place, each rounded once. Without them where no row is wanted twice.
class RoundedRows {
 public:
  RoundedRows(std::span<const PreparedCall> calls, const InputLayout& layout, ThreadPool& pool) : layout_(layout) {
    if (layout.round) FindSource(calls);
    if (source_ == nullptr) return;
    const ConstMatrix& x = source_->call.x;
    std::vector<bool> wanted(static_cast<size_t>(x.rows));
    for (const PreparedCall& call : calls) {
      for (int64_t i = 0; Has(call) && i < call.call.m(); ++i) wanted[static_cast<size_t>(call.call.rows[i])] = true;
    }
    row_bytes_ = layout.row_bytes(source_->kind, x.cols);
    rows_ = ThreadScratch(ScratchUse::kRows, x.rows * row_bytes_);
    pool.RunRanges(x.rows, 8, [&](int64_t begin, int64_t end, int) {
      for (int64_t r = begin; r < end; ++r) {
        if (!wanted[static_cast<size_t>(r)]) continue;
        layout.round(source_->kind, {x.data + r * x.stride, static_cast<size_t>(x.cols)}, rows_ + r * row_bytes_);
      }
    });
  }

  bool Has(const PreparedCall& call) const {
    return source_ != nullptr && call.call.rows != nullptr && call.kind == source_->kind && SameSource(call.call, source_->call);
  }

  // Rows [first, first + count) of a call that it has.
  void Arrange(const PreparedCall& call, int64_t first, int64_t count, std::byte* tile) const {
    std::array<const std::byte*, kMaxTileRows> rows;
    for (int64_t i = 0; i < count; ++i) rows[static_cast<size_t>(i)] = rows_ + call.call.rows[first + i] * row_bytes_;
    layout_.arrange(call.kind, {rows.data(), static_cast<size_t>(count)}, call.call.x.cols, call.height, tile);
  }

 private:
  // The first gathered call, if its source gives more rows than it has.
  void FindSource(std::span<const PreparedCall> calls) {
    const auto gathers = [](const PreparedCall& call) { return call.call.rows != nullptr && call.kind != kNotPrepared; };
    const auto first = std::find_if(calls.begin(), calls.end(), gathers);
    if (first == calls.end()) return;
    source_ = &*first;
    int64_t rows = 0;
    for (const PreparedCall& call : calls) rows += Has(call) && call.owns_x ? call.call.m() : 0;
    if (rows <= source_->call.x.rows) source_ = nullptr;
  }

  const InputLayout& layout_;
  const PreparedCall* source_ = nullptr;
  int64_t row_bytes_ = 0;
  std::byte* rows_ = nullptr;
};

void PrepareTile(const PreparedCall& call, int64_t first, int64_t count, const InputLayout& layout, std::byte* tile) {
  std::array<const float*, kMaxTileRows> rows;
  for (int64_t i = 0; i < count; ++i) rows[static_cast<size_t>(i)] = call.call.XRow(first + i);
  layout.prepare(call.kind, {rows.data(), static_cast<size_t>(count)}, call.call.x.cols, call.height, tile);
}

void FillTiles(std::span<const PreparedCall> calls, const InputLayout& layout, ThreadPool& pool) {
  struct Task {
    const PreparedCall* call;
    int64_t first;  // row
    std::byte* tile;
  };
  std::vector<Task> tasks;
  for (const PreparedCall& call : calls) {
    if (call.kind == kNotPrepared || !call.owns_x) continue;
    for (int64_t first = 0, t = 0; first < call.call.m(); first += call.height, ++t) {
      tasks.push_back({&call, first, call.x + t * call.tile_bytes});
    }
  }
  const RoundedRows rounded(calls, layout, pool);
  const int64_t grain = std::max<int64_t>(1, 16 / layout.tile_rows);
  pool.RunRanges(static_cast<int64_t>(tasks.size()), grain, [&](int64_t begin, int64_t end, int) {
    for (int64_t t = begin; t < end; ++t) {
      const auto& [call, first, tile] = tasks[static_cast<size_t>(t)];
      const int64_t count = std::min(call->height, call->call.m() - first);
      if (rounded.Has(*call)) {
        rounded.Arrange(*call, first, count, tile);
      } else {
        PrepareTile(*call, first, count, layout, tile);
      }
    }
  });
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
  std::byte* buffer = used == 0 ? nullptr : ThreadScratch(ScratchUse::kInput, used);
  for (size_t c = 0; c < prepared.size(); ++c) {
    if (prepared[c].kind != kNotPrepared) prepared[c].x = buffer + offsets[c];
  }
  FillTiles(prepared, layout, pool);
  return prepared;
}

}  // namespace tidemark
