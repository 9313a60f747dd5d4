// Equality of scalar expressions, decided as far as mathematics allows: rational functions exactly (FLINT), algebraic numbers
// exactly (enclosures refined past a root separation bound), everything else by rigorous ball arithmetic (Arb) that proves a
// difference, or by agreement to hundreds of digits at several points, which is reported as such. Never by one floating-point
// comparison.
#ifndef TIDEMARK_EVALS_MATH_ALGEBRA_H_
#define TIDEMARK_EVALS_MATH_ALGEBRA_H_

#include <optional>
#include <string>

#include "evals/math/budget.h"
#include "evals/math/expression.h"

namespace tidemark::math {

enum class Equality { kEqual, kDifferent, kUnknown };  // kUnknown: undefined values (0/0), unsupported functions
enum class Method { kExact, kRigorous, kHighPrecision, kNone };

struct Decision {
  Equality equality = Equality::kUnknown;
  Method method = Method::kNone;
};

// Whether a and b are the same value for all values of their symbols where both are defined. Both must be scalar in all their
// parts. Symbols without kRealLetter are complex unless an operation makes them real (as usual in computer algebra). Throws
// BudgetSpent.
Decision DecideEqual(const Expression& a, const Expression& b, const Budget& budget);

// -1, 0, 1: the sign of a real constant expression; nullopt: not constant, not real, undefined or undecided. Throws BudgetSpent.
std::optional<int> Sign(const Expression& a, const Budget& budget);

// The real part and the imaginary part of a constant expression as decimals with `digits` digits after the point, correctly
// rounded (half to even); nullopt: not constant, infinite, undefined. Throws BudgetSpent.
struct Decimal {
  std::string real, imaginary;  // "-0.333333", "0.000000" (no negative zero)
  bool operator==(const Decimal&) const = default;
};
std::optional<Decimal> RoundTo(const Expression& a, int digits, const Budget& budget);

// Whether the expression has no symbols (and no unknown functions).
bool IsConstant(const Expression& a);

}  // namespace tidemark::math

#endif  // TIDEMARK_EVALS_MATH_ALGEBRA_H_
