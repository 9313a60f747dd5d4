// Math-Verify's search for the answer in a whole response (math_verify 0.9, the default LatexExtractionConfig and
// ExprExtractionConfig). Patterns are tried in groups: "final answer is X. I hope"; "final answer ... is X" and boxes;
// "answer: ... X"; "answer ... X"; any formula or number. In a group the match that ends last wins, of those the one that starts
// first; the first that can be read is the value.
#ifndef TIDEMARK_EVALS_MATH_ANSWER_EXTRACTION_H_
#define TIDEMARK_EVALS_MATH_ANSWER_EXTRACTION_H_

#include <optional>
#include <string>
#include <string_view>

#include "evals/math/budget.h"
#include "evals/math/expression.h"

namespace tidemark::math {

struct FoundAnswer {
  std::optional<Expression> value;  // of the first match that can be read
  std::string text;                 // of the first match tried, normalised; may belong to another match than the value
  bool refused = false;             // a match on the way was too long or too deep to read
};

// Throws BudgetSpent when the time is over.
FoundAnswer FindAnswer(std::string_view response, const Budget& budget);

}  // namespace tidemark::math

#endif  // TIDEMARK_EVALS_MATH_ANSWER_EXTRACTION_H_
