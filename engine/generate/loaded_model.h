// Everything that one model file brings: weights, tokenizer, chat template, and the model packed for its backends, with what
// loading cost. The members are built in order and refer to each other, so the whole is neither copied nor moved.
#ifndef TIDEMARK_ENGINE_GENERATE_LOADED_MODEL_H_
#define TIDEMARK_ENGINE_GENERATE_LOADED_MODEL_H_

#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "engine/chat/chat_template.h"
#include "engine/core/thread_pool.h"
#include "engine/generate/generator.h"
#include "engine/model/model.h"
#include "engine/tokenizer/tokenizer.h"
#include "engine/weights/weight_store.h"

namespace tidemark {

struct LoadedModel {
  // Throws Error. options.backends must not be empty; the pool packs and is not kept.
  LoadedModel(const std::filesystem::path& path, const LoadOptions& options, ThreadPool& pool);
  LoadedModel(const LoadedModel&) = delete;
  LoadedModel& operator=(const LoadedModel&) = delete;

  std::filesystem::path path;
  std::unique_ptr<WeightStore> store;
  std::unique_ptr<Tokenizer> tokenizer;       // null: the file has none; ids still work
  std::optional<ChatTemplate> chat_template;  // nullopt: the file has none
  std::unique_ptr<Model> model;
  double open_seconds = 0;  // mapping and checking the file, building tokenizer and template
  double pack_seconds = 0;  // packing every matrix whose packing is not deferred
};

// A generator over the model that also stops at every end token the file names. The model and the pool outlive it.
Generator MakeGenerator(const LoadedModel& model, ThreadPool& pool, GeneratorOptions options);

// Ids of a conversation rendered through the chat template, ready for the assistant's turn. messages: [{"role", "content", ...}];
// tools: an array or null. BOS comes from the template alone. Throws Error: no tokenizer, no template, template errors.
std::vector<TokenId> EncodeChat(const LoadedModel& model, const nlohmann::ordered_json& messages,
                                const nlohmann::ordered_json& tools = nullptr);

// Ids of a raw prompt to be continued: one BOS in front if the model has one and the first id is not it already.
// Control tokens in the text are plain text unless parse_special. Throws Error: no tokenizer.
std::vector<TokenId> EncodePrompt(const LoadedModel& model, std::string_view text, bool parse_special);

}  // namespace tidemark

#endif  // TIDEMARK_ENGINE_GENERATE_LOADED_MODEL_H_
