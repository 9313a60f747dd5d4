// A template and its variables, separated by a NUL byte: whatever they are, rendering ends with a text or an Error.
#include <cstddef>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <string_view>

#include "engine/chat/chat_template.h"
#include "engine/core/error.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const size_t split = text.find('\0');
  auto variables = nlohmann::ordered_json::object();
  if (split != std::string_view::npos) {
    variables = nlohmann::ordered_json::parse(text.substr(split + 1), nullptr, false);
    if (variables.is_discarded()) return 0;
  }
  tidemark::RenderLimits limits;
  limits.max_steps = 20'000;
  limits.max_output_bytes = 1 << 18;
  try {
    tidemark::ChatTemplate(text.substr(0, split)).Render(variables, limits);
  } catch (const tidemark::Error&) {
  }
  return 0;
}
