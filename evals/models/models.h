// The table of text models: what may stand after --model.
#ifndef TIDEMARK_EVALS_MODELS_MODELS_H_
#define TIDEMARK_EVALS_MODELS_MODELS_H_

#include <filesystem>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "engine/generate/generator.h"
#include "engine/model/model.h"
#include "evals/models/endpoint_options.h"
#include "evals/text_model.h"

namespace tidemark {

// A model file and, for one that is not an ordinary file, whatever keeps it alive.
struct ModelFile {
  std::filesystem::path path;
  std::string name;  // for reports: as the user wrote it
  std::shared_ptr<const void> keep = nullptr;
};

struct ModelOptions {
  LoadOptions load;            // backends and processor
  GeneratorOptions generator;  // batch, context, KV format
  int threads = 1;
  EndpointOptions endpoint;  // how an endpoint is asked
  // Turns the text after --model into a file; "default" is the embedded model. Empty: the text is the path.
  std::function<ModelFile(const std::string& model)> resolve = {};
};

struct ModelEntry {
  std::string_view name;     // the prefix before the colon: "replay"
  std::string_view form;     // "replay:FILE"
  std::string_view summary;  // one line for `list models`
  std::unique_ptr<TextModel> (*open)(const std::string& rest, const ModelOptions& options);
};

std::span<const ModelEntry> AllModels();

// A spec is split at the first colon: a known prefix names the adapter and the rest is its own ("replay:run/completions.jsonl").
struct ModelSpec {
  const ModelEntry* entry = nullptr;
  std::string rest;
};
// Everything without a colon is a path for the engine. Throws Error for a prefix that is neither known nor part of a path that
// exists.
ModelSpec ParseModelSpec(const std::string& spec);

// ParseModelSpec, then open. Throws Error.
std::unique_ptr<TextModel> OpenTextModel(const std::string& spec, const ModelOptions& options);

}  // namespace tidemark

#endif  // TIDEMARK_EVALS_MODELS_MODELS_H_
