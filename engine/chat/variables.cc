#include "engine/chat/variables.h"

#include <fmt/format.h>

#include "engine/core/utf8.h"

namespace tidemark::jinja {
namespace {

using Json = nlohmann::ordered_json;

Value Convert(const Json& json, int depth) {
  if (depth >= kMaxValueDepth) Fail(fmt::format("variables nested deeper than {}", kMaxValueDepth));
  switch (json.type()) {
    case Json::value_t::null:
      return Value();
    case Json::value_t::boolean:
      return Value(json.get<bool>());
    case Json::value_t::number_integer:
      return Value(json.get<int64_t>());
    case Json::value_t::number_unsigned:
      if (json.get<uint64_t>() > static_cast<uint64_t>(INT64_MAX)) Fail("an integer beyond 64 bits in the variables");
      return Value(json.get<int64_t>());
    case Json::value_t::number_float:
      return Value(json.get<double>());
    case Json::value_t::string: {
      const auto& text = json.get_ref<const std::string&>();
      if (!IsValidUtf8(text)) Fail("a string that is not UTF-8 in the variables");
      return Value(text);
    }
    case Json::value_t::array: {
      Values items;
      for (const Json& item : json) items.push_back(Convert(item, depth + 1));
      return MakeList(std::move(items));
    }
    case Json::value_t::object: {
      Dict dict;
      for (const auto& [key, value] : json.items()) {
        if (!IsValidUtf8(key)) Fail("a key that is not UTF-8 in the variables");
        dict.Set(Value(std::string(key)), Convert(value, depth + 1));
      }
      return MakeDict(std::move(dict));
    }
    default:
      Fail("a binary value in the variables");
  }
}

}  // namespace

Value FromJson(const Json& json) { return Convert(json, 0); }

}  // namespace tidemark::jinja
