// JSON from files that others may have written: bounded in depth, with the place in every complaint.
#ifndef TIDEMARK_REPORTS_JSON_TEXT_H_
#define TIDEMARK_REPORTS_JSON_TEXT_H_

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

namespace tidemark {

// Brackets open at once, outside of strings. The text need not be JSON; then the parser complains.
int JsonDepth(std::string_view text);

// Throws Error(place, ...): not JSON, or more than 64 levels.
nlohmann::ordered_json ParseJsonText(std::string_view text, const std::string& place);

}  // namespace tidemark

#endif  // TIDEMARK_REPORTS_JSON_TEXT_H_
