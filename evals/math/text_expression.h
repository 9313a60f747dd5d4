// Mathematics as people type it ("2sqrt(3)/5", "x(x+1)^2", "5!"), read as sympy's parse_expr with implicit multiplication does.
#ifndef TIDEMARK_EVALS_MATH_TEXT_EXPRESSION_H_
#define TIDEMARK_EVALS_MATH_TEXT_EXPRESSION_H_

#include <optional>
#include <string_view>

#include "evals/math/budget.h"
#include "evals/math/expression.h"

namespace tidemark::math {

// + - * / ** ^ ! and parentheses with Python's precedence; what stands side by side is multiplied, at the precedence of *.
// Names known to sympy are constants or functions (pi, E, I, oo, sqrt, sin, ln, log, ...); other names, also Greek letters
// written as UTF-8, fall into their letters: "ab2" is a*b*2, "mu" stays. `decimals` tells whether a number had a point.
// nullopt: not such an expression, longer than 20,000 bytes or nested deeper than 200. Throws BudgetSpent.
struct TextExpression {
  Expression expression;
  bool decimals = false;
};
std::optional<TextExpression> ParseTextExpression(std::string_view text, const Budget& budget);

}  // namespace tidemark::math

#endif  // TIDEMARK_EVALS_MATH_TEXT_EXPRESSION_H_
