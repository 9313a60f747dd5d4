#include "engine/tokenizer/json_access.h"

#include <algorithm>

#include "engine/core/error.h"

namespace tidemark {
namespace {

constexpr int kMaxDepth = 64;
// A vocabulary of a million tokens and as many merges of two parts; at some 100 bytes each what the tree may take.
constexpr int64_t kMaxValues = int64_t{1} << 23;

// Counts brackets and commas outside strings before anything is built: "{}," costs thirty times its length in memory.
void CheckSize(std::string_view text, const std::string& place) {
  int depth = 0;
  int64_t values = 0;
  bool in_string = false;
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (in_string) {
      if (c == '\\') ++i;
      if (c == '"') in_string = false;
    } else if (c == '"') {
      in_string = true;
    } else if (c == ',' || c == '[' || c == '{') {
      if (++values > kMaxValues) throw Error(place, "a huge JSON document", fmt::format("at most {} values", kMaxValues));
      if (c == ',') continue;
      if (++depth > kMaxDepth)
        throw Error(place, fmt::format("nesting deeper than {} at byte {}", kMaxDepth, i), fmt::format("at most {}", kMaxDepth));
    } else if (c == ']' || c == '}') {
      --depth;
    }
  }
}

}  // namespace

Json ParseJson(std::string_view text, const std::string& place) {
  CheckSize(text, place);
  Json root;
  try {
    root = Json::parse(text.begin(), text.end());
  } catch (const Json::parse_error& error) {
    throw Error(place, fmt::format("malformed JSON at byte {}", error.byte), "one JSON object");
  } catch (const Json::exception& error) {  // numbers out of range
    throw Error(place, Printable(error.what()), "one JSON object");
  }
  if (!root.is_object()) throw Error(place, Describe(root), "a JSON object");
  return root;
}

std::string Describe(const Json& value) {
  if (value.is_structured() && value.size() > 16)
    return fmt::format("{} of {} entries", value.is_array() ? "an array" : "an object", value.size());
  return Printable(value.dump(-1, ' ', true, Json::error_handler_t::replace));
}

void ExpectKeys(const Json& object, const std::string& place, std::initializer_list<std::string_view> keys) {
  for (const auto& [key, value] : object.items()) {
    if (std::find(keys.begin(), keys.end(), key) == keys.end()) {
      std::string known;
      for (const std::string_view k : keys) known += (known.empty() ? "" : ", ") + std::string(k);
      throw Error(place, "key \"" + Printable(key) + "\"", "one of " + known);
    }
  }
}

const Json& Expect(const Json& object, const std::string& place, const char* key, Json::value_t type) {
  const auto value = object.find(key);
  const std::string expected = Json(type).type_name();
  if (value == object.end()) throw Error(place + "." + key, "nothing", "a value of type " + expected);
  if (value->type() != type) throw Error(place + "." + key, Describe(*value), "a value of type " + expected);
  return *value;
}

bool BoolOr(const Json& object, const std::string& place, const char* key, bool absent) {
  const auto value = object.find(key);
  if (value == object.end() || value->is_null()) return absent;
  if (!value->is_boolean()) throw Error(place + "." + key, Describe(*value), "true or false");
  return value->get<bool>();
}

std::string StringOr(const Json& object, const std::string& place, const char* key, const char* absent) {
  const auto value = object.find(key);
  if (value == object.end() || value->is_null()) return absent;
  if (!value->is_string()) throw Error(place + "." + key, Describe(*value), "a string");
  return value->get<std::string>();
}

}  // namespace tidemark
