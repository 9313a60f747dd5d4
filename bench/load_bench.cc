// The load family: opening the model file (headers, tokenizer data, checks), and packing its largest matrices for each backend.
#include <algorithm>
#include <memory>
#include <set>

#include "bench/benchmarks.h"
#include "bench/random_data.h"
#include "engine/core/error.h"
#include "engine/weights/weight_store.h"

namespace tidemark {
namespace {

void AddOpen(const BenchContext& context, BenchList& list) {
  Benchmark b;
  b.name = "load/open";
  b.items = 1;
  b.label = "header, metadata and every tensor's bounds; page cache warm";
  b.setup = [&context] {
    if (WeightStore::Open(context.model_path)->Config().hidden_size != context.config.hidden_size)
      throw Error(context.model_path.string(), "another model", "the model of this run");
    return [path = context.model_path] { benchmark::DoNotOptimize(WeightStore::Open(path)); };
  };
  list.push_back(std::move(b));
}

// One matrix of about 16 MiB per format: rates, not totals.
void AddPack(const BenchContext& context, BenchList& list, const MatmulBackend& backend, const Format& format, int64_t k) {
  const int64_t n = std::max<int64_t>(16, (int64_t{16} << 20) / format.Bytes(k) / 16 * 16);
  Benchmark b;
  b.name = fmt::format("load/pack/{}/{}/n:{}/k:{}/threads:{}", backend.Name(), format.name, n, k, context.pool->size());
  b.bytes = static_cast<double>(format.Bytes(n * k));
  b.setup = [&context, &backend, &format, n, k] {
    auto stored = std::make_shared<std::vector<std::byte>>();
    const auto some = RandomStored(format, 16 * k, context.seed);
    for (int64_t r = 0; r < n; r += 16) stored->insert(stored->end(), some.begin(), some.end());
    WeightView view;
    view.name = "load";
    view.format = &format;
    view.n = n;
    view.k = k;
    view.data = stored->data();
    return [stored, view, &backend, pool = context.pool] { benchmark::DoNotOptimize(backend.Pack(view, *pool)); };
  };
  list.push_back(std::move(b));
}

}  // namespace

void AddLoadBenchmarks(const BenchContext& context, BenchList& list) {
  if (!context.model_path.empty()) AddOpen(context, list);
  for (const MatmulBackend* backend : context.backends) {
    std::set<const Format*> seen;
    for (const MatmulShape& shape : context.shapes) {
      if (shape.format->dequantize == nullptr || shape.k != context.config.hidden_size || !seen.insert(shape.format).second)
        continue;
      if (backend->WhyNot({shape.format, shape.n, shape.k}, context.cpu).empty())
        AddPack(context, list, *backend, *shape.format, shape.k);
    }
  }
}

}  // namespace tidemark
