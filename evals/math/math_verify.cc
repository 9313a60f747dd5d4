// The verdict of the package Math-Verify 0.9: verify(parse("\boxed{gold}"), parse(response)) with the default configuration,
// which reads formulas and plain expressions. The gold is wrapped in a box because bare LaTeX is not recognised there.
#include "evals/math/answer_equality.h"
#include "evals/math/answer_extraction.h"
#include "evals/math/graders.h"

namespace tidemark::math {
namespace {

constexpr size_t kMaxResponseBytes = size_t{1} << 20;

Grade Verify(std::string_view gold, std::string_view response, const Budget& budget) {
  if (response.size() > kMaxResponseBytes || gold.size() > kMaxResponseBytes) {
    return {Outcome::kTooExpensive, "a text of more than 1 MiB"};
  }
  const FoundAnswer wanted = FindAnswer("\\boxed{" + std::string(gold) + "}", budget);
  const FoundAnswer given = FindAnswer(response, budget);
  if (!wanted.text.empty() && wanted.text == given.text) return {Outcome::kCorrect, "equal as strings"};
  if (!given.value) {
    if (given.refused) return {Outcome::kTooExpensive, "the answer is too long or nested too deeply"};
    return {Outcome::kUnreadable, given.text.empty() ? "no answer found" : "the answer cannot be read"};
  }
  if (!wanted.value) return {Outcome::kWrong, "the gold answer cannot be read and the strings differ"};
  std::string why;
  const bool equal = AnswersEqual(PrepareAnswer(*wanted.value, budget), PrepareAnswer(*given.value, budget), budget, why);
  if (!equal && given.refused) return {Outcome::kTooExpensive, "the answer is too long or nested too deeply"};
  return {equal ? Outcome::kCorrect : Outcome::kWrong, why};
}

}  // namespace

Grade GradeMathVerify(std::string_view gold, const MathResponse& response) {
  const Budget budget;
  try {
    return Verify(gold, response.text, budget);
  } catch (const BudgetSpent& spent) {
    return {Outcome::kTooExpensive, spent.what()};
  }
}

}  // namespace tidemark::math
