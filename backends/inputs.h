// Activations in the layout (and rounding) that a kernel wants. They are prepared once per list of calls, before the panels,
// because every panel reads all of them; calls with the same activations in a row (gate and up; q, k and v) share them.
#ifndef TIDEMARK_BACKENDS_INPUTS_H_
#define TIDEMARK_BACKENDS_INPUTS_H_

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "backends/panels.h"
#include "engine/core/matmul.h"

namespace tidemark {

// Rows are prepared in tiles of tile_rows, one after another in memory; the last tile of a call may have fewer rows but takes
// the same space. A backend may have several kinds of tiles, numbered from zero.
struct InputLayout {
  int64_t tile_rows = 1;  // at most kMaxTileRows
  // Tiles of a call are of equal height instead, at most tile_rows, so that no small one is left at the end; one of r rows takes
  // r / tile_rows of tile_bytes, which is a multiple of 64 for every r.
  bool even_tiles = false;
  std::function<int(const MatmulCall&)> kind;              // kNotPrepared: the call reads x as it is
  std::function<int64_t(int kind, int64_t k)> tile_bytes;  // a multiple of 64
  // rows: 1 to tile_rows pointers to k values each; height: rows of the call's full tiles; tile is 64-byte aligned.
  std::function<void(int kind, std::span<const float* const> rows, int64_t k, int64_t height, std::byte* tile)> prepare;

  // The same in two steps, for rows that several calls gather (every expert of a token reads it): each is rounded once and then
  // copied to its places. Both or neither; the bits are those of `prepare`.
  std::function<int64_t(int kind, int64_t k)> row_bytes;  // of a rounded row, a multiple of 64
  std::function<void(int kind, std::span<const float> x, std::byte* row)> round;
  std::function<void(int kind, std::span<const std::byte* const> rows, int64_t k, int64_t height, std::byte* tile)> arrange;
};
inline constexpr int kNotPrepared = -1;
inline constexpr int64_t kMaxTileRows = 64;

struct PreparedCall {
  MatmulCall call;
  std::byte* x = nullptr;  // tiles; nullptr: not prepared
  int kind = kNotPrepared;
  int64_t height = 0;      // rows of a full tile
  int64_t tile_bytes = 0;  // from one tile to the next
  bool owns_x = true;      // false: the call before it has the same tiles
};

// Cuts calls whose tiles would exceed the buffer into runs of rows, a multiple of tile_rows; keeps all others whole.
std::vector<MatmulCall> CutLongCalls(std::span<const MatmulCall> calls, const InputLayout& layout);

// Prepares the longest prefix of `calls` whose tiles fit the buffer (at least one call), in memory of the calling thread that
// is valid until its next call.
std::vector<PreparedCall> PrepareInputs(std::span<const MatmulCall> calls, const InputLayout& layout, ThreadPool& pool);

// Prepares activations and calls run(call, first, rows) for every panel of every call. rows_per_panel(call) >= 1: how many rows
// of w; it may depend on the call and on the pool, since a kernel's results do not depend on the panel.
template <typename RowsPerPanel, typename Run>
void RunPrepared(std::span<const MatmulCall> calls, const InputLayout& layout, ThreadPool& pool, RowsPerPanel&& rows_per_panel,
                 Run&& run) {
  struct Task {
    const PreparedCall* call;
    int64_t first, rows;
  };
  const std::vector<MatmulCall> cut = CutLongCalls(calls, layout);
  for (std::span<const MatmulCall> rest = cut; !rest.empty();) {
    const std::vector<PreparedCall> prepared = PrepareInputs(rest, layout, pool);
    std::vector<Task> tasks;
    for (const PreparedCall& call : prepared) {
      const int64_t n = call.call.w->view().n, step = rows_per_panel(call.call);
      for (int64_t first = 0; first < n; first += step) tasks.push_back({&call, first, std::min(step, n - first)});
    }
    pool.Run(static_cast<int64_t>(tasks.size()), [&](int64_t t, int) {
      const Task& task = tasks[static_cast<size_t>(t)];
      run(*task.call, task.first, task.rows);
    });
    rest = rest.subspan(prepared.size());
  }
}

}  // namespace tidemark

#endif  // TIDEMARK_BACKENDS_INPUTS_H_
