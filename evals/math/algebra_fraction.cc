// Quotients of polynomials in generators; see the header. Generators are treated as independent unknowns, which is sound for
// proofs of equality: an identity of polynomials stays true for the numbers that the generators stand for.
#include "evals/math/algebra_fraction.h"

#include <algorithm>
#include <set>

namespace tidemark::math {
namespace {

struct TooBig {};  // internal: the polynomial way is given up

constexpr slong kMaxVariables = 40;
constexpr double kMaxWork = 1e6;    // word operations of one library call: some ten milliseconds
constexpr slong kMaxWords = 20000;  // of one coefficient: 160 kB
constexpr slong kMaxDegree = slong{1} << 40;

struct Fraction {
  Polynomial num, den;
};

struct Generator {
  std::string name;            // "symbol x", "pi", "root 3", "sin"
  std::vector<Fraction> args;  // equal name and equal args: the same generator
  ulong degree = 0;            // not 0: g^degree = power
  std::vector<Fraction> power;
};

class Normalizer {
 public:
  Normalizer(slong variables, const Budget& budget) : ring_(variables), budget_(budget) {}

  Fraction Normalize(const Node& node);
  bool SameValue(const Fraction& a, const Fraction& b) { return Reduced(CrossDifference(a, b)).IsZero(); }
  bool only_symbols() const { return only_symbols_; }

 private:
  Fraction Constant(const Rational& value) const;
  Fraction Add(const Fraction& a, const Fraction& b);
  Fraction Multiply(const Fraction& a, const Fraction& b);
  Fraction Inverse(const Fraction& a);
  Fraction IntegerPower(const Fraction& a, const Integer& n);
  Fraction HugePower(const Polynomial& base, const Integer& exponent);
  Fraction RationalPower(const Node& node);
  Fraction GeneralPower(const Node& node);
  Fraction Root(const Fraction& a, ulong q);
  Fraction RootOfInteger(const Integer& n, ulong q);
  Fraction LogOfInteger(const Integer& n);
  Fraction FunctionValue(const Node& node);
  Fraction NewGenerator(const std::string& name, std::vector<Fraction> args, ulong degree = 0, std::vector<Fraction> power = {});
  std::vector<std::pair<Integer, ulong>> SmallFactors(const Integer& n);

  Polynomial CrossDifference(const Fraction& a, const Fraction& b);
  Polynomial Reduced(Polynomial p);
  Polynomial Reduce(const Polynomial& p, slong variable);
  Polynomial Product(const Polynomial& a, const Polynomial& b);
  Polynomial Sum(const Polynomial& a, const Polynomial& b);
  Polynomial Power(const Polynomial& a, ulong n);
  slong Degree(const Polynomial& p) const;
  static slong Words(const Polynomial& p);

  PolynomialRing ring_;
  const Budget& budget_;
  std::vector<Generator> generators_;
  bool only_symbols_ = true;
};

slong Normalizer::Words(const Polynomial& p) { return std::abs(fmpz_mpoly_max_bits(p)) / 64 + 1; }

slong Normalizer::Degree(const Polynomial& p) const {
  if (!fmpz_mpoly_total_degree_fits_si(p, ring_.context())) throw TooBig();
  return fmpz_mpoly_total_degree_si(p, ring_.context());
}

Polynomial Normalizer::Product(const Polynomial& a, const Polynomial& b) {
  budget_.CheckTime();
  const double work = static_cast<double>(a.Terms()) * static_cast<double>(b.Terms()) * static_cast<double>(Words(a) + Words(b));
  if (work > kMaxWork || Words(a) + Words(b) > kMaxWords || Degree(a) + Degree(b) > kMaxDegree) throw TooBig();
  Polynomial out(ring_);
  fmpz_mpoly_mul(out, a, b, ring_.context());
  return out;
}

Polynomial Normalizer::Sum(const Polynomial& a, const Polynomial& b) {
  Polynomial out(ring_);
  if (static_cast<double>(a.Terms() + b.Terms()) * static_cast<double>(Words(a) + Words(b)) > kMaxWork) throw TooBig();
  fmpz_mpoly_add(out, a, b, ring_.context());
  return out;
}

Polynomial Normalizer::Power(const Polynomial& a, ulong n) {
  budget_.CheckTime();
  const slong terms = a.Terms();
  if (static_cast<double>(Degree(a)) * static_cast<double>(n) > static_cast<double>(kMaxDegree)) throw TooBig();
  double expansion = 1;  // binomial(n + terms - 1, terms - 1)
  for (slong i = 1; i < terms && expansion < kMaxWork; ++i)
    expansion *= (static_cast<double>(n) + static_cast<double>(i)) / static_cast<double>(i);
  const double words =
      1 + static_cast<double>(n) * static_cast<double>(Words(a) == 1 ? 8 + std::abs(fmpz_mpoly_max_bits(a)) : Words(a) * 64) / 64;
  if (expansion * static_cast<double>(terms) * words > kMaxWork) throw TooBig();
  Polynomial out(ring_);
  if (!fmpz_mpoly_pow_ui(out, a, n, ring_.context())) throw TooBig();
  return out;
}

Fraction Normalizer::Constant(const Rational& value) const {
  Fraction out{Polynomial(ring_), Polynomial(ring_)};
  fmpz_mpoly_set_fmpz(out.num, value.num(), ring_.context());
  fmpz_mpoly_set_fmpz(out.den, value.den(), ring_.context());
  return out;
}

Fraction Normalizer::Add(const Fraction& a, const Fraction& b) {
  if (fmpz_mpoly_equal(a.den, b.den, ring_.context())) return {Sum(a.num, b.num), a.den};
  return {Sum(Product(a.num, b.den), Product(b.num, a.den)), Product(a.den, b.den)};
}

Fraction Normalizer::Multiply(const Fraction& a, const Fraction& b) { return {Product(a.num, b.num), Product(a.den, b.den)}; }

Fraction Normalizer::Inverse(const Fraction& a) {
  if (Reduced(a.num).IsZero()) throw Undefined();
  return {a.den, a.num};
}

// Where the expansion would be too large, the power itself becomes a generator.
Fraction Normalizer::IntegerPower(const Fraction& a, const Integer& n) {
  const Fraction base = fmpz_sgn(n) < 0 ? Inverse(a) : a;
  Integer size;
  fmpz_abs(size, n);
  if (fmpz_fits_si(size)) {
    try {
      const ulong count = fmpz_get_ui(size);
      return {Power(base.num, count), Power(base.den, count)};
    } catch (const TooBig&) {
      // falls through
    }
  }
  only_symbols_ = false;
  if (!base.num.IsConstant() || !base.den.IsConstant()) {
    Rational exponent(1);
    fmpz_set(exponent.num(), size);
    return NewGenerator("power", {base, Constant(exponent)});
  }
  return Multiply(HugePower(base.num, size), Inverse(HugePower(base.den, size)));
}

// Of a constant: by its factors, so that 4^(10^9) is 2^(2*10^9).
Fraction Normalizer::HugePower(const Polynomial& base, const Integer& exponent) {
  Integer value;
  fmpz_mpoly_get_fmpz(value, base, ring_.context());
  Fraction out = Constant(Rational(fmpz_sgn(value) < 0 && fmpz_is_odd(exponent) ? -1 : 1));
  fmpz_abs(value, value);
  for (const auto& [prime, count] : SmallFactors(value)) {
    Rational factor(1), power(1);
    fmpz_set(factor.num(), prime);
    fmpz_mul_ui(power.num(), exponent, count);
    out = Multiply(out, NewGenerator("power", {Constant(factor), Constant(power)}));
  }
  return out;
}

Fraction Normalizer::NewGenerator(const std::string& name, std::vector<Fraction> args, ulong degree,
                                  std::vector<Fraction> power) {
  size_t index = 0;
  for (; index < generators_.size(); ++index) {
    const Generator& other = generators_[index];
    if (other.name != name || other.args.size() != args.size()) continue;
    bool same = true;
    for (size_t i = 0; same && i < args.size(); ++i) same = SameValue(args[i], other.args[i]);
    if (same) break;
  }
  if (index == generators_.size()) {
    if (static_cast<slong>(index) >= ring_.variables()) throw TooBig();
    generators_.push_back({name, std::move(args), degree, std::move(power)});
  }
  Fraction out = Constant(Rational(1));
  fmpz_mpoly_gen(out.num, static_cast<slong>(index), ring_.context());
  return out;
}

std::vector<std::pair<Integer, ulong>> Normalizer::SmallFactors(const Integer& n) {
  std::vector<std::pair<Integer, ulong>> out;
  Integer rest = n;
  if (fmpz_bits(n) <= 4096) {
    for (ulong p = 2; p < 1000 && !fmpz_is_one(rest); p += p == 2 ? 1 : 2) {
      if (!fmpz_divisible_si(rest, static_cast<slong>(p))) continue;  // composite p: its primes are gone already
      Integer prime;
      fmpz_set_ui(prime, p);
      const ulong count = static_cast<ulong>(fmpz_remove(rest, rest, prime));
      out.emplace_back(prime, count);
    }
  }
  if (!fmpz_is_one(rest)) {
    Integer root;
    const int power = fmpz_bits(rest) <= 4096 ? fmpz_is_perfect_power(root, rest) : 0;
    if (power > 0) {
      out.emplace_back(root, static_cast<ulong>(power));
    } else {
      out.emplace_back(rest, 1);
    }
  }
  return out;
}

// n^(1/q) for n > 0, as a product of roots of its known factors.
Fraction Normalizer::RootOfInteger(const Integer& n, ulong q) {
  Fraction out = Constant(Rational(1));
  for (const auto& [prime, count] : SmallFactors(n)) {
    Rational base(1), exponent(static_cast<slong>(count % q), q);
    fmpz_set(base.num(), prime);
    Integer power;
    fmpz_set_ui(power, count / q);
    out = Multiply(out, IntegerPower(Constant(base), power));
    if (count % q == 0) continue;
    fmpq_canonicalise(exponent);
    const ulong degree = fmpz_get_ui(exponent.den());
    only_symbols_ = false;
    const Fraction root = NewGenerator("root " + std::to_string(degree), {Constant(base)}, degree, {Constant(base)});
    fmpz_set(power, exponent.num());
    out = Multiply(out, IntegerPower(root, power));
  }
  return out;
}

// Divides the polynomial by the gcd of its coefficients and returns that, with the sign of the leading one.
Integer TakeContent(Polynomial& p) {
  Integer content, coefficient;
  for (slong i = 0; i < p.Terms() && !fmpz_is_one(content); ++i) {
    fmpz_mpoly_get_term_coeff_fmpz(coefficient, p, i, p.context());
    fmpz_gcd(content, content, coefficient);
  }
  if (p.Terms() > 0) {
    fmpz_mpoly_get_term_coeff_fmpz(coefficient, p, 0, p.context());
    if (fmpz_sgn(coefficient) < 0) fmpz_neg(content, content);
    fmpz_mpoly_scalar_divexact_fmpz(p, p, content, p.context());
  }
  return content;
}

// The principal root; a positive rational factor may leave the radicand.
Fraction Normalizer::Root(const Fraction& a, ulong q) {
  if (Reduced(a.num).IsZero()) return Constant(Rational(0));
  Fraction inner = a;
  Integer over = TakeContent(inner.num), under = TakeContent(inner.den);
  if (fmpz_sgn(over) * fmpz_sgn(under) < 0) fmpz_mpoly_neg(inner.num, inner.num, ring_.context());
  fmpz_abs(over, over);
  fmpz_abs(under, under);
  const Fraction outer = Multiply(RootOfInteger(over, q), Inverse(RootOfInteger(under, q)));
  if (inner.num.IsOne() && inner.den.IsOne()) return outer;
  only_symbols_ = false;
  return Multiply(outer, NewGenerator("root " + std::to_string(q), {inner}, q, {inner}));
}

Fraction Normalizer::RationalPower(const Node& node) {
  const Rational& exponent = node.args[1].value;
  Integer p;
  fmpz_set(p, exponent.num());
  Fraction base = Normalize(node.args[0]);
  if (exponent.IsInteger()) return IntegerPower(base, p);
  if (fmpz_cmp_ui(exponent.den(), 1 << 20) > 0) throw TooBig();
  return IntegerPower(Root(base, fmpz_get_ui(exponent.den())), p);
}

// b^(u+v) = b^u b^v and b^(n u) = (b^u)^n for integers n hold for principal values.
Fraction Normalizer::GeneralPower(const Node& node) {
  const Node &base = node.args[0], &exponent = node.args[1];
  if (exponent.op == Op::kAdd) {
    Fraction out = Constant(Rational(1));
    for (const Node& term : exponent.args) out = Multiply(out, Normalize(MakePower(base, term)));
    return out;
  }
  only_symbols_ = false;
  if (exponent.op == Op::kMultiply && exponent.args[0].op == Op::kRational) {
    Integer p;
    fmpz_set(p, exponent.args[0].value.num());
    if (!fmpz_is_one(p)) {
      Node rest = exponent;
      fmpz_one(rest.args[0].value.num());
      Node smaller = MakePower(base, MakeMultiply(std::move(rest.args)));
      return IntegerPower(Normalize(smaller), p);
    }
  }
  return NewGenerator("power", {Normalize(base), Normalize(exponent)});
}

Fraction Normalizer::LogOfInteger(const Integer& n) {
  Fraction out = Constant(Rational(0));
  for (const auto& [prime, count] : SmallFactors(n)) {
    Rational value(1);
    fmpz_set(value.num(), prime);
    const Fraction logarithm = NewGenerator("ln", {Constant(value)});
    out = Add(out, Multiply(logarithm, Constant(Rational(static_cast<slong>(count)))));
  }
  return out;
}

Fraction Normalizer::FunctionValue(const Node& node) {
  if (node.op == Op::kFunction) only_symbols_ = false;
  if (node.name == "ln" && node.args[0].op == Op::kRational && node.args[0].value.Sign() > 0) {
    Integer part;
    fmpz_set(part, node.args[0].value.den());
    const Fraction below = Multiply(LogOfInteger(part), Constant(Rational(-1)));
    fmpz_set(part, node.args[0].value.num());
    return Add(LogOfInteger(part), below);
  }
  std::vector<Fraction> args;
  for (const Node& arg : node.args) args.push_back(Normalize(arg));
  return NewGenerator((node.op == Op::kFunction ? "" : "unknown ") + node.name, std::move(args));
}

Fraction Normalizer::Normalize(const Node& node) {
  budget_.CheckTime();
  switch (node.op) {
    case Op::kRational:
      return Constant(node.value);
    case Op::kSymbol:
      return NewGenerator("symbol " + node.name, {});
    case Op::kPi:
      only_symbols_ = false;
      return NewGenerator("pi", {});
    case Op::kE:
      only_symbols_ = false;
      return NewGenerator("e", {});
    case Op::kI:
      only_symbols_ = false;
      return NewGenerator("i", {}, 2, {Constant(Rational(-1))});
    case Op::kCosPi:
      only_symbols_ = false;
      return NewGenerator("cos pi", {Constant(node.value)});
    case Op::kAdd:
    case Op::kMultiply: {
      Fraction out = Normalize(node.args[0]);
      for (size_t i = 1; i < node.args.size(); ++i) {
        const Fraction next = Normalize(node.args[i]);
        out = node.op == Op::kAdd ? Add(out, next) : Multiply(out, next);
      }
      return out;
    }
    case Op::kDivide: {
      const Fraction numerator = Normalize(node.args[0]);
      return Multiply(numerator, Inverse(Normalize(node.args[1])));
    }
    case Op::kPower:
      return node.args[1].op == Op::kRational ? RationalPower(node) : GeneralPower(node);
    case Op::kFunction:
    case Op::kUnknownFunction:
      return FunctionValue(node);
  }
  throw TooBig();
}

Polynomial Normalizer::CrossDifference(const Fraction& a, const Fraction& b) {
  Polynomial right = Product(b.num, a.den);
  fmpz_mpoly_neg(right, right, ring_.context());
  return Sum(Product(a.num, b.den), right);
}

// Zero only if the value of p is; generators may be replaced and non-zero factors be taken in. Later generators are built
// from earlier ones, so they go first.
Polynomial Normalizer::Reduced(Polynomial p) {
  for (size_t i = generators_.size(); i-- > 0;) {
    if (generators_[i].degree != 0) p = Reduce(p, static_cast<slong>(i));
  }
  return p;
}

// With g^k = N/D: D^m p, where every g^(qk+s) has become N^q D^(m-q) g^s.
Polynomial Normalizer::Reduce(const Polynomial& p, slong variable) {
  if (p.IsZero()) return p;
  if (Degree(p) > 100000) throw TooBig();
  const auto degree = static_cast<ulong>(fmpz_mpoly_degree_si(p, variable, ring_.context()));
  const Generator& generator = generators_[static_cast<size_t>(variable)];
  if (degree < generator.degree) return p;
  if (static_cast<double>(degree) * static_cast<double>(p.Terms()) > kMaxWork) throw TooBig();
  const ulong most = degree / generator.degree;
  Polynomial out(ring_), symbol(ring_);
  fmpz_mpoly_gen(symbol, variable, ring_.context());
  for (ulong e = 0; e <= degree; ++e) {
    Polynomial coefficient(ring_);
    slong variables[1] = {variable};
    ulong exponents[1] = {e};
    fmpz_mpoly_get_coeff_vars_ui(coefficient, p, variables, exponents, 1, ring_.context());
    if (coefficient.IsZero()) continue;
    const ulong q = e / generator.degree;
    Polynomial factor = Product(Power(generator.power[0].num, q), Power(generator.power[0].den, most - q));
    factor = Product(factor, Power(symbol, e % generator.degree));
    out = Sum(out, Product(coefficient, factor));
  }
  return out;
}

slong CountGenerators(const Node& node, std::set<std::string>& symbols) {
  slong count = 0;
  for (const Node& arg : node.args) count += CountGenerators(arg, symbols);
  switch (node.op) {
    case Op::kSymbol:
      return symbols.insert(node.name).second ? 1 : 0;
    case Op::kPi:
      return symbols.insert("\\pi").second ? 1 : 0;
    case Op::kE:
      return symbols.insert("\\e").second ? 1 : 0;
    case Op::kI:
      return symbols.insert("\\i").second ? 1 : 0;
    case Op::kCosPi:
    case Op::kUnknownFunction:
      return count + 1;
    case Op::kFunction:
      return count + (node.name == "ln" ? 6 : 1);
    case Op::kPower:
      return count + (node.args[1].op == Op::kRational && node.args[1].value.IsInteger() ? 1 : 6);
    default:
      return count;
  }
}

}  // namespace

Identity CompareAsFractions(const Node& a, const Node& b, const Budget& budget) {
  std::set<std::string> symbols;
  slong count = CountGenerators(a, symbols);
  count += CountGenerators(b, symbols);
  Normalizer normalizer(std::clamp<slong>(count, 1, kMaxVariables), budget);
  try {
    const Fraction x = normalizer.Normalize(a), y = normalizer.Normalize(b);
    if (normalizer.SameValue(x, y)) return Identity::kEqual;
  } catch (const TooBig&) {
    return Identity::kOpen;
  }
  return normalizer.only_symbols() ? Identity::kDifferent : Identity::kOpen;
}

}  // namespace tidemark::math
