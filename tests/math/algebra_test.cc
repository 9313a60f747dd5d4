// Equality of expressions: identities, near misses, what has no value, what is too large, and the decisions of sympy.
#include "evals/math/algebra.h"

#include <chrono>
#include <fstream>
#include <nlohmann/json.hpp>
#include <thread>

#include "evals/math/text_expression.h"
#include "tests/support/catch.h"
#include "tests/support/paths.h"

namespace tidemark::math {
namespace {

Expression Read(const std::string& text) {
  const auto out = ParseTextExpression(text, Budget());
  INFO(text);
  REQUIRE(out.has_value());
  return out->expression;
}

Decision Compare(const std::string& a, const std::string& b) { return DecideEqual(Read(a), Read(b), Budget()); }

void CheckEqual(const std::string& a, const std::string& b, Method method) {
  const Decision decision = Compare(a, b);
  INFO(a << " = " << b);
  CHECK(decision.equality == Equality::kEqual);
  CHECK(static_cast<int>(decision.method) == static_cast<int>(method));
}

void CheckDifferent(const std::string& a, const std::string& b) {
  const Decision decision = Compare(a, b);
  INFO(a << " != " << b);
  CHECK(decision.equality == Equality::kDifferent);
  CHECK((decision.method == Method::kExact || decision.method == Method::kRigorous));
}

void CheckUnknown(const std::string& a, const std::string& b) {
  INFO(a << " ? " << b);
  CHECK(Compare(a, b).equality == Equality::kUnknown);
}

TEST_CASE("algebra: rational functions are equal by proof") {
  CheckEqual("1/2", "0.5", Method::kExact);
  CheckEqual("x(x+1)", "x^2+x", Method::kExact);
  CheckEqual("(x^2-1)/(x-1)", "x+1", Method::kExact);
  CheckEqual("1/x+1/y", "(x+y)/(x*y)", Method::kExact);
  CheckEqual("(a+b+c)^3-(a+b+c)^2(a+b+c)", "0", Method::kExact);
  CheckEqual("x^(-2)", "1/x^2", Method::kExact);
  CheckEqual("1/(1+1/(1+1/x))", "(x+1)/(2x+1)", Method::kExact);
  CheckDifferent("x+1", "x-1");
  CheckDifferent("(x+1)^2", "x^2+1");
  CheckDifferent("0.333", "1/3");
  CheckDifferent("x", "y");
}

TEST_CASE("algebra: algebraic numbers are decided by separation bounds") {
  CheckEqual("sqrt(2)+sqrt(3)", "sqrt(5+2sqrt(6))", Method::kExact);
  CheckEqual("sqrt(12)", "2sqrt(3)", Method::kExact);
  CheckEqual("1/(sqrt(2)-1)", "1+sqrt(2)", Method::kExact);
  CheckEqual("cbrt(2+sqrt(5))+1", "(1+sqrt(5))/2+1", Method::kExact);
  CheckEqual("cbrt(7+5sqrt(2))", "1+sqrt(2)", Method::kExact);
  CheckEqual("(-8)^(1/3)", "1+I*sqrt(3)", Method::kExact);
  CheckEqual("I^2", "-1", Method::kExact);
  CheckEqual("(1+I)^8", "16", Method::kExact);
  CheckEqual("1/I", "-I", Method::kExact);
  CheckEqual("2^(1/2)*2^(1/3)", "2^(5/6)", Method::kExact);
  CheckEqual("8^(2/3)", "4", Method::kExact);
  CheckEqual("sqrt(1/2)", "sqrt(2)/2", Method::kExact);
  CheckEqual("sqrt(-4)", "2I", Method::kExact);
  CheckEqual("sqrt(3+4I)", "2+I", Method::kExact);
  CheckEqual("cos(pi/7)*cos(2pi/7)*cos(3pi/7)", "1/8", Method::kExact);
  CheckEqual("sin(pi/12)", "(sqrt(6)-sqrt(2))/4", Method::kExact);
  CheckDifferent("sqrt(2)+sqrt(3)", "3.146264369941972342329135");
  CheckDifferent("sqrt(10^30+1)-sqrt(10^30)", "0");
  CheckDifferent("sqrt(1000001)+sqrt(1000025)+sqrt(1000031)+sqrt(1000084)+sqrt(1000087)",
                 "sqrt(1000000)+sqrt(1000028)+sqrt(1000029)+sqrt(1000085)+sqrt(1000086)");
  CheckUnknown("1/(sqrt(2)*sqrt(3)-sqrt(6))", "1/(sqrt(2)*sqrt(3)-sqrt(6))");
}

TEST_CASE("algebra: constants of analysis") {
  CheckEqual("sin(pi/6)", "1/2", Method::kExact);
  CheckEqual("log(8,2)", "3", Method::kExact);
  CheckEqual("log(4)", "2log(2)", Method::kExact);
  CheckEqual("E^(I*pi)", "-1", Method::kExact);
  CheckEqual("atan(1)", "pi/4", Method::kHighPrecision);
  CheckEqual("asin(1/2)", "pi/6", Method::kHighPrecision);
  CheckEqual("sin(1)^2+cos(1)^2", "1", Method::kHighPrecision);
  CheckEqual("5!", "120", Method::kExact);
  CheckEqual("binomial(10,3)", "120", Method::kExact);
  CheckEqual("gcd(12,18)+lcm(4,6)", "18", Method::kExact);
  CheckEqual("Mod(17,5)", "2", Method::kExact);
  CheckEqual("Mod(-1,5)", "4", Method::kExact);
  CheckEqual("floor(pi)", "3", Method::kHighPrecision);
  CheckEqual("factorial(1/2)", "sqrt(pi)/2", Method::kHighPrecision);
  CheckEqual("abs(3-4I)", "5", Method::kHighPrecision);
  CheckEqual("conjugate(1+I)", "1-I", Method::kHighPrecision);
  CheckDifferent("E^(pi*sqrt(163))", "262537412640768744");
  CheckDifferent("355/113", "pi");
  CheckDifferent("pi", "3.14159265358979323846");
  CheckDifferent("E^pi-pi", "20");
}

TEST_CASE("algebra: symbols beside roots and functions") {
  CheckEqual("sqrt(x)/2", "x/(2sqrt(x))", Method::kExact);
  CheckEqual("2sqrt(3)*x", "sqrt(12)*x", Method::kExact);
  CheckEqual("sqrt(4x)", "2sqrt(x)", Method::kExact);
  CheckEqual("E^(x+1)", "E*E^x", Method::kExact);
  CheckEqual("2^(n+1)", "2*2^n", Method::kExact);
  CheckEqual("sin(x)^2+cos(x)^2", "1", Method::kHighPrecision);
  CheckEqual("sin(2x)", "2sin(x)cos(x)", Method::kHighPrecision);
  CheckEqual("(n+1)!/n!", "n+1", Method::kHighPrecision);
  CheckDifferent("sqrt(x^2)", "x");  // symbols are complex
  CheckDifferent("log(x^2)", "2log(x)");
  CheckDifferent("sqrt(x)", "x");
  CheckDifferent("floor(x)", "x");
}

TEST_CASE("algebra: what has no value is unknown") {
  for (const char* text : {"1/0", "0^0", "log(0)", "(-1)!", "1/(x-x)", "0/0", "tan(pi/2)", "0^(-1)"}) {
    CheckUnknown(text, text);
    CheckUnknown(text, "1");
  }
  CheckEqual("oo", "oo", Method::kExact);
  CheckEqual("2oo", "oo+1", Method::kExact);
  CHECK(Compare("oo", "-oo").equality == Equality::kDifferent);
  CHECK(Compare("oo", "5").equality == Equality::kDifferent);
  CheckUnknown("oo-oo", "0");
}

TEST_CASE("algebra: signs") {
  const Budget budget;
  CHECK(Sign(Read("sqrt(2)-1.5"), budget) == -1);
  CHECK(Sign(Read("pi-3"), budget) == 1);
  CHECK(Sign(Read("sqrt(2)+sqrt(3)-sqrt(5+2sqrt(6))"), budget) == 0);
  CHECK(Sign(Read("1+I"), budget) == std::nullopt);
  CHECK(Sign(Read("x"), budget) == std::nullopt);
  CHECK(Sign(Read("-oo"), budget) == -1);
  CHECK(Sign(Read("(-8)^(1/3)-I*sqrt(3)"), budget) == 1);
  CHECK(IsConstant(Read("sqrt(2)+pi")));
  CHECK_FALSE(IsConstant(Read("x+1")));
}

std::string Rounded(const std::string& text, int digits) {
  const auto out = RoundTo(Read(text), digits, Budget());
  if (!out) return "none";
  return out->real + (out->imaginary.find_first_not_of("0.") == std::string::npos ? "" : "," + out->imaginary);
}

TEST_CASE("algebra: rounding is correct, half to even") {
  CHECK(Rounded("-1/3", 6) == "-0.333333");
  CHECK(Rounded("2/3", 6) == "0.666667");
  CHECK(Rounded("1/2", 0) == "0");
  CHECK(Rounded("3/2", 0) == "2");
  CHECK(Rounded("-5/2", 0) == "-2");
  CHECK(Rounded("0.125", 2) == "0.12");
  CHECK(Rounded("0.375", 2) == "0.38");
  CHECK(Rounded("-1/1000", 2) == "0.00");
  CHECK(Rounded("sqrt(2)", 10) == "1.4142135624");
  CHECK(Rounded("1/3+I/2", 3) == "0.333,0.500");
  CHECK(Rounded("sqrt(2)*sqrt(2)/4", 0) == "0");
  CHECK(Rounded("10^20+pi", 2) == "100000000000000000003.14");
  CHECK(Rounded("1/0", 2) == "none");
  CHECK(Rounded("x", 2) == "none");
}

// Seconds of one comparison, which may end by its budget.
double Seconds(const std::string& a, const std::string& b) {
  const Expression x = Read(a), y = Read(b);
  const auto start = std::chrono::steady_clock::now();
  try {
    const Decision decision = DecideEqual(x, y, Budget());
    INFO(a << " against " << b);
    CHECK((decision.equality != Equality::kEqual || a == b));
  } catch (const BudgetSpent&) {
  }
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

TEST_CASE("algebra: hostile sizes are answered or refused in time") {
  std::vector<std::pair<std::string, std::string>> pairs = {{"9^(9^(9^9))", "9^(9^(9^9))+1"},
                                                            {"9^(9^(9^9))", "9^(9^(9^9))"},
                                                            {"2^(2^(2^30))", "1"},
                                                            {"100000!", "100000!+1"},
                                                            {"(x+y+z)^500", "(x+y+z)^500+1"},
                                                            {"(1+sqrt(2))^(10^6)", "(1+sqrt(2))^(10^6)+1"},
                                                            {"(10^30)!", "7"},
                                                            {"(x^(10^9))^(10^9)", "x"},
                                                            {"sin(10^(10^8))", "sin(10^(10^8)+1)"},
                                                            {"E^(E^(E^E))", "E^(E^(E^E))+1"},
                                                            {"binomial(10^9,5*10^8)", "1"},
                                                            {"2^(1/1000003)+3^(1/1000033)", "2.1"},
                                                            {"sqrt(2)^(sqrt(2)^(sqrt(2)^100))", "5"},
                                                            {"E^(10^20)", "E^(10^20)+1"},
                                                            {"(a+b+c+d+e+f+g)^30", "(a+b+c+d+e+f)^30"},
                                                            {"1000000007^(1/5)+998244353^(1/7)+(10^40+7)^(1/11)", "100"}};
  std::string product = "sin(pi";
  for (int i = 0; i < 900; ++i) product += "*3^100000";
  pairs.emplace_back(product + ")", "1");
  for (const auto& [a, b] : pairs) {
    INFO(a << " against " << b);
    CHECK(Seconds(a, b) < 1.5);
  }
  Expression deep = Read("x");
  for (int i = 0; i < 1900; ++i) deep = {Kind::kNegate, "", {std::move(deep)}};
  CHECK(DecideEqual(deep, Read("x"), Budget()).equality == Equality::kEqual);
  for (int i = 0; i < 300; ++i) deep = {Kind::kFunction, "sin", {std::move(deep)}};
  CHECK_THROWS_AS(DecideEqual(deep, Read("x"), Budget()), BudgetSpent);
}

TEST_CASE("algebra: expanded and factored random polynomials") {
  uint64_t state = 5;
  const auto next = [&](int n) {
    state = state * 6364136223846793005u + 1442695040888963407u;
    return static_cast<int>((state >> 33) % static_cast<uint64_t>(n));
  };
  for (int round = 0; round < 200; ++round) {
    // (a x + b y + c)(d x + e) against its expansion, and against one that is off by one.
    const int a = next(19) - 9, b = next(19) - 9, c = next(19) - 9, d = next(9) + 1, e = next(19) - 9;
    const auto text = [](long v) { return "(" + std::to_string(v) + ")"; };
    const std::string factored = "(" + text(a) + "x+" + text(b) + "y+" + text(c) + ")*(" + text(d) + "x+" + text(e) + ")";
    const auto expanded = [&](long last) {
      return text(a * d) + "x^2+" + text(b * d) + "x*y+" + text(a * e + c * d) + "x+" + text(b * e) + "y+" + text(last);
    };
    CheckEqual(factored, expanded(c * e), Method::kExact);
    CheckDifferent(factored, expanded(c * e + 1));
    CheckEqual("(" + factored + ")/(" + text(d) + "x+" + text(e) + ")", text(a) + "x+" + text(b) + "y+" + text(c),
               Method::kExact);
  }
}

TEST_CASE("algebra: sympy decides the same") {  // tests/golden/math/make_algebra.py
  std::ifstream in(test::Golden("math/algebra_pairs.json"));
  const nlohmann::json file = nlohmann::json::parse(in);
  CHECK(file.at("pairs").size() > 350);
  for (const nlohmann::json& row : file.at("pairs")) {
    const std::string a = row.at(0), b = row.at(1), verdict = row.at(2);
    INFO(a << " and " << b << " are " << verdict);
    const Equality expected = verdict == "equal" ? Equality::kEqual : Equality::kDifferent;
    CHECK(Compare(a, b).equality == expected);
    CHECK(Compare(b, a).equality == expected);
  }
}

TEST_CASE("algebra: threads decide independently") {
  std::vector<std::thread> threads;
  std::vector<int> wrong(4, 0);
  for (size_t t = 0; t < wrong.size(); ++t) {
    threads.emplace_back([&, t] {
      const Budget budget;
      const auto a = ParseTextExpression("sqrt(2)+sqrt(3)+E^pi", budget),
                 b = ParseTextExpression("sqrt(5+2sqrt(6))+E^pi", budget);
      for (int i = 0; i < 20; ++i) {
        wrong[t] += DecideEqual(a->expression, b->expression, Budget()).equality == Equality::kEqual ? 0 : 1;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(wrong == std::vector<int>(4, 0));
}

TEST_CASE("expressions as text") {
  CHECK(ToText(Read("2x+1/3")) == "add(multiply(2, x), divide(1, 3))");
  CHECK(ToText({Kind::kInterval, "", {Read("1"), Read("2")}, kOpenLeft}) == "interval (](1, 2)");
}

}  // namespace
}  // namespace tidemark::math
