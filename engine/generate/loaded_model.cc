#include "engine/generate/loaded_model.h"

#include <chrono>
#include <utility>

#include "engine/core/error.h"

namespace tidemark {
namespace {

using Clock = std::chrono::steady_clock;

double SecondsSince(Clock::time_point begin) { return std::chrono::duration<double>(Clock::now() - begin).count(); }

const Tokenizer& RequireTokenizer(const LoadedModel& model) {
  if (model.tokenizer == nullptr) {
    throw Error(model.path.string(), "no tokenizer in the file", "a model with a tokenizer", "give token ids with --ids");
  }
  return *model.tokenizer;
}

std::string TokenText(const Tokenizer& tokenizer, std::optional<TokenId> id) {
  return id ? tokenizer.TokenBytes(*id, /*print_special=*/true) : std::string();
}

}  // namespace

LoadedModel::LoadedModel(const std::filesystem::path& model_path, const LoadOptions& options, ThreadPool& pool)
    : path(model_path) {
  const auto begin = Clock::now();
  store = WeightStore::Open(path);
  const TokenizerData& data = store->Tokenizer();
  if (data.kind != TokenizerData::Kind::kNone) tokenizer = Tokenizer::Create(data);
  if (!data.chat_template.empty()) chat_template.emplace(data.chat_template, "chat template");
  open_seconds = SecondsSince(begin);
  const auto packing = Clock::now();
  model = LoadModel(*store, options, pool);
  pack_seconds = SecondsSince(packing);
}

Generator MakeGenerator(const LoadedModel& model, ThreadPool& pool, GeneratorOptions options) {
  options.extra_eos_ids = model.store->Tokenizer().extra_eos_ids;
  return Generator(*model.model, model.tokenizer.get(), pool, std::move(options));
}

std::vector<TokenId> EncodeChat(const LoadedModel& model, const nlohmann::ordered_json& messages,
                                const nlohmann::ordered_json& tools) {
  const Tokenizer& tokenizer = RequireTokenizer(model);
  if (!model.chat_template) {
    throw Error(model.path.string(), "no chat template in the file", "tokenizer.chat_template", "give a raw prompt with --raw");
  }
  nlohmann::ordered_json variables;
  variables["messages"] = messages;
  if (!tools.is_null()) variables["tools"] = tools;
  variables["add_generation_prompt"] = true;
  variables["bos_token"] = TokenText(tokenizer, tokenizer.Bos());
  variables["eos_token"] = TokenText(tokenizer, tokenizer.Eos());
  return tokenizer.Encode(model.chat_template->Render(variables), /*parse_special=*/true);
}

std::vector<TokenId> EncodePrompt(const LoadedModel& model, std::string_view text, bool parse_special) {
  const Tokenizer& tokenizer = RequireTokenizer(model);
  std::vector<TokenId> ids = tokenizer.Encode(text, parse_special);
  const std::optional<TokenId> bos = tokenizer.Bos();
  if (bos && (ids.empty() || ids.front() != *bos)) ids.insert(ids.begin(), *bos);
  return ids;
}

}  // namespace tidemark
