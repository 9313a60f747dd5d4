// Reads LaTeX as Math-Verify reads it (the grammar PS.g4 of latex2sympy2_extended 1.11, restated as recursive descent with a
// memo), into expression trees. A formula outside that language is unreadable, as it is there.
#ifndef TIDEMARK_EVALS_MATH_LATEX_PARSER_H_
#define TIDEMARK_EVALS_MATH_LATEX_PARSER_H_

#include <optional>
#include <string_view>

#include "evals/math/budget.h"
#include "evals/math/expression.h"

namespace tidemark::math {

// Longer or deeper formulas are refused with BudgetSpent before any work is spent on them.
inline constexpr size_t kMaxFormulaBytes = 32768;
inline constexpr int kMaxNesting = 100;  // of brackets, fractions, exponents
inline constexpr int kMaxTreeDepth = 200;

// A formula without its delimiters. nullopt: not in the language. Conventions of the tree:
//   "1, 2"                 kList          "(1,2)", "[1,2)"  kInterval, with the ends as written, whatever their order
//   "(1,2,3)", "[1,2,3]"   kTuple         "\{1,2\}", "{1,2}"  kSet
//   "x = 1"                kRelation      "x \in S"         kMember; "\notin": kRelation "!="
//   "1 \pm 2"              kPlusMinus, only as an entry of a list (of one, when alone), tuple or set
//   "50\%"                 kMultiply with text "%" of 50 and 1/100
//   "1\frac{1}{2}"         kAdd with text "mixed" of 1 and 1/2; so is "2(3)", five
//   "52_8", "30^\circ"     52, 30: base and degree marks are ignored
//   "x_{12}", "\vec{v}", "\text{(C)}", "dx"   symbols "x_{12}", "vec{v}", "C", "dx"
//   "I"                    the imaginary unit; "i": a symbol like every letter; "e": Euler's number; "E": a symbol; \log without
//   a base: base 10 "9i", "x"              symbols with kRealLetter; an i that stands by itself, "9 i" or "x + i", makes all
//   letters of the formula
//                          complex: symbols without it, which are other letters
//   "f(x)", "x(y)"         the function f, x; a bracket with more than one atom, x(y+1), multiplies
//   "\sum_{k=1}^n a", "\prod"   functions "sum" and "product" {a, k, 1, n}; "\int_0^1 f dx": "integral" {f, x, 0, 1} or {f, x};
//                          "\lim_{x \to 0} f": "limit" {f, x, 0}; "\frac{d}{dx} f", "\frac{df}{dx}": "derivative" {f, x}
// Throws BudgetSpent for hostile input.
std::optional<Expression> ReadLatex(std::string_view latex, const Budget& budget);

// Plain arithmetic "(1+2)/3", "2^10", "1.5*4" as Python would read it after ^ became **. nullopt: not arithmetic.
std::optional<Expression> ReadArithmetic(std::string_view text, const Budget& budget);

}  // namespace tidemark::math

#endif  // TIDEMARK_EVALS_MATH_LATEX_PARSER_H_
