// The matmul family: each backend on each (format, shape) of the model, for the row counts of decode and prefill.
//
// While text is generated, weights come from memory, not from a cache: between two uses of a matrix the whole model has passed
// through. So the weights are cold by default: iterations rotate over copies that together exceed the last-level cache.
#include <algorithm>
#include <cmath>
#include <memory>
#include <set>
#include <tuple>

#include "backends/backends.h"
#include "bench/benchmarks.h"
#include "bench/random_data.h"
#include "engine/core/error.h"

namespace tidemark {
namespace {

constexpr int64_t kColdBytes = int64_t{64} << 20;  // at least; twice the last-level cache where that is larger
constexpr int64_t kMaxCopies = 256;

// Weights in rotation with one input, one output.
struct MatmulData {
  std::vector<std::byte> stored;
  std::vector<std::vector<std::byte>> copies;  // further copies of the stored bytes
  std::vector<std::unique_ptr<PackedWeights>> packed;
  std::vector<float> x, y;
  size_t next = 0;
};

WeightView ViewOf(const MatmulShape& shape, const std::byte* data) {
  WeightView view;
  view.name = shape.role;
  view.format = shape.format;
  view.n = shape.n;
  view.k = shape.k;
  view.data = data;
  return view;
}

int64_t CopyCount(const BenchContext& context, int64_t matrix_bytes) {
  if (!context.cold) return 1;
  const int64_t wanted = std::max(kColdBytes, 2 * context.cpu.l3_bytes);
  return std::clamp((wanted + matrix_bytes - 1) / matrix_bytes, int64_t{1}, kMaxCopies);
}

// Compares the first rows with a double-precision product: a fast kernel that is wrong must not get a time.
void CheckProduct(const MatmulShape& shape, const MatmulData& data, int64_t m, Precision precision) {
  const double unit = precision == Precision::kExact ? 0x1p-22 : precision == Precision::kBf16 ? 0x1p-7 : 0x1p-5;
  const WeightView view = ViewOf(shape, data.stored.data());
  std::vector<float> row(static_cast<size_t>(shape.k));
  for (int64_t j = 0; j < shape.n; j += std::max<int64_t>(1, shape.n / 16)) {
    DequantizeRow(view, j, row);
    for (int64_t i = 0; i < std::min<int64_t>(m, 4); ++i) {
      double sum = 0, magnitude = 0;
      for (int64_t t = 0; t < shape.k; ++t) {
        const double product = double{row[static_cast<size_t>(t)]} * data.x[static_cast<size_t>(i * shape.k + t)];
        sum += product;
        magnitude += std::abs(product);
      }
      const double got = data.y[static_cast<size_t>(i * shape.n + j)];
      if (!(std::abs(got - sum) <= unit * magnitude + 1e-30)) {
        throw Error(fmt::format("wrong result at row {}, column {}", i, j), fmt::format("{}", got), fmt::format("{}", sum));
      }
    }
  }
}

void RunNext(const MatmulBackend& backend, MatmulData& data, const MatmulShape& shape, int64_t m, ThreadPool& pool) {
  const MatmulCall call{data.packed[data.next].get(), {data.x.data(), m, shape.k, shape.k}, {data.y.data(), m, shape.n, shape.n}};
  backend.Run({&call, 1}, pool);
  data.next = (data.next + 1) % data.packed.size();
}

std::function<void()> Setup(const BenchContext& context, const MatmulBackend& backend, const MatmulShape& shape, int64_t m) {
  auto data = std::make_shared<MatmulData>();
  data->stored = RandomStored(*shape.format, shape.n * shape.k, context.seed);
  data->x = RandomFloats(m * shape.k, 1.0f, context.seed + 1);
  data->y.resize(static_cast<size_t>(m * shape.n));
  const int64_t copies = CopyCount(context, static_cast<int64_t>(data->stored.size()));
  data->copies.assign(static_cast<size_t>(copies - 1), data->stored);
  data->packed.push_back(backend.Pack(ViewOf(shape, data->stored.data()), *context.pool));
  for (const auto& copy : data->copies) data->packed.push_back(backend.Pack(ViewOf(shape, copy.data()), *context.pool));
  RunNext(backend, *data, shape, m, *context.pool);
  CheckProduct(shape, *data, m, backend.PrecisionFor({shape.format, shape.n, shape.k}));
  return [data, &backend, shape, m, pool = context.pool] { RunNext(backend, *data, shape, m, *pool); };
}

}  // namespace

void AddMatmulBenchmarks(const BenchContext& context, BenchList& list) {
  for (const MatmulBackend* backend : context.backends) {
    std::set<std::tuple<const Format*, int64_t, int64_t>> seen;  // gate and up have the same shape: measured once
    for (const MatmulShape& shape : context.shapes) {
      if (shape.format->dequantize == nullptr || !seen.insert({shape.format, shape.n, shape.k}).second) continue;
      if (!backend->WhyNot({shape.format, shape.n, shape.k}, context.cpu).empty()) continue;
      for (const int64_t m : context.rows) {
        Benchmark b;
        b.name = fmt::format("matmul/{}/{}/m:{}/n:{}/k:{}/threads:{}/{}", backend->Name(), shape.format->name, m, shape.n,
                             shape.k, context.pool->size(), context.cold ? "cold" : "warm");
        b.setup = [&context, backend, shape, m] { return Setup(context, *backend, shape, m); };
        b.flops = 2.0 * static_cast<double>(m * shape.n * shape.k);
        b.bytes = static_cast<double>(shape.format->Bytes(shape.n * shape.k) + 4 * m * (shape.n + shape.k));
        b.label = fmt::format("{}, {} uses per token", shape.role, shape.uses_per_token);
        list.push_back(std::move(b));
      }
    }
  }
}

}  // namespace tidemark
