// Root separation: how close to zero the value of a non-zero algebraic expression can be.
#ifndef TIDEMARK_EVALS_MATH_ALGEBRA_BOUND_H_
#define TIDEMARK_EVALS_MATH_ALGEBRA_BOUND_H_

#include <optional>

#include "evals/math/algebra_node.h"

namespace tidemark::math {

// b > 0 such that the difference of two constant expressions made of rationals, + - * /, i, rational powers and cosines of
// rational multiples of pi is either 0 or at least 2^-b in absolute value; nullopt: something else occurs, or b is absurd.
// Source: C. Burnikel, S. Funke, K. Mehlhorn, S. Schirra, S. Schmitt, "A separation bound for real algebraic expressions",
// ESA 2001: write the value as U/L with algebraic integers U, L of degree at most D (the product of the degrees of all distinct
// roots), all conjugates of U at most u and of L at most l; a non-zero norm of U is at least 1, so |U/L| >= 1 / (u^(D-1) l).
// The argument holds for complex values as it stands.
std::optional<slong> SeparationBits(const Node& a, const Node& b);

}  // namespace tidemark::math

#endif  // TIDEMARK_EVALS_MATH_ALGEBRA_BOUND_H_
