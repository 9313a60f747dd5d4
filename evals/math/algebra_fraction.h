// Exact identities: an expression as a quotient of integer polynomials in generators (symbols, pi, e, i, roots, exponentials,
// functions), where g^k = A is known for roots. A difference that reduces to the zero polynomial proves equality.
#ifndef TIDEMARK_EVALS_MATH_ALGEBRA_FRACTION_H_
#define TIDEMARK_EVALS_MATH_ALGEBRA_FRACTION_H_

#include "evals/math/algebra_node.h"

namespace tidemark::math {

enum class Identity {
  kEqual,      // proven
  kDifferent,  // proven: rational functions of symbols alone, and not the same
  kOpen,       // not decided by polynomials
};

// Throws Undefined when a denominator is the zero polynomial, BudgetSpent when time is over. Sizes are estimated before every
// operation; what would grow too large leaves the question open.
Identity CompareAsFractions(const Node& a, const Node& b, const Budget& budget);

}  // namespace tidemark::math

#endif  // TIDEMARK_EVALS_MATH_ALGEBRA_FRACTION_H_
