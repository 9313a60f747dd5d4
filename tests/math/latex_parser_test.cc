// What is read: trees of formulas, the rewriting before, the answer inside a response.
#include "evals/math/latex_parser.h"

#include "evals/math/answer_extraction.h"
#include "evals/math/latex_normalize.h"
#include "tests/support/catch.h"

namespace tidemark::math {
namespace {

std::string Read(const std::string& latex) {
  const std::optional<Expression> read = ReadLatex(latex, Budget());
  return read ? ToText(*read) : "unreadable";
}

std::string Find(const std::string& response) {
  const FoundAnswer found = FindAnswer(response, Budget());
  return found.value ? ToText(*found.value) : "none: " + found.text;
}

TEST_CASE("numbers are read as they are written") {
  CHECK(Read("007") == "7");
  CHECK(Read("1,234,567") == "1234567");
  CHECK(Read("1, 234") == Read("1,  234"));
  CHECK(Read("1, 234") != "1234");
  CHECK(Read("0,125") == "0.125");
  CHECK(Read("2.5E3") == "2500.0");
  CHECK(Read("25E-3") == "0.025");
  CHECK(Read("52_8") == "52");
  CHECK(Read("30^\\circ") == "30");
}

TEST_CASE("brackets tell products, points, intervals and sets apart") {
  for (const auto& [latex, kind] :
       std::vector<std::pair<std::string, Kind>>{{"(1,2)", Kind::kInterval},
                                                 {"[1,2)", Kind::kInterval},
                                                 {"(1,2,3)", Kind::kTuple},
                                                 {"\\{1,2\\}", Kind::kSet},
                                                 {"1,2", Kind::kList},
                                                 {"(x+1)(x+2)", Kind::kMultiply},
                                                 {"(x+1)", Kind::kAdd},
                                                 {"x \\in [1,2]", Kind::kMember},
                                                 {"x = 1", Kind::kRelation},
                                                 {"1 < x < 2", Kind::kAnd},
                                                 {"[0,1] \\cup [2,3]", Kind::kUnion},
                                                 {"1 \\pm 2", Kind::kList},
                                                 {"\\emptyset", Kind::kSet},
                                                 {"\\mathbb{R} \\setminus \\{1\\}", Kind::kDifference},
                                                 {"\\begin{pmatrix} 1 \\\\ 2 \\end{pmatrix}", Kind::kMatrix}}) {
    INFO(latex);
    const std::optional<Expression> read = ReadLatex(latex, Budget());
    REQUIRE(read);
    CHECK(read->kind == kind);
  }
}

TEST_CASE("juxtaposition: mixed numbers, products, applications, function arguments") {
  CHECK(Read("2\\frac{1}{3}") == Read("2 \\frac{1}{3}"));
  CHECK(ReadLatex("2\\frac{1}{3}", Budget())->text == "mixed");
  CHECK(Read("2(3)") == "add(2, 3)");
  CHECK(Read("5{\\frac{1}{2}}") == Read("5\\frac{1}{2}"));
  CHECK(ReadLatex("137\\frac{-1}{-2}", Budget())->kind == Kind::kAdd);
  CHECK(ReadLatex("\\frac{4}{2}8", Budget())->kind == Kind::kAdd);
  CHECK(ReadLatex("(-2)(5)", Budget())->kind == Kind::kAdd);
  CHECK(ReadLatex("(-2)(-5)", Budget())->kind == Kind::kMultiply);
  CHECK(ReadLatex("2^1(3)", Budget())->kind == Kind::kMultiply);
  CHECK(ReadLatex("2(6.0)", Budget())->kind == Kind::kMultiply);
  CHECK(Read("2x") == Read("2 \\cdot x"));
  CHECK(ReadLatex("f(x)", Budget())->kind == Kind::kFunction);
  CHECK(ReadLatex("x(x+1)", Budget())->kind == Kind::kMultiply);
  CHECK(Read("\\sin x \\cos x") == Read("\\sin(x)\\cos(x)"));
  CHECK(Read("\\sin 2x + 1") == Read("\\sin(2x) + 1"));
  CHECK(Read("\\sin^{-1} x") == Read("\\arcsin x"));
  CHECK(Read("\\ln e^2") == Read("\\ln(e^2)"));
}

TEST_CASE("sums, products, integrals and limits keep their variable and ends") {
  CHECK(Read("\\sum_{k=1}^{n} k^2 + 1") == "add(sum(power(k, 2), k, 1, n), 1)");
  CHECK(Read("\\prod^3_{k=1} k") == "product(k, k, 1, 3)");
  CHECK(Read("\\int_0^1 x dx") == "integral(multiply(x, 1), x, 0, 1)");
  CHECK(Read("\\int \\frac{dt}{t}") == "integral(divide(1, t), t)");
  CHECK(Read("\\lim_{x \\to 0^{+}} x") == "limit(x, x, 0)");
  CHECK(Read("3\\frac{d}{dx} 2x") == "multiply(3, derivative(multiply(2, x), x))");
  CHECK(Read("\\frac{dy}{dx}") == "derivative(y, x)");
  CHECK(Read("\\frac{d}{dx}") == "unreadable");
}

TEST_CASE("an i that stands by itself makes every letter complex, a capital I is the imaginary unit") {
  const auto flags = [](const char* latex) { return ReadLatex(latex, Budget())->args.at(0).flags; };
  for (const char* latex : {"x + 9i", "x + x_i", "x + \\sin y", "x + \\text{if}"}) CHECK(flags(latex) == kRealLetter);
  for (const char* latex : {"x + 9 i", "x + 9\\cdot i", "x + 2(i)", "x + \\imath", "x + y_{i}"}) CHECK(flags(latex) == 0);
  CHECK(Read("\\pi") == "pi");
  CHECK(ReadLatex("I", Budget())->kind == Kind::kConstant);
  CHECK(ReadLatex("I^2", Budget())->kind == Kind::kConstant);
}

TEST_CASE("formulas outside the language are unreadable") {
  for (const char* latex : {"", "\\foo", "1 +", "(1", "x^", "\\frac{1}", "1 < ", "\\left( 1 \\right)", "a \\mid b",
                            "\\sum_{k=1} k", "\\sum_{k}^{2} k", "\\int_0 x dx", "\\lim x", "?"}) {
    INFO(latex);
    CHECK(Read(latex) == "unreadable");
  }
}

TEST_CASE("deep nesting is refused before the stack is in danger") {
  std::string nested = "1";
  for (int i = 0; i < 90; ++i) nested = "(" + nested + ")";
  CHECK(Read(nested) == "1");
  for (int i = 0; i < 10000; ++i) nested = "{" + nested;
  CHECK_THROWS_AS(Read(nested), BudgetSpent);
}

TEST_CASE("rewriting unifies commands, braces arguments and cuts units") {
  const auto normalize = [](const std::string& s) { return NormalizeLatex(s, Boxes::kLast, kMaxFormulaBytes); };
  CHECK(normalize("\\dfrac12") == "\\frac{1}{2}");
  CHECK(normalize("\\tfrac1{23}") == "\\frac{1}{23}");
  CHECK(normalize("\\sqrt3") == "\\sqrt{3}");
  CHECK(normalize("10,\\!080") == "10,080");
  CHECK(normalize("10{,}080") == "10,080");
  CHECK(normalize("\\$5.40") == "5.40");
  CHECK(normalize(".25") == "0.25");
  CHECK(normalize("5 \\text{ cm}^2") == "5");
  CHECK(normalize("12 inches") == "12");
  CHECK(normalize("3 \\text{ and } 4") == "3, 4");
  CHECK(normalize("20 percent") == "20\\%");
  CHECK(normalize("\\left[ 1, 2 \\right)") == "[ 1, 2 )");
  CHECK(normalize("x \\boxed{1} y \\boxed{2} z") == "1,2");
  CHECK(normalize("\\boxed{1} and a long text between the two of them \\boxed{2}") == "1,2");
  CHECK(normalize("\\boxed{1} with a long text between the two of them \\boxed{2}") == "2");
}

TEST_CASE("the answer is found by priority, then from the end") {
  CHECK(Find("\\boxed{1} Answer: 2. The value is $3$.") == "1");
  CHECK(Find("Answer: $2$. The value is $3$.") == "2");
  CHECK(Find("Answer: 2. The value is $3$.") == "3");  // both match with the same priority, the formula ends later
  CHECK(Find("The final answer is $4$. I hope it is correct. \\boxed{1}") == "4");
  CHECK(Find("First $1$, then $2$") == "2");
  CHECK(Find("costs 3 and then 1,234.5 in all") == "1234.5");
  CHECK(Find("it is 1/2 here") == Read("1/2"));
  CHECK(Find("$x = \\foo$ but $7$ is clear, $\\foo$ is not") == "7");
  CHECK(Find("no number here") == "none: ");
}

}  // namespace
}  // namespace tidemark::math
