// Fuzzes the string graders and, through the text parser, the algebra. Input: two lines, gold and answer (the first newline
// splits them). Nothing may throw but BudgetSpent out of the algebra, and an expression must not differ from itself.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "evals/math/algebra.h"
#include "evals/math/graders.h"
#include "evals/math/text_expression.h"

namespace {

using namespace tidemark::math;

void DecideTexts(std::string_view a, std::string_view b) {
  const Budget budget(std::chrono::milliseconds(300));
  try {
    const auto x = ParseTextExpression(a, budget), y = ParseTextExpression(b, budget);
    if (!x || !y) return;
    const Decision there = DecideEqual(x->expression, y->expression, budget);
    const Decision back = DecideEqual(y->expression, x->expression, budget);
    const bool contradiction = (there.equality == Equality::kEqual && back.equality == Equality::kDifferent) ||
                               (there.equality == Equality::kDifferent && back.equality == Equality::kEqual);
    if (contradiction || DecideEqual(x->expression, x->expression, budget).equality == Equality::kDifferent) std::abort();
    Sign(x->expression, budget);
    RoundTo(x->expression, 6, budget);
  } catch (const BudgetSpent&) {
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size > 4096) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const size_t split = text.find('\n');
  const std::string_view gold = text.substr(0, split);
  const std::string_view answer = split == std::string_view::npos ? gold : text.substr(split + 1);
  const MathResponse response{answer, answer};
  GradeHendrycks(gold, response);
  GradePrm800k(gold, response);
  GradeMinerva(gold, response);
  if (size <= 200) DecideTexts(gold, answer);
  return 0;
}
