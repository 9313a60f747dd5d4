// The matmul family: each backend on each (format, shape) of the model, for the row counts of decode and prefill.
#include <algorithm>
#include <memory>
#include <set>
#include <tuple>

#include "backends/backends.h"
#include "bench/benchmarks.h"
#include "bench/cold_weights.h"
#include "bench/random_data.h"
#include "engine/core/error.h"

namespace tidemark {
namespace {

constexpr int64_t kMostHeadRows = 64;  // a forward pass multiplies the head in blocks of so many rows at most

// Packed copies that all row counts of one shape share. Freed with the last benchmark that has run on them.
struct SharedWeights {
  std::weak_ptr<RotatingWeights> weights;
};

struct MatmulData {
  std::shared_ptr<RotatingWeights> weights;
  std::vector<float> x, y;
};

std::function<void()> Setup(const BenchContext& context, const MatmulBackend& backend, const MatmulShape& shape, int64_t m,
                            bool cold, SharedWeights& shared) {
  auto data = std::make_shared<MatmulData>();
  data->weights = shared.weights.lock();
  if (data->weights == nullptr) {
    const int64_t copies = cold ? ColdCopies(context, shape.format->Bytes(shape.n * shape.k)) : 1;
    data->weights = std::make_shared<RotatingWeights>(backend, shape, copies, context.seed, *context.pool);
    shared.weights = data->weights;
  }
  data->x = RandomFloats(m * shape.k, 1.0f, context.seed + 1);
  data->y.resize(static_cast<size_t>(m * shape.n));
  const auto run = [data, &backend, m, n = shape.n, k = shape.k, pool = context.pool] {
    const MatmulCall call{data->weights->Next(), {data->x.data(), m, k, k}, {data->y.data(), m, n, n}};
    backend.Run({&call, 1}, *pool);
  };
  run();
  CheckProduct(data->weights->view(), {data->x.data(), m, shape.k, shape.k}, {data->y.data(), m, shape.n, shape.n},
               backend.PrecisionFor({shape.format, shape.n, shape.k}));
  const std::vector<float> first = data->y;
  for (size_t copy = 1; copy < std::min<size_t>(data->weights->copies(), 3); ++copy) {
    run();
    if (data->y != first) throw Error("another copy of the weights", "another result", "the same");
  }
  return run;
}

// All roles with this format and shape: gate and up are one benchmark with the uses of both.
void Describe(const std::vector<MatmulShape>& shapes, const MatmulShape& shape, Benchmark& b) {
  for (const MatmulShape& s : shapes) {
    if (s.format != shape.format || s.n != shape.n || s.k != shape.k) continue;
    b.uses.push_back({OpOfRole(s.role), static_cast<double>(s.uses_per_token)});
    b.uses_per_token += static_cast<double>(s.uses_per_token);
    b.label += fmt::format("{}{} x {}", b.label.empty() ? "" : ", ", s.uses_per_token, s.role);
  }
  b.label += " per token";
}

}  // namespace

std::vector<MatmulShape> MatmulShapes(const BenchContext& context) {
  if (context.matmul_formats.empty()) return context.shapes;
  std::vector<MatmulShape> roles;  // a mixed file stores a role in several formats, each in some layers
  for (const MatmulShape& shape : context.shapes) {
    const auto same = std::find_if(roles.begin(), roles.end(), [&](const MatmulShape& s) { return s.role == shape.role; });
    if (same == roles.end()) {
      roles.push_back(shape);
    } else {
      same->uses_per_token += shape.uses_per_token;
    }
  }
  std::vector<MatmulShape> shapes;
  for (const Format* format : context.matmul_formats) {
    for (const MatmulShape& role : roles) {
      if (role.k % format->block_values != 0) continue;
      shapes.push_back(role);
      shapes.back().format = format;
    }
  }
  return shapes;
}

void AddMatmulBenchmarks(const BenchContext& context, BenchList& list) {
  const std::vector<MatmulShape> shapes = MatmulShapes(context);
  for (const MatmulBackend* backend : context.backends) {
    std::set<std::tuple<const Format*, int64_t, int64_t>> seen;
    for (const MatmulShape& shape : shapes) {
      const MatmulProblem problem{shape.format, shape.n, shape.k};
      if (shape.format->dequantize == nullptr || !seen.insert({shape.format, shape.n, shape.k}).second) continue;
      if (!backend->WhyNot(problem, context.cpu).empty()) continue;
      for (const bool cold : {true, false}) {
        if (cold ? !context.cold : context.cold && !context.warm) continue;
        const auto shared = std::make_shared<SharedWeights>();
        for (const int64_t m : context.rows) {
          if (shape.role == "head" && m > kMostHeadRows) continue;
          Benchmark b;
          b.name = fmt::format("matmul/{}/{}/m:{}/n:{}/k:{}/threads:{}/{}", backend->Name(), shape.format->name, m, shape.n,
                               shape.k, context.pool->size(), cold ? "cold" : "warm");
          b.setup = [&context, backend, shape, m, cold, shared] { return Setup(context, *backend, shape, m, cold, *shared); };
          b.flops = 2.0 * static_cast<double>(m * shape.n * shape.k);
          b.bytes = static_cast<double>(shape.format->Bytes(shape.n * shape.k) + 4 * m * (shape.n + shape.k));
          b.precision = backend->PrecisionFor(problem);
          Describe(shapes, shape, b);
          if (m != 1 || !cold) b.uses.clear();
          list.push_back(std::move(b));
        }
      }
    }
  }
}

}  // namespace tidemark
