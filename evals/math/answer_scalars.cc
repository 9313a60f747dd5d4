// Equality of scalars as numbers with and without a decimal point; small helpers on trees.
#include <algorithm>
#include <cmath>
#include <cstdlib>

#include "evals/math/algebra.h"
#include "evals/math/answer_equality.h"

namespace tidemark::math {
namespace {

bool IsPercent(const Expression& e) { return e.kind == Kind::kMultiply && e.text == "%"; }

const Expression& WithoutPercent(const Expression& e) { return IsPercent(e) ? e.args[0] : e; }
const Expression& WithoutSign(const Expression& e) { return e.kind == Kind::kNegate ? WithoutSign(e.args[0]) : e; }

// A number, perhaps with a sign, perhaps in percent; "-(4\\%)" is a product to Math-Verify.
const Expression& PlainNumber(const Expression& e) { return WithoutSign(WithoutPercent(e)); }

bool IsDecimal(const Expression& e) {
  return PlainNumber(e).kind == Kind::kNumber && PlainNumber(e).text.find('.') != std::string::npos;
}

bool IsWhole(const Expression& e) {
  return PlainNumber(e).kind == Kind::kNumber && PlainNumber(e).text.find('.') == std::string::npos;
}

// Of one sign by its form, for real letters: even powers, roots, numbers and products of them.
bool IsVisiblyPositive(const Expression& e) {
  switch (e.kind) {
    case Kind::kPower:
      return e.args[1].kind == Kind::kNumber && (e.args[1].text.back() - '0') % 2 == 0;
    case Kind::kMultiply:
    case Kind::kAdd:
    case Kind::kDivide:
      return std::all_of(e.args.begin(), e.args.end(), IsVisiblyPositive);
    default:
      return FreeSymbols(e).empty();
  }
}

// |8n^2 + 4n + 1|, which sympy leaves as it is.
bool HasOpenAbsoluteValue(const Expression& e) {
  if (e.kind == Kind::kFunction && e.text == "abs" && e.args[0].kind == Kind::kAdd && !IsVisiblyPositive(e.args[0])) return true;
  return std::any_of(e.args.begin(), e.args.end(), HasOpenAbsoluteValue);
}

// One exact number to Math-Verify: a whole number, a quotient of two, a mixed number.
bool IsExactNumber(const Expression& e) {
  const auto whole = [](const Expression& part) { return !IsPercent(part) && IsWhole(part); };
  if (e.kind == Kind::kNegate) return IsExactNumber(e.args[0]);
  if (e.kind == Kind::kDivide) return whole(e.args[0]) && whole(e.args[1]);
  if (e.kind == Kind::kAdd && e.text == "mixed") return IsExactNumber(e.args[0]) && IsExactNumber(e.args[1]);
  return whole(e);
}

// What sympy makes of an arithmetic expression with decimals: decimals are 53-bit floats, exact numbers stay exact until they
// meet one, factors and summands are taken from left to right, a divisor is inverted first.
struct Folded {
  double value = 0;
  bool exact = true;  // then `value` is a whole number below 2^53, or `divisor` is one too
  double divisor = 1;
  double AsFloat() const { return value / divisor; }
};

std::optional<Folded> Fold(const Expression& e);

std::optional<Folded> FoldWhole(double value, double divisor) {
  constexpr double kExact = 9007199254740992.0;
  if (!(std::abs(value) < kExact) || !(std::abs(divisor) < kExact) || divisor == 0) return std::nullopt;
  return Folded{value, true, divisor};
}

std::optional<Folded> FoldProduct(const Folded& a, const Folded& b) {
  if (a.exact && b.exact) return FoldWhole(a.value * b.value, a.divisor * b.divisor);
  return Folded{a.AsFloat() * b.AsFloat(), false, 1};
}

std::optional<Folded> FoldPower(const Folded& base, int exponent) {
  Folded power{1, base.exact, 1};
  for (int i = 0; i < std::abs(exponent); ++i) {
    const std::optional<Folded> next = FoldProduct(power, base);
    if (!next) return next;
    power = *next;
  }
  if (exponent >= 0) return power;
  if (power.exact) return FoldWhole(power.divisor, power.value);
  if (power.value == 0) return std::nullopt;
  return Folded{1 / power.value, false, 1};
}

std::optional<Folded> FoldNumber(const std::string& text) {
  constexpr size_t kDigits = 15;  // longer decimals have more bits in sympy
  if (text.size() - (text.find('.') != std::string::npos ? 1 : 0) > kDigits) return std::nullopt;
  const double value = std::strtod(text.c_str(), nullptr);
  return text.find('.') == std::string::npos ? FoldWhole(value, 1) : Folded{value, false, 1};
}

std::optional<Folded> FoldSequence(const Expression& e) {
  const bool sum = e.kind == Kind::kAdd;
  Folded total{sum ? 0.0 : 1.0, true, 1};
  // Summands that are numbers already are added before those that are worked out.
  std::vector<const Expression*> parts;
  for (const Expression& arg : e.args) parts.push_back(&arg);
  if (sum) {
    std::stable_partition(parts.begin(), parts.end(),
                          [](const Expression* part) { return IsExactNumber(*part) || IsDecimal(*part); });
  }
  for (const Expression* arg : parts) {
    const std::optional<Folded> part = Fold(*arg);
    if (!part) return part;
    std::optional<Folded> next;
    if (!sum) {
      next = FoldProduct(total, *part);
    } else if (total.exact && part->exact) {
      next = FoldWhole(total.value * part->divisor + part->value * total.divisor, total.divisor * part->divisor);
    } else {
      next = Folded{total.AsFloat() + part->AsFloat(), false, 1};
    }
    if (!next) return next;
    total = *next;
  }
  return total;
}

// nullopt: more than arithmetic with ordinary numbers.
std::optional<Folded> Fold(const Expression& e) {
  switch (e.kind) {
    case Kind::kNumber:
      return FoldNumber(e.text);
    case Kind::kNegate: {
      std::optional<Folded> part = Fold(e.args[0]);
      if (part) part->value = -part->value;
      return part;
    }
    case Kind::kAdd:
      return FoldSequence(e);
    case Kind::kMultiply:
      return IsPercent(e) ? std::nullopt : FoldSequence(e);
    case Kind::kDivide: {
      const std::optional<Folded> upper = Fold(e.args[0]), lower = Fold(e.args[1]);
      const std::optional<Folded> inverse = lower ? FoldPower(*lower, -1) : std::nullopt;
      return upper && inverse ? FoldProduct(*upper, *inverse) : std::nullopt;
    }
    case Kind::kPower: {
      const std::optional<Folded> base = Fold(e.args[0]), exponent = Fold(e.args[1]);
      if (!base || !exponent || !exponent->exact || exponent->divisor != 1 || std::abs(exponent->value) > 400)
        return std::nullopt;
      return FoldPower(*base, static_cast<int>(exponent->value));
    }
    default:
      return std::nullopt;
  }
}

bool Equal(const Expression& a, const Expression& b, const Budget& budget) {
  return DecideEqual(a, b, budget).equality == Equality::kEqual;
}

// A summand like 19^{0.5} or 3 \cdot 13^{0.5}, which sympy folds to a float before anything can cancel it. (It leaves those with
// a sign or another factor in front alone.) Its value is not rational; 4^{0.5} is 2.
bool HasFoldedRoot(const Expression& e, const Budget& budget) {
  if (e.kind == Kind::kAdd) {
    return std::any_of(e.args.begin(), e.args.end(), [&](const Expression& arg) { return HasFoldedRoot(arg, budget); });
  }
  const bool scaled = e.kind == Kind::kMultiply && e.args.size() == 2 && e.args[0].kind == Kind::kNumber;
  const Expression& root = scaled ? e.args[1] : e;
  if (root.kind != Kind::kPower && root.kind != Kind::kRoot) return false;
  if (root.args[0].kind != Kind::kNumber || !IsDecimal(root.kind == Kind::kRoot ? root.args[0] : root.args[1])) return false;
  const std::optional<Decimal> value = RoundTo(root, 6, budget);
  return value && !Equal(root, Expression{Kind::kNumber, value->real, {}, 0, 0}, budget);
}

bool IsInteger(const Expression& e, const Decimal& rounded, const Budget& budget) {
  constexpr std::string_view kZeros = ".000000";
  const std::string_view real = rounded.real;
  if (rounded.imaginary != "0.000000" || real.size() <= kZeros.size()) return false;
  if (real.substr(real.size() - kZeros.size()) != kZeros) return false;
  std::string digits(real.substr(0, real.size() - kZeros.size()));
  Expression integer{Kind::kNumber, digits, {}, 0, 0};
  if (digits[0] == '-') integer = {Kind::kNegate, "", {Expression{Kind::kNumber, digits.substr(1), {}, 0, 0}}, 0, 0};
  return Equal(e, integer, budget);
}

}  // namespace

bool HasDecimal(const Expression& e) {
  if (e.kind == Kind::kNumber) return e.text.find('.') != std::string::npos;
  return std::any_of(e.args.begin(), e.args.end(), HasDecimal);
}

Expression IntegerNumber(int64_t value) {
  if (value < 0) return {Kind::kNegate, "", {IntegerNumber(-value)}, 0, 0};
  return {Kind::kNumber, std::to_string(value), {}, 0, 0};
}

Expression Difference(const Expression& a, const Expression& b) {
  return {Kind::kAdd, "", {a, Expression{Kind::kNegate, "", {b}, 0, 0}}, 0, 0};
}

std::vector<std::string> FreeSymbols(const Expression& e) {
  std::vector<std::string> symbols;
  const auto visit = [&symbols](const auto& self, const Expression& node) -> void {
    if (node.kind == Kind::kSymbol && std::find(symbols.begin(), symbols.end(), node.text) == symbols.end()) {
      symbols.push_back(node.text);
    }
    for (const Expression& arg : node.args) self(self, arg);
  };
  visit(visit, e);
  return symbols;
}

Expression Substitute(const Expression& e, const std::string& symbol, const Expression& value) {
  if (e.kind == Kind::kSymbol && e.text == symbol) return value;
  Expression result = e;
  for (Expression& arg : result.args) arg = Substitute(arg, symbol, value);
  return result;
}

int InfinitySign(const Expression& e) {
  if (e.kind == Kind::kConstant && e.text == "infinity") return 1;
  return e.kind == Kind::kNegate ? -InfinitySign(e.args[0]) : 0;
}

bool EntriesEqual(const Expression& gold, const Expression& answer, const Budget& budget) {
  if (ScalarsEqual(gold, answer, budget)) return true;
  const std::optional<Folded> a = Fold(gold), b = Fold(answer);
  if (!a || !b || (a->exact && b->exact)) return false;
  const auto whole = [](const Folded& x) { return x.exact && x.divisor == 1; };
  if (whole(*a) || whole(*b)) return a->AsFloat() == b->AsFloat();
  const std::optional<Decimal> x = RoundTo(gold, 6, budget), y = RoundTo(answer, 6, budget);
  return x && y && *x == *y;
}

bool ScalarsEqual(const Expression& gold, const Expression& answer, const Budget& budget) {
  if (InfinitySign(gold) != 0 || InfinitySign(answer) != 0) return InfinitySign(gold) == InfinitySign(answer);
  const bool gold_decimal = IsDecimal(gold), answer_decimal = IsDecimal(answer);
  if (!gold_decimal && !answer_decimal && IsWhole(gold) && IsWhole(answer)) {
    return Equal(WithoutPercent(gold), WithoutPercent(answer), budget);  // 50\% for 50
  }
  // An exact number against arithmetic with decimals: the floating-point value, to the last bit.
  if (IsExactNumber(gold) != IsExactNumber(answer) && !gold_decimal && !answer_decimal &&
      (HasDecimal(gold) || HasDecimal(answer))) {
    const std::optional<Folded> a = Fold(gold), b = Fold(answer);
    if (a && b) return a->AsFloat() == b->AsFloat();
  }
  const bool values_only = FreeSymbols(gold).empty();
  if (!values_only && HasOpenAbsoluteValue(gold) != HasOpenAbsoluteValue(answer)) return false;
  if (Equal(gold, answer, budget)) return !HasFoldedRoot(gold, budget) && !HasFoldedRoot(answer, budget);
  if (!gold_decimal && !answer_decimal) return false;
  const std::optional<Decimal> a = RoundTo(gold, 6, budget), b = RoundTo(answer, 6, budget);
  if (!a || !b || !(*a == *b)) return false;
  // An exact integer is not met by a decimal that only rounds to it.
  return !(!gold_decimal && IsInteger(gold, *a, budget)) && !(!answer_decimal && IsInteger(answer, *b, budget));
}

}  // namespace tidemark::math
