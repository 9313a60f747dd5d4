// Walks the tree. Scopes follow Jinja's compiler: `for`, macros, call blocks, `with`, filter blocks and block sets open one,
// `if` does not; a scope reads outwards and writes only itself, which is why templates need namespaces.
#ifndef TIDEMARK_ENGINE_CHAT_INTERPRETER_H_
#define TIDEMARK_ENGINE_CHAT_INTERPRETER_H_

#include <nlohmann/json.hpp>
#include <string>

#include "engine/chat/ast.h"
#include "engine/chat/chat_template.h"

namespace tidemark::jinja {

// Throws Error with place "NAME:LINE".
std::string Interpret(const Block& block, const std::string& name, const nlohmann::ordered_json& variables,
                      const RenderLimits& limits);

}  // namespace tidemark::jinja

#endif  // TIDEMARK_ENGINE_CHAT_INTERPRETER_H_
