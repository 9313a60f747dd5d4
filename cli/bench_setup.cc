#include "cli/bench_setup.h"

#include "backends/backends.h"

namespace tidemark::cli {

BenchContext MakeBenchContext(const WeightStore& store, const std::string& backends, const Cpu& cpu, ThreadPool& pool) {
  BenchContext context;
  context.config = store.Config();
  context.shapes = ModelShapes(store.Config(), [&](const std::string& tensor, int64_t n, int64_t k) {
    return tensor.ends_with("_exps.weight") ? store.GetExpert(tensor, 0, n, k).format : store.Get(tensor, n, k).format;
  });
  context.cpu = cpu;
  context.pool = &pool;
  if (backends == "all") {
    for (const BackendEntry& entry : AllBackends()) {
      if (entry.backend != nullptr && entry.backend->WhyNot({}, cpu).empty()) context.backends.push_back(entry.backend);
    }
  } else {
    context.backends = ParseBackendList(backends, cpu);
  }
  return context;
}

}  // namespace tidemark::cli
