// The table of graders: its order, and that every row answers anything without throwing.
#include "evals/math/graders.h"

#include <set>

#include "tests/support/catch.h"

namespace tidemark::math {
namespace {

TEST_CASE("math graders: the primary one comes first") {
  std::vector<std::string_view> names;
  for (const MathGrader& grader : AllMathGraders()) names.push_back(grader.name);
  CHECK(names == std::vector<std::string_view>{"math_verify", "hendrycks", "prm800k", "minerva"});
}

TEST_CASE("math graders: every row grades") {
  for (const MathGrader& grader : AllMathGraders()) {
    INFO(grader.name);
    CHECK_FALSE(grader.summary.empty());
    CHECK(grader.grade("\\frac{1}{2}", {"\\frac12", "so \\boxed{\\frac12}"}).correct());
    CHECK(grader.grade("\\frac{1}{2}", {"0.5", "so \\boxed{0.5}"}).correct());
    CHECK_FALSE(grader.grade("\\frac{1}{2}", {"\\frac13", "so \\boxed{\\frac13}"}).correct());
    CHECK_FALSE(grader.grade("\\frac{1}{2}", {"", ""}).correct());
    CHECK_FALSE(grader.grade("2", {"\xff\xfe{", "\xff"}).correct());
    CHECK_FALSE(grader.grade("2", {"3", "\\boxed{3}"}).why.empty());
  }
}

}  // namespace
}  // namespace tidemark::math
