// The tree on which equality is decided: an Expression with its rational parts folded, roots as powers, every function that can
// be written by another one so written, and exact values put in where they are known (sin(pi/6), log_2 8, (-8)^(1/3)).
#ifndef TIDEMARK_EVALS_MATH_ALGEBRA_NODE_H_
#define TIDEMARK_EVALS_MATH_ALGEBRA_NODE_H_

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "evals/math/budget.h"
#include "evals/math/expression.h"
#include "evals/math/flint.h"

namespace tidemark::math {

enum class Op : uint8_t {
  kRational,  // value
  kSymbol,    // name
  kPi,
  kE,
  kI,
  kCosPi,            // cos(value * pi), 0 < value < 1/2, where no shorter form is known
  kAdd,              // args
  kMultiply,         // args
  kDivide,           // {numerator, denominator}
  kPower,            // {base, exponent}, principal value; integer exponents of rationals only when too big to fold
  kFunction,         // name: sin cos tan cot sec csc arcsin arccos arctan sinh cosh tanh ln abs floor ceil factorial binomial
                     // max min mod conjugate re im
  kUnknownFunction,  // name, args
};

struct Node {
  Op op = Op::kRational;
  Rational value;
  std::string name;
  std::vector<Node> args;

  bool operator==(const Node&) const = default;
};

// Moves its arguments; an initializer list would copy whole trees.
template <typename... Nodes>
std::vector<Node> NodeList(Nodes&&... nodes) {
  std::vector<Node> out;
  out.reserve(sizeof...(nodes));
  (out.push_back(std::forward<Nodes>(nodes)), ...);
  return out;
}

// Thrown for a value that does not exist: 1/0, 0^0, ln 0, (-1)!.
struct Undefined {};

// Ends the names of symbols with kRealLetter. No name has a blank of its own.
inline constexpr std::string_view kRealName = " real";

// Deeper trees are refused, so that recursion is safe on a small stack.
inline constexpr int kMaxDepth = 2000;
// Rational numbers are folded up to this size; bigger ones stay powers or factorials and are only enclosed.
inline constexpr slong kMaxFoldBits = slong{1} << 18;

// Throws Undefined, BudgetSpent. Expects a scalar expression without infinities, of at most kMaxDepth.
Node BuildNode(const Expression& expression, const Budget& budget);

// Throws BudgetSpent if the tree is deeper than kMaxDepth. Does not recurse.
void CheckDepth(const Expression& expression, const Budget& budget);

// The same value, folded. The arguments may be any nodes. Throw Undefined.
Node RationalNode(Rational value);
Node MakeAdd(std::vector<Node> args);
Node MakeMultiply(std::vector<Node> args);
Node MakeDivide(Node numerator, Node denominator);
Node MakePower(Node base, Node exponent);
Node MakeCosPi(Rational value);  // cos(value * pi)
Node MakeCis(Rational value);    // e^(i * pi * value)
// name and args as in Expression; defined in algebra_functions.cc.
Node MakeFunction(const std::string& name, std::vector<Node> args, const Budget& budget);

// c when the node is c * pi^pis * i^is for rational c by its form.
struct PiMonomial {
  Rational coefficient;
  int pis = 0, is = 0;  // is: 0 or 1
};
std::optional<PiMonomial> AsPiMonomial(const Node& node);

}  // namespace tidemark::math

#endif  // TIDEMARK_EVALS_MATH_ALGEBRA_NODE_H_
