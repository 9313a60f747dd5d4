// The Hendrycks, PRM800K and Minerva graders against the verdicts of their reference programs (tests/golden/math,
// make_string_graders.py), and against hostile answers.
#include <algorithm>
#include <chrono>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "evals/math/graders.h"
#include "tests/support/catch.h"
#include "tests/support/paths.h"

namespace tidemark::math {
namespace {

using Json = nlohmann::json;
using Grader = Grade (*)(std::string_view, const MathResponse&);

struct NamedGrader {
  const char* name;
  Grader grade;
};
constexpr NamedGrader kGraders[] = {{"hendrycks", GradeHendrycks}, {"prm800k", GradePrm800k}, {"minerva", GradeMinerva}};

Json ReadJson(const std::filesystem::path& path) {
  std::ifstream in(path);
  INFO(path.string());
  REQUIRE(in.good());
  return Json::parse(in);
}

// "grader kind candidate" of the pairs on which we knowingly differ; each comes with a reason in the file.
std::set<std::string> KnownDisagreements() {
  const Json file = ReadJson(test::Golden("math/string_grader_disagreements.json"));
  std::set<std::string> out;
  for (const Json& row : file.at("pairs")) {
    REQUIRE_FALSE(row.at("why").get<std::string>().empty());
    out.insert(row.at("grader").get<std::string>() + " " + row.at("gold").get<std::string>() + " " +
               row.at("candidate").get<std::string>());
  }
  return out;
}

struct Totals {
  size_t pairs = 0;
  std::vector<std::string> disagreements;  // as in KnownDisagreements, with the keys of the golds
  std::map<std::string, std::vector<double>> microseconds;
};

// golds: from the keys of the file to the answers; a key that is not there is the answer itself.
Totals CompareAll(const Json& file, const std::map<std::string, std::string>& golds) {
  Totals out;
  for (const auto& [key, pairs] : file.at("golds").items()) {
    const auto official = golds.find(key);
    const std::string gold = official == golds.end() ? key : official->second;
    for (const Json& pair : pairs) {
      const std::string candidate = pair.at(1), verdicts = pair.at(2);
      ++out.pairs;
      for (size_t g = 0; g < std::size(kGraders); ++g) {
        if (verdicts.at(g) == '-') continue;
        const auto start = std::chrono::steady_clock::now();
        const Grade grade = kGraders[g].grade(gold, {candidate, candidate});
        const std::chrono::duration<double, std::micro> time = std::chrono::steady_clock::now() - start;
        out.microseconds[kGraders[g].name].push_back(time.count());
        if (grade.correct() != (verdicts.at(g) == '1'))
          out.disagreements.push_back(kGraders[g].name + (" " + key) + " " + candidate);
      }
    }
  }
  return out;
}

void CheckAgreement(const Totals& totals, const std::set<std::string>& known) {
  for (const std::string& disagreement : totals.disagreements) {
    INFO(disagreement);
    CHECK(known.count(disagreement) == 1);
    CHECK(disagreement.rfind("minerva ", 0) == 0);  // the other two have to agree always
  }
  for (auto [name, times] : totals.microseconds) {
    std::nth_element(times.begin(), times.begin() + static_cast<std::ptrdiff_t>(times.size() / 2), times.end());
    INFO(name);
    CHECK(times[times.size() / 2] < 1000.0);
  }
}

TEST_CASE("string graders agree with their references on answers of our own") {
  const Totals totals = CompareAll(ReadJson(test::Golden("math/string_graders_own.json")), {});
  CHECK(totals.pairs >= 300);
  CheckAgreement(totals, KnownDisagreements());
}

std::map<std::string, std::string> OfficialGolds(const std::filesystem::path& path) {
  std::map<std::string, std::string> golds;
  std::ifstream in(path);
  for (std::string line; std::getline(in, line);) {
    const Json row = Json::parse(line);
    golds[row.at("unique_id")] = row.at("answer");
  }
  return golds;
}

TEST_CASE("string graders agree with their references on perturbed MATH-500 answers") {
  const auto data = test::SharedData("math500/test.jsonl");
  if (!data) TM_SKIP("math500/test.jsonl is not there");
  const auto golds = OfficialGolds(*data);
  REQUIRE(golds.size() == 500);
  const Totals totals = CompareAll(ReadJson(test::Golden("math/string_graders_math500.json")), golds);
  CHECK(totals.pairs >= 5000);
  CheckAgreement(totals, KnownDisagreements());
  for (const auto& [id, gold] : golds) {
    for (const NamedGrader& grader : kGraders) {
      INFO(grader.name << " " << id);
      CHECK(grader.grade(gold, {gold, gold}).correct());
    }
  }
}

TEST_CASE("string graders: what each of them is known for") {
  const auto verdicts = [](const std::string& gold, const std::string& answer) {
    std::string out;
    for (const NamedGrader& grader : kGraders) out += grader.grade(gold, {answer, answer}).correct() ? '1' : '0';
    return out;
  };
  CHECK(verdicts("\\frac{1}{2}", "0.5") == "111");
  CHECK(verdicts("\\frac{1}{4}", "0.25") == "011");
  CHECK(verdicts("\\frac{1}{2}", "\\frac{2}{4}") == "001");  // unreduced: wrong for PRM800K
  CHECK(verdicts("(1,2)", "(1, 2)") == "111");
  CHECK(verdicts("(1,2)", "[1,2]") == "000");
  CHECK(verdicts("2, 3", "2") == "001");  // Minerva reads no further than the comma
  CHECK(verdicts("\\sqrt{8}", "2\\sqrt{2}") == "011");
  CHECK(verdicts("4\\frac{2}{3}", "\\frac{14}{3}") == "010");  // Minerva multiplies mixed numbers
  CHECK(verdicts("x(x+1)", "x^2+x") == "010");                 // and applies x to x+1
  CHECK(verdicts("10,080", "10080") == "011");
  CHECK(GradeMinerva("1", {"\\frac{1}{", ""}).outcome == Outcome::kUnreadable);
}

TEST_CASE("string graders answer hostile input within a second") {
  const auto many = [](const std::string& part, size_t count) {
    std::string out;
    for (size_t i = 0; i < count; ++i) out += part;
    return out;
  };
  const std::vector<std::string> hostile = {many("{", 100000),
                                            many("x(", 9000),
                                            many("\\frac{", 3000),
                                            many("(", 9000) + "1",
                                            many("9^", 5000) + "9",
                                            "9^{9^{9^9}}",
                                            "9^9^9^9",
                                            many("-", 19000) + "1",
                                            many("\\sqrt{", 90) + "2" + many("}", 90),
                                            many("1,", 9000),
                                            many("x|", 9000),
                                            many("5!", 9000),
                                            "5" + many("!", 9000),
                                            many("\\begin{pmatrix}", 1000),
                                            many("\\text{", 3000),
                                            std::string(1 << 20, '7'),
                                            many("7", 19000),
                                            many("1/", 9000) + "3",
                                            "100000!",
                                            "(x+y)^9999999",
                                            many("(x+1)*", 3000) + "1",
                                            many("\\left(x^{", 90)};
  for (const std::string& answer : hostile) {
    for (const NamedGrader& grader : kGraders) {
      for (const std::string& gold : {std::string("x+1"), std::string("2"), answer}) {
        const auto start = std::chrono::steady_clock::now();
        grader.grade(gold, {answer, answer});
        const std::chrono::duration<double> time = std::chrono::steady_clock::now() - start;
        INFO(grader.name << " " << answer.substr(0, 40));
        CHECK(time.count() < 1.5);  // the limit is one second; the rest is for busy machines
      }
    }
  }
}

}  // namespace
}  // namespace tidemark::math
