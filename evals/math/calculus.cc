// Sums, products, integrals and limits that have a value we can write down: sums over whole numbers term by term, sums of
// polynomials and geometric series in closed form, integrals of polynomials between two ends, limits where the function is
// defined, derivatives of elementary functions. Everything else stays an unknown function, equal only to itself. Formulas:
// Faulhaber's sums by interpolation (a sum of a polynomial of degree d over 1..n is one of degree d + 1 in n).
#include "evals/math/calculus.h"

#include <algorithm>
#include <optional>

#include "evals/math/algebra.h"
#include "evals/math/answer_equality.h"

namespace tidemark::math {
namespace {

constexpr int kMaxDegree = 8;             // of polynomials that are summed or integrated in closed form
constexpr int64_t kMaxTermNodes = 20000;  // of a sum written out

Expression Node(Kind kind, std::vector<Expression> args) { return {kind, "", std::move(args), 0, 0}; }

int64_t Size(const Expression& e) {
  int64_t size = 1;
  for (const Expression& arg : e.args) size += Size(arg);
  return size;
}

bool Has(const Expression& e, const std::string& symbol) {
  if (e.kind == Kind::kSymbol) return e.text == symbol;
  return std::any_of(e.args.begin(), e.args.end(), [&](const Expression& arg) { return Has(arg, symbol); });
}

std::optional<int64_t> WholeValue(const Expression& e, const Budget& budget) {
  if (!IsScalar(e.kind) || !IsConstant(e)) return std::nullopt;
  const std::optional<Decimal> rounded = RoundTo(e, 1, budget);
  if (!rounded || rounded->imaginary != "0.0" || rounded->real.size() > 15 || !rounded->real.ends_with(".0")) return std::nullopt;
  const int64_t value = std::stoll(rounded->real);
  if (DecideEqual(e, IntegerNumber(value), budget).equality != Equality::kEqual) return std::nullopt;
  return value;
}

// An upper bound of the degree of a polynomial in the symbol; nullopt: not seen to be a polynomial, or above kMaxDegree.
std::optional<int> Degree(const Expression& e, const std::string& symbol) {
  if (!Has(e, symbol)) return 0;
  int degree = 0;
  switch (e.kind) {
    case Kind::kSymbol:
      return 1;
    case Kind::kAdd:
    case Kind::kNegate:
    case Kind::kMultiply:
      for (const Expression& arg : e.args) {
        const std::optional<int> part = Degree(arg, symbol);
        if (!part) return part;
        degree = e.kind == Kind::kMultiply ? degree + *part : std::max(degree, *part);
      }
      break;
    case Kind::kDivide:
      if (Has(e.args[1], symbol)) return std::nullopt;
      return Degree(e.args[0], symbol);
    case Kind::kPower: {
      const std::optional<int> base = Degree(e.args[0], symbol);
      const Expression& exponent = e.args[1];
      if (!base || exponent.kind != Kind::kNumber || exponent.text.size() != 1) return std::nullopt;
      degree = *base * (exponent.text[0] - '0');
      break;
    }
    default:
      return std::nullopt;
  }
  return degree <= kMaxDegree ? std::optional<int>(degree) : std::nullopt;
}

// The value at x of the polynomial through (first, values[0]), (first + 1, values[1]), ...
Expression Interpolate(int64_t first, const std::vector<Expression>& values, const Expression& x) {
  const auto n = static_cast<int64_t>(values.size());
  std::vector<Expression> summands;
  for (int64_t k = 0; k < n; ++k) {
    std::vector<Expression> factors = {values[static_cast<size_t>(k)]};
    for (int64_t j = 0; j < n; ++j) {
      if (j == k) continue;
      factors.push_back(Node(Kind::kDivide, {Difference(x, IntegerNumber(first + j)), IntegerNumber(k - j)}));
    }
    summands.push_back(Node(Kind::kMultiply, std::move(factors)));
  }
  return Node(Kind::kAdd, std::move(summands));
}

std::optional<Expression> PolynomialSum(const Expression& body, const std::string& symbol, int64_t low, const Expression& high) {
  const std::optional<int> degree = Degree(body, symbol);
  if (!degree) return std::nullopt;
  std::vector<Expression> values = {IntegerNumber(0)}, terms;
  for (int k = 0; k <= *degree; ++k) {
    terms.push_back(Substitute(body, symbol, IntegerNumber(low + k)));
    values.push_back(Node(Kind::kAdd, terms));
  }
  return Interpolate(low - 1, values, high);
}

// c r^n from n = low on, |r| < 1: the first term by 1 - r.
std::optional<Expression> GeometricSeries(const Expression& body, const Expression& variable, int64_t low, const Budget& budget) {
  const auto term = [&](int64_t n) { return Substitute(body, variable.text, IntegerNumber(n)); };
  const Expression next = Substitute(body, variable.text, Node(Kind::kAdd, {variable, IntegerNumber(1)}));
  const Expression ratio = Node(Kind::kDivide, {term(low + 1), term(low)});
  if (DecideEqual(Node(Kind::kDivide, {next, body}), ratio, budget).equality != Equality::kEqual) return std::nullopt;
  const Expression one = IntegerNumber(1);
  const std::optional<int> converges = Sign(Difference(one, Node(Kind::kPower, {ratio, IntegerNumber(2)})), budget);
  if (converges != 1) return std::nullopt;
  return Node(Kind::kDivide, {term(low), Difference(one, ratio)});
}

// args: body, variable, low, high.
std::optional<Expression> SumOrProduct(const Expression& e, const Budget& budget) {
  const Expression &body = e.args[0], &variable = e.args[1], &high = e.args[3];
  const bool sum = e.text == "sum";
  const std::optional<int64_t> low = WholeValue(e.args[2], budget);
  if (!low || !IsScalar(body.kind) || !IsScalar(high.kind)) return std::nullopt;
  if (InfinitySign(high) > 0) return sum ? GeometricSeries(body, variable, *low, budget) : std::nullopt;
  const std::optional<int64_t> last = WholeValue(high, budget);
  if (last && *last < *low - 1) return std::nullopt;
  if (last && *last == *low - 1) return IntegerNumber(sum ? 0 : 1);
  if (last && *last - *low < kMaxTermNodes && (*last - *low + 1) * Size(body) <= kMaxTermNodes) {
    std::vector<Expression> terms;
    for (int64_t n = *low; n <= *last; ++n) terms.push_back(Substitute(body, variable.text, IntegerNumber(n)));
    return Node(sum ? Kind::kAdd : Kind::kMultiply, std::move(terms));
  }
  if (Size(body) + Size(high) > 200) return std::nullopt;
  return sum ? PolynomialSum(body, variable.text, *low, high) : std::nullopt;
}

// The coefficients of the polynomial with these values at 0, 1, 2, ...: by Newton's differences, d_k C(x, k), multiplied out.
std::vector<Expression> Coefficients(std::vector<Expression> values) {
  const size_t n = values.size();
  std::vector<std::vector<Expression>> parts(n);  // summands of each coefficient
  std::vector<int64_t> falling = {1};             // x (x-1) ... (x-k+1)
  int64_t factorial = 1;
  for (size_t k = 0; k < n; ++k) {
    for (size_t i = 0; i < falling.size(); ++i) {
      parts[i].push_back(
          Node(Kind::kMultiply, {values[0], Node(Kind::kDivide, {IntegerNumber(falling[i]), IntegerNumber(factorial)})}));
    }
    for (size_t i = 0; i + 1 < values.size(); ++i) values[i] = Difference(values[i + 1], values[i]);
    values.pop_back();
    falling.insert(falling.begin(), 0);
    for (size_t i = 0; i + 1 < falling.size(); ++i) falling[i] -= static_cast<int64_t>(k) * falling[i + 1];
    factorial *= static_cast<int64_t>(k + 1);
  }
  std::vector<Expression> coefficients;
  for (auto& part : parts) coefficients.push_back(Node(Kind::kAdd, std::move(part)));
  return coefficients;
}

// args: body, variable, low, high.
std::optional<Expression> Integral(const Expression& e) {
  if (e.args.size() != 4 || Size(e) > 200) return std::nullopt;
  const std::string& symbol = e.args[1].text;
  const std::optional<int> degree = Degree(e.args[0], symbol);
  if (!degree || InfinitySign(e.args[2]) != 0 || InfinitySign(e.args[3]) != 0) return std::nullopt;
  std::vector<Expression> values, summands;
  for (int k = 0; k <= *degree; ++k) values.push_back(Substitute(e.args[0], symbol, IntegerNumber(k)));
  const std::vector<Expression> coefficients = Coefficients(std::move(values));
  for (size_t i = 0; i < coefficients.size(); ++i) {
    const Expression power = IntegerNumber(static_cast<int64_t>(i) + 1);
    const Expression range = Difference(Node(Kind::kPower, {e.args[3], power}), Node(Kind::kPower, {e.args[2], power}));
    summands.push_back(Node(Kind::kDivide, {Node(Kind::kMultiply, {coefficients[i], range}), power}));
  }
  return Node(Kind::kAdd, std::move(summands));
}

// args: body, variable, point.
std::optional<Expression> Limit(const Expression& e, const Budget& budget) {
  if (!IsScalar(e.args[0].kind) || InfinitySign(e.args[2]) != 0) return std::nullopt;
  Expression value = Substitute(e.args[0], e.args[1].text, e.args[2]);
  if (DecideEqual(value, value, budget).equality != Equality::kEqual) return std::nullopt;
  return value;
}

// Of elementary functions: the derivative of the function at u.
std::optional<Expression> Outer(const std::string& name, const Expression& u) {
  const auto call = [&u](const char* f) { return Expression{Kind::kFunction, f, {u}, 0, 0}; };
  if (name == "sin") return call("cos");
  if (name == "cos") return Node(Kind::kNegate, {call("sin")});
  if (name == "tan") return Node(Kind::kPower, {call("sec"), IntegerNumber(2)});
  if (name == "exp") return call("exp");
  if (name == "ln") return Node(Kind::kDivide, {IntegerNumber(1), u});
  return std::nullopt;
}

std::optional<Expression> Derivative(const Expression& e, const std::string& x) {
  if (!IsScalar(e.kind)) return std::nullopt;
  if (!Has(e, x)) return IntegerNumber(0);
  if (e.kind == Kind::kSymbol) return IntegerNumber(1);
  std::vector<Expression> inner;
  for (const Expression& arg : e.args) {
    std::optional<Expression> d = Derivative(arg, x);
    if (!d) return d;
    inner.push_back(std::move(*d));
  }
  const auto times = [](Expression a, Expression b) { return Node(Kind::kMultiply, {std::move(a), std::move(b)}); };
  switch (e.kind) {
    case Kind::kAdd:
    case Kind::kNegate:
      return Node(e.kind, std::move(inner));
    case Kind::kMultiply: {
      std::vector<Expression> summands;
      for (size_t i = 0; i < e.args.size(); ++i) {
        std::vector<Expression> factors = e.args;
        factors[i] = inner[i];
        summands.push_back(Node(Kind::kMultiply, std::move(factors)));
      }
      return Node(Kind::kAdd, std::move(summands));
    }
    case Kind::kDivide: {
      const Expression upper = Difference(times(inner[0], e.args[1]), times(e.args[0], inner[1]));
      return Node(Kind::kDivide, {upper, Node(Kind::kPower, {e.args[1], IntegerNumber(2)})});
    }
    case Kind::kPower: {
      if (Has(e.args[1], x))
        return times(e, Node(Kind::kAdd, {times(inner[1], Expression{Kind::kFunction, "ln", {e.args[0]}, 0, 0}),
                                          Node(Kind::kDivide, {times(e.args[1], inner[0]), e.args[0]})}));
      const Expression less = Difference(e.args[1], IntegerNumber(1));
      return times(times(e.args[1], Node(Kind::kPower, {e.args[0], less})), inner[0]);
    }
    case Kind::kRoot: {
      if (Has(e.args[1], x)) return std::nullopt;
      return Node(Kind::kDivide, {times(e, inner[0]), times(e.args[1], e.args[0])});
    }
    case Kind::kFunction: {
      std::optional<Expression> outer = e.args.size() == 1 ? Outer(e.text, e.args[0]) : std::nullopt;
      if (outer) outer = times(std::move(*outer), std::move(inner[0]));
      return outer;
    }
    default:
      return std::nullopt;
  }
}

}  // namespace

Expression EvaluateCalculus(const Expression& e, const Budget& budget) {
  budget.CheckTime();
  Expression result = e;
  for (Expression& arg : result.args) arg = EvaluateCalculus(arg, budget);
  if (e.kind != Kind::kFunction) return result;
  std::optional<Expression> value;
  if (e.text == "sum" || e.text == "product") value = SumOrProduct(result, budget);
  if (e.text == "integral") value = Integral(result);
  if (e.text == "limit") value = Limit(result, budget);
  if (e.text == "derivative" && Size(result.args[0]) <= 200) value = Derivative(result.args[0], result.args[1].text);
  return value ? *value : result;
}

}  // namespace tidemark::math
