#include "engine/chat/chat_template.h"

#include <utility>

#include "engine/chat/interpreter.h"
#include "engine/chat/parser.h"

namespace tidemark {

struct ChatTemplate::Impl {
  std::string name;
  jinja::Block block;
};

ChatTemplate::ChatTemplate(std::string_view source, std::string name) {
  jinja::Block block = jinja::Parse(source, name);
  impl_ = std::make_unique<const Impl>(Impl{std::move(name), std::move(block)});
}

ChatTemplate::~ChatTemplate() = default;
ChatTemplate::ChatTemplate(ChatTemplate&&) noexcept = default;
ChatTemplate& ChatTemplate::operator=(ChatTemplate&&) noexcept = default;

std::string ChatTemplate::Render(const nlohmann::ordered_json& variables, const RenderLimits& limits) const {
  return jinja::Interpret(impl_->block, impl_->name, variables, limits);
}

}  // namespace tidemark
