// Functions of the decision tree: exact values where they are known, one canonical name for what has several.
#include <algorithm>

#include "evals/math/algebra_node.h"

namespace tidemark::math {
namespace {

constexpr ulong kMaxFactorial = 20000;  // about 2^18 bits, a millisecond

Node FunctionNode(Op op, const std::string& name, std::vector<Node> args) {
  Node node;
  node.op = op;
  node.name = name;
  node.args = std::move(args);
  return node;
}

bool IsRational(const Node& node) { return node.op == Op::kRational; }

bool AllRational(const std::vector<Node>& args) { return std::all_of(args.begin(), args.end(), IsRational); }

bool AllIntegers(const std::vector<Node>& args) {
  return std::all_of(args.begin(), args.end(), [](const Node& a) { return IsRational(a) && a.value.IsInteger(); });
}

Node One() { return RationalNode(Rational(1)); }

bool IsTrigonometric(const std::string& name) {
  return name == "sin" || name == "cos" || name == "tan" || name == "cot" || name == "sec" || name == "csc";
}

// Of an angle that is a rational multiple of pi.
Node ExactTrigonometric(const std::string& name, const Rational& turns) {
  Rational complement(1, 2);
  fmpq_sub(complement, complement, turns);
  if (name == "cos") return MakeCosPi(turns);
  if (name == "sin") return MakeCosPi(complement);
  if (name == "tan") return MakeDivide(MakeCosPi(complement), MakeCosPi(turns));
  if (name == "cot") return MakeDivide(MakeCosPi(turns), MakeCosPi(complement));
  if (name == "sec") return MakeDivide(One(), MakeCosPi(turns));
  return MakeDivide(One(), MakeCosPi(complement));
}

Node MakeLogarithm(Node arg) {
  if (arg.op == Op::kE) return One();
  if (arg.op == Op::kPower && arg.args[0].op == Op::kE && IsRational(arg.args[1])) return arg.args[1];
  if (IsRational(arg)) {
    if (arg.value.IsZero()) throw Undefined();
    if (arg.value.IsOne()) return RationalNode(Rational(0));
    if (arg.value.Sign() < 0) {  // the principal value
      fmpq_neg(arg.value, arg.value);
      Node pi, i;
      pi.op = Op::kPi;
      i.op = Op::kI;
      return MakeAdd(NodeList(MakeLogarithm(std::move(arg)), MakeMultiply(NodeList(std::move(i), std::move(pi)))));
    }
  }
  std::vector<Node> args;
  args.push_back(std::move(arg));
  return FunctionNode(Op::kFunction, "ln", std::move(args));
}

// floor(a / b) for b != 0.
void FloorQuotient(Integer& out, const Rational& a, const Rational& b) {
  Rational quotient;
  fmpq_div(quotient, a, b);
  fmpz_fdiv_q(out, quotient.num(), quotient.den());
}

Node FoldOfOne(const std::string& name, std::vector<Node> args) {
  Rational& x = args[0].value;
  if (name == "abs") fmpq_abs(x, x);
  if (name == "im") fmpq_zero(x);
  if (name == "floor" || name == "ceil") {
    Rational out;
    if (name == "floor") {
      fmpz_fdiv_q(out.num(), x.num(), x.den());
    } else {
      fmpz_cdiv_q(out.num(), x.num(), x.den());
    }
    x = out;
  }
  return std::move(args[0]);  // re, conjugate
}

Node MakeFactorial(std::vector<Node> args) {
  const Rational& n = args[0].value;
  if (IsRational(args[0]) && n.IsInteger()) {
    if (n.Sign() < 0) throw Undefined();
    if (fmpz_cmp_ui(n.num(), kMaxFactorial) <= 0) {
      Rational out(1);
      fmpz_fac_ui(out.num(), fmpz_get_ui(n.num()));
      return RationalNode(std::move(out));
    }
  }
  return FunctionNode(Op::kFunction, "factorial", std::move(args));
}

Node MakeBinomial(std::vector<Node> args, const Budget& budget) {
  const Rational &n = args[0].value, &k = args[1].value;
  if (!AllIntegers(args)) return FunctionNode(Op::kFunction, "binomial", std::move(args));
  if (k.Sign() < 0 || (n.Sign() >= 0 && fmpz_cmp(k.num(), n.num()) > 0)) return RationalNode(Rational(0));
  Integer small;  // C(n, k) = C(n, n - k) for n >= 0
  fmpz_set(small, k.num());
  if (n.Sign() >= 0) {
    Integer other;
    fmpz_sub(other, n.num(), k.num());
    if (fmpz_cmp(other, small) < 0) fmpz_set(small, other);
  }
  if (fmpz_cmp_ui(small, 5000) > 0 || fmpz_bits(n.num()) > 64) {
    return FunctionNode(Op::kFunction, "binomial", std::move(args));
  }
  Rational out(1);
  const ulong count = fmpz_get_ui(small);
  for (ulong i = 0; i < count; ++i) {  // out = C(n, i + 1), an integer at every step
    budget.CheckTime();
    Integer factor;
    fmpz_sub_ui(factor, n.num(), i);
    fmpz_mul(out.num(), out.num(), factor);
    fmpz_divexact_ui(out.num(), out.num(), i + 1);
  }
  return RationalNode(std::move(out));
}

Node FoldOfSeveral(const std::string& name, const std::vector<Node>& args) {
  Rational out = args[0].value;
  for (size_t i = 1; i < args.size(); ++i) {
    const Rational& x = args[i].value;
    if (name == "max" && fmpq_cmp(x, out) > 0) out = x;
    if (name == "min" && fmpq_cmp(x, out) < 0) out = x;
    if (name == "gcd") fmpz_gcd(out.num(), out.num(), x.num());
    if (name == "lcm") {
      if (static_cast<slong>(fmpz_bits(out.num()) + fmpz_bits(x.num())) > kMaxFoldBits) throw BudgetSpent("lcm too large");
      fmpz_lcm(out.num(), out.num(), x.num());
    }
  }
  if (name == "gcd" || name == "lcm") fmpz_abs(out.num(), out.num());
  return RationalNode(std::move(out));
}

Node MakeOfOne(const std::string& name, std::vector<Node> args, const Budget& budget) {
  budget.CheckTime();
  if (name == "exp") {
    Node e;
    e.op = Op::kE;
    return MakePower(std::move(e), std::move(args[0]));
  }
  if (name == "ln" || name == "log") return MakeLogarithm(std::move(args[0]));
  if (name == "factorial") return MakeFactorial(std::move(args));
  if (IsTrigonometric(name)) {
    const auto angle = AsPiMonomial(args[0]);
    if (angle && angle->is == 0 && (angle->pis == 1 || angle->coefficient.IsZero())) {
      return ExactTrigonometric(name, angle->coefficient);
    }
  }
  static constexpr const char* kFold[] = {"abs", "floor", "ceil", "conjugate", "re", "im"};
  static constexpr const char* kOther[] = {"sin",    "cos",    "tan",    "cot",  "sec",  "csc",
                                           "arcsin", "arccos", "arctan", "sinh", "cosh", "tanh"};
  const auto is_name = [&](const char* other) { return name == other; };
  const bool folds = std::any_of(std::begin(kFold), std::end(kFold), is_name);
  if (folds && AllRational(args)) return FoldOfOne(name, std::move(args));
  if (folds || std::any_of(std::begin(kOther), std::end(kOther), is_name)) {
    return FunctionNode(Op::kFunction, name, std::move(args));
  }
  return FunctionNode(Op::kUnknownFunction, name, std::move(args));
}

}  // namespace

Node MakeFunction(const std::string& name, std::vector<Node> args, const Budget& budget) {
  if ((name == "max" || name == "min") && !args.empty()) {
    if (AllRational(args)) return FoldOfSeveral(name, args);
    return FunctionNode(Op::kFunction, name, std::move(args));
  }
  if ((name == "gcd" || name == "lcm") && !args.empty()) {
    if (AllIntegers(args)) return FoldOfSeveral(name, args);
    return FunctionNode(Op::kUnknownFunction, name, std::move(args));
  }
  if (args.size() == 1) return MakeOfOne(name, std::move(args), budget);
  if (args.size() == 2 && name == "log") return MakeDivide(MakeLogarithm(std::move(args[0])), MakeLogarithm(std::move(args[1])));
  if (args.size() == 2 && name == "binomial") return MakeBinomial(std::move(args), budget);
  if (args.size() == 2 && name == "mod") {
    if (IsRational(args[1]) && args[1].value.IsZero()) throw Undefined();
    if (!AllRational(args)) return FunctionNode(Op::kFunction, name, std::move(args));
    Integer turns;
    FloorQuotient(turns, args[0].value, args[1].value);
    fmpq_mul_fmpz(args[1].value, args[1].value, turns);
    fmpq_sub(args[0].value, args[0].value, args[1].value);
    return std::move(args[0]);
  }
  return FunctionNode(Op::kUnknownFunction, name, std::move(args));
}

}  // namespace tidemark::math
