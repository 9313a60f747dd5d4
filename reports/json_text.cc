#include "reports/json_text.h"

#include <algorithm>

#include "engine/core/error.h"

namespace tidemark {
namespace {

constexpr const char* kHint = "is it the right file, and was it written to its end?";

}  // namespace

int JsonDepth(std::string_view text) {
  int depth = 0, deepest = 0;
  bool in_string = false;
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '"') in_string = !in_string;
    if (in_string) {
      if (c == '\\') ++i;
      continue;
    }
    if (c == '[' || c == '{') deepest = std::max(deepest, ++depth);
    if (c == ']' || c == '}') --depth;
  }
  return deepest;
}

nlohmann::ordered_json ParseJsonText(std::string_view text, const std::string& place) {
  constexpr int kMaxDepth = 64;
  // Before the parser: printing a value and comparing two recurse.
  if (JsonDepth(text) > kMaxDepth) throw Error(place, "deep nesting", fmt::format("at most {} levels", kMaxDepth), kHint);
  try {
    return nlohmann::ordered_json::parse(text);
  } catch (const nlohmann::ordered_json::parse_error& e) {
    throw Error(place, text.empty() ? "an empty file" : fmt::format("something that is not JSON at byte {}", e.byte), "JSON",
                kHint);
  } catch (const nlohmann::ordered_json::exception&) {
    throw Error(place, "a number that does not fit", "JSON", kHint);
  }
}

}  // namespace tidemark
