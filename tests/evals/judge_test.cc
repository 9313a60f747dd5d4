#include "evals/judge.h"

#include <algorithm>
#include <fstream>
#include <set>

#include "engine/core/error.h"
#include "engine/core/file.h"
#include "evals/agreement.h"
#include "evals/omniscience/prompts.h"
#include "tests/evals/fake_model.h"
#include "tests/support/catch.h"
#include "tests/support/paths.h"

namespace tidemark {
namespace {

using nlohmann::ordered_json;

Dataset Rows(int count) {
  Dataset dataset;
  dataset.name = "rows";
  dataset.sha256 = std::string(64, '0');
  for (int i = 1; i <= count; ++i) {
    dataset.rows.push_back({i,
                            {{"domain", "Law"},
                             {"topic", "Cases"},
                             {"question_id", i},
                             {"question", "Question " + std::to_string(i) + "?"},
                             {"answer", "gold"}}});
  }
  return dataset;
}

std::filesystem::path WriteAnswers(const std::filesystem::path& folder, const std::vector<ordered_json>& rows) {
  std::filesystem::create_directories(folder);
  std::ofstream out(folder / "completions.jsonl");
  for (const ordered_json& row : rows) out << row.dump() << "\n";
  return folder / "completions.jsonl";
}

// Runs a judge that replies what `reply` says; counts what it was asked.
struct JudgeRun {
  Report report;
  std::vector<Request> asked;
  std::string scores, replies;
};

JudgeRun RunJudge(const test::TemporaryDirectory& temp, const std::vector<ordered_json>& answers, int rows,
                  const std::function<Completion(const Request&, int)>& reply) {
  JudgeRun result;
  const EvalJob job{&JudgeTask(), Rows(rows), JudgeTask().options};
  std::map<std::pair<std::string, int>, int> seen;
  auto fake = std::make_unique<test::FakeModel>([&](const Request& request) {
    result.asked.push_back(request);
    return reply(request, seen[{request.id, request.repeat}]++);
  });
  JudgedRun run = LoadJudgedRun(WriteAnswers(temp.path() / "answers", answers));
  RunOptions options;
  options.out = temp.path() / "judged";
  options.repeats = run.repeats;
  JudgeModel model(std::move(fake), std::move(run), MakeSamples(*job.task, job.dataset, {}, 0), omniscience::OwnGraderPrompt());
  result.report = RunEvals(model, std::span(&job, 1), options, true, {});
  result.scores = ReadFile(options.out / "scores.jsonl");
  result.replies = ReadFile(options.out / "completions.jsonl");
  return result;
}

double ValueOf(const Report& report, const std::string& name) {
  for (const Metric& m : report.tasks[0].metrics) {
    if (m.name == name) return m.value;
  }
  FAIL("no metric " << name);
  return 0;
}

TEST_CASE("a judge run asks about stored answers and scores the grades") {
  const test::TemporaryDirectory temp;
  const JudgeRun run = RunJudge(temp,
                                {{{"id", 1}, {"response", "right {target}"}},
                                 {{"id", 2}, {"response", "<think>hm</think>wrong"}},
                                 {{"id", 3}, {"response", "<think>never ended"}},
                                 {{"id", 4}, {"response", ""}, {"error", "refused"}}},
                                5, [](const Request& request, int) {
                                  const std::string& text = request.messages.back().content;
                                  return test::Says(text.find("right {target}") != text.npos ? "A" : "It differs.\nB");
                                });
  REQUIRE(run.asked.size() == 2);
  for (const Request& request : run.asked) {
    REQUIRE(request.messages.size() == 1);
    const std::string& text = request.messages[0].content;
    CHECK_THAT(text, test::Contains("Question " + request.id + "?") && test::Contains("Reference answer: gold"));
    CHECK(text.find("hm") == text.npos);
    CHECK(text.find("{predicted_answer}") == text.npos);
  }
  const TaskReport& task = run.report.tasks[0];
  CHECK(task.name == "omniscience");
  CHECK(task.samples.total == 5);
  CHECK(task.samples.failed == 2);  // one failed as an answer, one was never answered
  CHECK(ValueOf(run.report, "accuracy") == Approx(1.0 / 3));
  CHECK(ValueOf(run.report, "attempt_rate") == Approx(2.0 / 3));
  CHECK(ValueOf(run.report, "omniscience_index") == Approx(0).margin(1e-12));
  CHECK(ValueOf(run.report, "hallucination_rate") == Approx(0.5));
  CHECK(ValueOf(run.report, "domain/Law/non_hallucination_rate") == Approx(0.5));
  CHECK(task.details["grades"]["not_attempted"] == 1);
  CHECK(task.details["rules"]["empty answer"] == 1);
  CHECK(run.report.failures.size() == 2);
  CHECK_THAT(run.report.failures[0].error, test::Contains("the answer failed: refused"));
  CHECK(std::count(run.replies.begin(), run.replies.end(), '\n') == 5);
}

TEST_CASE("a reply without a grade is asked for once more, then counted as ungraded") {
  const test::TemporaryDirectory temp;
  const JudgeRun run =
      RunJudge(temp, {{{"id", 1}, {"response", "x"}}, {{"id", 2}, {"response", "y"}}, {{"id", 3}, {"response", "z"}}}, 3,
               [](const Request& request, int time) {
                 if (request.id == "1") return test::Says("A");
                 if (request.id == "2") return test::Says(time == 0 ? "The answer is correct." : "C");
                 return test::Says("no idea");
               });
  CHECK(run.asked.size() == 5);
  std::set<uint64_t> seeds;
  for (const Request& request : run.asked) seeds.insert(request.options.seed);
  CHECK(seeds.size() == 2);
  CHECK(run.asked.back().options.sampling.temperature > 0);
  const ordered_json& details = run.report.tasks[0].details;
  CHECK(details["ungraded"] == 1);
  CHECK(details["retried"] == 2);
  const TaskReport& task = run.report.tasks[0];
  CHECK(task.samples.scored == 2);
  CHECK(task.samples.ungraded == 1);
  CHECK(task.bounds.ungraded == 1);
  CHECK(task.bounds.metrics[0].lowest == Approx(1.0 / 3));
  CHECK(task.bounds.metrics[0].highest == Approx(2.0 / 3));
  CHECK(ToJson(run.report)["tasks"][0]["samples"]["ungraded"] == 1);
  CHECK(details["grades"]["partial"] == 1);
  CHECK(ValueOf(run.report, "accuracy") == 0.5);
  CHECK_THAT(run.replies, test::Contains("The answer is correct.") && test::Contains("second request"));
  CHECK_THAT(run.scores, test::Contains("\"grade\":null"));
}

TEST_CASE("when no reply has a grade nothing is scored") {
  const test::TemporaryDirectory temp;
  const JudgeRun run = RunJudge(temp, {{{"id", 1}, {"response", "x"}}, {{"id", 2}, {"response", "y"}}}, 2,
                                [](const Request&, int) { return test::Says("no idea"); });
  CHECK(run.report.tasks[0].samples.scored == 0);
  CHECK(run.report.tasks[0].samples.ungraded == 2);
  CHECK(run.report.tasks[0].metrics.empty());
  CHECK(run.report.tasks[0].bounds.metrics[0].highest == 1);
}

TEST_CASE("a shard is not judged, but merged first") {
  const test::TemporaryDirectory temp;
  std::ofstream(temp.path() / "completions.jsonl") << R"({"id":1,"response":"x"})"
                                                   << "\n";
  std::ofstream(temp.path() / "report.json")
      << R"({"tasks":[{"name":"omniscience","dataset":{"name":"sample","shard":{"index":1,"count":4}}}]})";
  try {
    LoadJudgedRun(temp.path());
    FAIL("judged");
  } catch (const Error& e) {
    CHECK(e.found() == "a shard of a run");
    CHECK_THAT(e.hint(), test::Contains("tidemark merge"));
  }
}

TEST_CASE("repeats of an answer are judged apart and stay one cluster") {
  const test::TemporaryDirectory temp;
  const JudgeRun run = RunJudge(temp,
                                {{{"id", 1}, {"repeat", 0}, {"response", "x"}},
                                 {{"id", 1}, {"repeat", 1}, {"response", "y"}},
                                 {{"id", 2}, {"repeat", 0}, {"response", "x"}},
                                 {{"id", 2}, {"repeat", 1}, {"response", "y"}}},
                                2, [](const Request& request, int) {
                                  const bool x = request.messages[0].content.find("Given answer: x") != std::string::npos;
                                  return test::Says(x ? "A" : "B");
                                });
  CHECK(run.report.tasks[0].samples.total == 4);
  CHECK(ValueOf(run.report, "accuracy") == 0.5);
  CHECK(run.report.tasks[0].metrics[0].n == 4);
}

TEST_CASE("replaying a judge's replies gives the same grades without asking again") {
  const test::TemporaryDirectory temp;
  const std::vector<ordered_json> answers = {{{"id", 1}, {"response", "x"}}, {{"id", 2}, {"response", "y"}}};
  const JudgeRun first = RunJudge(temp, answers, 2, [](const Request&, int time) { return test::Says(time == 0 ? "?" : "B"); });
  const auto stored = StoredResponses::Load(temp.path() / "judged" / "completions.jsonl");
  const JudgeRun second =
      RunJudge(temp, answers, 2, [&](const Request& request, int) { return stored.Find(request.id, "", 0)->completion; });
  CHECK(second.asked.size() == 2);
  CHECK(second.scores == first.scores);
}

TEST_CASE("a judge is identified by its model, its prompt and the answers") {
  const test::TemporaryDirectory temp;
  const std::vector<Sample> samples = MakeSamples(JudgeTask(), Rows(1), {}, 0);
  const auto identity = [&](const std::string& answer, const std::string& prompt, const std::string& model) {
    struct Named : test::FakeModel {
      explicit Named(std::string n) : test::FakeModel([](const Request&) { return test::Says("A"); }), name(std::move(n)) {}
      ordered_json Describe() const override { return {{"path", name}}; }
      std::string name;
    };
    JudgedRun run = LoadJudgedRun(WriteAnswers(temp.path() / "answers", {{{"id", 1}, {"response", answer}}}));
    return JudgeModel(std::make_unique<Named>(model), std::move(run), samples, prompt).Identity().dump();
  };
  const std::string base = identity("x", "p", "m");
  CHECK(identity("x", "p", "m") == base);
  CHECK(identity("y", "p", "m") != base);
  CHECK(identity("x", "q", "m") != base);
  CHECK(identity("x", "p", "n") != base);
}

TEST_CASE("answers of other rows are refused, and so are other rows than the run's") {
  const test::TemporaryDirectory temp;
  const auto file = WriteAnswers(temp.path() / "answers", {{{"id", 9}, {"response", "x"}}});
  const std::vector<Sample> samples = MakeSamples(JudgeTask(), Rows(1), {}, 0);
  auto fake = std::make_unique<test::FakeModel>([](const Request&) { return test::Says("A"); });
  CHECK_THROWS_AS(JudgeModel(std::move(fake), LoadJudgedRun(file), samples, "p"), Error);
  CHECK_THROWS_AS(LoadJudgedRows(LoadJudgedRun(file), ""), Error);
  WriteFileAtomically(
      temp.path() / "answers" / "report.json",
      R"({"tasks":[{"name":"omniscience","dataset":{"name":"sample:omniscience","sha256":"00"},"settings":{"protocol":{"strip_reasoning":false}}}],"model":{"path":"m"}})");
  const JudgedRun run = LoadJudgedRun(temp.path() / "answers");
  CHECK(run.dataset == "sample:omniscience");
  CHECK(!run.strip_reasoning);
  CHECK(run.model["path"] == "m");
  CHECK_THROWS_AS(LoadJudgedRows(run, ""), Error);  // another hash
  WriteFileAtomically(temp.path() / "answers" / "report.json", "[");
  CHECK_THROWS_AS(LoadJudgedRun(temp.path() / "answers"), Error);
  CHECK_THROWS_AS(LoadJudgedRun(temp.path() / "nothing"), Error);
}

// Grades of samples 1.. by letters; '.' is ungraded.
GradedAnswers Grades(const std::string& letters) {
  GradedAnswers graded;
  for (size_t i = 0; i < letters.size(); ++i) {
    graded.grades[{std::to_string(i + 1), 0}] = omniscience::FindGrade(std::string_view(letters).substr(i, 1));
  }
  return graded;
}

TEST_CASE("Cohen's kappa is that of textbooks") {
  // scikit-learn's cohen_kappa_score([2, 0, 2, 2, 0, 1], [0, 0, 2, 2, 0, 2]) = 3/7.
  CHECK(*CompareGrades(Grades("CACCAB"), Grades("AACCAC"), 0).kappa == Approx(3.0 / 7));
  // 20 and 15 equal, 5 and 10 different: observed 0.7, expected 0.5.
  const std::string a = std::string(25, 'A') + std::string(25, 'B');
  const std::string b = std::string(20, 'A') + std::string(5, 'B') + std::string(10, 'A') + std::string(15, 'B');
  const Agreement r = CompareGrades(Grades(a), Grades(b), 0);
  CHECK(*r.kappa == Approx(0.4));
  CHECK(r.observed == Approx(0.7));
  CHECK(r.confusion[0][1] == 5);
  CHECK(r.confusion[1][0] == 10);
  CHECK(r.disagreements.size() == 15);
  // Large-sample standard error (Fleiss, Cohen, Everitt 1969) is 0.127: the bootstrap interval is near 0.4 +- 0.25.
  CHECK(r.kappa_ci.low == Approx(0.15).margin(0.05));
  CHECK(r.kappa_ci.high == Approx(0.65).margin(0.05));
  CHECK(CompareGrades(Grades(a), Grades(b), 0).kappa_ci.low == r.kappa_ci.low);
  CHECK(*CompareGrades(Grades("ABAB"), Grades("BABA"), 0).kappa == Approx(-1));
}

TEST_CASE("agreement without disagreement is not certainty, and of one grade alone it is undefined") {
  const Agreement same = CompareGrades(Grades("AABBD"), Grades("AABBD"), 0);
  CHECK(*same.kappa == 1);
  CHECK(same.kappa_ci.low < 0.5);
  CHECK(same.kappa_ci.high == 1);
  CHECK(!CompareGrades(Grades("DDD"), Grades("DDD"), 0).kappa);
  CHECK(AgreementToJson(Grades("DDD"), Grades("DDD"), CompareGrades(Grades("DDD"), Grades("DDD"), 0))["kappa"].is_null());
}

TEST_CASE("ungraded and missing answers are counted apart") {
  const Agreement r = CompareGrades(Grades("AB.D."), Grades("A.CDA"), 0);
  CHECK(r.both == 2);
  CHECK(r.ungraded_a == 2);
  CHECK(r.ungraded_b == 1);
  CHECK(CompareGrades(Grades("ABC"), Grades("AB"), 0).only_a == 1);
  CHECK_THROWS_AS(CompareGrades(Grades(".."), Grades("AB"), 0), Error);
  GradedAnswers a = Grades("AB"), b = Grades("AB");
  a.answers_sha256 = "1";
  b.answers_sha256 = "2";
  CHECK_THROWS_AS(CompareGrades(a, b, 0), Error);
}

TEST_CASE("grades are read from scores, broken ones refused") {
  const test::TemporaryDirectory temp;
  const auto load = [&](const std::string& text) {
    WriteFileAtomically(temp.path() / "scores.jsonl", text);
    return LoadGrades(temp.path());
  };
  const auto good = load(
      "{\"id\":1,\"repeat\":0,\"scored\":true,\"grade\":\"A\"}\n{\"id\":\"x\",\"repeat\":1,\"grade\":null}\n{\"id\":2,\"scored\":"
      "false,\"grade\":\"D\"}\n");
  CHECK(good.grades.size() == 2);
  CHECK(good.grades.at({"1", 0}) == omniscience::Grade::kCorrect);
  CHECK(!good.grades.at({"x", 1}));
  for (const char* text :
       {"", "{\"id\":1}\n", "{\"id\":1,\"grade\":\"E\"}\n", "{\"id\":1,\"grade\":3}\n", "{\"grade\":\"A\"}\n",
        "{\"id\":1,\"grade\":\"A\"}\n{\"id\":1,\"grade\":\"A\"}\n", "{\"id\":1,\"repeat\":-1,\"grade\":\"A\"}\n"}) {
    INFO(text);
    CHECK_THROWS_AS(load(text), Error);
  }
}

}  // namespace
}  // namespace tidemark
