// The routing family: what a mixture-of-experts layer does around its matrix products.
#include <memory>

#include "bench/benchmarks.h"
#include "bench/random_data.h"
#include "engine/core/error.h"
#include "engine/ops/experts.h"
#include "engine/ops/router.h"

namespace tidemark {
namespace {

struct RoutingData {
  std::vector<float> x, weight, bias, scores, weights, gathered, y;
  std::vector<int32_t> experts;
};

std::shared_ptr<RoutingData> MakeData(const BenchContext& context, int64_t rows) {
  const ModelConfig& c = context.config;
  auto data = std::make_shared<RoutingData>();
  data->x = RandomFloats(rows * c.hidden_size, 1.0f, context.seed);
  data->weight = RandomFloats(c.num_experts * c.hidden_size, 0.05f, context.seed + 1);
  data->bias = RandomFloats(c.num_experts, 0.01f, context.seed + 2);
  data->scores.resize(static_cast<size_t>(rows * c.num_experts));
  data->weights.resize(static_cast<size_t>(rows * c.num_experts_per_tok));
  data->experts.resize(static_cast<size_t>(rows * c.num_experts_per_tok));
  data->gathered.resize(static_cast<size_t>(rows * c.num_experts_per_tok * c.hidden_size));
  data->y.resize(static_cast<size_t>(rows * c.hidden_size));
  return data;
}

void Select(const ModelConfig& c, RoutingData& data, int64_t rows, ThreadPool& pool) {
  RouterScores({data.x.data(), rows, c.hidden_size, c.hidden_size},
               {data.weight.data(), c.num_experts, c.hidden_size, c.hidden_size},
               {data.scores.data(), rows, c.num_experts, c.num_experts}, pool);
  RouterOptions options;
  options.num_experts_per_tok = c.num_experts_per_tok;
  options.norm_topk_prob = c.norm_topk_prob;
  options.routed_scaling_factor = static_cast<float>(c.routed_scaling_factor);
  const auto e = static_cast<size_t>(c.num_experts), k = static_cast<size_t>(c.num_experts_per_tok);
  for (size_t r = 0; r < static_cast<size_t>(rows); ++r) {
    SelectExperts(std::span(data.scores).subspan(r * e, e), data.bias, options, std::span(data.experts).subspan(r * k, k),
                  std::span(data.weights).subspan(r * k, k));
  }
}

void GroupAndScatter(const ModelConfig& c, RoutingData& data, int64_t rows, ThreadPool& pool) {
  const int64_t h = c.hidden_size, slots = rows * c.num_experts_per_tok;
  const ExpertPlan plan = PlanExperts(data.experts, data.weights, c.num_experts_per_tok, c.num_experts);
  GatherRows({data.x.data(), rows, h, h}, plan, {data.gathered.data(), slots, h, h}, pool);
  ScatterAddRows({data.gathered.data(), slots, h, h}, plan, {data.y.data(), rows, h, h}, pool);
}

// Scattering the gathered rows back must give x times the sum of its routing weights.
void CheckScatter(const ModelConfig& c, const RoutingData& data) {
  double sum = 0;
  for (int64_t j = 0; j < c.num_experts_per_tok; ++j) sum += data.weights[static_cast<size_t>(j)];
  const double expected = data.x[0] * sum, got = data.y[0];
  if (!(std::abs(got - expected) <= 1e-5 * (1 + std::abs(expected)))) {
    throw Error("scatter", fmt::format("{}", got), fmt::format("{}", expected));
  }
}

}  // namespace

void AddRoutingBenchmarks(const BenchContext& context, BenchList& list) {
  const ModelConfig& c = context.config;
  if (c.num_experts == 0) return;  // a dense model routes nothing
  for (const int64_t rows : context.rows) {
    const std::string tail = fmt::format("/experts:{}/top:{}/hidden:{}/rows:{}/threads:{}", c.num_experts, c.num_experts_per_tok,
                                         c.hidden_size, rows, context.pool->size());
    Benchmark select;
    select.name = "routing/select" + tail;
    select.items = static_cast<double>(rows);
    select.flops = 2.0 * static_cast<double>(rows * c.num_experts * c.hidden_size);
    select.setup = [&context, rows] {
      auto data = MakeData(context, rows);
      return [data, &context, rows] { Select(context.config, *data, rows, *context.pool); };
    };
    list.push_back(std::move(select));
    Benchmark scatter;
    scatter.name = "routing/group_scatter" + tail;
    scatter.items = static_cast<double>(rows);
    scatter.bytes = static_cast<double>(rows * c.hidden_size * 4 * (2 + 2 * c.num_experts_per_tok));
    scatter.setup = [&context, rows] {
      auto data = MakeData(context, rows);
      Select(context.config, *data, rows, *context.pool);
      GroupAndScatter(context.config, *data, rows, *context.pool);
      CheckScatter(context.config, *data);
      return [data, &context, rows] { GroupAndScatter(context.config, *data, rows, *context.pool); };
    };
    list.push_back(std::move(scatter));
  }
}

}  // namespace tidemark
