// Decides equality in four steps, cheapest proof first: same tree; same quotient of polynomials; a point where enclosures are
// apart; enclosures that agree past the separation bound (exact) or to hundreds of digits (reported as high precision).
#include "evals/math/algebra.h"

#include <algorithm>

#include "evals/math/algebra_ball.h"
#include "evals/math/algebra_bound.h"
#include "evals/math/algebra_fraction.h"
#include "evals/math/algebra_node.h"

namespace tidemark::math {
namespace {

constexpr slong kFirstPrecision = 64;
constexpr slong kAgreementPrecision = 1024;   // bits: about 300 digits
constexpr slong kMostPrecision = 16384;       // for enclosures without a bound
constexpr slong kMostExactPrecision = 50000;  // for roots: one takes about a millisecond
constexpr slong kAgreementBits = 300;         // of the difference, besides kAgreementPrecision relative to the values
constexpr int kMaxSymbolPoints = 6;

bool HasSymbols(const Node& node) {
  if (node.op == Op::kSymbol || node.op == Op::kUnknownFunction) return true;
  return std::any_of(node.args.begin(), node.args.end(), HasSymbols);
}

// |x| < 2^bits for the whole ball.
bool Below(const ComplexBall& x, slong bits) {
  mag_t bound;
  mag_init(bound);
  acb_get_mag(bound, x);
  const bool below = mag_cmp_2exp_si(bound, bits) < 0;
  mag_clear(bound);
  return below;
}

enum class Outcome { kApart, kEqualExact, kAgree, kNoValue, kOverflow, kUndecided };

struct PointOutcome {
  Outcome outcome = Outcome::kUndecided;
  bool assumed = false;
};

// Encloses a - b at one point, doubling the precision up to `most`. separation: 2^-separation bounds a non-zero difference;
// 0: no bound.
PointOutcome CompareAt(const Node& a, const Node& b, const Point& point, slong most, slong separation, const Budget& budget) {
  PointOutcome out{Outcome::kNoValue, false};
  for (slong precision = kFirstPrecision; precision <= most; precision *= 2) {
    BallEvaluator evaluator(point, precision, budget);
    const ComplexBall x = evaluator.Evaluate(a), y = evaluator.Evaluate(b);
    out.assumed = evaluator.assumed();
    if (!acb_is_finite(x) || !acb_is_finite(y)) {
      out.outcome = evaluator.overflowed() ? Outcome::kOverflow : Outcome::kNoValue;
      if (evaluator.overflowed() || precision >= 2 * kAgreementPrecision) return out;
      continue;
    }
    out.outcome = Outcome::kUndecided;
    ComplexBall difference;
    acb_sub(difference, x, y, precision);
    if (!acb_contains_zero(difference)) {
      out.outcome = Outcome::kApart;
      return out;
    }
    if (separation > 0 && Below(difference, -separation)) {
      out.outcome = Outcome::kEqualExact;
      return out;
    }
    const bool wait_for_proof = separation > 0 && separation <= kMostExactPrecision;
    if (!wait_for_proof && precision >= kAgreementPrecision && Below(difference, -kAgreementBits)) {
      out.outcome = Outcome::kAgree;
      return out;
    }
  }
  return out;
}

Decision Decide(Equality equality, Method method) { return {equality, method}; }

Decision ApartDecision(const PointOutcome& result) {
  return Decide(Equality::kDifferent, result.assumed ? Method::kHighPrecision : Method::kRigorous);
}

// Whether a proven identity has a value there. Too large to enclose counts: such a number exists all the same.
bool HasValue(const Node& a, const Node& b, const Point& point, const Budget& budget) {
  for (slong precision = kFirstPrecision; precision <= kAgreementPrecision; precision *= 4) {
    BallEvaluator evaluator(point, precision, budget);
    const bool finite = acb_is_finite(evaluator.Evaluate(a)) && acb_is_finite(evaluator.Evaluate(b));
    if (finite || evaluator.overflowed()) return true;
  }
  return false;
}

Decision DecideConstants(const Node& a, const Node& b, const Budget& budget) {
  const slong separation = SeparationBits(a, b).value_or(0);
  const bool provable = separation > 0 && separation <= kMostExactPrecision;
  const PointOutcome result = CompareAt(a, b, Point{}, provable ? 2 * kMostExactPrecision : kMostPrecision, separation, budget);
  switch (result.outcome) {
    case Outcome::kNoValue:
      return {};
    case Outcome::kApart:
      return ApartDecision(result);
    case Outcome::kAgree:
      return Decide(Equality::kEqual, Method::kHighPrecision);
    case Outcome::kEqualExact:
      return Decide(Equality::kEqual, result.assumed ? Method::kHighPrecision : Method::kExact);
    default:
      throw BudgetSpent("numbers too large to compare");
  }
}

bool OnlyRealLetters(const Node& node) {
  if (node.op == Op::kSymbol && !std::string_view(node.name).ends_with(kRealName)) return false;
  return std::all_of(node.args.begin(), node.args.end(), OnlyRealLetters);
}

// Complex points decide: an identity has to hold on all of them, so sqrt(x^2) is not x and ln(x^2) not 2 ln(x), as in computer
// algebra without assumptions (sympy's simplify). Where a function exists for reals only, symbols are real there, of both signs,
// and so they are where all letters are known to be real.
// Positive reals come last: they catch what is undefined or undecided elsewhere.
std::vector<Point> Points(const Node& a, const Node& b) {
  std::vector<Point> points;
  const bool reals = NeedsReals(a) || NeedsReals(b) || (OnlyRealLetters(a) && OnlyRealLetters(b));
  for (uint64_t i = 0; i < kMaxSymbolPoints; ++i) {
    Point point;
    point.index = i;
    point.domain = reals ? Point::Domain::kReal : Point::Domain::kComplex;
    if (i >= kMaxSymbolPoints - 2) point.domain = Point::Domain::kPositive;
    points.push_back(point);
  }
  return points;
}

Decision DecideIdentity(const Node& a, const Node& b, const Budget& budget) {
  const std::vector<Point> points = Points(a, b);
  for (const Point& point : points) {  // a quick round: most different expressions are told apart here
    const PointOutcome result = CompareAt(a, b, point, 2 * kFirstPrecision, 0, budget);
    if (result.outcome == Outcome::kApart && !result.assumed) return ApartDecision(result);
  }
  int agreed = 0;
  for (const Point& point : points) {
    const PointOutcome result = CompareAt(a, b, point, kMostPrecision / 2, 0, budget);
    if (result.outcome == Outcome::kApart) return ApartDecision(result);
    if (result.outcome == Outcome::kOverflow || result.outcome == Outcome::kUndecided) {
      throw BudgetSpent("numbers too large to compare");
    }
    agreed += result.outcome == Outcome::kAgree ? 1 : 0;
  }
  return agreed >= kMaxSymbolPoints - 1 ? Decide(Equality::kEqual, Method::kHighPrecision) : Decision{};
}

// Equality is proven already; it holds unless there is no value anywhere.
Decision DecideIdentical(const Node& a, const Node& b, const std::vector<Point>& points, const Budget& budget) {
  for (const Point& point : points) {
    if (HasValue(a, b, point, budget)) return Decide(Equality::kEqual, Method::kExact);
  }
  return {};
}

Decision DecideNodes(const Node& a, const Node& b, const Budget& budget) {
  if (a.op == Op::kRational && b.op == Op::kRational) {
    return Decide(a.value == b.value ? Equality::kEqual : Equality::kDifferent, Method::kExact);
  }
  const bool constant = !HasSymbols(a) && !HasSymbols(b);
  if (constant) {  // constants that are apart are told apart fastest by their first digits
    const PointOutcome quick = CompareAt(a, b, Point{}, kFirstPrecision, 0, budget);
    if (quick.outcome == Outcome::kApart && !quick.assumed) return ApartDecision(quick);
  }
  const Identity identity = a == b ? Identity::kEqual : CompareAsFractions(a, b, budget);
  if (identity == Identity::kDifferent) return Decide(Equality::kDifferent, Method::kExact);
  if (identity == Identity::kEqual) return DecideIdentical(a, b, constant ? std::vector<Point>(1) : Points(a, b), budget);
  return constant ? DecideConstants(a, b, budget) : DecideIdentity(a, b, budget);
}

bool AllScalar(const Expression& a) { return IsScalar(a.kind) && std::all_of(a.args.begin(), a.args.end(), AllScalar); }

bool IsInfinity(const Expression& a) {
  return a.kind == Kind::kConstant && (a.text == "infinity" || a.text == "complex_infinity");
}

bool HasInfinity(const Expression& a) { return IsInfinity(a) || std::any_of(a.args.begin(), a.args.end(), HasInfinity); }

enum class Size { kFinite, kPlus, kMinus, kComplex, kUnknown };

Size Negated(Size size) { return size == Size::kPlus ? Size::kMinus : size == Size::kMinus ? Size::kPlus : size; }

Size SizeOf(const Expression& a, const Budget& budget);

// One factor may be infinite, the others need a sign.
Size SizeOfProduct(const Expression& a, const Budget& budget) {
  Size out = Size::kFinite;
  int sign = 1;
  for (size_t i = 0; i < a.args.size(); ++i) {
    const Size size = SizeOf(a.args[i], budget);
    if (size == Size::kFinite) {
      const auto s = Sign(a.args[i], budget);
      if (!s || *s == 0) return Size::kUnknown;
      sign *= *s;
    } else if (out != Size::kFinite || (a.kind == Kind::kDivide && i == 1)) {
      return Size::kUnknown;
    } else {
      out = size;
    }
  }
  return sign < 0 ? Negated(out) : out;
}

Size SizeOf(const Expression& a, const Budget& budget) {
  if (!HasInfinity(a)) return Size::kFinite;
  if (IsInfinity(a)) return a.text == "infinity" ? Size::kPlus : Size::kComplex;
  switch (a.kind) {
    case Kind::kNegate:
      return a.args.empty() ? Size::kUnknown : Negated(SizeOf(a.args[0], budget));
    case Kind::kMultiply:
    case Kind::kDivide:
      return SizeOfProduct(a, budget);
    case Kind::kAdd: {
      Size out = Size::kFinite;
      for (const Expression& arg : a.args) {
        const Size size = SizeOf(arg, budget);
        if (size == Size::kFinite) continue;
        if (out != Size::kFinite && (out != size || size == Size::kComplex)) return Size::kUnknown;
        out = size;
      }
      return out;
    }
    default:
      return Size::kUnknown;
  }
}

Decision DecideInfinite(const Expression& a, const Expression& b, const Budget& budget) {
  const Size x = SizeOf(a, budget), y = SizeOf(b, budget);
  if (x == Size::kUnknown || y == Size::kUnknown) return {};
  return Decide(x == y ? Equality::kEqual : Equality::kDifferent, Method::kExact);
}

// The value of a constant at rising precision until `done` accepts its enclosure; false: it never did.
template <typename Done>
bool Refine(const Node& node, const Budget& budget, const Done& done) {
  for (slong precision = kFirstPrecision; precision <= 4 * kAgreementPrecision; precision *= 2) {
    BallEvaluator evaluator(Point{}, precision, budget);
    const ComplexBall value = evaluator.Evaluate(node);
    if (evaluator.overflowed()) throw BudgetSpent("a number is too large");
    if (acb_is_finite(value) && done(value, precision)) return true;
  }
  return false;
}

// floor(x 10^digits + 1/2), and half to even. last: a ball that touches a half is taken to be that half.
std::optional<Integer> RoundScaled(const arb_struct* x, int digits, slong precision) {
  RealBall scaled, scale;
  arb_ui_pow_ui(scale, 10, static_cast<ulong>(digits), precision + 4 * digits);
  arb_mul(scaled, x, scale, precision + 4 * digits);
  mag_t bound;
  mag_init(bound);
  arb_get_mag(bound, scaled);
  const bool large = mag_cmp_2exp_si(bound, kMaxFoldBits) > 0;
  mag_clear(bound);
  if (large) throw BudgetSpent("a number has too many digits");
  arb_mul_2exp_si(scaled, scaled, 1);
  arb_add_ui(scaled, scaled, 1, precision + kMaxFoldBits);  // 2y + 1; floor(y + 1/2) = floor((2y + 1) / 2)
  RealBall half = scaled, floor;
  arb_mul_2exp_si(half, half, -1);
  Integer out;
  const bool tie_possible = arb_contains_int(half);
  if (!tie_possible) {
    arb_floor(floor, half, precision + kMaxFoldBits);
    if (arb_get_unique_fmpz(out, floor)) return out;
    return std::nullopt;
  }
  if (!arb_is_exact(half) && precision < 4 * kAgreementPrecision) return std::nullopt;
  if (!arb_get_unique_fmpz(out, half)) return std::nullopt;
  if (fmpz_is_odd(out)) fmpz_sub_ui(out, out, 1);
  return out;
}

std::string DecimalText(const Integer& scaled, int digits) {
  char* raw = fmpz_get_str(nullptr, 10, scaled);
  std::string text = raw;
  flint_free(raw);
  const bool negative = text[0] == '-';
  if (negative) text.erase(0, 1);
  const auto decimals = static_cast<size_t>(digits);
  if (text.size() <= decimals) text.insert(0, decimals + 1 - text.size(), '0');
  if (decimals > 0) text.insert(text.size() - decimals, ".");
  return negative ? "-" + text : text;
}

Integer RoundRational(const Rational& value, int digits) {
  Rational scaled = value;
  Integer scale, out;
  fmpz_ui_pow_ui(scale, 10, static_cast<ulong>(digits));
  fmpq_mul_fmpz(scaled, scaled, scale);
  fmpq_mul_2exp(scaled, scaled, 1);
  fmpq_add_si(scaled, scaled, 1);
  fmpq_div_2exp(scaled, scaled, 1);
  fmpz_fdiv_q(out, scaled.num(), scaled.den());
  if (scaled.IsInteger() && fmpz_is_odd(out)) fmpz_sub_ui(out, out, 1);
  return out;
}

}  // namespace

bool IsConstant(const Expression& a) {
  FreeCachesWithThread();
  if (a.kind == Kind::kSymbol) return false;
  if (a.kind == Kind::kFunction) {
    try {
      // Only the name and the number of arguments matter.
      std::vector<Node> args(a.args.size(), RationalNode(Rational(1)));
      if (MakeFunction(a.text, std::move(args), Budget()).op == Op::kUnknownFunction) return false;
    } catch (const Undefined&) {
      return false;
    }
  }
  return std::all_of(a.args.begin(), a.args.end(), IsConstant);
}

Decision DecideEqual(const Expression& a, const Expression& b, const Budget& budget) {
  FreeCachesWithThread();
  CheckDepth(a, budget);
  CheckDepth(b, budget);
  if (!AllScalar(a) || !AllScalar(b)) return {};
  try {
    if (HasInfinity(a) || HasInfinity(b)) return DecideInfinite(a, b, budget);
    const Node x = BuildNode(a, budget), y = BuildNode(b, budget);
    return DecideNodes(x, y, budget);
  } catch (const Undefined&) {
    return {};
  }
}

std::optional<int> Sign(const Expression& a, const Budget& budget) {
  FreeCachesWithThread();
  CheckDepth(a, budget);
  if (!AllScalar(a)) return std::nullopt;
  try {
    if (HasInfinity(a)) {
      const Size size = SizeOf(a, budget);
      if (size == Size::kPlus) return 1;
      if (size == Size::kMinus) return -1;
      return std::nullopt;
    }
    const Node node = BuildNode(a, budget);
    if (HasSymbols(node)) return std::nullopt;
    if (node.op == Op::kRational) return node.value.Sign();
    std::optional<int> sign;
    const bool done = Refine(node, budget, [&](const ComplexBall& value, slong precision) {
      const arb_struct *real = acb_realref(value.operator->()), *imaginary = acb_imagref(value.operator->());
      if (!arb_contains_zero(imaginary)) return true;  // not real
      ComplexBall part;
      acb_set_arb(part, imaginary);
      if (arb_contains_zero(real) || (!arb_is_zero(imaginary) && !Below(part, -precision / 2))) return false;
      sign = arb_is_positive(real) ? 1 : -1;
      return true;
    });
    if (done) return sign;
    if (DecideNodes(node, RationalNode(Rational(0)), budget).equality == Equality::kEqual) return 0;
    return std::nullopt;
  } catch (const Undefined&) {
    return std::nullopt;
  }
}

std::optional<Decimal> RoundTo(const Expression& a, int digits, const Budget& budget) {
  FreeCachesWithThread();
  CheckDepth(a, budget);
  if (digits < 0 || digits > 1000 || !AllScalar(a) || HasInfinity(a)) return std::nullopt;
  try {
    const Node node = BuildNode(a, budget);
    if (HasSymbols(node)) return std::nullopt;
    std::optional<Integer> real, imaginary;
    if (node.op == Op::kRational) {
      real = RoundRational(node.value, digits);
      imaginary = Integer();
    } else {
      const bool done = Refine(node, budget, [&](const ComplexBall& value, slong precision) {
        real = RoundScaled(acb_realref(value.operator->()), digits, precision);
        imaginary = RoundScaled(acb_imagref(value.operator->()), digits, precision);
        return real.has_value() && imaginary.has_value();
      });
      if (!done) return std::nullopt;
    }
    return Decimal{DecimalText(*real, digits), DecimalText(*imaginary, digits)};
  } catch (const Undefined&) {
    return std::nullopt;
  }
}

}  // namespace tidemark::math
