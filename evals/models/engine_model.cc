#include "evals/models/engine_model.h"

#include <map>
#include <set>

#include "engine/core/error.h"
#include "engine/core/random.h"
#include "engine/core/sha256.h"
#include "engine/ops/attention_kernels.h"
#include "evals/models/file_hash.h"
#include "evals/reasoning.h"

namespace tidemark {
namespace {

using Json = nlohmann::ordered_json;

// The template may have opened the reasoning trace for the model ("...assistant\n<think>\n").
bool OpensReasoning(const Tokenizer& tokenizer, std::span<const TokenId> prompt) {
  const size_t tail = std::min<size_t>(prompt.size(), 16);
  const std::string text = tokenizer.Decode(prompt.subspan(prompt.size() - tail), /*print_special=*/true);
  const size_t end = text.find_last_not_of(" \t\r\n");
  const std::string marker = ReasoningMarkers().open;
  return end != text.npos && end + 1 >= marker.size() && text.compare(end + 1 - marker.size(), marker.size(), marker) == 0;
}

Json FormatMix(const WeightStore& store) {
  struct Share {
    int64_t tensors = 0, bytes = 0;
  };
  std::map<std::string_view, Share> shares;
  for (const TensorInfo& tensor : store.Tensors()) {
    ++shares[tensor.format->name].tensors;
    shares[tensor.format->name].bytes += tensor.bytes;
  }
  Json mix = Json::array();
  for (const auto& [name, share] : shares) mix.push_back({{"format", name}, {"tensors", share.tensors}, {"bytes", share.bytes}});
  return mix;
}

Json BackendShares(const Model& model, const std::vector<const MatmulBackend*>& backends) {
  Json list = Json::array();
  for (const BackendShare& share : model.Backends()) {
    Json row = {{"backend", share.backend},
                {"precision", PrecisionName(share.precision)},
                {"matrices", share.matrices},
                {"stored_bytes", share.stored_bytes},
                {"packed_bytes", share.packed_bytes}};
    for (const MatmulBackend* backend : backends) {
      if (backend->Name() == share.backend && !backend->Details().empty()) row["details"] = backend->Details();
    }
    list.push_back(std::move(row));
  }
  return list;
}

Json HashFiles(const WeightStore& store) {
  Json files = Json::array();
  for (const std::filesystem::path& path : store.Files()) {
    files.push_back(
        {{"name", path.filename().string()}, {"bytes", std::filesystem::file_size(path)}, {"sha256", FileHash(path)}});
  }
  return files;
}

// Of a sharded model: the hash over "name sha256\n" of its files, in the store's order.
std::string ModelHash(const Json& files) {
  if (files.size() == 1) return files[0]["sha256"];
  std::string list;
  for (const Json& file : files) list += file["name"].get<std::string>() + " " + file["sha256"].get<std::string>() + "\n";
  return Sha256Hex(list);
}

// Of what stands beside safetensors: configuration, tokenizer, end tokens. Null: the weight file holds everything.
Json HashSideFiles(const WeightStore& store) {
  const TokenizerData& tokenizer = store.Tokenizer();
  if (tokenizer.kind != TokenizerData::Kind::kJson) return nullptr;
  Json all = {tokenizer.tokenizer_json, tokenizer.tokenizer_config_json, tokenizer.extra_eos_ids, tokenizer.eos_id.value_or(-1)};
  for (const MetadataEntry& entry : store.Metadata()) all.push_back({entry.key, entry.value});
  return Sha256Hex(all.dump(-1, ' ', false, Json::error_handler_t::replace));
}

// What the weights call themselves (GGUF general.name), unquoted and printable; empty: they do not.
std::string GeneralName(const WeightStore& store) {
  for (const MetadataEntry& entry : store.Metadata()) {
    if (entry.key == "general.name" && entry.type == "string") return entry.value;
  }
  return {};
}

}  // namespace

EngineModel::EngineModel(ModelFile file, const ModelOptions& options)
    : file_(std::move(file)),
      pool_(options.threads),
      loaded_(file_.path, options.load, pool_),
      generator_options_(options.generator),
      generator_(MakeGenerator(loaded_, pool_, options.generator)),
      backends_(options.load.backends) {
  if (loaded_.tokenizer == nullptr)
    throw Error(file_.name, "no tokenizer", "a model with tokenizer and chat template",
                "use a file that holds its tokenizer (a GGUF file does)");
  if (!loaded_.chat_template)
    throw Error(file_.name, "no chat template", "tokenizer.chat_template", "evaluations ask chat models");
}

GenerateRequest EngineModel::Prepare(const Request& request, Completion& completion) const {
  GenerateRequest prepared;
  prepared.options = request.options;
  prepared.stream = StableHash(request.id) + static_cast<uint64_t>(request.repeat);
  try {
    Json messages = Json::array();
    for (const Message& message : request.messages) messages.push_back({{"role", message.role}, {"content", message.content}});
    prepared.prompt = EncodeChat(loaded_, messages);
    completion.reasoning_open = OpensReasoning(*loaded_.tokenizer, prepared.prompt);
    completion.prompt_tokens = static_cast<int64_t>(prepared.prompt.size());
  } catch (const Error& e) {
    completion.error = e.what();
  }
  return prepared;
}

std::vector<Completion> EngineModel::Complete(std::span<const Request> requests, const OnDone& on_done,
                                              const std::atomic<bool>* cancel) {
  std::vector<Completion> completions(requests.size());
  std::vector<GenerateRequest> prepared;
  std::vector<size_t> index;  // of each prepared request
  for (size_t i = 0; i < requests.size(); ++i) {
    completions[i].id = requests[i].id;
    completions[i].repeat = requests[i].repeat;
    GenerateRequest request = Prepare(requests[i], completions[i]);
    if (completions[i].error.empty()) {
      prepared.push_back(std::move(request));
      index.push_back(i);
    } else if (on_done) {
      on_done(completions[i]);
    }
  }
  const auto fill = [&](size_t which, const GenerateResult& result) -> Completion& {
    Completion& completion = completions[index[which]];
    completion.text = result.text;
    completion.stop = result.stop;
    completion.error = result.error;
    completion.completion_tokens = static_cast<int64_t>(result.tokens.size());
    completion.time_to_first_token_seconds = result.time_to_first_token_seconds;
    completion.inter_token_seconds = result.inter_token_seconds;
    return completion;
  };
  const auto done = [&](size_t which, const GenerateResult& result) {
    const Completion& completion = fill(which, result);
    if (on_done) on_done(completion);
  };
  const std::vector<GenerateResult> results = generator_.Run(prepared, done, {}, cancel);
  for (size_t i = 0; i < results.size(); ++i) fill(i, results[i]);
  return completions;
}

Json EngineModel::Describe() const {
  const WeightStore& store = *loaded_.store;
  const TokenizerData& tokenizer = store.Tokenizer();
  const ParameterCount parameters = CountParameters(store);
  if (hashes_.is_null()) {
    hashes_ = HashFiles(store);
    if (file_.keep != nullptr) hashes_[0]["name"] = file_.name;  // not an ordinary file: its path is a descriptor's
  }
  Json json;
  json["adapter"] = "engine";
  json["path"] = file_.name;
  if (const std::string name = GeneralName(store); !name.empty()) json["general_name"] = name;
  json["bytes"] = store.FileBytes();
  json["sha256"] = ModelHash(hashes_);
  json["files"] = hashes_;
  json["container"] = store.Container();
  json["architecture"] = store.Config().architecture;
  json["parameters"] = {{"total", parameters.total}, {"active", parameters.active}};
  json["formats"] = FormatMix(store);
  json["backends"] = BackendShares(*loaded_.model, backends_);
  json["tokenizer"] = {{"kind", tokenizer.kind == TokenizerData::Kind::kGguf ? "gguf" : "tokenizer.json"},
                       {"pre", tokenizer.pre},
                       {"vocabulary", loaded_.tokenizer->VocabSize()}};
  json["chat_template_sha256"] = Sha256Hex(tokenizer.chat_template);
  if (const Json hash = HashSideFiles(store); !hash.is_null()) json["side_files_sha256"] = hash;
  json["attention"] = loaded_.model->AttentionIsa();
  json["threads"] = pool_.size();
  json["kv_type"] = generator_options_.kv_format == nullptr ? "f32" : generator_options_.kv_format->name;
  json["context"] = generator_options_.context;
  json["max_batch"] = generator_options_.max_batch;
  json["prefill_chunk"] = generator_options_.prefill_chunk;
  json["shared_prompts_bytes"] = generator_options_.shared_bytes;
  return json;
}

Json EngineModel::Identity() const {
  const Json described = Describe();
  Json json;
  for (const char* key : {"adapter", "sha256", "architecture", "tokenizer", "chat_template_sha256", "side_files_sha256",
                          "kv_type", "context", "attention"}) {
    if (described.contains(key)) json[key] = described[key];
  }
  json["backends"] = Json::array();
  for (const Json& share : described["backends"]) {
    json["backends"].push_back({{"backend", share["backend"]}, {"precision", share["precision"]}});
  }
  return json;
}

Json EngineModel::Timings() const {
  const GeneratorTotals& totals = generator_.totals();
  Json json = {{"load_seconds", loaded_.open_seconds}, {"pack_seconds", loaded_.pack_seconds}};
  const auto rate = [&json](const char* count, const char* speed, int64_t tokens, double seconds) {
    json[count] = tokens;
    if (seconds > 0) json[speed] = static_cast<double>(tokens) / seconds;  // no tokens: no rate
  };
  rate("prefill_tokens", "prefill_tok_per_s", totals.prefill_tokens, totals.prefill_seconds);
  json["shared_prompt_tokens"] = totals.shared_tokens;
  rate("decode_tokens", "decode_tok_per_s", totals.decode_tokens, totals.decode_seconds);
  return json;
}

}  // namespace tidemark
