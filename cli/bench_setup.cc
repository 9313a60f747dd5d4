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

std::vector<const Format*> ParseFormats(const std::vector<std::string>& names, const ModelConfig& config) {
  std::vector<const Format*> formats;
  std::string known = "all";
  for (const Format* format : AllFormats()) {
    if (format->dequantize != nullptr) known.append(", ").append(format->name);
  }
  const auto fits = [&](const Format* format) { return config.hidden_size % format->block_values == 0; };
  for (const std::string& name : names) {
    if (name == "all") {
      for (const Format* format : AllFormats()) {
        if (format->dequantize != nullptr && fits(format)) formats.push_back(format);
      }
      continue;
    }
    const Format* format = FindFormat(name);
    if (format == nullptr || format->dequantize == nullptr) throw Error("--formats", Printable(name), "names of: " + known);
    if (!fits(format)) {
      throw Error("--formats", name, fmt::format("a format whose blocks divide rows of {} values", config.hidden_size),
                  fmt::format("its blocks have {}", format->block_values));
    }
    formats.push_back(format);
  }
  std::vector<const Format*> distinct;
  for (const Format* format : formats) {
    if (std::find(distinct.begin(), distinct.end(), format) == distinct.end()) distinct.push_back(format);
  }
  return distinct;
}

BenchContext MakeBenchContext(const WeightStore& store, const std::string& backends, const Cpu& cpu, ThreadPool& pool,
                              const std::vector<const Format*>& formats) {
  BenchContext context;
  context.config = store.Config();
  context.shapes = ModelShapes(store.Config(), [&](const std::string& tensor, int64_t n, int64_t k) {
    return tensor.ends_with("_exps.weight") ? store.GetExpert(tensor, 0, n, k).format : store.Get(tensor, n, k).format;
  });
  context.matmul_formats = formats;
  context.cpu = cpu;
  context.pool = &pool;
  if (backends == "best") {
    context.backends = BestBackends(MatmulShapes(context), cpu);
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
