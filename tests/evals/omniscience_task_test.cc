#include <map>
#include <set>

#include "datasets/csv.h"
#include "datasets/manifest.h"
#include "engine/core/error.h"
#include "engine/core/file.h"
#include "evals/metrics.h"
#include "evals/omniscience/prompts.h"
#include "evals/omniscience/rows.h"
#include "evals/task.h"
#include "tests/support/catch.h"
#include "tests/support/paths.h"

namespace tidemark {
namespace {

using omniscience::Grade;

template <typename Function>
std::string ComplaintOf(Function f) {
  try {
    f();
  } catch (const Error& e) {
    return e.what();
  }
  return "";
}

// A task whose answers are grades by letter: metrics without the judge.
std::map<std::string, Metric> MetricsOf(const std::string& grades, std::vector<std::string>& warnings) {
  const Task& task = FindTask("omniscience");
  const Sample sample = task.make_sample(
      {1, {{"domain", "Law"}, {"topic", "Cases"}, {"question_id", 1}, {"question", "Q?"}, {"answer", "x"}}}, {}, "t");
  std::vector<SampleScores> scores;
  for (const char grade : grades) {
    Score score;
    omniscience::AddTallies(sample, omniscience::FindGrade(std::string_view(&grade, 1)), score);
    scores.push_back({score});
  }
  std::map<std::string, Metric> metrics;
  for (const Metric& m : ComputeMetrics(task, scores, warnings)) metrics[m.name] = m;
  return metrics;
}

TEST_CASE("our own hallucination rows cover the official domains and a third has no answer") {
  const Dataset dataset = LoadDataset("omniscience", "");
  CHECK(dataset.name == "sample:omniscience");
  const std::vector<Sample> samples = MakeSamples(FindTask("omniscience"), dataset, {}, 0);
  CHECK(samples.size() >= 120);
  std::map<std::string, int> domains;
  std::set<std::string> questions, kinds;
  size_t unanswerable = 0;
  for (const Sample& sample : samples) {
    ++domains[sample.data["domain"]];
    CHECK(questions.insert(sample.prompt).second);
    kinds.insert(sample.data["kind"].get<std::string>());
    unanswerable += sample.data["answerable"] == false ? 1 : 0;
    INFO(sample.prompt);
    CHECK(!sample.data["answer"].get<std::string>().empty());
    const omniscience::Gold gold = omniscience::GoldOf(sample);
    // The gold and each alias grade as correct, not knowing as not attempted, and an invented answer as incorrect.
    std::vector<std::string> right = gold.aliases;
    right.push_back(gold.answer);
    for (const std::string& answer : right) {
      const auto verdict = omniscience::GradeByMatch(gold, answer);
      INFO(answer << " " << verdict.rule);
      CHECK(verdict.grade == Grade::kCorrect);
    }
    CHECK(omniscience::GradeByMatch(gold, "I don't know.").grade == Grade::kNotAttempted);
    CHECK(omniscience::GradeByMatch(gold, "The Grand Duchy of Fenwick, 1377.").grade == Grade::kIncorrect);
  }
  CHECK(3 * unanswerable == samples.size());
  CHECK(domains.size() == 6);
  for (const auto& [domain, count] : domains) CHECK(count == 22);
  CHECK(kinds == std::set<std::string>{"code", "date", "identifier", "name", "nonexistent", "number", "person", "unknowable"});
}

TEST_CASE("the embedded model's rows are the default for it, and for nothing else") {
  CHECK(LoadDataset("omniscience", "", "default").name == "sample:tidemark-world");
  CHECK(LoadDataset("omniscience", "", "default").prompt == "question-only");
  CHECK(LoadDataset("omniscience", "", "some.gguf").name == "sample:omniscience");
  CHECK(LoadDataset("omniscience", "sample", "default").name == "sample:omniscience");
  CHECK(LoadDataset("omniscience", "sample:tidemark-world").rows.size() == 150);
  CHECK(LoadDataset("ifeval", "", "default").name == "sample:ifeval");
  CHECK_THROWS_AS(LoadDataset("ifeval", "sample:omniscience"), Error);
  CHECK_THROWS_AS(LoadDataset("omniscience",
                              "sample:"
                              "nothing"),
                  Error);
}

TEST_CASE("the official CSV in both layouts, and JSON Lines") {
  const std::string old_layout =
      "domain,topic,question_id,question,answer\r\nLaw,\"Courts, old\",17,\"What is \"\"X\"\"?\",\"two\nlines\"\r\n";
  const auto rows = ParseCsv(old_layout, "f.csv");
  REQUIRE(rows.size() == 1);
  CHECK(rows[0].line == 2);
  CHECK(rows[0].json["topic"] == "Courts, old");
  CHECK(rows[0].json["question"] == "What is \"X\"?");
  CHECK(rows[0].json["answer"] == "two\nlines");
  const Task& task = FindTask("omniscience");
  CHECK(task.make_sample(rows[0], {}, "f.csv:2").IdText() == "17");
  const auto newer = ParseCsv("domain,topic,subtopic,question_id,question,answer\nLaw,Courts,Tribunals,17,Q?,A\n", "f.csv");
  CHECK(task.make_sample(newer[0], {}, "f.csv:2").data["subtopic"] == "Tribunals");
  CHECK(task.make_sample({1, {{"domain", "d"}, {"topic", "t"}, {"question_id", 3}, {"question", "q"}, {"answer", "a"}}}, {}, "f")
            .id == 3);
  const auto shared = test::SharedData("omniscience/synthetic_example_rows.jsonl");
  if (!shared) TM_SKIP("the example rows are not beside the checkout");
  CHECK(MakeSamples(task, LoadDataset("omniscience", shared->string()), {}, 0).size() == 5);
}

TEST_CASE("broken CSV is refused with its line") {
  const auto complaint = [](const char* text) -> std::string {
    try {
      ParseCsv(text, "f");
    } catch (const Error& e) {
      return e.what();
    }
    return "";
  };
  CHECK_THAT(complaint("a,b\n1\n"), test::Contains("f:2") && test::Contains("1 fields"));
  CHECK_THAT(complaint("a,b\n\n1,2,3\n"), test::Contains("f:3"));
  CHECK_THAT(complaint("a,a\n"), test::Contains("twice"));
  CHECK_THAT(complaint("a,\n"), test::Contains("without a name"));
  CHECK_THAT(complaint("a\n\"x"), test::Contains("does not end"));
  CHECK_THAT(complaint("a\n\"x\"y\n"), test::Contains("after a closing quote"));
  CHECK_THAT(complaint("a\nx\"y\n"), test::Contains("inside an unquoted field"));
  CHECK_THAT(complaint("a\n\xFF\n"), test::Contains("UTF-8"));
  CHECK(ParseCsv("\xEF\xBB\xBF"
                 "a,b\n1,\n",
                 "f")[0]
            .json["b"] == "");
  CHECK(ParseCsv("", "f").empty());
}

TEST_CASE("rows without what the task needs are refused, with the place and a hint") {
  const Task& task = FindTask("omniscience");
  const auto check_refused = [&](const nlohmann::ordered_json& row) {
    try {
      task.make_sample({1, row}, {}, "f:1");
      FAIL("taken");
    } catch (const Error& e) {
      CHECK(e.place() == "f:1");
      CHECK_FALSE(e.hint().empty());
    }
  };
  const nlohmann::ordered_json good = {{"domain", "d"}, {"topic", "t"}, {"question_id", "i"}, {"question", "q"}, {"answer", "a"}};
  for (const char* key : {"domain", "topic", "question_id", "question", "answer"}) {
    auto bad = good;
    bad.erase(key);
    INFO(key);
    check_refused(bad);
  }
  for (const auto& [key, value] : std::map<std::string, nlohmann::ordered_json>{
           {"aliases", "x"}, {"answerable", 1}, {"digits", 0}, {"domain", 3}, {"question_id", true}}) {
    auto bad = good;
    bad[key] = value;
    INFO(key);
    check_refused(bad);
  }
}

TEST_CASE("the metrics are those of the specification, and their identity holds") {
  // c = 3, i = 4, p = 1, a = 2: N = 10.
  std::vector<std::string> warnings;
  auto m = MetricsOf("AAABBBBCDD", warnings);
  CHECK(m["accuracy"].value == Approx(0.3));
  CHECK(m["attempt_rate"].value == Approx(0.8));
  CHECK(m["omniscience_index"].value == Approx(-10));
  CHECK(m["hallucination_rate"].value == Approx(4.0 / 7));
  CHECK(m["hallucination_rate"].n == 7);
  CHECK(m["non_hallucination_rate"].value == Approx(3.0 / 7));
  CHECK(m["domain/Law/omniscience_index"].value == Approx(-10));
  CHECK(m["domain/Law/omniscience_index"].range_low == -100);
  CHECK(m["topic/Cases/accuracy"].value == Approx(0.3));
  CHECK(warnings.empty());
  for (const char* grades : {"AAABBBBCDD", "BBB", "DDDD", "ABCD", "AB", "ACCC", "AAAAAAAAAB"}) {
    auto x = MetricsOf(grades, warnings);
    const double acc = x["accuracy"].value, nhr = x["non_hallucination_rate"].value;
    INFO(grades);
    CHECK(x["omniscience_index"].value / 100 == Approx(acc - (1 - nhr) * (1 - acc)).margin(1e-12));
  }
  auto abstains = MetricsOf("DDDD", warnings);
  CHECK(abstains["omniscience_index"].value == Approx(0).margin(1e-12));
  CHECK(abstains["non_hallucination_rate"].value == 1);
  CHECK(abstains["accuracy"].value == 0);
}

TEST_CASE("with nothing but correct answers the hallucination rate is 0 by definition, and the report says so") {
  std::vector<std::string> warnings;
  auto m = MetricsOf("AAA", warnings);
  CHECK(m["hallucination_rate"].value == 0);
  CHECK(m["hallucination_rate"].n == 0);
  CHECK(m["non_hallucination_rate"].value == 1);
  CHECK(m["topic/Cases/hallucination_rate"].value == 0);
  REQUIRE(warnings.size() == 2);
  CHECK_THAT(warnings[0], test::Contains("empty denominator"));
  CHECK(m["omniscience_index"].value == 100);
}

TEST_CASE("ungraded answers are in no metric") {
  std::vector<std::string> warnings;
  auto m = MetricsOf("AB??", warnings);
  CHECK(m["accuracy"].n == 2);
  CHECK(m["accuracy"].value == 0.5);
}

TEST_CASE("prompts: ours, in one message, alone, or from a file") {
  const Task& task = FindTask("omniscience");
  const DatasetRow row{
      1, {{"domain", "Law"}, {"topic", "{question}"}, {"question_id", 1}, {"question", "Why {domain}?"}, {"answer", "x"}}};
  const auto messages = [&](const char* prompt, const std::string& file = "") {
    TaskProtocol protocol;
    protocol.prompt = prompt;
    protocol.prompts_text = file;
    return task.make_sample(row, protocol, "f").messages;
  };
  REQUIRE(messages("").size() == 2);
  CHECK(messages("")[0].role == "system");
  CHECK_THAT(messages("")[0].content,
             test::Contains("about Law") && test::Contains("about {question}."));  // values are not filled again
  CHECK(messages("")[1].content == "Why {domain}?");
  REQUIRE(messages("single-user").size() == 1);
  CHECK(messages("single-user")[0].content == messages("")[0].content + "\n\nWhy {domain}?");
  CHECK(messages("question-only")[0].content == "Why {domain}?");
  const std::string file =
      R"({"answer_system_prompt":"On {domain}/{topic}.","answer_user_prompt":"Q: {question}","grader_prompt":"{question}{target}{predicted_answer}"})";
  CHECK(messages("file", file)[0].content == "On Law/{question}.");
  CHECK(messages("file", file)[1].content == "Q: Why {domain}?");
  CHECK_THROWS_AS(messages("file"), Error);
  CHECK_THROWS_AS(messages("unheard-of"), Error);
  const auto official = test::SharedData("omniscience/aa_omniscience_prompts.json");
  if (!official) TM_SKIP("the official prompts are not beside the checkout");
  CHECK(messages("file", ReadFile(*official))[1].content == "Why {domain}?");
}

TEST_CASE("a file of prompts need only hold what the run uses, and a wrong one is named with where to read more") {
  using omniscience::ParseAnswerPrompts;
  using omniscience::ParseGraderPrompt;
  const std::string answers = R"({"answer_system_prompt":"","answer_user_prompt":"Q {question}"})";
  const std::string grader = R"({"grader_prompt":"{question} {target} {predicted_answer}"})";
  CHECK(ParseAnswerPrompts(answers, "f").system.empty());
  CHECK(ParseAnswerPrompts(answers, "f").user == "Q {question}");
  CHECK(ParseGraderPrompt(grader, "f") == "{question} {target} {predicted_answer}");
  CHECK(ParseGraderPrompt(R"({"answer_user_prompt":7,"grader_prompt":"{question}{target}{predicted_answer}"})", "f").size() ==
        36);
  const auto answer_error = [](const char* json) { return ComplaintOf([&] { ParseAnswerPrompts(json, "my.json"); }); };
  const auto grader_error = [](const char* json) { return ComplaintOf([&] { ParseGraderPrompt(json, "my.json"); }); };
  for (const auto& error : {answer_error("[]"), answer_error("{"), answer_error(grader.c_str()), answer_error("{}"),
                            answer_error(R"({"answer_system_prompt":"x","answer_user_prompt":"x"})")}) {
    CHECK_THAT(error, test::Contains("my.json") && test::Contains("tidemark eval --help"));
  }
  CHECK_THAT(answer_error(R"({"answer_user_prompt":"{question}"})"), test::Contains("answer_system_prompt"));
  CHECK_THAT(answer_error(R"({"answer_system_prompt":"","answer_user_prompt":"x"})"), test::Contains("without {question}"));
  for (const auto& error : {grader_error("3"), grader_error(answers.c_str()), grader_error(R"({"grader_prompt":["x"]})")}) {
    CHECK_THAT(error, test::Contains("my.json") && test::Contains("tidemark judge --help"));
  }
  CHECK_THAT(grader_error(R"({"grader_prompt":"{question} {target}"})"), test::Contains("without {predicted_answer}"));
  const auto official = test::SharedData("omniscience/aa_omniscience_prompts.json");
  if (!official) TM_SKIP("the official prompts are not beside the checkout");
  const std::string text = ReadFile(*official);
  CHECK_FALSE(ParseAnswerPrompts(text, "f").system.empty());
  CHECK(ParseGraderPrompt(text, "f").size() > 1000);
}

TEST_CASE("a form of the prompt that is not there is refused with the command that describes the others") {
  const Task& task = FindTask("omniscience");
  const DatasetRow row{1, {{"domain", "Law"}, {"topic", "t"}, {"question_id", 1}, {"question", "Why?"}, {"answer", "x"}}};
  TaskProtocol protocol;
  protocol.prompt = "haiku";
  const std::string error = ComplaintOf([&] { task.make_sample(row, protocol, "f"); });
  CHECK_THAT(error, test::Contains("haiku") && test::Contains("question-only") && test::Contains("tidemark list choices"));
}

TEST_CASE("the answer is what follows the reasoning, and an unclosed trace is not attempted") {
  const Task& task = FindTask("omniscience");
  const Sample sample = task.make_sample(
      {1, {{"domain", "d"}, {"topic", "t"}, {"question_id", 1}, {"question", "Capital of Mongolia?"}, {"answer", "Ulaanbaatar"}}},
      {}, "f");
  const auto grade = [&](const char* text) {
    Completion completion;
    completion.text = text;
    return task.score(sample, completion, {});
  };
  CHECK(grade("<think>Darkhan?</think>\nUlaanbaatar").verdicts["grade"] == "A");
  CHECK(grade("<think>Ulaanbaatar, I would say").verdicts["grade"] == "D");
  CHECK(grade("<think>Ulaanbaatar, I would say").unclosed_reasoning);
}

}  // namespace
}  // namespace tidemark
