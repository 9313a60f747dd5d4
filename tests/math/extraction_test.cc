// The extraction rules against the reference harnesses, the official solutions and hostile texts.
#include "evals/math/extraction.h"

#include <algorithm>
#include <chrono>

#include "datasets/rows.h"
#include "engine/core/file.h"
#include "tests/support/catch.h"
#include "tests/support/paths.h"

namespace tidemark::math {
namespace {

Extracted Extract(std::string_view rule, std::string_view text) {
  for (const ExtractionRule& entry : AllExtractionRules()) {
    if (entry.name == rule) return entry.extract(text);
  }
  FAIL("no rule " << rule);
  return {};
}

void Check(std::string_view rule, std::string_view text, std::string_view answer, std::string_view step) {
  const Extracted found = Extract(rule, text);
  INFO(rule << " of " << text);
  CHECK(std::string(found.answer) == std::string(answer));
  CHECK(std::string(found.step) == std::string(step));
}

TEST_CASE("boxed takes the last balanced box that holds something") {
  Check("boxed", R"(so $\boxed{1}$, no: $\boxed{ \frac{\sqrt{3}}{2} }$.)", R"(\frac{\sqrt{3}}{2})", "boxed");
  Check("boxed", R"(\boxed{\boxed{5}})", "5", "boxed");
  Check("boxed", R"(\fbox{7} \framebox {8})", "8", "boxed");
  Check("boxed", R"(\boxed{3} and then \boxed{4)", "3", "boxed");
  Check("boxed", R"(\boxed{9}, given in \boxed{} as asked)", "9", "boxed");
  Check("boxed", R"(\boxed{\left\{1,2\right.})", R"(\left\{1,2\right.)", "boxed");
  Check("boxed", R"(} { \boxed{\text{a \} b}})", R"(\text{a \} b})", "boxed");
  Check("boxed", R"(\\boxed{11})", "11", "boxed");
  Check("boxed", "thus $\\boxed 12$ follows", "12", "boxed_bare");
  Check("boxed", "\\(\\boxed 13\\) follows", "13", "boxed_bare");
  Check("boxed", "\\boxed 14", "14", "boxed_bare");
  Check("boxed", "$\\boxed 15$ but rather $\\boxed{16}$", "16", "boxed");
  Check("boxed", "\\boxedly{3} is no box, 4 is", "4", "number");
}

TEST_CASE("without a box a phrase, mathematics or a number is the answer") {
  Check("boxed", "The final answer is $x = \\frac12$. I hope it is correct.", "x = \\frac12", "final_answer");
  Check("boxed", "Final Answer: **42**\nThe answer is 7", "42", "final_answer");
  Check("boxed", "FINAL ANSWER:\n\n\\[ \\pi \\]", "\\pi", "final_answer");
  Check("boxed", "the answer is 3.5. That is all.", "3.5", "answer");
  Check("boxed", "**Answer**: 12 apples", "12 apples", "answer");
  Check("boxed", "the answer isn't known; take $a$ or $b$.", "b", "math");
  Check("boxed", "we get $$x^2$$ and $y$.", "y", "math");
  Check("boxed", "we get $y$ and $$x^2$$ for \\$5", "x^2", "math");
  Check("boxed", "so \\(k+1\\) it is, \\[m\\]", "m", "math");
  Check("boxed", "from 5-3 to 12,345.5 or 1,23", "23", "number");
  Check("boxed", "it is 12,345.5", "12,345.5", "number");
  Check("boxed", "it is -3/4", "-3/4", "number");
  Check("boxed", "5-3", "3", "number");
  Check("boxed", "I do not know.", "", "none");
  Check("boxed", "", "", "none");
  Check("boxed", "The final answer is: ", "", "none");
}

TEST_CASE("the strict rules find nothing where their marker is missing") {
  Check("boxed-strict", "\\boxed{1} and \\boxed{2", "", "none");
  Check("boxed-strict", "the answer is 3", "", "none");
  Check("boxed-strict", "\\boxed{1} \\boxed 2$", "2", "boxed_bare");
  Check("boxed-or-number", "\\boxed{\\frac{\\sqrt{3}}{2}}", "2", "number");
  Check("boxed-or-number", "\\boxed{\\frac{3}{4}} 5", "\\frac{3}{4}", "boxed");
  Check("answer-line", "answer: $7$.\nANSWER: 8", "7", "answer");
  Check("last-answer-line", "answer: 7\n**ANSWER: $\\frac{1}{2}$**", "\\frac{1}{2}", "answer");
  Check("answer-line", "seven", "", "none");
  Check("dollars", "$1$ or $2$", "1$ or $2", "dollars");
  Check("dollars", "costs 5$", "costs 5$", "whole");
  Check("dollars", "$$", "", "none");
  Check("minerva", "Final Answer: The final answer is $5$. I hope it is correct.", "$5$", "final_answer");
  Check("minerva", "Final Answer: The final answer is $5$. ", "$5$", "final_answer");
  Check("minerva", "Final Answer: The final answer is $5$.", "", "none");
}

TEST_CASE("the rules of other harnesses equal them on random texts") {
  const auto rows = ParseJsonLines(ReadFile(test::Golden("math/extraction.jsonl")), "extraction.jsonl");
  REQUIRE(rows.size() == 600);
  for (const DatasetRow& row : rows) {
    const auto text = row.json["text"].get<std::string>();
    for (const auto& [rule, expected] : row.json["answers"].items()) {
      const Extracted found = Extract(rule, text);
      // "answer-line" also takes off what stands around an answer.
      if (rule == "answer-line" && expected.is_string()) {
        const std::string_view answer = expected.get_ref<const std::string&>();
        if (answer.find_first_of("$.*") != answer.npos) continue;
      }
      INFO(rule << " of " << row.json.dump());
      CHECK(std::string(StripSpace(found.answer)) == (expected.is_null() ? "" : expected.get<std::string>()));
      CHECK((found.step == "none") == found.answer.empty());
    }
  }
}

TEST_CASE("the box of every official solution is the dataset's answer") {
  const auto path = test::SharedData("math500/test.jsonl");
  if (!path) TM_SKIP("the official MATH-500 rows are not beside the checkout");
  const auto rows = ParseJsonLines(ReadFile(*path), "math500");
  REQUIRE(rows.size() == 500);
  for (const std::string_view rule : {"boxed", "boxed-strict"}) {
    int equal = 0;
    for (const DatasetRow& row : rows) {
      const auto solution = row.json["solution"].get<std::string>();
      equal += Extract(rule, solution).answer == StripSpace(row.json["answer"].get_ref<const std::string&>()) ? 1 : 0;
    }
    CHECK(equal == 500);
  }
}

TEST_CASE("hostile texts of a megabyte take a pass, not a square") {
  const auto repeat = [](std::string_view part) {
    std::string text;
    while (text.size() < (1u << 20)) text += part;
    return text;
  };
  for (const std::string_view part : {"\\boxed{",
                                      "{",
                                      "}",
                                      "\\boxed ",
                                      "\\",
                                      "$",
                                      "answer:",
                                      "answer: ",
                                      "Final Answer: The final answer is",
                                      " I hope it is correct",
                                      "final answer is $",
                                      "1,234,",
                                      "\\boxed{1}",
                                      "\\boxed{{",
                                      "answer is\n",
                                      "\xff",
                                      "\xe2\x80\x83",
                                      "answer  ",
                                      "-1.5/",
                                      "\\(",
                                      "**",
                                      "\\boxed{}"}) {
    const std::string text = repeat(part);
    for (const ExtractionRule& rule : AllExtractionRules()) {
      const auto begin = std::chrono::steady_clock::now();
      const Extracted found = rule.extract(text);
      const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - begin;
      INFO(rule.name << " of " << part << ", " << seconds.count() << " s");
      CHECK(seconds.count() < 5);  // a square would take minutes
      CHECK((found.step == "none") == found.answer.empty());
    }
  }
}

}  // namespace
}  // namespace tidemark::math
