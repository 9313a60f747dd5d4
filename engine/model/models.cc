#include "engine/model/models.h"

#include <string>

#include "engine/core/error.h"
#include "engine/model/lfm2.h"

namespace tidemark {
namespace {

constexpr ArchitectureEntry kArchitectures[] = {
    {"lfm2", "Liquid AI LFM2 and LFM2.5, dense: gated short convolutions and grouped-query attention", LoadLfm2},
    {"lfm2moe", "Liquid AI LFM2 and LFM2.5 with mixture-of-experts feed-forward", LoadLfm2},
};

}  // namespace

std::span<const ArchitectureEntry> AllArchitectures() { return kArchitectures; }

std::unique_ptr<Model> LoadModel(const WeightStore& store, const LoadOptions& options, ThreadPool& pool) {
  const std::string& wanted = store.Config().architecture;
  std::string known;
  for (const ArchitectureEntry& entry : kArchitectures) {
    if (entry.name == wanted) return entry.load(store, options, pool);
    known += fmt::format("{}{}", known.empty() ? "one of " : ", ", entry.name);
  }
  throw Error("architecture", Printable(wanted), known);
}

}  // namespace tidemark
