// Any bytes as a response to every extraction rule: no crash, and what is found lies inside the text.
#include <cstdint>
#include <string_view>

#include "evals/math/extraction.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace tidemark::math;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  for (const ExtractionRule& rule : AllExtractionRules()) {
    const Extracted found = rule.extract(text);
    if (found.answer.empty() != (found.step == "none")) __builtin_trap();
    if (found.answer.empty()) continue;
    if (found.answer.data() < text.data() || found.answer.data() + found.answer.size() > text.data() + text.size())
      __builtin_trap();
  }
  return 0;
}
