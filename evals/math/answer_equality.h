// Whether an answer equals the gold answer by the rules of Math-Verify (math_verify 0.9, verify() with its defaults): gold first,
// the rules are not symmetric. Scalars are decided by the algebra, not by one floating-point comparison; the structure around
// them (assignments, sets, tuples, intervals, relations, matrices, words) is decided here.
#ifndef TIDEMARK_EVALS_MATH_ANSWER_EQUALITY_H_
#define TIDEMARK_EVALS_MATH_ANSWER_EQUALITY_H_

#include <optional>
#include <string>
#include <vector>

#include "evals/math/budget.h"
#include "evals/math/expression.h"

namespace tidemark::math {

// Readies a tree for comparison: letters in lower case, "1 \pm 2" as two values, intervals whose ends are in the wrong order as
// points, arithmetic of matrices done, \in as "=". Throws BudgetSpent.
Expression PrepareAnswer(const Expression& read, const Budget& budget);

// Both prepared. why: the rule that decided. Throws BudgetSpent.
bool AnswersEqual(const Expression& gold, const Expression& answer, const Budget& budget, std::string& why);

// Small tree helpers, shared by the files of this comparison.
Expression Difference(const Expression& a, const Expression& b);
Expression IntegerNumber(int64_t value);
std::vector<std::string> FreeSymbols(const Expression& e);
Expression Substitute(const Expression& e, const std::string& symbol, const Expression& value);
// 1, -1 for plus and minus infinity, 0 for everything else.
int InfinitySign(const Expression& e);

// evals/math/matrix_arithmetic.cc: a matrix with the scalars, sums and products of `e` worked out; e itself when it has no matrix
// or the shapes do not fit.
Expression EvaluateMatrices(const Expression& e, const Budget& budget);

// Whether some number in e has a decimal point.
bool HasDecimal(const Expression& e);

// Scalars: numbers with a decimal point agree to six places (with integers: exactly), percentages count as hundredths or, between
// whole numbers, as themselves, all else exactly.
bool ScalarsEqual(const Expression& gold, const Expression& answer, const Budget& budget);

// The same for two entries of matrices, whose arithmetic with decimals is done first: 1.0/5.0000001 is a number there.
bool EntriesEqual(const Expression& gold, const Expression& answer, const Budget& budget);

}  // namespace tidemark::math

#endif  // TIDEMARK_EVALS_MATH_ANSWER_EQUALITY_H_
