// The routing family: what a mixture-of-experts layer does around its matrix products.
//
// Rows are gathered by RunMatmuls, for backends that do not take them as they lie: naive, the libraries, own kernels with vectors
// of floats. Integer kernels and those on tiles gather while they prepare their inputs, which the experts family measures. So
// `gather` is RunMatmuls with a backend of the former kind that has next to nothing to multiply.
#include <algorithm>
#include <cmath>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "bench/benchmarks.h"
#include "bench/expert_loads.h"
#include "bench/random_data.h"
#include "engine/core/error.h"
#include "engine/model/matmuls.h"
#include "engine/ops/experts.h"
#include "engine/ops/router.h"

namespace tidemark {
namespace {

// y[i, 0] = x[i, 0]: the product with one row of w, (1, 0, 0, ...).
class FirstColumn final : public MatmulBackend {
 public:
  std::string_view Name() const override { return "first_column"; }
  Precision PrecisionFor(const MatmulProblem&) const override { return Precision::kExact; }
  std::string WhyNot(const MatmulProblem&, const Cpu&) const override { return {}; }
  std::unique_ptr<PackedWeights> Pack(const WeightView& view, ThreadPool&) const override {
    return std::make_unique<PackedWeights>(this, view);
  }
  void Run(std::span<const MatmulCall> calls, ThreadPool&) const override {
    for (const MatmulCall& call : calls) {
      for (int64_t i = 0; i < call.m(); ++i) call.y.data[i * call.y.stride] = call.XRow(i)[0];
    }
  }
};

struct RoutingData {
  std::vector<float> x, weight, bias, scores, weights;
  std::vector<float> gathered, first_column, y;  // rows and their first values by slot; what is scattered back
  std::vector<int32_t> experts;
  ExpertPlan plan;
  std::unique_ptr<Workspace> workspace;
  const OpKernels* ops = nullptr;
};

void Select(const ModelConfig& c, RoutingData& data, int64_t rows, ThreadPool& pool) {
  RouterScores({data.x.data(), rows, c.hidden_size, c.hidden_size},
               {data.weight.data(), c.num_experts, c.hidden_size, c.hidden_size},
               {data.scores.data(), rows, c.num_experts, c.num_experts}, pool, *data.ops);
  RouterOptions options;
  options.num_experts_per_tok = c.num_experts_per_tok;
  options.norm_topk_prob = c.norm_topk_prob;
  options.routed_scaling_factor = static_cast<float>(c.routed_scaling_factor);
  const int64_t k = c.num_experts_per_tok;
  SelectExperts({data.scores.data(), rows, c.num_experts, c.num_experts}, data.bias, options, data.experts,
                {data.weights.data(), rows, k, k}, pool);
}

void Gather(const ModelConfig& c, RoutingData& data, int64_t rows, ThreadPool&) {
  static const FirstColumn backend;
  static const PackedWeights w(&backend, {.name = "first column", .n = 1});
  const int64_t h = c.hidden_size;
  std::vector<MatmulCall> calls;
  for (const auto& [expert, first, slots] : data.plan.ranges) {
    const Matrix y{data.first_column.data() + first, slots, 1, 1};
    calls.push_back({.w = &w, .x = {data.x.data(), rows, h, h}, .y = y, .rows = data.plan.slot_token.data() + first});
  }
  RunMatmuls(calls, *data.workspace, Op::kExpertGateUp, *data.ops);
}

void Scatter(const ModelConfig& c, RoutingData& data, int64_t rows, ThreadPool& pool) {
  const int64_t h = c.hidden_size, slots = rows * c.num_experts_per_tok;
  ScatterAddRows({data.gathered.data(), slots, h, h}, data.plan, {data.y.data(), rows, h, h}, pool, *data.ops);
}

// Everything that the benchmarks read has been computed. load: nullptr: as the random router chose.
std::shared_ptr<RoutingData> MakeData(const BenchContext& context, int64_t rows, const ExpertLoad* load) {
  const ModelConfig& c = context.config;
  auto data = std::make_shared<RoutingData>();
  data->ops = &BestOpKernels(context.cpu);
  data->x = RandomFloats(rows * c.hidden_size, 1.0f, context.seed);
  data->weight = RandomFloats(c.num_experts * c.hidden_size, 0.05f, context.seed + 1);
  data->bias = RandomFloats(c.num_experts, 0.01f, context.seed + 2);
  data->scores.resize(static_cast<size_t>(rows * c.num_experts));
  data->weights.resize(static_cast<size_t>(rows * c.num_experts_per_tok));
  data->experts.resize(static_cast<size_t>(rows * c.num_experts_per_tok));
  data->gathered.resize(static_cast<size_t>(rows * c.num_experts_per_tok * c.hidden_size));
  data->first_column.resize(data->experts.size());
  data->y.resize(static_cast<size_t>(rows * c.hidden_size));
  data->workspace = std::make_unique<Workspace>(*context.pool);
  Select(c, *data, rows, *context.pool);
  if (load != nullptr) data->experts = DrawExperts(*load, rows, c.num_experts_per_tok, context.seed);
  data->plan = PlanExperts(data->experts, data->weights, c.num_experts_per_tok, c.num_experts);
  for (size_t slot = 0; slot < data->plan.slot_token.size(); ++slot) {
    const float* row = data->x.data() + data->plan.slot_token[slot] * c.hidden_size;
    std::copy_n(row, c.hidden_size, data->gathered.begin() + static_cast<int64_t>(slot) * c.hidden_size);
  }
  return data;
}

// The plan against a plain grouping: the rows of each expert in ascending order, one expert after another, and for each row its
// slots with their weights by ascending expert.
void CheckGroup(const ModelConfig& c, const RoutingData& data, int64_t rows) {
  const auto k = static_cast<size_t>(c.num_experts_per_tok);
  ExpertPlan plain;
  std::vector<std::vector<std::pair<int32_t, float>>> of_row(static_cast<size_t>(rows));  // slots with weights
  for (int64_t expert = 0; expert < c.num_experts; ++expert) {
    const auto first = static_cast<int64_t>(plain.slot_token.size());
    for (size_t choice = 0; choice < data.experts.size(); ++choice) {
      if (data.experts[choice] != expert) continue;
      of_row[choice / k].emplace_back(static_cast<int32_t>(plain.slot_token.size()), data.weights[choice]);
      plain.slot_token.push_back(static_cast<int32_t>(choice / k));
    }
    const int64_t slots = static_cast<int64_t>(plain.slot_token.size()) - first;
    if (slots > 0) plain.ranges.push_back({expert, first, slots});
  }
  for (const auto& slots : of_row) {
    for (const auto& [slot, weight] : slots) {
      plain.token_slots.push_back(slot);
      plain.token_weights.push_back(weight);
    }
  }
  const auto same_range = [](const ExpertPlan::Range& a, const ExpertPlan::Range& b) {
    return a.expert == b.expert && a.first_slot == b.first_slot && a.slots == b.slots;
  };
  const auto& plan = data.plan;
  const bool same_ranges =
      std::equal(plan.ranges.begin(), plan.ranges.end(), plain.ranges.begin(), plain.ranges.end(), same_range);
  if (!same_ranges || plan.slot_token != plain.slot_token || plan.token_slots != plain.token_slots ||
      plan.token_weights != plain.token_weights)
    throw Error("grouping by expert", "another plan", "the rows of each expert in ascending order");
}

void CheckGather(const ModelConfig& c, const RoutingData& data) {
  for (size_t slot = 0; slot < data.first_column.size(); ++slot) {
    const float expected = data.gathered[slot * static_cast<size_t>(c.hidden_size)], got = data.first_column[slot];
    if (got != expected) throw Error(fmt::format("gather, slot {}", slot), fmt::format("{}", got), fmt::format("{}", expected));
  }
}

// Scattering the gathered rows back must give x times the sum of its routing weights.
void CheckScatter(const ModelConfig& c, const RoutingData& data, int64_t rows) {
  for (const int64_t r : {int64_t{0}, rows / 2, rows - 1}) {
    double sum = 0;
    for (int64_t j = 0; j < c.num_experts_per_tok; ++j) sum += data.weights[static_cast<size_t>(r * c.num_experts_per_tok + j)];
    for (int64_t i = r * c.hidden_size; i < (r + 1) * c.hidden_size; ++i) {
      const double expected = data.x[static_cast<size_t>(i)] * sum, got = data.y[static_cast<size_t>(i)];
      if (!(std::abs(got - expected) <= 1e-5 * (1 + std::abs(expected))))
        throw Error(fmt::format("scatter, row {}", r), fmt::format("{}", got), fmt::format("{}", expected));
    }
  }
}

using Body = void (*)(const BenchContext&, RoutingData&, int64_t rows);

void AddOne(const BenchContext& context, BenchList& list, const std::string& name, int64_t rows, const ExpertLoad* load,
            double bytes, OpUse use, Body body) {
  Benchmark b;
  b.name = name;
  b.items = static_cast<double>(rows);
  b.bytes = bytes;
  if (rows == 1) b.uses = {use};
  std::optional<ExpertLoad> copy;
  if (load != nullptr) copy = *load;
  b.setup = [&context, rows, copy, body] {
    auto data = MakeData(context, rows, copy ? &*copy : nullptr);
    CheckGroup(context.config, *data, rows);
    Gather(context.config, *data, rows, *context.pool);
    CheckGather(context.config, *data);
    Scatter(context.config, *data, rows, *context.pool);
    CheckScatter(context.config, *data, rows);
    return [data, &context, rows, body] { body(context, *data, rows); };
  };
  list.push_back(std::move(b));
}

}  // namespace

void AddRoutingBenchmarks(const BenchContext& context, BenchList& list) {
  const ModelConfig& c = context.config;
  if (c.num_experts == 0) return;  // a dense model routes nothing
  const auto layers = static_cast<double>(c.num_hidden_layers - c.num_dense_layers);
  for (const int64_t rows : context.rows) {
    const std::string tail = fmt::format("/experts:{}/top:{}/hidden:{}/rows:{}/threads:{}", c.num_experts, c.num_experts_per_tok,
                                         c.hidden_size, rows, context.pool->size());
    const auto row_bytes = static_cast<double>(rows * c.hidden_size * 4), k = static_cast<double>(c.num_experts_per_tok);
    AddOne(context, list, "routing/select" + tail, rows, nullptr,
           static_cast<double>(c.num_experts * c.hidden_size * 4) + row_bytes, {Op::kRouting, layers},
           [](const BenchContext& x, RoutingData& d, int64_t r) { Select(x.config, d, r, *x.pool); });
    list.back().flops = 2.0 * static_cast<double>(rows * c.num_experts * c.hidden_size);
    for (const ExpertLoad& load : ExpertLoads(context)) {
      if (rows == 1 && load.name != "uniform") continue;  // k experts with one row each, whatever the load
      const std::string end = fmt::format("/load:{}{}", load.name, tail);
      AddOne(context, list, "routing/group" + end, rows, &load, 0, {Op::kRouting, layers},
             [](const BenchContext& x, RoutingData& d, int64_t) {
               d.plan = PlanExperts(d.experts, d.weights, x.config.num_experts_per_tok, x.config.num_experts);
             });
      AddOne(context, list, "routing/gather" + end, rows, &load, row_bytes * (1 + k), {Op::kGather, layers},
             [](const BenchContext& x, RoutingData& d, int64_t r) { Gather(x.config, d, r, *x.pool); });
      AddOne(context, list, "routing/scatter" + end, rows, &load, row_bytes * (2 + k), {Op::kScatter, layers},
             [](const BenchContext& x, RoutingData& d, int64_t r) { Scatter(x.config, d, r, *x.pool); });
    }
  }
}

}  // namespace tidemark
