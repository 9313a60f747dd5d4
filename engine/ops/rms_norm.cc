#include "engine/ops/rms_norm.h"

#include <cmath>

#include "engine/core/error.h"
#include "engine/ops/reduce.h"

namespace tidemark {

void RmsNorm(ConstMatrix x, std::span<const float> weight, float eps, Matrix y, ThreadPool& pool) {
  TM_CHECK(x.rows == y.rows && x.cols == y.cols && static_cast<int64_t>(weight.size()) == x.cols,
           "x [{}, {}], y [{}, {}], weight [{}]", x.rows, x.cols, y.rows, y.cols, weight.size());
  pool.RunRanges(x.rows, RowGrain(x.cols), [&](int64_t begin, int64_t end, int) {
    for (int64_t r = begin; r < end; ++r) {
      const float* in = x.Row(r).data();
      float* out = y.Row(r).data();
      const float mean_square = Dot(in, in, x.cols) / static_cast<float>(x.cols);
      const float scale = 1.0f / std::sqrt(mean_square + eps);
      for (int64_t j = 0; j < x.cols; ++j) out[j] = weight[static_cast<size_t>(j)] * (in[j] * scale);
    }
  });
}

}  // namespace tidemark
