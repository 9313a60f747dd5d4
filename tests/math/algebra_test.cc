// Equality of expressions: identities, near misses, what has no value, and what is too large.
#include "evals/math/algebra.h"

#include "tests/support/catch.h"

namespace tidemark::math {
namespace {

Expression Number(const std::string& text) { return {Kind::kNumber, text, {}}; }
Expression Symbol(const std::string& text) { return {Kind::kSymbol, text, {}}; }

TEST_CASE("algebra: first light") {
  const Budget budget;
  const Expression x = Symbol("x");
  const Expression half{Kind::kDivide, "", {Number("1"), Number("2")}};
  CHECK(DecideEqual(half, Number("0.5"), budget).equality == Equality::kEqual);
  const Expression product{Kind::kMultiply, "", {x, {Kind::kAdd, "", {x, Number("1")}}}};
  const Expression sum{Kind::kAdd, "", {{Kind::kPower, "", {x, Number("2")}}, x}};
  CHECK(DecideEqual(product, sum, budget).method == Method::kExact);
  CHECK(DecideEqual(product, sum, budget).equality == Equality::kEqual);
}

}  // namespace
}  // namespace tidemark::math
