// Equality of scalars as numbers with and without a decimal point; small helpers on trees.
#include <algorithm>

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

bool Equal(const Expression& a, const Expression& b, const Budget& budget) {
  return DecideEqual(a, b, budget).equality == Equality::kEqual;
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

bool ScalarsEqual(const Expression& gold, const Expression& answer, const Budget& budget) {
  if (InfinitySign(gold) != 0 || InfinitySign(answer) != 0) return InfinitySign(gold) == InfinitySign(answer);
  const bool gold_decimal = IsDecimal(gold), answer_decimal = IsDecimal(answer);
  if (!gold_decimal && !answer_decimal && IsWhole(gold) && IsWhole(answer)) {
    return Equal(WithoutPercent(gold), WithoutPercent(answer), budget);  // 50\% for 50
  }
  if (Equal(gold, answer, budget)) return true;
  if (!gold_decimal && !answer_decimal) return false;
  const std::optional<Decimal> a = RoundTo(gold, 6, budget), b = RoundTo(answer, 6, budget);
  if (!a || !b || !(*a == *b)) return false;
  // An exact integer is not met by a decimal that only rounds to it.
  return !(!gold_decimal && IsInteger(gold, *a, budget)) && !(!answer_decimal && IsInteger(answer, *b, budget));
}

}  // namespace tidemark::math
