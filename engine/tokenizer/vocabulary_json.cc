// The model section and the added tokens of HF's tokenizer.json; the pipeline sections are read in pipeline_json.cc.
// Source of the format: huggingface/tokenizers, src/models/bpe/serialization.rs and src/tokenizer/serialization.rs.
#include <algorithm>
#include <unordered_map>

#include "engine/core/error.h"
#include "engine/tokenizer/byte_level.h"
#include "engine/tokenizer/json_access.h"
#include "engine/tokenizer/pipeline_json.h"
#include "engine/tokenizer/vocabulary.h"

namespace tidemark {
namespace {

// Ids with room for holes in the numbering, but bounded by what the file itself spells out.
size_t MaxTokenId(size_t entries) { return std::min(kMaxVocabulary, 2 * entries + 4096); }

TokenId ReadId(const Json& value, const std::string& place, size_t limit) {
  const auto in_range = [&](auto id) { return id >= 0 && static_cast<uint64_t>(id) < limit; };
  const bool ok =
      value.is_number_unsigned() ? in_range(value.get<uint64_t>()) : value.is_number_integer() && in_range(value.get<int64_t>());
  if (!ok) throw Error(place, Describe(value), fmt::format("an id below {}", limit));
  return value.get<TokenId>();
}

VocabularyToken& TokenAt(Vocabulary& v, TokenId id) {
  if (static_cast<size_t>(id) >= v.tokens.size()) v.tokens.resize(static_cast<size_t>(id) + 1);
  return v.tokens[id];
}

void ReadModelTokens(const Json& vocab, size_t limit, Vocabulary& v) {
  for (const auto& [spelling, value] : vocab.items()) {
    const TokenId id = ReadId(value, "tokenizer.json model.vocab[\"" + Printable(spelling) + "\"]", limit);
    VocabularyToken& token = TokenAt(v, id);
    if (token.kind != TokenKind::kUnused) {
      throw Error("tokenizer.json model.vocab", fmt::format("id {} twice, also for \"{}\"", id, Printable(spelling)),
                  "one token for each id");
    }
    token.kind = TokenKind::kModel;
    std::optional<std::string> bytes = BytesOfSpelling(spelling);
    token.in_model = bytes.has_value();
    token.bytes = bytes ? *std::move(bytes) : spelling;
  }
}

void ReadMerges(const Json& merges, Vocabulary& v) {
  const MergeReader reader(v.tokens);
  v.merges.reserve(merges.size());
  for (size_t i = 0; i < merges.size(); ++i) {
    const Json& merge = merges[i];
    if (merge.is_string()) {
      const auto& line = merge.get_ref<const std::string&>();
      if (line.starts_with("#version")) continue;  // the first line of a merges.txt taken over
      v.merges.push_back(reader.ResolvePair(line, i));
    } else if (merge.is_array() && merge.size() == 2 && merge[0].is_string() && merge[1].is_string()) {
      v.merges.push_back(reader.Resolve(merge[0].get_ref<const std::string&>(), merge[1].get_ref<const std::string&>(), i));
    } else {
      throw Error(fmt::format("tokenizer.json model.merges[{}]", i), Describe(merge), "\"left right\" or [\"left\", \"right\"]");
    }
  }
}

void ReadModel(const Json& model, size_t id_limit, Vocabulary& v) {
  const std::string place = "tokenizer.json model";
  ExpectKeys(model, place,
             {"type", "dropout", "unk_token", "continuing_subword_prefix", "end_of_word_suffix", "fuse_unk", "byte_fallback",
              "ignore_merges", "vocab", "merges"});
  if (StringOr(model, place, "type", "BPE") != "BPE") throw Error(place + ".type", Describe(model["type"]), "\"BPE\"");
  const auto dropout = model.find("dropout");
  if (dropout != model.end() && !dropout->is_null() && !(dropout->is_number() && dropout->get<double>() == 0)) {
    throw Error(place + ".dropout", Describe(*dropout), "null", "merges left out at random are for training");
  }
  for (const char* affix : {"continuing_subword_prefix", "end_of_word_suffix"}) {
    if (!StringOr(model, place, affix, "").empty()) throw Error(place + "." + affix, Describe(model[affix]), "null or \"\"");
  }
  if (BoolOr(model, place, "byte_fallback", false)) {
    throw Error(place + ".byte_fallback", "true", "false", "byte fallback belongs to SentencePiece-style models");
  }
  v.ignore_merges = BoolOr(model, place, "ignore_merges", false);
  const Json& vocab = Expect(model, place, "vocab", Json::value_t::object);
  if (vocab.empty() || vocab.size() > kMaxVocabulary) {
    throw Error(place + ".vocab", fmt::format("{} tokens", vocab.size()), fmt::format("1 to {}", kMaxVocabulary));
  }
  ReadModelTokens(vocab, id_limit, v);
  ReadMerges(Expect(model, place, "merges", Json::value_t::array), v);
}

AddedToken ReadAddedToken(const Json& entry, const std::string& place, size_t id_limit) {
  if (!entry.is_object()) throw Error(place, Describe(entry), "an object");
  ExpectKeys(entry, place, {"id", "content", "single_word", "lstrip", "rstrip", "normalized", "special"});
  AddedToken token;
  token.content = Expect(entry, place, "content", Json::value_t::string).get<std::string>();
  if (token.content.empty()) throw Error(place + ".content", "\"\"", "at least one character");
  const auto id = entry.find("id");
  if (id == entry.end()) throw Error(place, "no \"id\"", "an id");
  token.id = ReadId(*id, place + ".id", id_limit);
  token.special = BoolOr(entry, place, "special", false);
  token.single_word = BoolOr(entry, place, "single_word", false);
  token.lstrip = BoolOr(entry, place, "lstrip", false);
  token.rstrip = BoolOr(entry, place, "rstrip", false);
  token.normalized = BoolOr(entry, place, "normalized", !token.special);
  return token;
}

// ids: of the model's tokens, by spelling.
void ReadAddedTokens(const Json& list, size_t id_limit, const Json& vocab, Vocabulary& v) {
  std::unordered_map<std::string, TokenId> seen;
  for (size_t i = 0; i < list.size(); ++i) {
    const std::string place = fmt::format("tokenizer.json added_tokens[{}]", i);
    AddedToken added = ReadAddedToken(list[i], place, id_limit);
    const auto in_model = vocab.find(added.content);
    VocabularyToken& token = TokenAt(v, added.id);
    const bool same_as_model = in_model != vocab.end() && in_model->get<TokenId>() == added.id;
    const bool new_content = seen.emplace(added.content, added.id).second;
    if (!new_content || (in_model != vocab.end()) != same_as_model || (token.kind != TokenKind::kUnused && !same_as_model)) {
      throw Error(place, fmt::format("\"{}\" as {}", Printable(added.content), added.id),
                  "one id for each token and one token for each id");
    }
    token.kind = added.special ? TokenKind::kControl : TokenKind::kUserDefined;
    if (!same_as_model || !token.in_model) token.bytes = added.content;
    v.added.push_back(std::move(added));
  }
}

std::optional<TokenId> IdOfName(const Vocabulary& v, const Json& vocab, const std::string& name) {
  for (const AddedToken& token : v.added) {
    if (token.content == name) return token.id;
  }
  const auto found = vocab.find(name);
  return found != vocab.end() ? std::optional<TokenId>(found->get<TokenId>()) : std::nullopt;
}

// bos_token and eos_token of tokenizer_config.json: a string, an object with "content", or null.
std::optional<TokenId> ReadNamedToken(const Json& config, const char* key, const Vocabulary& v, const Json& vocab) {
  const auto value = config.find(key);
  if (value == config.end() || value->is_null()) return std::nullopt;
  const Json& name = value->is_object() && value->contains("content") ? (*value)["content"] : *value;
  const std::string place = std::string("tokenizer_config.json ") + key;
  if (!name.is_string()) throw Error(place, Describe(name), "a token");
  const std::optional<TokenId> id = IdOfName(v, vocab, name.get<std::string>());
  if (!id) throw Error(place, Describe(name), "a token of tokenizer.json");
  return id;
}

std::optional<TokenId> CheckedId(const char* key, std::optional<TokenId> id, const Vocabulary& v) {
  if (id && (*id < 0 || static_cast<size_t>(*id) >= v.tokens.size())) {
    throw Error(key, fmt::format("{}", *id), fmt::format("a token id below {}", v.tokens.size()));
  }
  return id;
}

}  // namespace

Vocabulary ReadJsonVocabulary(const TokenizerData& data) {
  const Json root = ParseJson(data.tokenizer_json, "tokenizer.json");
  // truncation and padding are settings of a call that training left in the file; they say nothing about the tokens.
  ExpectKeys(
      root, "tokenizer.json",
      {"version", "truncation", "padding", "added_tokens", "normalizer", "pre_tokenizer", "post_processor", "decoder", "model"});
  const Json& model = Expect(root, "tokenizer.json", "model", Json::value_t::object);
  const Json no_tokens = Json::array();
  const bool has_added = root.contains("added_tokens") && !root["added_tokens"].is_null();
  const Json& added = has_added ? Expect(root, "tokenizer.json", "added_tokens", Json::value_t::array) : no_tokens;
  const Json& vocab = Expect(model, "tokenizer.json model", "vocab", Json::value_t::object);
  const size_t id_limit = MaxTokenId(vocab.size() + added.size());

  Vocabulary v;
  ReadModel(model, id_limit, v);
  ReadAddedTokens(added, id_limit, vocab, v);
  const Pipeline pipeline = ReadPipeline(root);
  v.split = pipeline.split;
  v.add_prefix_space = pipeline.add_prefix_space;
  v.nfc = pipeline.nfc;
  v.bos = pipeline.template_bos;
  std::optional<bool> add_bos;
  if (pipeline.has_template) add_bos = pipeline.template_bos.has_value();
  if (!data.tokenizer_config_json.empty()) {
    const Json config = ParseJson(data.tokenizer_config_json, "tokenizer_config.json");
    if (!v.bos) v.bos = ReadNamedToken(config, "bos_token", v, vocab);
    v.eos = ReadNamedToken(config, "eos_token", v, vocab);
    if (!add_bos) add_bos = BoolOr(config, "tokenizer_config.json", "add_bos_token", false);
  }
  if (data.bos_id) v.bos = data.bos_id;
  if (data.eos_id) v.eos = data.eos_id;
  v.bos = CheckedId("bos_token_id", v.bos, v);
  v.eos = CheckedId("eos_token_id", v.eos, v);
  v.add_bos = data.add_bos.value_or(add_bos.value_or(false)) && v.bos.has_value();
  return v;
}

}  // namespace tidemark
