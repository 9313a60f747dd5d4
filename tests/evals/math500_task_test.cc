// The MATH-500 task from rows to metrics and details. Extraction rules and graders have their own tests (tests/math).
#include <chrono>
#include <fstream>
#include <set>

#include "engine/core/error.h"
#include "engine/core/file.h"
#include "evals/math/graders.h"
#include "evals/math/prompts.h"
#include "tests/evals/fake_model.h"
#include "tests/support/catch.h"
#include "tests/support/json_schema.h"
#include "tests/support/paths.h"

namespace tidemark {
namespace {

using Json = nlohmann::ordered_json;

Json Find(const Json& report, const std::string& name) {
  for (const Json& metric : report["tasks"][0]["metrics"]) {
    if (metric["name"] == name) return metric;
  }
  return nullptr;
}

Dataset Rows(const std::string& lines) {
  Dataset dataset;
  dataset.name = "test";
  dataset.sha256 = std::string(64, '0');
  dataset.rows = ParseJsonLines(lines, "test");
  return dataset;
}

std::string Row(const std::string& id, const std::string& answer, const std::string& subject = "Algebra", int level = 1) {
  return Json({{"problem", "problem " + id}, {"answer", answer}, {"subject", subject}, {"level", level}, {"unique_id", id}})
             .dump() +
         "\n";
}

Json Score(const Dataset& dataset, const std::string& responses, const test::TemporaryDirectory& directory,
           const TaskProtocol& protocol = {}) {
  std::ofstream(directory.path() / "responses.jsonl") << responses;
  ScoreOptions options;
  options.out = directory.path() / "scored";
  options.overwrite = true;
  const EvalJob job{&FindTask("math500"), dataset, {}, protocol};
  const Json report = ToJson(ScoreFile(job, directory.path() / "responses.jsonl", options, {}));
  const test::SchemaValidator validator(nlohmann::json::parse(ReportSchema()));
  CHECK(validator.Validate(nlohmann::json(report)) == std::vector<std::string>{});
  return report;
}

std::string Response(const std::string& id, const std::string& text, int repeat = 0) {
  return Json({{"id", id}, {"repeat", repeat}, {"response", text}}).dump() + "\n";
}

std::string Complaint(const std::string& row) {
  try {
    MakeSamples(FindTask("math500"), Rows(row), {}, 0);
  } catch (const Error& e) {
    return e.what();
  }
  return "";
}

TEST_CASE("MATH-500 rows are checked when they are read") {
  const std::string good = R"({"problem":"p","answer":"1","subject":"Algebra","level":3,"unique_id":"a"})";
  CHECK(Complaint(good).empty());
  CHECK(Complaint(R"({"problem":"p","answer":"1","subject":"Algebra","level":"Level 3","unique_id":"a"})").empty());
  CHECK_THAT(Complaint(R"({"answer":"1","subject":"Algebra","level":3,"unique_id":"a"})"), test::Contains("problem"));
  CHECK_THAT(Complaint(R"({"problem":"p","answer":" ","subject":"Algebra","level":3,"unique_id":"a"})"),
             test::Contains("answer"));
  CHECK_THAT(Complaint(R"({"problem":"p","answer":"1","level":3,"unique_id":"a"})"), test::Contains("subject"));
  CHECK_THAT(Complaint(R"({"problem":"p","answer":"1","subject":"Algebra","unique_id":"a"})"), test::Contains("level"));
  CHECK_THAT(Complaint(R"({"problem":"p","answer":"1","subject":"Algebra","level":6,"unique_id":"a"})"),
             test::Contains("1 to 5"));
  CHECK_THAT(Complaint(R"({"problem":"p","answer":"1","subject":"Algebra","level":2.5,"unique_id":"a"})"),
             test::Contains("1 to 5"));
  CHECK_THAT(Complaint(R"({"problem":"p","answer":"1","subject":"Algebra","level":3,"unique_id":7})"),
             test::Contains("unique_id"));
  CHECK_THAT(Complaint(good + "\n" + good), test::Contains("a second time"));
}

TEST_CASE("a prompt form puts the problem in its place, once") {
  const Dataset rows = Rows(Row("a", "1"));
  std::set<std::string> prompts;
  for (const Choice& choice : FindTask("math500").prompts) {
    TaskProtocol protocol;
    protocol.prompt = choice.name;
    const Sample sample = MakeSamples(FindTask("math500"), rows, protocol, 0).front();
    REQUIRE(sample.messages.size() == 1);
    const std::string& text = sample.messages[0].content;
    prompts.insert(text);
    CHECK(sample.prompt == "problem a");  // stored responses are matched by the problem, whatever was put around it
    CHECK(text.find("problem a") != text.npos);
    CHECK(text.find("problem a") == text.rfind("problem a"));
    CHECK(text.find("{problem}") == text.npos);
  }
  CHECK(prompts.size() == 7);
  TaskProtocol protocol;
  protocol.prompt_text = "Q: {problem}\nA:";
  CHECK(MakeSamples(FindTask("math500"), rows, protocol, 0).front().messages[0].content == "Q: problem a\nA:");
  // A problem that speaks of the slot is not expanded again.
  CHECK(math::FormatPrompt("hendrycks", "", "{problem}") == "Problem: {problem}\nAnswer:");
}

TEST_CASE("stored responses without an id are found by the problem, whatever the prompt puts around it") {
  const test::TemporaryDirectory directory;
  const Json report = Score(Rows(Row("a", "7")), R"({"prompt":"problem a","response":"\\boxed{7}"})", directory);
  CHECK(Find(report, "accuracy")["value"] == 1.0);
}

TEST_CASE("verdicts of all graders, the rule that fired and missing answers come out in scores and metrics") {
  const Dataset dataset = Rows(Row("a", "\\frac{1}{2}", "Algebra", 1) + Row("b", "7", "Counting & Probability", 5) +
                               Row("c", "3", "Algebra", 5) + Row("d", "4"));
  const test::TemporaryDirectory directory;
  const Json report = Score(dataset,
                            Response("a", "<think>\\boxed{9}</think>so \\boxed{\\frac{1}{2}}") + Response("b", "it is 8 or 7") +
                                Response("c", "<think>\\boxed{3}") + Response("d", "I cannot tell."),
                            directory);
  const auto rows = ParseJsonLines(ReadFile(directory.path() / "scored" / "scores.jsonl"), "scores");
  REQUIRE(rows.size() == 4);
  CHECK(rows[0].json["correct"] == true);
  CHECK(rows[0].json["answer"] == "\\frac{1}{2}");
  CHECK(rows[0].json["rule"] == "boxed");
  CHECK(rows[1].json["answer"] == "7");
  CHECK(rows[1].json["rule"] == "number");
  CHECK(rows[2].json["unclosed_reasoning"] == true);
  CHECK(rows[3].json["rule"] == "none");
  for (const math::MathGrader& grader : math::AllMathGraders()) {
    const std::string name(grader.name);
    CHECK(rows[0].json["graders"][name]["outcome"] == "correct");
    CHECK(rows[1].json["graders"][name]["outcome"] == "correct");
    CHECK(rows[2].json["graders"][name]["outcome"] == "wrong");
    CHECK(rows[3].json["graders"][name]["outcome"] != "correct");
    CHECK(Find(report, "grader/" + name + "/accuracy")["value"] == 0.5);
  }
  CHECK(report["tasks"][0]["metrics"][0]["name"] == "accuracy");
  CHECK(Find(report, "accuracy")["value"] == 0.5);
  CHECK(Find(report, "no_answer_rate")["value"] == 0.5);
  CHECK(Find(report, "subject/Counting & Probability/accuracy")["value"] == 1);
  CHECK(Find(report, "subject/Algebra/accuracy")["value"].get<double>() == Approx(1.0 / 3));
  CHECK(Find(report, "level/5/accuracy")["value"] == 0.5);
  CHECK(Find(report, "level/1/accuracy")["n"] == 2);
  const Json details = report["tasks"][0]["details"];
  CHECK(details["extraction"] == Json({{"boxed", 1}, {"none", 2}, {"number", 1}}));
  CHECK(details["no_answer"] == 2);
  CHECK(details["unclosed_reasoning"] == 1);
  CHECK(details["scored"] == 4);
  CHECK(details["disagreements"]["count"] == 0);
}

TEST_CASE("the protocol's grader counts, and disagreements are counted and listed") {
  // An unreduced fraction: equal for Math-Verify, refused by the PRM800K rules, another string for the Hendrycks rule.
  const Dataset dataset = Rows(Row("a", "\\frac{1}{2}") + Row("b", "5"));
  const std::string responses = Response("a", "\\boxed{\\frac{2}{4}}") + Response("a", "\\boxed{\\frac{1}{2}}", 1) +
                                Response("b", "\\boxed{5}") + Response("b", "\\boxed{6}", 1);
  const test::TemporaryDirectory directory;
  const Json report = Score(dataset, responses, directory);
  CHECK(Find(report, "accuracy")["value"] == 0.75);
  CHECK(Find(report, "grader/prm800k/accuracy")["value"] == 0.5);
  const Json details = report["tasks"][0]["details"];
  REQUIRE(details["graders"] == Json::array({"math_verify", "hendrycks", "prm800k", "minerva"}));
  const Json matrix = details["correct_by_row_not_by_column"];
  CHECK(matrix[0][1] == 1);
  CHECK(matrix[0][2] == 1);
  CHECK(matrix[1][0] == 0);
  CHECK(matrix[0][0] == 0);
  CHECK(details["outcomes"]["math_verify"]["correct"] == 3);
  REQUIRE(details["disagreements"]["count"] == 1);
  const Json listed = details["disagreements"]["samples"][0];
  CHECK(listed["id"] == "a");
  CHECK(listed["repeat"] == 0);
  CHECK(listed["gold"] == "\\frac{1}{2}");
  CHECK(listed["answer"] == "\\frac{2}{4}");
  CHECK(listed["graders"]["prm800k"]["outcome"] == "wrong");

  TaskProtocol protocol;
  protocol.grader = "prm800k";
  CHECK(Find(Score(dataset, responses, directory, protocol), "accuracy")["value"] == 0.5);
  protocol.extraction = "answer-line";
  const Json nothing = Score(dataset, responses, directory, protocol);
  CHECK(Find(nothing, "no_answer_rate")["value"] == 1);
  CHECK(Find(nothing, "accuracy")["value"] == 0);
  CHECK(nothing["tasks"][0]["settings"]["protocol"]["extraction"] == "answer-line");
}

TEST_CASE("an older harness judges the trace too") {
  const test::TemporaryDirectory directory;
  TaskProtocol protocol;
  protocol.strip_reasoning = false;
  const Json report = Score(Rows(Row("a", "3")), Response("a", "<think>\\boxed{3}"), directory, protocol);
  CHECK(Find(report, "accuracy")["value"] == 1);
  CHECK(report["tasks"][0]["samples"]["unclosed_reasoning"] == 0);
}

TEST_CASE("a long answer is cut in the report and the list of disagreements is capped") {
  std::string rows, responses;
  for (int i = 0; i < 1005; ++i) {
    rows += Row("r" + std::to_string(i), "\\frac{1}{2}");
    responses += Response("r" + std::to_string(i), "\\boxed{\\frac{2}{4}}");
  }
  rows += Row("long", "1");
  std::string wide = "\\boxed{";
  for (int i = 0; i < 5000; ++i) wide += "\xc3\xa9";
  responses += Response("long", wide + "}");
  const test::TemporaryDirectory directory;
  const Json report = Score(Rows(rows), responses, directory);
  const Json disagreements = report["tasks"][0]["details"]["disagreements"];
  CHECK(disagreements["count"] == 1005);
  CHECK(disagreements["samples"].size() == 1000);
  const auto scores = ParseJsonLines(ReadFile(directory.path() / "scored" / "scores.jsonl"), "scores");
  CHECK(scores.back().json["answer"].get<std::string>().size() == 2003);
}

// Every solution as the response to its own row, boxed and bare of the trace.
Json ReplaySolutions(const Dataset& dataset, const test::TemporaryDirectory& directory, double& seconds) {
  std::string responses;
  for (const DatasetRow& row : dataset.rows)
    responses += Response(row.json["unique_id"].get<std::string>(), row.json["solution"].get<std::string>());
  const auto begin = std::chrono::steady_clock::now();
  const Json report = Score(dataset, responses, directory);
  seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  return report;
}

TEST_CASE("the embedded rows: sixty, every subject and level, every solution right by the primary grader") {
  const Dataset dataset = LoadDataset("math500", "");
  REQUIRE(dataset.rows.size() == 60);
  std::set<std::string> subjects, levels;
  for (const Sample& sample : MakeSamples(FindTask("math500"), dataset, {}, 0)) {
    subjects.insert(sample.data["subject"].get<std::string>());
    levels.insert(sample.data["level"].get<std::string>());
  }
  CHECK(subjects.size() == 7);
  CHECK(levels.size() == 5);
  const test::TemporaryDirectory directory;
  double seconds = 0;
  const Json report = ReplaySolutions(dataset, directory, seconds);
  INFO(report["tasks"][0]["details"].dump(1));
  CHECK(Find(report, "accuracy")["value"] == 1);
  CHECK(report["tasks"][0]["details"]["extraction"] == Json({{"boxed", 60}}));
}

TEST_CASE("the official rows: every solution is right by Math-Verify's rules, and judging is quick") {
  const auto path = test::SharedData("math500/test.jsonl");
  if (!path) TM_SKIP("the official MATH-500 rows are not beside the checkout");
  const test::TemporaryDirectory directory;
  double seconds = 0;
  const Json report = ReplaySolutions(LoadDataset("math500", path->string()), directory, seconds);
  CHECK(report["tasks"][0]["dataset"]["name"] == "math500");
  for (const char* grader : {"math_verify", "prm800k", "hendrycks"}) {
    const Json metric = Find(report, std::string("grader/") + grader + "/accuracy");
    INFO(grader << " " << metric.dump() << " " << report["tasks"][0]["details"]["outcomes"].dump());
    CHECK(metric["n"] == 500);
    CHECK(metric["value"] == 1);
  }
  CHECK(Find(report, "subject/Algebra/accuracy")["n"] == 124);
  CHECK(Find(report, "level/5/accuracy")["n"] == 134);
  CHECK(report["tasks"][0]["details"]["extraction"] == Json({{"boxed", 500}}));
  INFO(seconds << " s for 500 completions by four graders");
  CHECK(seconds < 60);
}

}  // namespace
}  // namespace tidemark
