// Activations in the layout (and rounding) that a kernel wants. They are prepared once per list of calls, before the panels,
// because every panel reads all of them; calls with the same activations in a row (gate and up; q, k and v) share them.
#ifndef TIDEMARK_BACKENDS_INPUTS_H_
#define TIDEMARK_BACKENDS_INPUTS_H_

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
  int64_t tile_rows = 1;
  std::function<int(const MatmulCall&)> kind;                             // kNotPrepared: the call reads x as it is
  std::function<int64_t(int kind, int64_t k)> tile_bytes;                 // a multiple of 64
  std::function<void(int kind, ConstMatrix x, std::byte* tile)> prepare;  // x.rows <= tile_rows; tile is 64-byte aligned
};
inline constexpr int kNotPrepared = -1;

struct PreparedCall {
  MatmulCall call;
  std::byte* x = nullptr;  // tiles; nullptr: not prepared
  int kind = kNotPrepared;
  bool owns_x = true;  // false: the call before it has the same tiles
};

// Cuts calls whose tiles would exceed the buffer into runs of rows, a multiple of tile_rows; keeps all others whole.
std::vector<MatmulCall> CutLongCalls(std::span<const MatmulCall> calls, const InputLayout& layout);

// Prepares the longest prefix of `calls` whose tiles fit the buffer (at least one call), in memory of the calling thread that
// is valid until its next call.
std::vector<PreparedCall> PrepareInputs(std::span<const MatmulCall> calls, const InputLayout& layout, ThreadPool& pool);

// Prepares activations and calls run(call, first, rows) for every panel of every call. rows_per_panel(view) as in panels.h.
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
      for (const Panel& p : SplitIntoPanels({&call.call, 1}, rows_per_panel)) tasks.push_back({&call, p.first, p.rows});
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
