#include "reports/json_text.h"

#include "engine/core/error.h"

namespace tidemark {

nlohmann::ordered_json ParseJson(std::string_view text, const std::string& place) {
  using Json = nlohmann::ordered_json;
  constexpr int kMaxDepth = 64;
  try {
    return Json::parse(text, [&](int depth, Json::parse_event_t, Json&) {
      if (depth > kMaxDepth) throw Error(place, "deep nesting", fmt::format("at most {} levels", kMaxDepth));
      return true;
    });
  } catch (const Json::exception& e) {
    throw Error(place, Printable(e.what(), 200), "JSON");
  }
}

}  // namespace tidemark
