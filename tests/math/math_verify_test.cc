// Our Math-Verify verdicts against the package's, on perturbed official answers and on answers of our own (tests/golden/math).
// Every disagreement is listed with its class in disagreements.json; a new one, or one that vanished, fails.
#include <algorithm>
#include <chrono>
#include <fstream>
#include <iostream>
#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "evals/math/graders.h"
#include "tests/support/catch.h"
#include "tests/support/paths.h"

namespace tidemark::math {
namespace {

using nlohmann::json;

std::vector<json> ReadLines(const std::filesystem::path& path) {
  std::ifstream in(path);
  std::vector<json> rows;
  for (std::string line; std::getline(in, line);) rows.push_back(json::parse(line));
  return rows;
}

Grade Verify(const std::string& gold, const std::string& response) { return GradeMathVerify(gold, {response, response}); }

// "@@" in a stored response stands for the gold answer.
std::string Expand(const std::string& stored, const std::string& gold) {
  std::string response;
  size_t at = 0;
  for (size_t found; (found = stored.find("@@", at)) != std::string::npos; at = found + 2) {
    response.append(stored, at, found - at).append(gold);
  }
  return response.append(stored, at, std::string::npos);
}

struct Tally {
  int pairs = 0, unequal = 0, held_out = 0, held_out_unequal = 0;
  std::set<std::pair<std::string, std::string>> disagreements;  // id, stored response
  std::vector<double> milliseconds;
};

Tally Compare(const std::string& file, const std::map<std::string, std::string>& golds) {
  Tally tally;
  const std::vector<json> rows = ReadLines(test::Golden("math/" + file));
  for (const json& row : rows) {
    const std::string id = row.at("id").get<std::string>();
    const std::string gold = golds.empty() ? row.at("gold").get<std::string>() : golds.at(id);
    for (const json& pair : row.at("pairs")) {
      const std::string stored = pair.at(1).get<std::string>();
      const auto start = std::chrono::steady_clock::now();
      const Grade grade = Verify(gold, Expand(stored, gold));
      tally.milliseconds.push_back(std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start).count());
      const bool held_out = pair.at(0).get<std::string>()[0] == '*', unequal = grade.correct() != (pair.at(2) == 1);
      ++tally.pairs;
      tally.held_out += held_out;
      tally.unequal += unequal;
      tally.held_out_unequal += held_out && unequal;
      if (unequal) tally.disagreements.insert({id, stored});
    }
  }
  return tally;
}

void CheckAgainstList(const Tally& tally, const std::string& file) {
  std::ifstream in(test::Golden("math/disagreements.json"));
  const json list = json::parse(in);
  std::set<std::pair<std::string, std::string>> listed;
  for (const json& entry : list.at("pairs")) {
    if (entry.at(0) != file) continue;
    INFO("class " << entry.at(3));
    REQUIRE(list.at("classes").contains(entry.at(3).get<std::string>()));
    listed.insert({entry.at(1).get<std::string>(), entry.at(2).get<std::string>()});
  }
  for (const auto& [id, response] : tally.disagreements) {
    INFO("new disagreement: " << json({file, id, response, "CLASS"}).dump());
    CHECK(listed.count({id, response}) == 1);
  }
  for (const auto& [id, response] : listed) {
    INFO("listed, but the verdicts agree: " << id << " " << response);
    CHECK(tally.disagreements.count({id, response}) == 1);
  }
}

double Median(std::vector<double> values) {
  std::nth_element(values.begin(), values.begin() + static_cast<long>(values.size() / 2), values.end());
  return values[values.size() / 2];
}

void Print(const char* what, const Tally& t) {
  std::cout << what << ": " << t.pairs << " pairs, " << t.unequal << " verdicts unequal ("
            << 100.0 * (t.pairs - t.unequal) / t.pairs << " % agree)";
  if (t.held_out > 0) std::cout << ", held-out kinds: " << t.held_out_unequal << " of " << t.held_out;
  std::cout << ", median " << Median(t.milliseconds) << " ms, slowest "
            << *std::max_element(t.milliseconds.begin(), t.milliseconds.end()) << " ms\n";
}

std::vector<json> OfficialRows() {
  const auto path = test::SharedData("math500/test.jsonl");
  return path ? ReadLines(*path) : std::vector<json>();
}

TEST_CASE("verdicts on our own answers equal the package's, listed disagreements apart") {
  const Tally tally = Compare("own_pairs.jsonl", {});
  Print("own answers", tally);
  CHECK(tally.pairs >= 400);
  CheckAgainstList(tally, "own_pairs.jsonl");
}

TEST_CASE("verdicts on perturbed official answers equal the package's for at least 99.5 % of the pairs") {
  std::map<std::string, std::string> golds;
  const std::vector<json> rows = OfficialRows();
  if (rows.empty()) TM_SKIP("no math500/test.jsonl");
  for (const json& row : rows) golds[row.at("unique_id").get<std::string>()] = row.at("answer").get<std::string>();
  const Tally tally = Compare("math500_pairs.jsonl", golds);
  Print("perturbed official answers", tally);
  CHECK(tally.pairs >= 6000);
  CHECK(tally.unequal <= tally.pairs * 0.005);
  CHECK(Median(tally.milliseconds) < 5);
  CheckAgainstList(tally, "math500_pairs.jsonl");
}

TEST_CASE("verdicts on answers perturbed in several ways at once equal the package's for at least 99.5 % of the pairs") {
  std::map<std::string, std::string> golds;
  const std::vector<json> rows = OfficialRows();
  if (rows.empty()) TM_SKIP("no math500/test.jsonl");
  for (const json& row : rows) golds[row.at("unique_id").get<std::string>()] = row.at("answer").get<std::string>();
  const Tally tally = Compare("stacked_pairs.jsonl", golds);
  Print("answers perturbed in several ways", tally);
  CHECK(tally.pairs >= 900);
  CHECK(tally.unequal <= tally.pairs * 0.005);
  CheckAgainstList(tally, "stacked_pairs.jsonl");
}

TEST_CASE("every official answer equals itself in a box, and the text of its solution") {
  const std::vector<json> rows = OfficialRows();
  if (rows.empty()) TM_SKIP("no math500/test.jsonl");
  REQUIRE(rows.size() == 500);
  for (const json& row : rows) {
    const std::string gold = row.at("answer").get<std::string>();
    INFO(row.at("unique_id") << " " << gold);
    CHECK(Verify(gold, "\\boxed{" + gold + "}").correct());
    CHECK(Verify(gold, row.at("solution").get<std::string>()).correct());
  }
}

std::string Repeat(const std::string& s, int n) {
  std::string result;
  for (int i = 0; i < n; ++i) result += s;
  return result;
}

TEST_CASE("hostile answers end quickly and are recorded") {
  struct Case {
    std::string gold, response;
    std::vector<Outcome> allowed;
  };
  const auto box = [](const std::string& s) { return "\\boxed{" + s + "}"; };
  const std::vector<Outcome> refused = {Outcome::kTooExpensive, Outcome::kUnreadable}, any = {};
  const std::vector<Case> cases = {
      {"1", box(Repeat("\\frac{1}{", 100000)), refused},
      {"1", box(Repeat("\\frac{1}{", 100000) + "2" + Repeat("}", 100000)), refused},
      {"1", box(Repeat("\\frac{1}{", 1000) + "2" + Repeat("}", 1000)), refused},
      {"1", box(Repeat("2^{", 50) + "2" + Repeat("}", 50)), {Outcome::kTooExpensive}},
      {"1", box(Repeat("2^{", 5000) + "2" + Repeat("}", 5000)), refused},
      {"1", box("9^{9^{9^{9}}}"), {Outcome::kTooExpensive, Outcome::kWrong}},
      {"9^{9^{9^{9}}}", box("9^{9^{9^{9}}} + 1"), {Outcome::kTooExpensive, Outcome::kWrong}},
      {"1", box("100000!"), {Outcome::kTooExpensive, Outcome::kWrong}},
      {"1", box(Repeat("7", 1000000)), refused},
      {"1", Repeat("7", 1000000), refused},
      {"1", box(Repeat("(", 1000000)), refused},
      {"1", box(Repeat("(", 400000) + "1" + Repeat(")", 400000)), refused},
      {"1", Repeat("(", 1000000), refused},
      {"1", Repeat("$", 1000000), refused},
      {"1", Repeat("\\(", 400000) + "x\\)", any},
      {"1", Repeat("\\[", 400000) + "\\]", any},
      {"1", Repeat("\\boxed{", 100000), any},
      {"1", Repeat("\\boxed{1}", 100000), any},
      {"1", Repeat("answer", 160000), refused},
      {"1", Repeat("1 ", 300000) + Repeat("1+", 200000) + "x", any},
      {"1", box(Repeat("|", 3000)), refused},
      {"1", box(Repeat("-", 30000) + "1"), any},
      {"1", box("1" + Repeat("!", 30000)), refused},
      {"1", box(Repeat(" ", 900000) + "1"), any},
      {"1", box("1E99999999"), refused},
      {"1", Repeat("a", 2000000), {Outcome::kTooExpensive}},
      {"1", std::string(1000, '\0'), refused},
  };
  for (const Case& c : cases) {
    const auto start = std::chrono::steady_clock::now();
    const Grade grade = Verify(c.gold, c.response);
    const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    INFO(c.response.substr(0, 40) << "... " << grade.why << ", " << seconds << " s");
    CHECK(seconds < 5);  // the budget is 1 s; sanitizers and a busy machine take their share
    CHECK((c.allowed.empty() || std::find(c.allowed.begin(), c.allowed.end(), grade.outcome) != c.allowed.end()));
  }
}

TEST_CASE("outcomes tell wrong, unreadable and missing answers apart") {
  CHECK(Verify("5", "\\boxed{6}").outcome == Outcome::kWrong);
  CHECK(Verify("5", "").outcome == Outcome::kUnreadable);
  CHECK(Verify("5", "I cannot tell.").why == "no answer found");
  CHECK(Verify("5", "$\\foo{5}$").outcome == Outcome::kUnreadable);
  CHECK(Verify("\\frac{1}{2}", "so it is $0.50$").why == "equal as values");
}

}  // namespace
}  // namespace tidemark::math
