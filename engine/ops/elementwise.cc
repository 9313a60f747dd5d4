#include "engine/ops/elementwise.h"

#include "engine/core/error.h"
#include "engine/ops/reduce.h"

namespace tidemark {

void SwiGlu(Matrix gate, ConstMatrix up, ThreadPool& pool, const OpKernels& ops) {
  TM_CHECK(gate.rows == up.rows && gate.cols == up.cols, "gate [{}, {}], up [{}, {}]", gate.rows, gate.cols, up.rows, up.cols);
  pool.RunRanges(gate.rows, RowGrain(gate.cols * 4), [&](int64_t begin, int64_t end, int) {
    for (int64_t r = begin; r < end; ++r) ops.swiglu(gate.Row(r).data(), up.Row(r).data(), gate.cols);
  });
}

void Add(ConstMatrix x, Matrix y, ThreadPool& pool, const OpKernels& ops) {
  TM_CHECK(x.rows == y.rows && x.cols == y.cols, "x [{}, {}], y [{}, {}]", x.rows, x.cols, y.rows, y.cols);
  pool.RunRanges(x.rows, RowGrain(x.cols), [&](int64_t begin, int64_t end, int) {
    for (int64_t r = begin; r < end; ++r) ops.add(x.Row(r).data(), y.Row(r).data(), x.cols);
  });
}

void AddBias(std::span<const float> bias, Matrix y, ThreadPool& pool, const OpKernels& ops) {
  if (bias.empty()) return;
  TM_CHECK(static_cast<int64_t>(bias.size()) == y.cols, "bias [{}], y [{}, {}]", bias.size(), y.rows, y.cols);
  pool.RunRanges(y.rows, RowGrain(y.cols), [&](int64_t begin, int64_t end, int) {
    for (int64_t r = begin; r < end; ++r) ops.add(bias.data(), y.Row(r).data(), y.cols);
  });
}

}  // namespace tidemark
