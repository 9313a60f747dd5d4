// Sets of real numbers as cuts of the line: every union, intersection and difference of intervals, points and the whole line.
#ifndef TIDEMARK_EVALS_MATH_REAL_SETS_H_
#define TIDEMARK_EVALS_MATH_REAL_SETS_H_

#include <optional>
#include <vector>

#include "evals/math/budget.h"
#include "evals/math/expression.h"

namespace tidemark::math {

// cuts ascend; the set holds cut i where at[i], and the open stretch before cut i (after the last one for i = n) where
// between[i].
struct RealSet {
  std::vector<Expression> cuts;
  std::vector<bool> at;
  std::vector<bool> between = {false};
};

// nullopt: not a set of reals, or the order of two ends cannot be decided. Throws BudgetSpent.
std::optional<RealSet> ToRealSet(const Expression& e, const Budget& budget);

// The solutions of a relation, or of a chain of them, that is linear in one symbol. nullopt: something else.
std::optional<RealSet> SolutionSet(const Expression& relation, const Budget& budget);

// nullopt: undecided.
std::optional<bool> SameRealSet(const RealSet& a, const RealSet& b, const Budget& budget);

}  // namespace tidemark::math

#endif  // TIDEMARK_EVALS_MATH_REAL_SETS_H_
