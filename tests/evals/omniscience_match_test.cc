#include <map>
#include <span>
#include <string>
#include <vector>

#include "engine/core/file.h"
#include "evals/omniscience/date.h"
#include "evals/omniscience/match.h"
#include "evals/omniscience/quantity.h"
#include "evals/omniscience/rows.h"
#include "evals/omniscience/text.h"
#include "tests/evals/omniscience_cases.h"
#include "tests/support/catch.h"
#include "tests/support/paths.h"

namespace tidemark {
namespace {

using omniscience::Clean;

omniscience::Gold MakeGold(const test::GradedCase& c) {
  omniscience::Gold gold{c.question, c.gold, {}, c.kind[0] != '-', c.kind, 0};
  if (c.kind[0] == '-') gold.kind.erase(0, 1);
  if (c.kind[0] == '+') {
    gold.digits = c.kind[1] - '0';
    gold.kind = "number";
  }
  std::string alias;
  for (const char* p = c.aliases; *c.aliases != '\0'; ++p) {
    if (*p == '|' || *p == '\0') {
      gold.aliases.push_back(alias);
      alias.clear();
    } else {
      alias += *p;
    }
    if (*p == '\0') break;
  }
  return gold;
}

// Checks every case and returns how many there were.
size_t CheckCases(std::span<const test::GradedCase> cases) {
  for (const test::GradedCase& c : cases) {
    const omniscience::Verdict verdict = omniscience::GradeByMatch(MakeGold(c), c.answer);
    INFO(c.question << "\n  gold: " << c.gold << "\n  answer: " << c.answer << "\n  rule: " << verdict.rule);
    CHECK(std::string(omniscience::GradeLetter(verdict.grade)) == std::string(1, c.grade));
  }
  return cases.size();
}

TEST_CASE("the match judge grades names and persons as a reader does") { CHECK(CheckCases(test::kNameCases) >= 80); }
TEST_CASE("the match judge grades numbers and dates as a reader does") { CHECK(CheckCases(test::kNumberCases) >= 80); }
TEST_CASE("the match judge grades identifiers and code as a reader does") { CHECK(CheckCases(test::kIdentifierCases) >= 50); }
TEST_CASE("the match judge grades answers to what has none as a reader does") {
  CHECK(CheckCases(test::kUnanswerableCases) >= 20);
}

TEST_CASE("the match judge agrees with hand grades of wordy answers to our own rows") {
  // tests/golden/omniscience/answers.jsonl: written and graded by hand before the judge saw them; it then agreed on 99 of 104,
  // and all five have led to rules since.
  const std::string text = ReadFile(test::Golden("omniscience/answers.jsonl"));
  const Task& task = FindTask("omniscience");
  std::map<std::string, Sample> samples;
  for (const Sample& sample : MakeSamples(task, LoadDataset("omniscience", "sample"), {}, 0)) samples[sample.IdText()] = sample;
  std::vector<std::string> wrong;
  const std::vector<DatasetRow> rows = ParseJsonLines(text, "answers.jsonl");
  for (const DatasetRow& row : rows) {
    const Sample& sample = samples.at(row.json["id"]);
    const auto verdict = omniscience::GradeByMatch(omniscience::GoldOf(sample), row.json["response"].get<std::string>());
    if (omniscience::GradeLetter(verdict.grade) != row.json["grade"].get<std::string>()) wrong.push_back(sample.IdText());
  }
  CHECK(rows.size() == 104);
  CHECK(wrong == std::vector<std::string>());
}

TEST_CASE("numbers in text") {
  const auto values = [](const char* text) {
    std::vector<double> all;
    for (const auto& q : omniscience::FindQuantities(Clean(text))) all.push_back(q.value);
    return all;
  };
  CHECK(values("1,234.5 and 1.234.567, then 12'345") == std::vector<double>{1234.5, 1234567, 12345});
  CHECK(values("3,14") == std::vector<double>{3.14});
  CHECK(values("two hundred and six") == std::vector<double>{206});
  CHECK(values("twenty-two, thirteen hundred") == std::vector<double>{22, 1300});
  CHECK(values("v1.2.3 H2O x_1").empty());
  CHECK(values("1/2 of it") == std::vector<double>{0.5});
  CHECK(values("1e999 1e-3") == std::vector<double>{0.001});
  CHECK(values("$1.5 billion") == std::vector<double>{1.5e9});
  CHECK(values("").empty());
}

TEST_CASE("dates in text") {
  const auto first = [](const char* text) {
    const auto dates = omniscience::FindDates(omniscience::SplitWords(Clean(text)));
    REQUIRE(dates.size() == 1);
    return dates[0];
  };
  const auto date = first("on the 3rd of March, 44 BC");
  CHECK((date.year == -44 && date.month == 3 && date.day == 3));
  CHECK(first("1960s").decade);
  CHECK(first("04/05/1999").swappable);
  CHECK(omniscience::FindDates(omniscience::SplitWords("may the force")).empty());
}

TEST_CASE("a judge's reply gives a grade only if it is one letter, alone or on the last line") {
  using omniscience::Grade;
  using omniscience::ParseGrade;
  CHECK(ParseGrade("A") == Grade::kCorrect);
  CHECK(ParseGrade(" B\n") == Grade::kIncorrect);
  CHECK(ParseGrade("The answer differs.\n\n**C**\n") == Grade::kPartial);
  CHECK(ParseGrade("\"D\".") == Grade::kNotAttempted);
  for (const char* text :
       {"", "\n", "E", "a", "AB", "A: CORRECT", "CORRECT", "Grade: A", "A\nbecause", "I think A", "...", "A B"}) {
    INFO(text);
    CHECK(!ParseGrade(text));
  }
}

}  // namespace
}  // namespace tidemark
