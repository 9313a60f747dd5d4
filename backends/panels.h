// How naive and the backends of libraries split their work: a task is a panel, a run of rows of one call's weights. The panels of
// all calls of a list go into one queue, so experts with many and with few rows balance over the cores by themselves. Where a
// panel begins depends on the matrix alone, never on the threads, the other calls or m: a necessary condition for results of
// libraries that do not depend on them either. (Own kernels, whose results do not depend on panels at all: RunPrepared,
// inputs.h.)
#ifndef TIDEMARK_BACKENDS_PANELS_H_
#define TIDEMARK_BACKENDS_PANELS_H_

#include <cstdint>
#include <span>
#include <vector>

#include "engine/core/matmul.h"

namespace tidemark {

// Rows [first, first + rows) of the weights of *call.
struct Panel {
  const MatmulCall* call = nullptr;
  int64_t first = 0;
  int64_t rows = 0;
};

// Aborts unless every call belongs to `backend` and its shapes agree: x [m, k], y [m, n], m >= 1, strides not below the width.
void CheckCalls(std::span<const MatmulCall> calls, const MatmulBackend& backend);

// The panels of all calls, in order. rows_per_panel(view) >= 1; the last panel of a call may be shorter.
template <typename RowsPerPanel>
std::vector<Panel> SplitIntoPanels(std::span<const MatmulCall> calls, RowsPerPanel&& rows_per_panel) {
  std::vector<Panel> panels;
  for (const MatmulCall& call : calls) {
    const WeightView& w = call.w->view();
    const int64_t step = rows_per_panel(w);
    for (int64_t first = 0; first < w.n; first += step) {
      panels.push_back({&call, first, first + step < w.n ? step : w.n - first});
    }
  }
  return panels;
}

}  // namespace tidemark

#endif  // TIDEMARK_BACKENDS_PANELS_H_
