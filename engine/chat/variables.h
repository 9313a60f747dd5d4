// The caller's JSON as template values.
#ifndef TIDEMARK_ENGINE_CHAT_VARIABLES_H_
#define TIDEMARK_ENGINE_CHAT_VARIABLES_H_

#include <nlohmann/json.hpp>

#include "engine/chat/value.h"

namespace tidemark::jinja {

// Key order is kept. Throws Failure for what a template cannot hold: integers beyond 64 bits, text that is not UTF-8, values
// nested deeper than kMaxValueDepth.
Value FromJson(const nlohmann::ordered_json& json);

}  // namespace tidemark::jinja

#endif  // TIDEMARK_ENGINE_CHAT_VARIABLES_H_
