// Ball arithmetic over decision trees. A ball that touches a branch cut or a jump cannot be pushed through the function; at high
// precision a value that close is taken to lie on it, and the result is marked as resting on that assumption.
// Source: F. Johansson, "Arb: efficient arbitrary-precision midpoint-radius interval arithmetic", IEEE Trans. Computers 2017.
#include "evals/math/algebra_ball.h"

#include <algorithm>

namespace tidemark::math {
namespace {

// Exponents of two beyond this are treated as overflow: nothing that an answer means is that large, and conversions of such
// numbers to integers would allocate gigabytes.
constexpr slong kMaxExponent = slong{1} << 32;
constexpr slong kMaxGammaBits = 40;

uint64_t Mix(uint64_t x) {  // splitmix64
  x += 0x9e3779b97f4a7c15u;
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
  return x ^ (x >> 31);
}

uint64_t Hash(std::string_view text) {
  uint64_t h = 0xcbf29ce484222325u;
  for (const char c : text) h = (h ^ static_cast<unsigned char>(c)) * 0x100000001b3u;
  return h;
}

// Dyadic, 1/4 <= value < 4 with 40 random bits.
void SetDyadic(arb_struct* out, uint64_t bits) {
  arb_set_ui(out, (bits >> 24) + (uint64_t{1} << 38));
  arb_mul_2exp_si(out, out, -38);
  if ((bits & 1) != 0) arb_mul_2exp_si(out, out, -1);
}

bool IsSmall(const arb_struct* x, slong bits) {  // |x| < 2^bits for all of the ball
  mag_t bound;
  mag_init(bound);
  arb_get_mag(bound, x);
  const bool small = mag_cmp_2exp_si(bound, bits) < 0;
  mag_clear(bound);
  return small;
}

bool IsRealFunction(const std::string& name) {
  return name == "floor" || name == "ceil" || name == "mod" || name == "max" || name == "min";
}

void SetRational(ComplexBall& out, const Rational& value, slong precision) { acb_set_fmpq(out, value, precision); }

}  // namespace

bool NeedsReals(const Node& node) {
  if (node.op == Op::kFunction && IsRealFunction(node.name)) return true;
  return std::any_of(node.args.begin(), node.args.end(), NeedsReals);
}

ComplexBall BallEvaluator::Indeterminate() const {
  ComplexBall out;
  acb_indeterminate(out);
  return out;
}

ComplexBall BallEvaluator::SymbolValue(uint64_t key) const {
  ComplexBall out;
  const uint64_t seed = Mix(key ^ Mix(point_.index + 1));
  SetDyadic(acb_realref(out.operator->()), Mix(seed));
  if (point_.domain != Point::Domain::kPositive && (seed & 1) != 0)
    arb_neg(acb_realref(out.operator->()), acb_realref(out.operator->()));
  if (point_.domain == Point::Domain::kComplex) {
    SetDyadic(acb_imagref(out.operator->()), Mix(seed + 1));
    if ((seed & 2) != 0) arb_neg(acb_imagref(out.operator->()), acb_imagref(out.operator->()));
  }
  return out;
}

// Where the imaginary part cannot be told from zero but is known to be tiny, makes it zero. positive_reals_too: also right of
// zero, where no branch cut asks for it.
void BallEvaluator::SnapImaginary(ComplexBall& x, bool positive_reals_too) {
  arb_struct* imaginary = acb_imagref(x.operator->());
  if (arb_is_zero(imaginary) || !arb_contains_zero(imaginary) || !acb_is_finite(x)) return;
  if (!positive_reals_too && arb_is_positive(acb_realref(x.operator->()))) return;
  if (!IsSmall(imaginary, -precision_ / 2)) return;
  arb_zero(imaginary);
  assumed_ = true;
}

void BallEvaluator::SnapToReal(ComplexBall& x) { SnapImaginary(x, true); }

void BallEvaluator::Floor(RealBall& x) {
  if (!arb_is_finite(x) || !IsSmall(x, 1 << 20)) {
    arb_indeterminate(x);
    return;
  }
  RealBall out;
  Integer unique;
  // An exact ball has accuracy without end; its integer part has at most 2^20 bits.
  const slong accuracy = std::min<slong>(arb_rel_accuracy_bits(x), 1 << 20);
  arb_floor(out, x, std::max<slong>(precision_, accuracy) + 64);
  if (arb_get_unique_fmpz(unique, out)) {
    arb_set_fmpz(x, unique);
    return;
  }
  mag_t radius;  // the ball holds an integer inside; a tiny ball is taken for that integer
  mag_init(radius);
  mag_set(radius, arb_radref(x.operator->()));
  const bool tiny = mag_cmp_2exp_si(radius, -precision_ / 2) < 0;
  mag_clear(radius);
  if (!tiny || !arb_get_unique_fmpz(unique, x)) {
    arb_indeterminate(x);
    return;
  }
  arb_set_fmpz(x, unique);
  assumed_ = true;
}

ComplexBall BallEvaluator::Exponential(const ComplexBall& x) {
  ComplexBall out;
  if (!IsSmall(acb_realref(x.operator->()), 32) || !IsSmall(acb_imagref(x.operator->()), precision_ + 64)) {
    if (acb_is_finite(x)) overflowed_ = true;
    return Indeterminate();
  }
  acb_exp(out, x, precision_);
  return out;
}

ComplexBall BallEvaluator::GeneralPower(const ComplexBall& base, const ComplexBall& exponent) {
  ComplexBall logarithm = base;
  SnapImaginary(logarithm, false);
  acb_log(logarithm, logarithm, precision_);
  acb_mul(logarithm, logarithm, exponent, precision_);
  return Exponential(logarithm);
}

// x^(p/q) as (x^(1/q))^p.
ComplexBall BallEvaluator::RationalPower(const ComplexBall& base, const Rational& exponent) {
  ComplexBall out = base;
  const bool small = fmpz_bits(exponent.num()) <= 40 && fmpz_bits(exponent.den()) <= 20;
  if (!small) {
    ComplexBall power;
    SetRational(power, exponent, precision_ + static_cast<slong>(fmpz_bits(exponent.num())));
    return GeneralPower(base, power);
  }
  const ulong q = fmpz_get_ui(exponent.den());
  if (q > 1) {
    SnapImaginary(out, false);
    acb_root_ui(out, out, q, precision_);
  }
  acb_pow_si(out, out, fmpz_get_si(exponent.num()), precision_);
  return out;
}

ComplexBall BallEvaluator::Power(const Node& base, const Node& exponent) {
  if (exponent.op == Op::kRational) {
    const ComplexBall value = Evaluate(base);
    // acb_root_ui and acb_pow_si keep the range unless the power is large.
    if (fmpz_bits(exponent.value.num()) > 20) {
      RealBall size;
      acb_abs(size, value, 64);
      arb_log(size, size, 64);
      arb_mul_fmpz(size, size, exponent.value.num(), 64);
      if (arb_is_finite(size) && !IsSmall(size, 32)) {
        overflowed_ = true;
        return Indeterminate();
      }
    }
    return RationalPower(value, exponent.value);
  }
  const ComplexBall power = Evaluate(exponent);
  if (base.op == Op::kE) return Exponential(power);
  return GeneralPower(Evaluate(base), power);
}

ComplexBall BallEvaluator::Gamma(const ComplexBall& x, bool inverse) {
  ComplexBall out;
  if (!IsSmall(acb_realref(x.operator->()), kMaxGammaBits) || !IsSmall(acb_imagref(x.operator->()), kMaxGammaBits)) {
    if (acb_is_finite(x)) overflowed_ = true;
    return Indeterminate();
  }
  // Costs grow with the square of the precision: 4096 bits take tens of milliseconds.
  if (precision_ > 4096) throw BudgetSpent("a gamma function at too high a precision");
  inverse ? acb_rgamma(out, x, precision_) : acb_gamma(out, x, precision_);
  return out;
}

ComplexBall BallEvaluator::Trigonometric(const std::string& name, const ComplexBall& x) {
  ComplexBall out = x, other;
  const bool hyperbolic = name == "sinh" || name == "cosh" || name == "tanh";
  const arb_struct* growth = hyperbolic ? acb_realref(x.operator->()) : acb_imagref(x.operator->());
  if (!IsSmall(growth, 32)) {
    if (acb_is_finite(x)) overflowed_ = true;
    return Indeterminate();
  }
  if (name == "sin") acb_sin(out, x, precision_);
  if (name == "cos") acb_cos(out, x, precision_);
  if (name == "tan") acb_tan(out, x, precision_);
  if (name == "cot") acb_cot(out, x, precision_);
  if (name == "sinh") acb_sinh(out, x, precision_);
  if (name == "cosh") acb_cosh(out, x, precision_);
  if (name == "tanh") acb_tanh(out, x, precision_);
  if (name == "sec" || name == "csc") {
    name == "sec" ? acb_cos(other, x, precision_) : acb_sin(other, x, precision_);
    acb_inv(out, other, precision_);
  }
  return out;
}

ComplexBall BallEvaluator::RealFunction(const std::string& name, const std::vector<ComplexBall>& x) {
  std::vector<RealBall> real(x.size());
  for (size_t i = 0; i < x.size(); ++i) {
    ComplexBall value = x[i];
    SnapToReal(value);
    if (!acb_is_finite(value) || !arb_is_zero(acb_imagref(value.operator->()))) return Indeterminate();
    arb_set(real[i], acb_realref(value.operator->()));
  }
  RealBall out = real[0];
  for (size_t i = 1; i < real.size(); ++i) {
    if (name == "max") arb_max(out, out, real[i], precision_);
    if (name == "min") arb_min(out, out, real[i], precision_);
  }
  if (name == "floor") Floor(out);
  if (name == "ceil") {
    arb_neg(out, out);
    Floor(out);
    arb_neg(out, out);
  }
  if (name == "mod" && real.size() == 2) {  // a - n floor(a/n)
    RealBall quotient;
    arb_div(quotient, real[0], real[1], precision_);
    Floor(quotient);
    arb_submul(out, real[1], quotient, precision_);
  }
  ComplexBall complex;
  acb_set_arb(complex, out);
  return complex;
}

ComplexBall BallEvaluator::Function(const Node& node) {
  std::vector<ComplexBall> x;
  x.reserve(node.args.size());
  for (const Node& arg : node.args) x.push_back(Evaluate(arg));
  const std::string& name = node.name;
  ComplexBall out;
  if (node.op == Op::kUnknownFunction) {
    // A pseudo-random value of the arguments, of which forty bits are looked at, as equal ones may differ in their last bits.
    uint64_t key = Hash(name);
    for (const ComplexBall& arg : x) {
      if (!acb_is_finite(arg)) return Indeterminate();
      for (const arb_struct* part : {acb_realref(arg.operator->()), acb_imagref(arg.operator->())}) {
        arf_t rounded;
        arf_init(rounded);
        arf_set_round(rounded, arb_midref(part), 40, ARF_RND_NEAR);
        const double value = arf_get_d(rounded, ARF_RND_NEAR);
        arf_clear(rounded);
        key = Mix(key ^ Hash(std::to_string(value)));
      }
    }
    return SymbolValue(key);
  }
  if (name == "ln") {
    out = x[0];
    SnapImaginary(out, false);
    acb_log(out, out, precision_);
  } else if (name == "abs") {
    RealBall size;
    acb_abs(size, x[0], precision_);
    acb_set_arb(out, size);
  } else if (name == "conjugate") {
    acb_conj(out, x[0]);
  } else if (name == "re") {
    acb_set_arb(out, acb_realref(x[0].operator->()));
  } else if (name == "im") {
    acb_set_arb(out, acb_imagref(x[0].operator->()));
  } else if (name == "arcsin" || name == "arccos" || name == "arctan") {
    SnapToReal(x[0]);
    if (name == "arcsin") acb_asin(out, x[0], precision_);
    if (name == "arccos") acb_acos(out, x[0], precision_);
    if (name == "arctan") acb_atan(out, x[0], precision_);
  } else if (name == "factorial") {
    acb_add_ui(x[0], x[0], 1, precision_);
    out = Gamma(x[0], false);
  } else if (name == "binomial") {  // gamma(n+1) / (gamma(k+1) gamma(n-k+1))
    ComplexBall rest;
    acb_sub(rest, x[0], x[1], precision_);
    for (ComplexBall* value : {&x[0], &x[1], &rest}) acb_add_ui(*value, *value, 1, precision_);
    acb_mul(out, Gamma(x[1], true), Gamma(rest, true), precision_);
    acb_mul(out, out, Gamma(x[0], false), precision_);
  } else if (IsRealFunction(name)) {
    out = RealFunction(name, x);
  } else {
    out = Trigonometric(name, x[0]);
  }
  return out;
}

ComplexBall BallEvaluator::Evaluate(const Node& node) {
  budget_.CheckTime();
  ComplexBall out;
  switch (node.op) {
    case Op::kRational:
      SetRational(out, node.value, precision_);
      break;
    case Op::kSymbol:
      return SymbolValue(Hash(node.name));
    case Op::kPi:
      acb_const_pi(out, precision_);
      break;
    case Op::kE:
      arb_const_e(acb_realref(out.operator->()), precision_);
      break;
    case Op::kI:
      acb_onei(out);
      break;
    case Op::kCosPi:
      arb_cos_pi_fmpq(acb_realref(out.operator->()), node.value, precision_);
      break;
    case Op::kAdd:
      for (const Node& arg : node.args) acb_add(out, out, Evaluate(arg), precision_);
      break;
    case Op::kMultiply:
      acb_one(out);
      for (const Node& arg : node.args) acb_mul(out, out, Evaluate(arg), precision_);
      break;
    case Op::kDivide: {
      const ComplexBall denominator = Evaluate(node.args[1]);
      if (acb_contains_zero(denominator)) return Indeterminate();
      acb_div(out, Evaluate(node.args[0]), denominator, precision_);
      break;
    }
    case Op::kPower:
      return Power(node.args[0], node.args[1]);
    case Op::kFunction:
    case Op::kUnknownFunction:
      return Function(node);
  }
  // Long chains of products could still walk out of the range of exponents.
  if (acb_is_finite(out) &&
      (!IsSmall(acb_realref(out.operator->()), kMaxExponent) || !IsSmall(acb_imagref(out.operator->()), kMaxExponent))) {
    overflowed_ = true;
    return Indeterminate();
  }
  return out;
}

}  // namespace tidemark::math
