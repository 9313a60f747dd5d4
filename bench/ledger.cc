#include "bench/ledger.h"

#include <algorithm>
#include <map>

#include "bench/benchmarks.h"

namespace tidemark {
namespace {

constexpr double kSecondsEach = 0.03;

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

// The first backend of the list that can run a matrix has it: the packer's rule.
std::map<const MatmulBackend*, std::vector<MatmulShape>> ByBackend(const BenchContext& context, const LoadOptions& load) {
  std::map<const MatmulBackend*, std::vector<MatmulShape>> shapes;
  for (const MatmulShape& shape : context.shapes) {
    const auto first = std::find_if(load.backends.begin(), load.backends.end(), [&](const MatmulBackend* backend) {
      return backend->WhyNot({shape.format, shape.n, shape.k}, load.cpu).empty();
    });
    if (first != load.backends.end()) shapes[*first].push_back(shape);
  }
  return shapes;
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
  for (const auto& [backend, shapes] : ByBackend(context, variant.load)) {
    BenchContext part = context;
    part.backends = {backend};
    part.shapes = shapes;
    BenchList products;
    AddMatmulBenchmarks(part, products);
    Measure(products, options, seconds);
  }
  if (options.cancel != nullptr && options.cancel->load()) return;  // a part of them would look like a remainder
  for (const auto& [op, each] : seconds) {
    const auto line = std::find_if(ledger.lines.begin(), ledger.lines.end(),
                                   [&, op = op](const LedgerLine& l) { return l.name == OpName(op); });
    if (line != ledger.lines.end()) line->micro_seconds = each;
  }
}

}  // namespace tidemark
