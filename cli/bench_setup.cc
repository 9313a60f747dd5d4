#include "cli/bench_setup.h"

#include <algorithm>
#include <filesystem>
#include <fstream>

#include "backends/backends.h"
#include "engine/core/error.h"

namespace tidemark::cli {
namespace {

// What `auto` would take for each matrix under each bound of precision.
std::vector<const MatmulBackend*> BestBackends(const std::vector<MatmulShape>& shapes, const Cpu& cpu) {
  std::vector<const MatmulBackend*> best;
  for (const Precision bound : {Precision::kExact, Precision::kBf16, Precision::kInt8}) {
    const std::vector<const MatmulBackend*> order = ParseBackendList("auto", cpu, bound);
    for (const MatmulShape& shape : shapes) {
      const auto first = std::find_if(order.begin(), order.end(), [&](const MatmulBackend* backend) {
        return backend->WhyNot({shape.format, shape.n, shape.k}, cpu).empty();
      });
      if (first != order.end() && std::find(best.begin(), best.end(), *first) == best.end()) best.push_back(*first);
    }
  }
  return best;
}

}  // namespace

void CheckWritable(const std::string& flag, const std::string& path) {
  if (path.empty()) return;
  if (std::filesystem::is_directory(path)) throw Error(flag, Printable(path), "a file", "it is a directory");
  const std::string probe = path + ".probe";  // results are written beside and renamed, so the directory is what counts
  if (!std::ofstream(probe)) throw Error(flag, Printable(path), "a file that can be written");
  std::error_code ignored;
  std::filesystem::remove(probe, ignored);
}

BenchContext MakeBenchContext(const WeightStore& store, const std::string& backends, const Cpu& cpu, ThreadPool& pool) {
  BenchContext context;
  context.config = store.Config();
  context.shapes = ModelShapes(store.Config(), [&](const std::string& tensor, int64_t n, int64_t k) {
    return tensor.ends_with("_exps.weight") ? store.GetExpert(tensor, 0, n, k).format : store.Get(tensor, n, k).format;
  });
  context.cpu = cpu;
  context.pool = &pool;
  if (backends == "best") {
    context.backends = BestBackends(context.shapes, cpu);
  } else if (backends == "all") {
    for (const BackendEntry& entry : AllBackends()) {
      if (entry.backend != nullptr && entry.backend->WhyNot({}, cpu).empty()) context.backends.push_back(entry.backend);
    }
  } else {
    context.backends = ParseBackendList(backends, cpu);
  }
  return context;
}

}  // namespace tidemark::cli
