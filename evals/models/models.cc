#include "evals/models/models.h"

#include "engine/core/error.h"
#include "evals/models/engine_model.h"
#include "evals/models/openai_model.h"
#include "evals/models/replay_model.h"

namespace tidemark {
namespace {

std::unique_ptr<TextModel> OpenEngine(const std::string& rest, const ModelOptions& options) {
  return std::make_unique<EngineModel>(options.resolve ? options.resolve(rest) : ModelFile{rest, rest}, options);
}

std::unique_ptr<TextModel> OpenReplay(const std::string& rest, const ModelOptions&) {
  return std::make_unique<ReplayModel>(rest);
}

std::unique_ptr<TextModel> OpenOpenAi(const std::string& rest, const ModelOptions& options) {
  return std::make_unique<OpenAiModel>(rest, options);
}

constexpr ModelEntry kModels[] = {
    {"engine", "PATH or default", "our own engine: a GGUF file, a safetensors file or directory, or the embedded model",
     &OpenEngine},
    {"openai", "openai:URL#MODEL", "a server with OpenAI's chat completions: llama.cpp, vLLM, SGLang and others", &OpenOpenAi},
    {"replay", "replay:FILE", "stored responses: completions.jsonl, or rows {\"prompt\" or \"key\", \"response\"}", &OpenReplay},
};

}  // namespace

std::span<const ModelEntry> AllModels() { return kModels; }

ModelSpec ParseModelSpec(const std::string& spec) {
  if (spec.empty())
    throw Error("--model", "an empty text", "a path, \"default\" or ADAPTER:ARGUMENT",
                "for example --model default, --model model.gguf or --model openai:URL#NAME");
  std::string known;
  const size_t colon = spec.find(':');
  for (const ModelEntry& entry : kModels) {
    if (colon != spec.npos && spec.substr(0, colon) == entry.name) return {&entry, spec.substr(colon + 1)};
    known += (known.empty() ? "" : ", ") + std::string(entry.form);
  }
  std::error_code ignored;
  if (colon != spec.npos && !std::filesystem::exists(spec, ignored)) {
    throw Error("--model", "\"" + Printable(spec) + "\"", "an existing path or one of: " + known,
                "for example --model default, --model model.gguf or --model openai:URL#NAME");
  }
  return {&kModels[0], spec};
}

std::unique_ptr<TextModel> OpenTextModel(const std::string& spec, const ModelOptions& options) {
  const ModelSpec parsed = ParseModelSpec(spec);
  return parsed.entry->open(parsed.rest, options);
}

}  // namespace tidemark
