// Any bytes as LaTeX, and as a gold answer and a response (split at the first zero byte): no crash, no exception but BudgetSpent,
// and a verdict within the budget.
#include <cstdint>
#include <string_view>

#include "evals/math/graders.h"
#include "evals/math/latex_normalize.h"
#include "evals/math/latex_parser.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace tidemark::math;
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  try {
    ReadLatex(bytes, Budget());
    ReadArithmetic(bytes, Budget());
    ReadLatex(NormalizeLatex(bytes, Boxes::kLast, kMaxFormulaBytes), Budget());
  } catch (const BudgetSpent&) {
  }
  const size_t split = bytes.find('\0');
  const std::string_view gold = bytes.substr(0, split);
  const std::string_view response = split == std::string_view::npos ? bytes : bytes.substr(split + 1);
  GradeMathVerify(gold, {response, response});
  return 0;
}
