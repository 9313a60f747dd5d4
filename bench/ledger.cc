#include "bench/ledger.h"

#include <algorithm>
#include <map>

#include "bench/benchmarks.h"
#include "bench/cold_weights.h"
#include "bench/random_data.h"
#include "engine/core/error.h"
#include "engine/generate/sampler.h"
#include "engine/model/matmuls.h"

namespace tidemark {
namespace {

constexpr double kSecondsEach = 0.1;

BenchContext MakeContext(const LoadedModel& model, const SpeedVariant& variant, const SpeedOptions& options, ThreadPool& pool,
                         int64_t depth) {
  const WeightStore& store = *model.store;
  BenchContext context;
  context.config = store.Config();
  context.shapes = ModelShapes(store.Config(), [&](const std::string& tensor, int64_t n, int64_t k) {
    return tensor.ends_with("_exps.weight") ? store.GetExpert(tensor, 0, n, k).format : store.Get(tensor, n, k).format;
  });
  context.cpu = variant.load.cpu;
  context.pool = &pool;
  context.rows = {1};
  context.depths = {depth};
  context.kv_formats = {variant.kv_format};
  context.seed = options.seed;
  return context;
}

// The products of one layer that run as one list, and how often a token does that.
struct Group {
  Op op;
  const MatmulBackend* backend;
  std::vector<const MatmulShape*> shapes;
  int64_t calls_each = 1;  // of each shape: the k chosen experts
  double times = 0;
};

// The first backend of the list that can run a matrix has it: the packer's rule.
const MatmulBackend* BackendOf(const MatmulShape& shape, const LoadOptions& load) {
  const auto first = std::find_if(load.backends.begin(), load.backends.end(), [&](const MatmulBackend* backend) {
    return backend->WhyNot({shape.format, shape.n, shape.k}, load.cpu).empty();
  });
  return first == load.backends.end() ? nullptr : *first;
}

// Matrices of one operation that equally many layers have are one list (q, k and v; gate and up, fused). A role that comes in
// several formats, each in some layers, as in mixed quantisations, is in several lists: no layer has two of its kind.
std::vector<Group> Groups(const BenchContext& context, const LoadOptions& load) {
  std::vector<Group> groups;
  for (const MatmulShape& shape : context.shapes) {
    const MatmulBackend* backend = BackendOf(shape, load);
    if (backend == nullptr) continue;
    const int64_t each = shape.role.starts_with("expert_") ? context.config.num_experts_per_tok : 1;
    const double times = static_cast<double>(shape.uses_per_token) / static_cast<double>(each);
    const auto same = std::find_if(groups.begin(), groups.end(), [&](const Group& g) {
      return g.op == OpOfRole(shape.role) && g.backend == backend && g.times == times &&
             std::none_of(g.shapes.begin(), g.shapes.end(), [&](const MatmulShape* s) { return s->role == shape.role; });
    });
    if (same == groups.end()) {
      groups.push_back({OpOfRole(shape.role), backend, {&shape}, each, times});
    } else {
      same->shapes.push_back(&shape);
    }
  }
  return groups;
}

bool RunsGated(const PackedWeights* gate, const PackedWeights* up, const float* x, float* y) {
  const WeightView& w = up->view();
  return up->backend().RunsFused({.w = up, .x = {x, 1, w.k, w.k}, .y = {y, 1, w.n, w.n}, .gate = gate});
}

// Seconds of one list with cold weights, one row of input per matrix.
double MeasureGroup(const Group& group, const BenchContext& context) {
  std::vector<RotatingWeights> weights;
  int64_t bytes = 0, n = 0, k = 0;
  for (const MatmulShape* s : group.shapes) {
    bytes += s->format->Bytes(s->n * s->k);
    n = std::max(n, s->n);
    k = std::max(k, s->k);
  }
  // A multiple of the calls in one list, so that no matrix occurs twice in it.
  const int64_t lists = ColdCopies(context, bytes * group.calls_each);
  for (const MatmulShape* s : group.shapes)
    weights.emplace_back(*group.backend, *s, lists * group.calls_each, context.seed, *context.pool);
  const std::vector<float> x = RandomFloats(group.calls_each * k, 1.0f, context.seed + 1);
  std::vector<float> y(group.shapes.size() * static_cast<size_t>(group.calls_each * n));
  std::vector<MatmulCall> calls;
  Workspace workspace(*context.pool);
  // A backend that does not fuse the gated unit runs two products, and SwiGLU has a line of its own.
  const bool pair = group.shapes.size() == 2 && (group.op == Op::kExpertGateUp || group.op == Op::kDenseGateUp);
  const bool gated = pair && RunsGated(weights[0].Next(), weights[1].Next(), x.data(), y.data());
  const auto add = [&](size_t i, int64_t c, const PackedWeights* gate) {
    const MatmulShape& s = *group.shapes[i];
    float* to = y.data() + (static_cast<int64_t>(i) * group.calls_each + c) * n;
    calls.push_back({.w = weights[i].Next(), .x = {x.data() + c * k, 1, s.k, s.k}, .y = {to, 1, s.n, s.n}, .gate = gate});
  };
  const OpKernels& ops = BestOpKernels(context.cpu);
  return TimeBody(
      [&] {
        calls.clear();
        for (int64_t c = 0; c < group.calls_each; ++c) {
          if (gated) {
            add(1, c, weights[0].Next());
          } else {
            for (size_t i = 0; i < weights.size(); ++i) add(i, c, nullptr);
          }
        }
        RunMatmuls(calls, workspace, group.op, ops);
      },
      kSecondsEach);
}

// Drawing the largest of logits that a product has just written.
double MeasureSampling(const BenchContext& context) {
  const std::vector<float> logits = RandomFloats(context.config.vocab_size, 3.0f, context.seed);
  int64_t sum = 0;
  const double seconds = TimeBody([&] { sum += Argmax(logits).value_or(-1); }, kSecondsEach);
  TM_CHECK(sum >= 0, "random logits without a largest one");
  return seconds;
}

void Measure(const BenchList& list, const SpeedOptions& options, std::map<Op, double>& seconds) {
  for (const Benchmark& b : list) {
    if (b.uses.empty() || (options.cancel != nullptr && options.cancel->load())) continue;
    if (options.progress) options.progress("ledger: " + b.name);
    const double each = TimeBody(b.setup(), kSecondsEach);
    for (const OpUse& use : b.uses) seconds[use.op] += use.times * each;
  }
}

}  // namespace

void AddMicroBenchmarks(const LoadedModel& model, const SpeedVariant& variant, const SpeedOptions& options, ThreadPool& pool,
                        Ledger& ledger) {
  std::map<Op, double> seconds;
  BenchContext context = MakeContext(model, variant, options, pool, ledger.depth);
  BenchList list;
  for (auto* add : {AddRoutingBenchmarks, AddAttentionBenchmarks, AddShortConvBenchmarks, AddNormBenchmarks, AddRopeBenchmarks,
                    AddElementwiseBenchmarks, AddDequantizeBenchmarks})
    add(context, list);
  Measure(list, options, seconds);
  for (const Group& group : Groups(context, variant.load)) {
    if (options.cancel != nullptr && options.cancel->load()) break;
    if (options.progress) options.progress(fmt::format("ledger: {}", OpName(group.op)));
    seconds[group.op] += group.times * MeasureGroup(group, context);
  }
  if (options.cancel != nullptr && options.cancel->load()) return;  // a part of them would look like a remainder
  for (LedgerLine& line : ledger.lines) {
    if (line.name == kSamplingLine) line.micro_seconds = MeasureSampling(context);
  }
  for (const auto& [op, each] : seconds) {
    const auto line = std::find_if(ledger.lines.begin(), ledger.lines.end(),
                                   [&, op = op](const LedgerLine& l) { return l.name == OpName(op); });
    if (line != ledger.lines.end()) line->micro_seconds = each;
  }
}

}  // namespace tidemark
