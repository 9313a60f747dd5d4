// Any bytes as a response to every checker, and as a table: no crash, no exception but Error, no superlinear time.
#include <cstdint>
#include <string_view>

#include "engine/core/error.h"
#include "evals/ifeval/ifeval.h"
#include "evals/reasoning.h"
#include "tests/ifeval/sample_instructions.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace tidemark;
  static const std::vector<Instruction> instructions = test::SampleInstructions();
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const Answer answer = StripReasoning(bytes);
  for (const InstructionVerdict& verdict : CheckIfeval(answer.text, instructions)) {
    if (verdict.strict && !verdict.loose) __builtin_trap();
  }
  // Embedded tables are trusted in practice; their readers still must refuse anything else cleanly.
  try {
    LanguageDetector{bytes};
  } catch (const Error&) {
  }
  try {
    Punkt{bytes};
  } catch (const Error&) {
  }
  return 0;
}
