// Tokens to tree: Jinja's grammar with break/continue and the generation block. Source: jinja2/parser.py.
#ifndef TIDEMARK_ENGINE_CHAT_PARSER_H_
#define TIDEMARK_ENGINE_CHAT_PARSER_H_

#include <string>
#include <string_view>

#include "engine/chat/ast.h"

namespace tidemark::jinja {

inline constexpr int kMaxTreeDepth = 200;  // expressions and blocks; CPython refuses deeper parentheses, too

// Throws Error with place "NAME:LINE". Unknown filters and tests are errors here unless a condition guards them (Jinja's
// rule: `{% if x is defined %}{{ x|special }}{% endif %}` compiles without the filter).
Block Parse(std::string_view source, const std::string& name);

}  // namespace tidemark::jinja

#endif  // TIDEMARK_ENGINE_CHAT_PARSER_H_
