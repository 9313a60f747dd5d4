#include "backends/panels.h"

#include "engine/core/error.h"

namespace tidemark {

void CheckCalls(std::span<const MatmulCall> calls, const MatmulBackend& backend) {
  for (const MatmulCall& call : calls) {
    const WeightView& w = call.w->view();
    TM_CHECK(&call.w->backend() == &backend, "{}: packed by {}, run by {}", w.name, call.w->backend().Name(), backend.Name());
    TM_CHECK(call.x.rows >= 1 && call.x.cols == w.k && call.x.stride >= w.k,
             "{}: x is [{}, {}] with stride {}, weights are [{}, {}]", w.name, call.x.rows, call.x.cols, call.x.stride, w.n, w.k);
    TM_CHECK(call.y.rows == call.x.rows && call.y.cols == w.n && call.y.stride >= w.n,
             "{}: y is [{}, {}] with stride {}, x has {} rows, weights are [{}, {}]", w.name, call.y.rows, call.y.cols,
             call.y.stride, call.x.rows, w.n, w.k);
  }
}

}  // namespace tidemark
