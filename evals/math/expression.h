// Mathematical expressions as they are read from LaTeX: a tree of plain values. The parser writes it, the algebra decides
// equality of its scalar parts, the verifier compares the rest (sets, tuples, intervals, relations) element by element.
#ifndef TIDEMARK_EVALS_MATH_EXPRESSION_H_
#define TIDEMARK_EVALS_MATH_EXPRESSION_H_

#include <cstdint>
#include <string>
#include <vector>

namespace tidemark::math {

// Scalars come first: IsScalar() is kind <= kFunction.
enum class Kind : uint8_t {
  kNumber,     // text: unsigned decimal digits with at most one point ("12", "0.50", ".5"); exact: 0.5 is 1/2
  kSymbol,     // text: "x", "theta", "x_1", or a name of several letters
  kConstant,   // text: "pi", "e", "i", "infinity", "complex_infinity"
  kAdd,        // args: summands
  kMultiply,   // args: factors
  kNegate,     // args: {a}
  kDivide,     // args: {numerator, denominator}
  kPower,      // args: {base, exponent}; square roots are kRoot
  kRoot,       // args: {radicand, degree}: the principal root
  kFunction,   // text: "sin", "cos", "tan", "cot", "sec", "csc", "arcsin", "arccos", "arctan", "sinh", "cosh", "tanh", "ln",
               // "exp", "abs", "floor", "ceil", "factorial", "binomial" {n, k}, "log" {x} (natural) or {x, base}, "gcd", "lcm",
               // "max", "min", "mod" {a, n}, "conjugate", "re", "im"; any other name: an unknown function, equal only to itself
  kPlusMinus,  // args: {a} or {a, b}: both signs; expanded to a set by the verifier
  kRelation,   // text: "=", "!=", "<", "<=", ">", ">="; args: {left, right}; chains are kAnd of relations
  kAnd,        // args: statements
  kMember,     // args: {element, set}
  kTuple,      // args: ordered entries, written in round brackets
  kList,       // args: entries separated by commas without brackets, in written order
  kSet,        // args: written in braces, unordered; none: the empty set
  kInterval,   // args: {low, high}; flags: kOpenLeft, kOpenRight
  kUnion,      // args: sets
  kIntersection,  // args: sets
  kDifference,    // args: {set, set}
  kNamedSet,      // text: "R", "Z", "N", "Q", "C"
  kMatrix,        // args: row-major entries; columns
  kText,          // text: words
};

inline constexpr uint8_t kOpenLeft = 1;
inline constexpr uint8_t kOpenRight = 2;
inline constexpr uint8_t kRealLetter = 4;  // of a symbol: known to be real; a different letter from the one without

struct Expression {
  Kind kind = Kind::kNumber;
  std::string text;
  std::vector<Expression> args;
  uint8_t flags = 0;
  int columns = 0;  // of a matrix

  bool operator==(const Expression&) const = default;
};

inline bool IsScalar(Kind kind) { return kind <= Kind::kFunction; }

// "add(multiply(2, x), divide(1, 3))": for tests and reports.
std::string ToText(const Expression& expression);

}  // namespace tidemark::math

#endif  // TIDEMARK_EVALS_MATH_EXPRESSION_H_
