// A chat template: the Jinja text that a model's tokenizer carries, rendered over a list of messages.
#ifndef TIDEMARK_ENGINE_CHAT_CHAT_TEMPLATE_H_
#define TIDEMARK_ENGINE_CHAT_CHAT_TEMPLATE_H_

#include <cstdint>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

namespace tidemark {

struct RenderLimits {
  int64_t max_steps = 10'000'000;  // evaluated nodes
  int64_t max_output_bytes = int64_t{64} << 20;
  int max_depth = 200;  // nesting of expressions, macros and blocks
};

class ChatTemplate {
 public:
  // Parses the whole template. Throws Error with the line number.
  explicit ChatTemplate(std::string_view source, std::string name = "chat_template");
  ~ChatTemplate();
  ChatTemplate(ChatTemplate&&) noexcept;
  ChatTemplate& operator=(ChatTemplate&&) noexcept;

  // Renders with the given variables (an object: messages, tools, add_generation_prompt, bos_token, ...; key order is kept).
  // Throws Error with the line number: undefined attribute, raise_exception, a limit exceeded.
  std::string Render(const nlohmann::ordered_json& variables, const RenderLimits& limits = {}) const;

 private:
  struct Impl;
  std::unique_ptr<const Impl> impl_;
};

}  // namespace tidemark

#endif  // TIDEMARK_ENGINE_CHAT_CHAT_TEMPLATE_H_
