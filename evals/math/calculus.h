// The values of \sum, \prod, \int, \lim and \frac{d}{dx}, as far as answers need them.
#ifndef TIDEMARK_EVALS_MATH_CALCULUS_H_
#define TIDEMARK_EVALS_MATH_CALCULUS_H_

#include "evals/math/budget.h"
#include "evals/math/expression.h"

namespace tidemark::math {

// e with its functions "sum", "product", "integral", "limit" and "derivative" (see latex_parser.h) replaced by their values where
// those are found; the others stay. Throws BudgetSpent.
Expression EvaluateCalculus(const Expression& e, const Budget& budget);

}  // namespace tidemark::math

#endif  // TIDEMARK_EVALS_MATH_CALCULUS_H_
