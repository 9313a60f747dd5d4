// LaTeX as sympy's older parser reads it, which the Minerva grader relies on, oddities included: \pi, e and i are unknowns,
// x(y+1) is a function x applied to y+1, 4\frac{2}{3} is a product, 1/2x is 1/(2x), and whatever follows a complete
// expression is ignored ("2, 3" is 2).
#ifndef TIDEMARK_EVALS_MATH_SYMPY_LATEX_H_
#define TIDEMARK_EVALS_MATH_SYMPY_LATEX_H_

#include <optional>
#include <string_view>

#include "evals/math/budget.h"
#include "evals/math/expression.h"

namespace tidemark::math {

// nullopt: a syntax error there, a relation (of which no difference can be taken), integrals, sums, limits and derivatives, or
// nesting deeper than 100. Throws BudgetSpent.
std::optional<Expression> ParseSympyLatex(std::u32string_view text, const Budget& budget);

}  // namespace tidemark::math

#endif  // TIDEMARK_EVALS_MATH_SYMPY_LATEX_H_
