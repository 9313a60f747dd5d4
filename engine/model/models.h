// The table of architectures: one file that defines a factory, one row in models.cc.
#ifndef TIDEMARK_ENGINE_MODEL_MODELS_H_
#define TIDEMARK_ENGINE_MODEL_MODELS_H_

#include <memory>
#include <span>
#include <string_view>

#include "engine/model/model.h"

namespace tidemark {

struct ArchitectureEntry {
  std::string_view name;     // ModelConfig::architecture
  std::string_view summary;  // one line for `list models`
  std::unique_ptr<Model> (*load)(const WeightStore& store, const LoadOptions& options, ThreadPool& pool);
};

std::span<const ArchitectureEntry> AllArchitectures();

}  // namespace tidemark

#endif  // TIDEMARK_ENGINE_MODEL_MODELS_H_
