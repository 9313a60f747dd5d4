// Rigorous enclosures of decision trees by complex balls (Arb), at a point for the symbols.
#ifndef TIDEMARK_EVALS_MATH_ALGEBRA_BALL_H_
#define TIDEMARK_EVALS_MATH_ALGEBRA_BALL_H_

#include <string_view>

#include "evals/math/algebra_node.h"

namespace tidemark::math {

// Where symbols are evaluated. Every symbol gets a dyadic number that depends on its name and on `index` alone, so that results
// can be repeated.
struct Point {
  enum class Domain { kComplex, kReal, kPositive };
  uint64_t index = 0;
  Domain domain = Domain::kComplex;
};

class BallEvaluator {
 public:
  BallEvaluator(const Point& point, slong precision, const Budget& budget)
      : point_(point), precision_(precision), budget_(budget) {}

  // A ball around the value; not finite where the value does not exist or could not be enclosed at this precision.
  ComplexBall Evaluate(const Node& node);

  // A number of tiny radius was taken for the exact one on a branch cut or at a jump: sqrt(-1 + 0i), floor(3).
  bool assumed() const { return assumed_; }
  // Something left the range of exponents that is worth computing with.
  bool overflowed() const { return overflowed_; }

 private:
  ComplexBall Power(const Node& base, const Node& exponent);
  ComplexBall RationalPower(const ComplexBall& base, const Rational& exponent);
  ComplexBall GeneralPower(const ComplexBall& base, const ComplexBall& exponent);
  ComplexBall Exponential(const ComplexBall& x);
  ComplexBall Function(const Node& node);
  ComplexBall Trigonometric(const std::string& name, const ComplexBall& x);
  ComplexBall RealFunction(const std::string& name, const std::vector<ComplexBall>& x);
  ComplexBall Gamma(const ComplexBall& x, bool inverse);
  ComplexBall SymbolValue(uint64_t key) const;
  ComplexBall Indeterminate() const;
  void Floor(RealBall& x);
  void SnapToReal(ComplexBall& x);
  void SnapImaginary(ComplexBall& x, bool positive_reals_too);

  Point point_;
  slong precision_;
  const Budget& budget_;
  bool assumed_ = false, overflowed_ = false;
};

// Whether some function of the tree is defined for real numbers only, so that symbols below it stand for real numbers.
bool NeedsReals(const Node& node);

}  // namespace tidemark::math

#endif  // TIDEMARK_EVALS_MATH_ALGEBRA_BALL_H_
