#include "engine/ops/rms_norm.h"

#include "engine/core/error.h"
#include "engine/ops/reduce.h"

namespace tidemark {

void RmsNorm(ConstMatrix x, std::span<const float> weight, float eps, Matrix y, ThreadPool& pool, const OpKernels& ops) {
  TM_CHECK(x.rows == y.rows && x.cols == y.cols && static_cast<int64_t>(weight.size()) == x.cols,
           "x [{}, {}], y [{}, {}], weight [{}]", x.rows, x.cols, y.rows, y.cols, weight.size());
  pool.RunRanges(x.rows, RowGrain(x.cols), [&](int64_t begin, int64_t end, int) {
    ops.rms_norm(RowRange(x, begin, end - begin), weight.data(), eps, RowRange(y, begin, end - begin));
  });
}

}  // namespace tidemark
