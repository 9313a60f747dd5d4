// Builds the decision tree of an expression from its leaves up; see the header.
#include "evals/math/algebra_node.h"

#include <algorithm>

namespace tidemark::math {
namespace {

// Decimal digits of one literal. Converting more would take longer than one library call may.
constexpr size_t kMaxDigits = 100000;

Rational ParseDecimal(const std::string& text) {
  if (text.size() > kMaxDigits) throw BudgetSpent("a number has too many digits");
  std::string digits;
  size_t decimals = 0;
  bool point = false;
  for (const char c : text) {
    if (c == '.' && !point) {
      point = true;
    } else if (c >= '0' && c <= '9') {
      digits += c;
      decimals += point ? 1 : 0;
    } else {
      throw Undefined();
    }
  }
  if (digits.empty()) throw Undefined();
  Rational value;
  fmpz_set_str(value.num(), digits.c_str(), 10);
  fmpz_ui_pow_ui(value.den(), 10, static_cast<ulong>(decimals));
  fmpq_canonicalise(value);
  return value;
}

Node Leaf(Op op) {
  Node node;
  node.op = op;
  return node;
}

Node WithArgs(Op op, std::vector<Node> args) {
  Node node;
  node.op = op;
  node.args = std::move(args);
  return node;
}

bool IsRational(const Node& node) { return node.op == Op::kRational; }

// |base|^exponent for an integer exponent, if that is small enough to write out.
std::optional<Rational> FoldIntegerPower(const Rational& base, const Integer& exponent) {
  if (base.IsOne()) return base;
  if (!fmpz_fits_si(exponent)) {
    if (!base.IsMinusOne()) return std::nullopt;
    return Rational(fmpz_is_even(exponent) ? 1 : -1);
  }
  const slong n = fmpz_get_si(exponent);
  if (n > kMaxFoldBits || n < -kMaxFoldBits) {
    if (base.IsMinusOne()) return Rational(n % 2 == 0 ? 1 : -1);
    return std::nullopt;
  }
  if (base.Bits() * std::abs(n) > kMaxFoldBits) return std::nullopt;
  Rational out;
  fmpq_pow_si(out, base, n);
  return out;
}

// The q-th root of a positive rational if it is rational.
std::optional<Rational> ExactRoot(const Rational& base, slong q) {
  Rational out;
  if (q > 4096 || base.Bits() > kMaxFoldBits) return std::nullopt;
  if (!fmpz_root(out.num(), base.num(), q) || !fmpz_root(out.den(), base.den(), q)) return std::nullopt;
  return out;
}

Node RationalPower(const Rational& base, const Rational& exponent) {
  if (base.IsZero()) {
    if (exponent.Sign() <= 0) throw Undefined();
    return RationalNode(base);
  }
  Integer p;
  fmpz_set(p, exponent.num());
  if (exponent.IsInteger()) {
    if (auto folded = FoldIntegerPower(base, p)) return RationalNode(std::move(*folded));
    return WithArgs(Op::kPower, NodeList(RationalNode(base), RationalNode(exponent)));
  }
  if (base.Sign() < 0) {  // the principal value: (-b)^r = b^r e^(i pi r)
    Rational positive;
    fmpq_neg(positive, base);
    return MakeMultiply(NodeList(MakeCis(exponent), RationalPower(positive, exponent)));
  }
  if (fmpz_fits_si(exponent.den())) {
    if (const auto root = ExactRoot(base, fmpz_get_si(exponent.den()))) {
      if (auto folded = FoldIntegerPower(*root, p)) return RationalNode(std::move(*folded));
    }
  }
  return WithArgs(Op::kPower, NodeList(RationalNode(base), RationalNode(exponent)));
}

std::vector<Node> BuildArgs(const Expression& expression, const Budget& budget) {
  std::vector<Node> args;
  args.reserve(expression.args.size());
  for (const Expression& arg : expression.args) args.push_back(BuildNode(arg, budget));
  return args;
}

Node BuildConstant(const std::string& name) {
  if (name == "pi") return Leaf(Op::kPi);
  if (name == "e") return Leaf(Op::kE);
  if (name == "i") return Leaf(Op::kI);
  throw Undefined();
}

}  // namespace

Node RationalNode(Rational value) {
  Node node;
  node.value = std::move(value);
  return node;
}

Node MakeAdd(std::vector<Node> args) {
  Rational sum;
  std::vector<Node> rest;
  for (Node& arg : args) {
    if (IsRational(arg) && sum.Bits() + arg.value.Bits() <= kMaxFoldBits) {
      fmpq_add(sum, sum, arg.value);
    } else if (arg.op == Op::kAdd) {
      for (Node& inner : arg.args) rest.push_back(std::move(inner));
    } else {
      rest.push_back(std::move(arg));
    }
  }
  if (!sum.IsZero() || rest.empty()) rest.push_back(RationalNode(std::move(sum)));
  return rest.size() == 1 ? std::move(rest[0]) : WithArgs(Op::kAdd, std::move(rest));
}

Node MakeMultiply(std::vector<Node> args) {
  Rational product(1);
  std::vector<Node> rest;
  const auto take = [&](Node& factor) {
    if (IsRational(factor) && product.Bits() + factor.value.Bits() <= kMaxFoldBits) {
      fmpq_mul(product, product, factor.value);
    } else {
      rest.push_back(std::move(factor));
    }
  };
  for (Node& arg : args) {
    if (arg.op == Op::kMultiply) {
      for (Node& inner : arg.args) take(inner);
    } else {
      take(arg);
    }
  }
  if (product.IsZero() || rest.empty()) return RationalNode(std::move(product));
  if (!product.IsOne()) rest.insert(rest.begin(), RationalNode(std::move(product)));
  return rest.size() == 1 ? std::move(rest[0]) : WithArgs(Op::kMultiply, std::move(rest));
}

Node MakeDivide(Node numerator, Node denominator) {
  if (IsRational(denominator)) {
    if (denominator.value.IsZero()) throw Undefined();
    Rational inverse;
    fmpq_inv(inverse, denominator.value);
    return MakeMultiply(NodeList(RationalNode(std::move(inverse)), std::move(numerator)));
  }
  return WithArgs(Op::kDivide, NodeList(std::move(numerator), std::move(denominator)));
}

Node MakePower(Node base, Node exponent) {
  if (IsRational(exponent)) {
    if (IsRational(base)) return RationalPower(base.value, exponent.value);
    if (exponent.value.IsZero()) return RationalNode(Rational(1));
    if (exponent.value.IsOne()) return base;
    if (base.op == Op::kI && exponent.value.IsInteger()) {
      Rational half = exponent.value;  // i^n = e^(i pi n/2)
      fmpq_div_2exp(half, half, 1);
      return MakeCis(std::move(half));
    }
    // (b^r)^n = b^(r n) holds for the principal value when n is an integer.
    if (base.op == Op::kPower && exponent.value.IsInteger() && IsRational(base.args[1]) &&
        base.args[1].value.Bits() + exponent.value.Bits() < 4096) {
      Rational product;
      fmpq_mul(product, base.args[1].value, exponent.value);
      return MakePower(std::move(base.args[0]), RationalNode(std::move(product)));
    }
    return WithArgs(Op::kPower, NodeList(std::move(base), std::move(exponent)));
  }
  if (IsRational(base) && base.value.IsOne()) return base;
  if (base.op == Op::kE) {
    const auto angle = AsPiMonomial(exponent);
    if (angle && angle->pis == 1 && angle->is == 1) return MakeCis(angle->coefficient);
  }
  return WithArgs(Op::kPower, NodeList(std::move(base), std::move(exponent)));
}

Node MakeCis(Rational value) {
  Rational complement(1, 2);
  fmpq_sub(complement, complement, value);  // sin(x) = cos(pi/2 - x)
  return MakeAdd(NodeList(MakeCosPi(std::move(value)), MakeMultiply(NodeList(Leaf(Op::kI), MakeCosPi(std::move(complement))))));
}

Node MakeCosPi(Rational value) {
  // Into 0 <= value < 2, then by symmetry into [0, 1/2] and a sign.
  Integer turns;
  Rational half_turn = value;
  fmpq_div_2exp(half_turn, half_turn, 1);
  fmpz_fdiv_q(turns, half_turn.num(), half_turn.den());
  fmpz_mul_2exp(turns, turns, 1);
  fmpq_sub_fmpz(value, value, turns);
  if (fmpq_cmp_si(value, 1) > 0) {
    fmpq_neg(value, value);
    fmpq_add_si(value, value, 2);
  }
  slong sign = 1;
  if (fmpq_cmp(value, Rational(1, 2)) > 0) {
    fmpq_neg(value, value);
    fmpq_add_si(value, value, 1);
    sign = -1;
  }
  const auto surd = [&](slong constant, slong coefficient, slong radicand, slong denominator) {
    Node root = RationalPower(Rational(radicand), Rational(1, 2));
    Node sum = MakeAdd(
        NodeList(RationalNode(Rational(constant)), MakeMultiply(NodeList(RationalNode(Rational(coefficient)), std::move(root)))));
    return MakeMultiply(NodeList(RationalNode(Rational(sign, static_cast<ulong>(denominator))), std::move(sum)));
  };
  if (value.IsZero()) return RationalNode(Rational(sign));
  if (value == Rational(1, 2)) return RationalNode(Rational(0));
  if (value == Rational(1, 3)) return RationalNode(Rational(sign, 2));
  if (value == Rational(1, 4)) return surd(0, 1, 2, 2);
  if (value == Rational(1, 6)) return surd(0, 1, 3, 2);
  if (value == Rational(1, 5)) return surd(1, 1, 5, 4);
  if (value == Rational(2, 5)) return surd(-1, 1, 5, 4);
  Node node = Leaf(Op::kCosPi);
  node.value = std::move(value);
  return MakeMultiply(NodeList(RationalNode(Rational(sign)), std::move(node)));
}

std::optional<PiMonomial> AsPiMonomial(const Node& node) {
  PiMonomial out;
  fmpq_one(out.coefficient);
  const auto times_i = [&](int count) {  // keeps is in {0, 1} by i^2 = -1
    out.is += count;
    if (out.is < 0 || out.is > 1) {
      out.is -= out.is < 0 ? -2 : 2;
      fmpq_neg(out.coefficient, out.coefficient);
    }
  };
  switch (node.op) {
    case Op::kRational:
      out.coefficient = node.value;
      return out;
    case Op::kPi:
      out.pis = 1;
      return out;
    case Op::kI:
      out.is = 1;
      return out;
    case Op::kMultiply:
      for (const Node& arg : node.args) {
        const auto factor = AsPiMonomial(arg);
        if (!factor) return std::nullopt;
        if (out.coefficient.Bits() + factor->coefficient.Bits() > kMaxFoldBits) return std::nullopt;
        fmpq_mul(out.coefficient, out.coefficient, factor->coefficient);
        out.pis += factor->pis;
        times_i(factor->is);
      }
      return out;
    case Op::kDivide: {
      const auto numerator = AsPiMonomial(node.args[0]);
      const auto denominator = AsPiMonomial(node.args[1]);
      if (!numerator || !denominator || denominator->coefficient.IsZero()) return std::nullopt;
      out = *numerator;
      if (out.coefficient.Bits() + denominator->coefficient.Bits() > kMaxFoldBits) return std::nullopt;
      fmpq_div(out.coefficient, out.coefficient, denominator->coefficient);
      out.pis -= denominator->pis;
      times_i(-denominator->is);
      return out;
    }
    case Op::kAdd: {
      out.coefficient = Rational(0);
      for (size_t i = 0; i < node.args.size(); ++i) {
        const auto term = AsPiMonomial(node.args[i]);
        if (!term || (i != 0 && (term->pis != out.pis || term->is != out.is))) return std::nullopt;
        if (out.coefficient.Bits() + term->coefficient.Bits() > kMaxFoldBits) return std::nullopt;
        fmpq_add(out.coefficient, out.coefficient, term->coefficient);
        out.pis = term->pis;
        out.is = term->is;
      }
      return out;
    }
    default:
      return std::nullopt;
  }
}

void CheckDepth(const Expression& expression, const Budget& budget) {
  std::vector<std::pair<const Expression*, int>> open = {{&expression, 1}};
  while (!open.empty()) {
    const auto [node, depth] = open.back();
    open.pop_back();
    if (depth > kMaxDepth) throw BudgetSpent("an expression is nested too deeply");
    budget.CheckBytes(static_cast<int64_t>(open.size() * sizeof(open[0])));
    for (const Expression& arg : node->args) open.emplace_back(&arg, depth + 1);
  }
}

Node BuildNode(const Expression& expression, const Budget& budget) {
  budget.CheckTime();
  switch (expression.kind) {
    case Kind::kNumber:
      return RationalNode(ParseDecimal(expression.text));
    case Kind::kSymbol: {
      Node node = Leaf(Op::kSymbol);
      node.name = expression.text;
      if ((expression.flags & kRealLetter) != 0) node.name += kRealName;
      return node;
    }
    case Kind::kConstant:
      return BuildConstant(expression.text);
    case Kind::kAdd:
      return MakeAdd(BuildArgs(expression, budget));
    case Kind::kMultiply:
      return MakeMultiply(BuildArgs(expression, budget));
    case Kind::kFunction:
      return MakeFunction(expression.text, BuildArgs(expression, budget), budget);
    default:
      break;
  }
  std::vector<Node> args = BuildArgs(expression, budget);
  if (expression.kind == Kind::kNegate && args.size() == 1) {
    return MakeMultiply(NodeList(RationalNode(Rational(-1)), std::move(args[0])));
  }
  if (args.size() != 2) throw Undefined();
  switch (expression.kind) {
    case Kind::kDivide:
      return MakeDivide(std::move(args[0]), std::move(args[1]));
    case Kind::kPower:
      return MakePower(std::move(args[0]), std::move(args[1]));
    case Kind::kRoot:
      return MakePower(std::move(args[0]), MakeDivide(RationalNode(Rational(1)), std::move(args[1])));
    default:
      throw Undefined();
  }
}

}  // namespace tidemark::math
