// The load family: opening the model file (headers, tokenizer data, checks), and packing its largest matrices for each backend.
#include <algorithm>
#include <memory>
#include <set>

#include "bench/benchmarks.h"
#include "bench/cold_weights.h"
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

// One product with the packed matrix, every element of it: a row out of its place would show.
void CheckPacked(const BenchContext& context, const MatmulBackend& backend, const WeightView& w) {
  const auto packed = backend.Pack(w, *context.pool);
  const std::vector<float> x = RandomFloats(w.k, 1.0f, context.seed + 1);
  std::vector<float> y(static_cast<size_t>(w.n));
  const MatmulCall call{packed.get(), {x.data(), 1, w.k, w.k}, {y.data(), 1, w.n, w.n}};
  backend.Run({&call, 1}, *context.pool);
  CheckProduct(w, call.x, call.y, backend.PrecisionFor({w.format, w.n, w.k}), w.n);
}

// One matrix of about 16 MiB per format: rates, not totals.
void AddPack(const BenchContext& context, BenchList& list, const MatmulBackend& backend, const Format& format, int64_t k) {
  const int64_t n = std::max<int64_t>(16, (int64_t{16} << 20) / format.Bytes(k) / 16 * 16);
  Benchmark b;
  b.name = fmt::format("load/pack/{}/{}/n:{}/k:{}/threads:{}", backend.Name(), format.name, n, k, context.pool->size());
  b.bytes = static_cast<double>(format.Bytes(n * k));
  b.setup = [&context, &backend, &format, n, k] {
    auto stored = std::make_shared<std::vector<std::byte>>();
    // Rows repeat, but no two panels are alike: a prime number of them.
    const int64_t distinct = 127;
    const auto some = RandomStored(format, distinct * k, context.seed);
    stored->reserve(static_cast<size_t>(format.Bytes(n * k)));
    for (int64_t r = 0; r < n; r += distinct)
      stored->insert(stored->end(), some.begin(), some.begin() + format.Bytes(std::min(distinct, n - r) * k));
    WeightView view;
    view.name = "load";
    view.format = &format;
    view.n = n;
    view.k = k;
    view.data = stored->data();
    CheckPacked(context, backend, view);
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
