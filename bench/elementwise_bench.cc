// The elementwise family: SwiGLU of an expert or dense layer, and the addition to the residual stream.
#include <algorithm>
#include <cmath>
#include <memory>

#include "bench/benchmarks.h"
#include "bench/random_data.h"
#include "engine/core/error.h"
#include "engine/ops/elementwise.h"

namespace tidemark {
namespace {

struct Data {
  std::vector<float> gate, up, x;
};

void AddSwiGlu(const BenchContext& context, BenchList& list, const std::string& what, int64_t tokens, int64_t rows, int64_t cols,
               double times) {
  Benchmark b;
  b.name = fmt::format("elementwise/swiglu_{}/rows:{}/n:{}/threads:{}", what, rows, cols, context.pool->size());
  b.bytes = static_cast<double>(rows * cols * 12);
  b.items = static_cast<double>(tokens);
  if (tokens == 1) b.uses = {{Op::kSwiGlu, times}};
  b.setup = [&context, rows, cols] {
    auto data = std::make_shared<Data>();
    data->gate = RandomFloats(rows * cols, 1.0f, context.seed);
    data->up = RandomFloats(rows * cols, 1.0f, context.seed + 1);
    const auto run = [data, rows, cols, pool = context.pool, &ops = BestOpKernels(context.cpu)] {
      SwiGlu({data->gate.data(), rows, cols, cols}, {data->up.data(), rows, cols, cols}, *pool, ops);
    };
    const std::vector<float> before = data->gate;
    run();
    for (size_t i = 0; i < before.size(); i += 7) {  // an odd step meets every lane of a register
      const double gate = before[i], expected = gate / (1 + std::exp(-gate)) * data->up[i];
      if (!(std::abs(data->gate[i] - expected) <= 1e-5 * (1 + std::abs(expected))))
        throw Error(fmt::format("SwiGLU, value {}", i), fmt::format("{}", data->gate[i]), fmt::format("{}", expected));
    }
    // Results replace the gates: a factor that keeps them from growing or vanishing into denormal numbers.
    std::fill(data->gate.begin(), data->gate.end(), 1.2784645f);
    std::fill(data->up.begin(), data->up.end(), 1.2784645f);  // silu(g) u = g where u = 1 + e^-g
    return run;
  };
  list.push_back(std::move(b));
}

void AddResidual(const BenchContext& context, BenchList& list, int64_t rows) {
  const int64_t cols = context.config.hidden_size;
  Benchmark b;
  b.name = fmt::format("elementwise/add/rows:{}/n:{}/threads:{}", rows, cols, context.pool->size());
  b.bytes = static_cast<double>(rows * cols * 12);
  b.items = static_cast<double>(rows);
  double adds = 0;  // mixture layers add while they scatter
  for (int64_t i = 0; i < context.config.num_hidden_layers; ++i) adds += context.config.IsMoe(i) ? 1 : 2;
  if (rows == 1) b.uses = {{Op::kResidual, adds}};
  b.setup = [&context, rows, cols] {
    auto data = std::make_shared<Data>();
    data->x = RandomFloats(rows * cols, 1.0f, context.seed);
    data->gate.assign(data->x.size(), 0.0f);
    const auto run = [data, rows, cols, pool = context.pool, &ops = BestOpKernels(context.cpu)] {
      Add({data->x.data(), rows, cols, cols}, {data->gate.data(), rows, cols, cols}, *pool, ops);
    };
    run();
    if (data->gate != data->x) throw Error("addition", "another value", "x + 0");
    return run;
  };
  list.push_back(std::move(b));
}

}  // namespace

void AddElementwiseBenchmarks(const BenchContext& context, BenchList& list) {
  const ModelConfig& c = context.config;
  const int64_t mixture = c.num_experts > 0 ? c.num_hidden_layers - c.num_dense_layers : 0, dense = c.num_hidden_layers - mixture;
  for (const int64_t rows : context.rows) {
    AddResidual(context, list, rows);
    if (dense > 0) AddSwiGlu(context, list, "dense", rows, rows, c.intermediate_size, static_cast<double>(dense));
    if (mixture > 0)
      AddSwiGlu(context, list, "experts", rows, rows * c.num_experts_per_tok, c.moe_intermediate_size,
                static_cast<double>(mixture));
  }
}

}  // namespace tidemark
