#include "backends/panels.h"

#include "engine/core/error.h"

namespace tidemark {

void CheckCalls(std::span<const MatmulCall> calls, const MatmulBackend& backend) {
  for (const MatmulCall& call : calls) {
    const WeightView& w = call.w->view();
    TM_CHECK(&call.w->backend() == &backend, "{}: packed by {}, run by {}", w.name, call.w->backend().Name(), backend.Name());
    TM_CHECK(call.x.rows >= 1 && call.x.cols == w.k && call.x.stride >= w.k,
             "{}: x is [{}, {}] with stride {}, weights are [{}, {}]", w.name, call.x.rows, call.x.cols, call.x.stride, w.n, w.k);
    TM_CHECK((call.rows != nullptr ? call.y.rows >= 1 : call.y.rows == call.x.rows) && call.y.cols == w.n && call.y.stride >= w.n,
             "{}: y is [{}, {}] with stride {}, x has {} rows, weights are [{}, {}]", w.name, call.y.rows, call.y.cols,
             call.y.stride, call.x.rows, w.n, w.k);
    if (call.gate == nullptr && call.rows == nullptr) continue;
    TM_CHECK(backend.RunsFused(call), "{}: {} does not take its gate or gathered rows", w.name, backend.Name());
    for (int64_t i = 0; call.rows != nullptr && i < call.y.rows; ++i) {
      TM_CHECK(call.rows[i] >= 0 && call.rows[i] < call.x.rows, "{}: row {} of {}", w.name, call.rows[i], call.x.rows);
    }
    if (call.gate == nullptr) continue;
    const WeightView& g = call.gate->view();
    TM_CHECK(g.n == w.n && g.k == w.k, "{} [{}, {}] is gated by {} [{}, {}]", w.name, w.n, w.k, g.name, g.n, g.k);
  }
}

}  // namespace tidemark
