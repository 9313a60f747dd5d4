// The experts family: the routed products of one mixture layer as the engine runs them, gate and up with SwiGLU on gathered rows,
// then down, as lists of calls that the backend balances, under several distributions of rows over experts. All experts of the
// layer exist, so large batches meet cold weights.
#include <algorithm>
#include <memory>

#include "bench/benchmarks.h"
#include "bench/cold_weights.h"
#include "bench/expert_loads.h"
#include "bench/random_data.h"
#include "engine/core/error.h"
#include "engine/model/matmuls.h"
#include "engine/ops/experts.h"

namespace tidemark {
namespace {

// The matrices of one layer, shared by all loads and row counts of a backend.
struct Layer {
  std::unique_ptr<RotatingWeights> gate, up, down;
  std::vector<const PackedWeights*> gates, ups, downs;  // by expert
};

struct ExpertsData {
  std::shared_ptr<Layer> layer;
  ExpertPlan plan;
  std::vector<float> x, inner, y;
  const OpKernels* ops = nullptr;
};

const MatmulShape* FindShape(const BenchContext& context, std::string_view role) {
  for (const MatmulShape& s : context.shapes) {
    if (s.role == role) return &s;
  }
  return nullptr;
}

std::shared_ptr<Layer> MakeLayer(const BenchContext& context, const MatmulBackend& backend) {
  auto layer = std::make_shared<Layer>();
  const int64_t experts = context.config.num_experts;
  const auto make = [&](std::string_view role, std::vector<const PackedWeights*>& by_expert) {
    auto weights = std::make_unique<RotatingWeights>(backend, *FindShape(context, role), experts, context.seed, *context.pool);
    for (int64_t e = 0; e < experts; ++e) by_expert.push_back(weights->Next());
    return weights;
  };
  layer->gate = make("expert_gate", layer->gates);
  layer->up = make("expert_up", layer->ups);
  layer->down = make("expert_down", layer->downs);
  return layer;
}

void Run(const ModelConfig& c, ExpertsData& data, Workspace& workspace) {
  const int64_t h = c.hidden_size, width = c.moe_intermediate_size;
  const ConstMatrix x{data.x.data(), static_cast<int64_t>(data.x.size()) / h, h, h};
  std::vector<MatmulCall> gated, down;
  for (const auto& [expert, first, slots] : data.plan.ranges) {
    const auto e = static_cast<size_t>(expert);
    const Matrix inner{data.inner.data() + first * width, slots, width, width};
    gated.push_back(
        {.w = data.layer->ups[e], .x = x, .y = inner, .gate = data.layer->gates[e], .rows = data.plan.slot_token.data() + first});
    down.push_back({.w = data.layer->downs[e], .x = inner, .y = {data.y.data() + first * h, slots, h, h}});
  }
  RunMatmuls(gated, workspace, Op::kExpertGateUp, *data.ops);
  RunMatmuls(down, workspace, Op::kExpertDown, *data.ops);
}

std::function<void()> Setup(const BenchContext& context, const MatmulBackend& backend, const ExpertLoad& load, int64_t rows,
                            std::weak_ptr<Layer>& shared) {
  const ModelConfig& c = context.config;
  const int64_t k = c.num_experts_per_tok, slots = rows * k;
  auto data = std::make_shared<ExpertsData>();
  data->ops = &BestOpKernels(context.cpu);
  data->layer = shared.lock();
  if (data->layer == nullptr) shared = data->layer = MakeLayer(context, backend);
  const std::vector<float> weights(static_cast<size_t>(slots), 1.0f / static_cast<float>(k));
  data->plan = PlanExperts(DrawExperts(load, rows, k, context.seed), weights, k, c.num_experts);
  data->x = RandomFloats(rows * c.hidden_size, 1.0f, context.seed + 1);
  data->inner.resize(static_cast<size_t>(slots * c.moe_intermediate_size));
  data->y.resize(static_cast<size_t>(slots * c.hidden_size));
  const auto workspace = std::make_shared<Workspace>(*context.pool);
  const auto run = [data, workspace, &context] { Run(context.config, *data, *workspace); };
  run();
  // The first expert's rows. What its gated unit left are the inputs of the last product; the unit itself is tested with the
  // kernels.
  const ExpertPlan::Range& range = data->plan.ranges.front();
  const MatmulShape& down = *FindShape(context, "expert_down");
  CheckProduct(data->layer->downs[static_cast<size_t>(range.expert)]->view(),
               {data->inner.data() + range.first_slot * down.k, range.slots, down.k, down.k},
               {data->y.data() + range.first_slot * down.n, range.slots, down.n, down.n},
               backend.PrecisionFor({down.format, down.n, down.k}));
  return run;
}

// Distinct experts that a load touches decide what must be read.
double Bytes(const BenchContext& context, const ExpertLoad& load, int64_t rows) {
  const ModelConfig& c = context.config;
  std::vector<int32_t> chosen = DrawExperts(load, rows, c.num_experts_per_tok, context.seed);
  std::sort(chosen.begin(), chosen.end());
  const auto distinct = std::unique(chosen.begin(), chosen.end()) - chosen.begin();
  double one = 0;
  for (const char* role : {"expert_gate", "expert_up", "expert_down"}) {
    const MatmulShape& s = *FindShape(context, role);
    one += static_cast<double>(s.format->Bytes(s.n * s.k));
  }
  return one * static_cast<double>(distinct);
}

}  // namespace

void AddExpertsBenchmarks(const BenchContext& context, BenchList& list) {
  const ModelConfig& c = context.config;
  const MatmulShape* gate = FindShape(context, "expert_gate");
  const MatmulShape* down = FindShape(context, "expert_down");
  if (c.num_experts == 0 || gate == nullptr || down == nullptr || gate->format->dequantize == nullptr) return;
  for (const MatmulBackend* backend : context.backends) {
    const MatmulProblem problem{gate->format, gate->n, gate->k};
    if (!backend->WhyNot(problem, context.cpu).empty() || !backend->WhyNot({down->format, down->n, down->k}, context.cpu).empty())
      continue;
    const auto shared = std::make_shared<std::weak_ptr<Layer>>();
    for (const ExpertLoad& load : ExpertLoads(context)) {
      for (const int64_t rows : context.rows) {
        if (rows == 1 && load.name != "uniform") continue;  // one row is the same k experts under every load
        Benchmark b;
        b.name = fmt::format("experts/{}/{}/load:{}/rows:{}/experts:{}/top:{}/n:{}/k:{}/threads:{}", backend->Name(),
                             gate->format->name, load.name, rows, c.num_experts, c.num_experts_per_tok, gate->n, gate->k,
                             context.pool->size());
        b.flops = 6.0 * static_cast<double>(rows * c.num_experts_per_tok * gate->n * gate->k);
        b.bytes = Bytes(context, load, rows);
        b.items = static_cast<double>(rows);
        b.precision = backend->PrecisionFor(problem);
        b.setup = [&context, backend, load, rows, shared] { return Setup(context, *backend, load, rows, *shared); };
        list.push_back(std::move(b));
      }
    }
  }
}

}  // namespace tidemark
