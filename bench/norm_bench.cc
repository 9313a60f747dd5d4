// The norm family: RMS norms of the residual stream (one row per token) and of queries and keys (one row per head).
#include <algorithm>
#include <cmath>
#include <memory>

#include "bench/benchmarks.h"
#include "bench/random_data.h"
#include "engine/core/error.h"
#include "engine/ops/rms_norm.h"

namespace tidemark {
namespace {

struct NormData {
  std::vector<float> x, weight, y;
};

// The first, a middle and the last row.
void Check(const NormData& data, int64_t rows, int64_t cols, float eps) {
  for (const int64_t r : {int64_t{0}, rows / 2, rows - 1}) {
    const float *x = data.x.data() + r * cols, *y = data.y.data() + r * cols;
    double squares = 0;
    for (int64_t j = 0; j < cols; ++j) squares += double{x[j]} * x[j];
    const double scale = 1 / std::sqrt(squares / static_cast<double>(cols) + eps);
    for (int64_t j = 0; j < cols; ++j) {
      const double expected = data.weight[static_cast<size_t>(j)] * x[j] * scale;
      if (!(std::abs(y[j] - expected) <= 1e-5 * (1 + std::abs(expected))))
        throw Error(fmt::format("RMS norm, row {}, value {}", r, j), fmt::format("{}", y[j]), fmt::format("{}", expected));
    }
  }
}

// rows of cols values each; times: how often a decoded token does this.
void AddOne(const BenchContext& context, BenchList& list, const std::string& what, int64_t tokens, int64_t rows, int64_t cols,
            double times) {
  Benchmark b;
  b.name = fmt::format("norm/{}/rows:{}/n:{}/threads:{}", what, rows, cols, context.pool->size());
  b.bytes = static_cast<double>(rows * cols * 8);
  b.items = static_cast<double>(tokens);
  if (tokens == 1 && times > 0) b.uses = {{Op::kNorm, times}};
  b.setup = [&context, rows, cols] {
    auto data = std::make_shared<NormData>();
    data->x = RandomFloats(rows * cols, 1.0f, context.seed);
    data->weight = RandomFloats(cols, 1.0f, context.seed + 1);
    data->y.resize(data->x.size());
    const auto eps = static_cast<float>(context.config.norm_eps);
    const auto run = [data, rows, cols, eps, pool = context.pool, &ops = BestOpKernels(context.cpu)] {
      RmsNorm({data->x.data(), rows, cols, cols}, data->weight, eps, {data->y.data(), rows, cols, cols}, *pool, ops);
    };
    run();
    Check(*data, rows, cols, eps);
    return run;
  };
  list.push_back(std::move(b));
}

}  // namespace

void AddNormBenchmarks(const BenchContext& context, BenchList& list) {
  const ModelConfig& c = context.config;
  const auto attention = static_cast<double>(std::count(c.layer_types.begin(), c.layer_types.end(), LayerType::kFullAttention));
  for (const int64_t rows : context.rows) {
    AddOne(context, list, "residual", rows, rows, c.hidden_size, static_cast<double>(2 * c.num_hidden_layers + 1));
    if (attention == 0) continue;
    AddOne(context, list, "query_heads", rows, rows * c.num_attention_heads, c.head_dim, attention);
    AddOne(context, list, "key_heads", rows, rows * c.num_key_value_heads, c.head_dim, attention);
  }
}

}  // namespace tidemark
