#include "engine/ops/elementwise.h"

#include "engine/core/error.h"
#include "engine/ops/reduce.h"

namespace tidemark {

void SwiGlu(Matrix gate, ConstMatrix up, ThreadPool& pool) {
  TM_CHECK(gate.rows == up.rows && gate.cols == up.cols, "gate [{}, {}], up [{}, {}]", gate.rows, gate.cols, up.rows, up.cols);
  // An exponential costs some ten multiplications, so fewer values are worth a thread.
  pool.RunRanges(gate.rows, RowGrain(gate.cols * 8), [&](int64_t begin, int64_t end, int) {
    for (int64_t r = begin; r < end; ++r) {
      float* g = gate.Row(r).data();
      const float* u = up.Row(r).data();
      for (int64_t j = 0; j < gate.cols; ++j) g[j] = Silu(g[j]) * u[j];
    }
  });
}

void Add(ConstMatrix x, Matrix y, ThreadPool& pool) {
  TM_CHECK(x.rows == y.rows && x.cols == y.cols, "x [{}, {}], y [{}, {}]", x.rows, x.cols, y.rows, y.cols);
  pool.RunRanges(x.rows, RowGrain(x.cols), [&](int64_t begin, int64_t end, int) {
    for (int64_t r = begin; r < end; ++r) {
      const float* in = x.Row(r).data();
      float* out = y.Row(r).data();
      for (int64_t j = 0; j < x.cols; ++j) out[j] += in[j];
    }
  });
}

void AddBias(std::span<const float> bias, Matrix y, ThreadPool& pool) {
  if (bias.empty()) return;
  TM_CHECK(static_cast<int64_t>(bias.size()) == y.cols, "bias [{}], y [{}, {}]", bias.size(), y.rows, y.cols);
  pool.RunRanges(y.rows, RowGrain(y.cols), [&](int64_t begin, int64_t end, int) {
    for (int64_t r = begin; r < end; ++r) {
      float* out = y.Row(r).data();
      for (int64_t j = 0; j < y.cols; ++j) out[j] += bias[static_cast<size_t>(j)];
    }
  });
}

}  // namespace tidemark
