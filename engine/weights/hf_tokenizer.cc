// The Hugging Face half of tokenizer_data.h.
#include <initializer_list>
#include <utility>

#include "engine/core/error.h"
#include "engine/weights/strict_json.h"
#include "engine/weights/tokenizer_data.h"

namespace tidemark {
namespace {

// One parsed side file; an absent file is an empty object.
class SideFile {
 public:
  SideFile(const HfTexts& texts, const char* file, const std::string& text)
      : place_(texts.directory + "/" + file), json_(text.empty() ? Json::object() : ParseJsonObject(text, place_)) {}
  JsonFields Fields() const { return JsonFields(json_, place_); }

 private:
  std::string place_;
  Json json_;
};

// The ids under key: a number, a list of numbers, or absent.
std::vector<TokenId> Ids(const JsonFields& fields, const std::string& key, int64_t vocab_size) {
  const Json* value = fields.Find(key);
  if (value == nullptr) return {};
  std::vector<TokenId> ids;
  if (value->is_array()) {
    for (const Json& id : *value) ids.push_back(static_cast<TokenId>(JsonInt(id, fields.PlaceOf(key), 0, vocab_size - 1)));
  } else {
    ids.push_back(static_cast<TokenId>(JsonInt(*value, fields.PlaceOf(key), 0, vocab_size - 1)));
  }
  return ids;
}

// bos_token and its like: a string, or an object with the string as "content".
std::string TokenText(const JsonFields& fields, const std::string& key) {
  const Json* value = fields.Find(key);
  if (value == nullptr) return {};
  if (value->is_object()) return JsonFields(*value, fields.PlaceOf(key)).String("content");
  return fields.String(key);
}

// tokenizer_config.json lists added tokens as {"7": {"content": "<|im_end|>", ...}}.
std::vector<TokenId> IdsOfText(const JsonFields& fields, const std::string& text, int64_t vocab_size) {
  const Json* added = text.empty() ? nullptr : fields.Find("added_tokens_decoder");
  if (added == nullptr) return {};
  const JsonFields checked(*added, fields.PlaceOf("added_tokens_decoder"));
  for (const auto& [id, token] : added->items()) {
    const JsonFields token_fields(token, checked.PlaceOf(Printable(id)));
    if (token_fields.OptionalString("content").value_or("") != text) continue;
    if (id.empty() || id.size() > 9 || id.find_first_not_of("0123456789") != std::string::npos || std::stoll(id) >= vocab_size) {
      throw Error(checked.place(), "id " + Printable(id), fmt::format("0 to {}", vocab_size - 1));
    }
    return {static_cast<TokenId>(std::stoll(id))};
  }
  return {};
}

// chat_template: a string, or a list of {"name", "template"} of which "default" is taken.
std::string TemplateText(const JsonFields& fields) {
  const Json* value = fields.Find("chat_template");
  if (value == nullptr) return {};
  if (!value->is_array()) return fields.String("chat_template");
  for (const Json& entry : *value) {
    const JsonFields named(entry, fields.PlaceOf("chat_template"));
    if (named.String("name") == "default") return named.String("template");
  }
  throw Error(fields.PlaceOf("chat_template"), fmt::format("{} templates", value->size()), "one named default");
}

}  // namespace

TokenizerData HfTokenizer(const HfTexts& texts, int64_t vocab_size) {
  const SideFile config(texts, "config.json", texts.config);
  const SideFile generation(texts, "generation_config.json", texts.generation_config);
  const SideFile tokenizer_config(texts, "tokenizer_config.json", texts.tokenizer_config);
  const JsonFields fields = tokenizer_config.Fields();
  const auto find = [&](const std::string& kind) {
    auto ids = Ids(generation.Fields(), kind + "_token_id", vocab_size);
    if (ids.empty()) ids = Ids(config.Fields(), kind + "_token_id", vocab_size);
    if (ids.empty()) ids = IdsOfText(fields, TokenText(fields, kind + "_token"), vocab_size);
    return ids;
  };
  TokenizerData data;
  if (!texts.tokenizer.empty()) data.kind = TokenizerData::Kind::kJson;
  data.tokenizer_json = texts.tokenizer;
  data.tokenizer_config_json = texts.tokenizer_config;
  const auto bos = find("bos"), eos = find("eos"), pad = find("pad");
  if (!bos.empty()) data.bos_id = bos.front();
  if (!pad.empty()) data.pad_id = pad.front();
  if (!eos.empty()) {
    data.eos_id = eos.front();
    data.extra_eos_ids.assign(eos.begin() + 1, eos.end());
  }
  data.add_bos = fields.OptionalBool("add_bos_token");
  data.chat_template = texts.chat_template.empty() ? TemplateText(fields) : texts.chat_template;
  return data;
}

}  // namespace tidemark
