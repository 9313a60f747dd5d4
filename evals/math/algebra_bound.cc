// The BFMSS bound; see the header. Everything is kept as base-two logarithms in doubles, rounded up generously.
#include "evals/math/algebra_bound.h"

#include <algorithm>
#include <cmath>

namespace tidemark::math {
namespace {

constexpr double kAbsurd = 1e9;  // bits: more are never computed with

struct Conjugates {
  double u = 0, l = 0;  // log2 of the bounds on the conjugates of U and L
};

double Up(double x) { return x * (1 + 1e-12) + 1e-9; }

double LogSum(double a, double b) {  // log2(2^a + 2^b)
  const double high = std::max(a, b);
  return Up(high + std::log2(1 + std::exp2(std::min(a, b) - high)));
}

class Bounder {
 public:
  std::optional<Conjugates> Bound(const Node& node) {
    switch (node.op) {
      case Op::kRational:
        return Conjugates{Bits(node.value.num()), Bits(node.value.den())};
      case Op::kI:
        AddRoot(node, 2);
        return Conjugates{};
      case Op::kCosPi: {  // (z + 1/z)/2 with a root of unity z of order at most 2q
        const fmpz* q = node.value.den();
        AddRoot(node, fmpz_get_d(q));
        return Conjugates{1, 1};
      }
      case Op::kAdd:
      case Op::kMultiply:
      case Op::kDivide:
        return Arithmetic(node);
      case Op::kPower:
        return Power(node);
      default:
        return std::nullopt;
    }
  }
  double degree() const { return degree_; }

 private:
  static double Bits(const fmpz* x) { return static_cast<double>(fmpz_bits(x)); }

  void AddRoot(const Node& root, double degree) {
    for (const auto& [seen, seen_degree] : roots_) {
      if (seen_degree == degree && *seen == root) return;
    }
    roots_.emplace_back(&root, degree);
    degree_ *= degree;
  }

  std::optional<Conjugates> Arithmetic(const Node& node) {
    std::optional<Conjugates> total;
    for (const Node& arg : node.args) {
      const auto x = Bound(arg);
      if (!x) return std::nullopt;
      if (!total) {
        total = x;
      } else if (node.op == Op::kAdd) {
        total = Conjugates{LogSum(total->u + x->l, x->u + total->l), Up(total->l + x->l)};
      } else if (node.op == Op::kMultiply) {
        total = Conjugates{Up(total->u + x->u), Up(total->l + x->l)};
      } else {
        total = Conjugates{Up(total->u + x->l), Up(total->l + x->u)};
      }
    }
    return total;
  }

  std::optional<Conjugates> Power(const Node& node) {
    const Node& exponent = node.args[1];
    if (exponent.op != Op::kRational) return std::nullopt;
    auto x = Bound(node.args[0]);
    if (!x) return std::nullopt;
    const double q = fmpz_get_d(exponent.value.den()), p = fmpz_get_d(exponent.value.num());
    if (!(q < kAbsurd) || !(std::abs(p) < kAbsurd)) return std::nullopt;
    if (q > 1) {
      // Roots of the same base and degree are the same number; the base identifies them together with the degree.
      AddRoot(node.args[0], q);
      if (x->u >= x->l) {  // (U/L)^(1/q) = (U L^(q-1))^(1/q) / L
        x->u = Up((x->u + (q - 1) * x->l) / q);
      } else {  // = U / (U^(q-1) L)^(1/q)
        x->l = Up(((q - 1) * x->u + x->l) / q);
      }
    }
    if (p < 0) std::swap(x->u, x->l);
    return Conjugates{Up(x->u * std::abs(p)), Up(x->l * std::abs(p))};
  }

  std::vector<std::pair<const Node*, double>> roots_;
  double degree_ = 1;
};

}  // namespace

std::optional<slong> SeparationBits(const Node& a, const Node& b) {
  Bounder bounder;
  const auto x = bounder.Bound(a);
  if (!x) return std::nullopt;
  const auto y = bounder.Bound(b);
  if (!y) return std::nullopt;
  const double u = LogSum(x->u + y->l, y->u + x->l), l = x->l + y->l;
  const double bits = Up((bounder.degree() - 1) * u + l) + 2;
  if (!(bits < kAbsurd)) return std::nullopt;
  return static_cast<slong>(bits);
}

}  // namespace tidemark::math
