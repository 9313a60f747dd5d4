#include "evals/stored_run.h"

#include "engine/core/error.h"
#include "engine/core/file.h"
#include "tests/evals/fake_model.h"
#include "tests/support/catch.h"
#include "tests/support/paths.h"

namespace tidemark {
namespace {

std::string Complaint(const std::string& rows) {
  try {
    ParseScores(rows, "scores");
  } catch (const Error& e) {
    return e.what();
  }
  return "";
}

TEST_CASE("what a run wrote is read back: counts, tallies and failed rows") {
  const test::TemporaryDirectory directory;
  Task task = test::EchoTask();
  Task other = test::EchoTask();
  other.name = "other";
  test::FakeModel model([](const Request& r) { return r.id == "102" ? test::Fails("no") : test::Says("right"); });
  RunOptions options;
  options.out = directory.path();
  options.repeats = 2;
  const EvalJob jobs[] = {{&task, test::EchoRows(3), {}}, {&other, test::EchoRows(2), {}}};
  RunEvals(model, jobs, options, false, {});
  const StoredRun run = LoadRun(directory.path());
  REQUIRE(run.tasks.size() == 2);
  CHECK(run.tasks[0].version == 3);
  CHECK(run.tasks[0].dataset_sha256 == std::string(64, '0'));
  CHECK(run.tasks[0].protocol["name"] == "greedy");
  REQUIRE(run.tasks[0].rows.size() == 6);
  CHECK(run.tasks[0].rows[1].repeat == 1);
  CHECK(run.tasks[0].rows[1].tallies.at("accuracy").sum == 1);
  CHECK_FALSE(run.tasks[0].rows[2].scored);
  CHECK(WhyNotComparable(run.tasks[0], run.tasks[0]).empty());
  StoredTask warmer = run.tasks[0];
  warmer.json["settings"]["temperature"] = 0.5;
  warmer.json["settings"]["seed"] = 9;
  const auto reasons = WhyNotComparable(run.tasks[0], warmer);
  REQUIRE(reasons.size() == 1);
  CHECK_THAT(reasons[0], test::Contains("temperature is 0.5, was 0") && !test::Contains("seed"));
  warmer.json["settings"].erase("temperature");  // not recorded: stored answers
  CHECK(WhyNotComparable(run.tasks[0], warmer).empty());
  // What was changed against a named protocol is not known of stored answers, and no difference by itself.
  warmer = run.tasks[0];
  warmer.protocol["changed"] = {"max_new_tokens"};
  CHECK(WhyNotComparable(run.tasks[0], warmer).empty());
  warmer.protocol["strip_reasoning"] = false;
  CHECK(WhyNotComparable(run.tasks[0], warmer).size() == 1);
  StoredTask limited = run.tasks[0];
  limited.json["dataset"]["limit"] = 2;
  REQUIRE(WhyNotComparable(run.tasks[0], limited).size() == 1);
  CHECK_THAT(WhyNotComparable(run.tasks[0], limited)[0], test::Contains("all of the rows against limit 2"));
  CHECK(WhyNotComparable(limited, limited).empty());
  // Tasks that this build does not know are compared by every metric without a slash.
  const auto pairs = PairTasks(run, run, {});
  REQUIRE(pairs.size() == 2);
  REQUIRE(pairs[0].metrics.size() == 1);
  CHECK(pairs[0].metrics[0].name == "accuracy");
  CHECK(PairTasks(run, run, {"nothing"}).empty());
  StoredRun less = run;
  less.tasks.pop_back();
  REQUIRE(PairTasks(run, less, {}).size() == 2);  // missing in the candidate: cannot be told
  CHECK(PairTasks(run, less, {})[1].candidate.empty());
  CHECK(PairTasks(less, run, {}).size() == 1);
  CHECK(Overall(CompareRuns(PairTasks(run, less, {}), {})) == CompareVerdict::kCannotTell);
  CHECK(CompareRuns(pairs, {})[0].failed_both == 2);
}

TEST_CASE("a known task brings its headline metrics, means and scales") {
  StoredRun run;
  run.tasks.push_back({"ifeval", 1, "", {}, {}, {}});
  const auto metrics = PairTasks(run, run, {})[0].metrics;
  REQUIRE(metrics.size() == 5);
  CHECK(metrics[4].name == "mean_of_four");
  CHECK(metrics[4].parts.size() == 4);
  run.tasks[0].name = "math500";
  CHECK(PairTasks(run, run, {})[0].metrics.at(1).diagnostic);  // no_answer_rate
  CHECK_FALSE(PairTasks(run, run, {"no_answer_rate"})[0].metrics.at(0).diagnostic);
}

TEST_CASE("malformed scores are refused with the line; a row without tallies is one") {
  const std::string good = R"({"id":1,"repeat":0,"scored":true,"metrics":{"a":[1,2]}})";
  CHECK(Complaint(good + "\n" + R"({"id":2,"repeat":0,"scored":true})").empty());
  CHECK(Complaint("").empty());
  CHECK_THAT(Complaint(R"({"id":2,"repeat":0,"scored":true})"), test::Contains("older version"));
  CHECK_THAT(Complaint(good + "\n" + good), test::Contains("scores:2") && test::Contains("a second time"));
  for (const char* bad :
       {R"({"repeat":0,"scored":true})", R"({"id":1.5,"repeat":0,"scored":true})", R"({"id":1,"repeat":-1,"scored":true})",
        R"({"id":1,"repeat":0,"scored":1})", R"({"id":1,"repeat":0,"scored":true,"metrics":[]})",
        R"({"id":1,"repeat":0,"scored":true,"metrics":{"a":[2,1]}})", R"({"id":1,"repeat":0,"scored":true,"metrics":{"a":[1]}})",
        R"({"id":1,"repeat":0,"scored":true,"metrics":{"a":[-1,1]}})", "x"}) {
    INFO(bad);
    CHECK_THAT(Complaint(bad), test::Contains("scores:1"));
  }
}

TEST_CASE("malformed reports are refused") {
  for (const char* bad :
       {"", "[]", "{}", R"({"schema_version":2,"model":{},"tasks":[]})", R"({"schema_version":1,"model":{},"tasks":[1]})",
        R"({"schema_version":1,"model":{},"tasks":[{"name":"x"}]})"}) {
    INFO(bad);
    try {
      ParseReport(bad, "report");
      FAIL("taken");
    } catch (const Error& e) {
      CHECK(e.place() == "report");
      CHECK_FALSE(e.expected().empty());
      CHECK_FALSE(e.hint().empty());
      CHECK_FALSE(test::Contains("json.exception").match(e.what()));  // our words, not those of the library
    }
  }
  CHECK_THROWS_AS(LoadReport("/nowhere"), Error);
}

}  // namespace
}  // namespace tidemark
