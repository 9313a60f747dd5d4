#include "evals/runner.h"

#include <sys/resource.h>
#include <unistd.h>

#include <csignal>
#include <fstream>

#include "engine/core/error.h"
#include "engine/core/file.h"
#include "evals/models/replay_model.h"
#include "tests/evals/fake_model.h"
#include "tests/support/catch.h"
#include "tests/support/complaint.h"
#include "tests/support/json_schema.h"
#include "tests/support/paths.h"

namespace tidemark {
namespace {

using Json = nlohmann::ordered_json;
using test::EchoRows;
using test::FakeModel;
using test::Says;

struct Bench {
  test::TemporaryDirectory directory;
  Task task = test::EchoTask();
  RunOptions options;

  Bench() { options.out = directory.path() / "out"; }
  EvalJob Job(int rows) const { return {&task, EchoRows(rows), {}}; }
  Report Run(TextModel& model, int rows, bool overwrite = false) {
    const EvalJob job = Job(rows);
    return RunEvals(model, {&job, 1}, options, overwrite, {});
  }
  std::vector<DatasetRow> Rows(const char* file) const { return ParseJsonLines(ReadFile(options.out / file), file); }
  Json ReportJson() const { return Json::parse(ReadFile(options.out / "report.json")); }
};

using test::Complaint;

TEST_CASE("a run writes completions, scores in dataset order and a report that fits the schema") {
  Bench b;
  std::vector<Progress> seen;
  b.options.progress = [&](const Progress& p) { seen.push_back(p); };
  FakeModel model([](const Request& r) {
    if (r.id == "102") return test::Fails("too long");
    return Says(r.id == "103" ? "wrong \xFF" : "right");
  });
  const Report report = b.Run(model, 4);

  const auto completions = b.Rows("completions.jsonl");
  REQUIRE(completions.size() == 4);
  CHECK(completions[0].json["id"] == 104);
  CHECK(completions[1].json["response"] == "wrong \xEF\xBF\xBD");
  CHECK(completions[0].json["inter_token_us"] == Json::array({100000, 250000}));
  const auto scores = b.Rows("scores.jsonl");
  REQUIRE(scores.size() == 4);
  for (size_t i = 0; i < 4; ++i) CHECK(scores[i].json["id"] == 101 + i);
  CHECK(scores[1].json["scored"] == false);
  CHECK(scores[1].json["right"] == false);
  CHECK(scores[1].json["error"] == "too long");
  CHECK_FALSE(scores[0].json.contains("error"));

  const Json json = b.ReportJson();
  const test::SchemaValidator validator(nlohmann::json::parse(ReportSchema()));
  CHECK(validator.Validate(nlohmann::json(json)) == std::vector<std::string>{});
  const Json& metric = json["tasks"][0]["metrics"][0];
  CHECK(metric["name"] == "accuracy");
  CHECK(metric["value"].get<double>() == Approx(2.0 / 3));
  CHECK(metric["n"] == 3);
  CHECK(json["tasks"][0]["samples"]["failed"] == 1);
  CHECK(json["failures"]["by_error"]["too long"] == 1);
  CHECK(json["timings"]["inter_token_seconds"]["n"] == 6);
  CHECK(json["timings"]["load_seconds"] == 0.25);
  CHECK(json["interrupted"] == false);
  CHECK(report.failures.size() == 1);
  REQUIRE(seen.size() == 5);
  CHECK(seen[0].done == 0);
  CHECK(seen[4].done == 4);
  CHECK(seen[4].failed == 1);
}

TEST_CASE("repeats and limit: each repeat is a row, a sample is one cluster") {
  Bench b;
  b.options.repeats = 3;
  b.options.limit = 2;
  FakeModel model([](const Request& r) { return Says(r.repeat == 2 ? "wrong" : "right"); });
  b.Run(model, 5);
  const auto scores = b.Rows("scores.jsonl");
  REQUIRE(scores.size() == 6);
  CHECK(scores[2].json["repeat"] == 2);
  const Json json = b.ReportJson();
  CHECK(json["tasks"][0]["metrics"][0]["n"] == 6);
  CHECK(json["tasks"][0]["dataset"]["limit"] == 2);
  // Both samples have the same share, so the interval is that of about two answers, not of six.
  const Json& metric = json["tasks"][0]["metrics"][0];
  CHECK(metric["interval"] == "cluster_wilson");
  CHECK(metric["ci95_low"].get<double>() == Approx(ClusterInterval(std::vector<Tally>{{2, 3}, {2, 3}}, 1).low));
  CHECK(metric["ci95_low"].get<double>() < WilsonInterval(2.0 / 3, 6).low);
  CHECK(metric["runs"]["values"] == Json::array({1.0, 1.0, 0.0}));
}

TEST_CASE("when every sample fails the metric is left out and the report says so") {
  Bench b;
  FakeModel model([](const Request&) { return test::Fails("no"); });
  b.Run(model, 2);
  const Json json = b.ReportJson();
  CHECK(json["tasks"][0]["metrics"].empty());
  CHECK(json["warnings"].size() == 2);
}

TEST_CASE("a cancelled run keeps what is finished and is marked") {
  Bench b;
  std::atomic<bool> cancel = false;
  b.options.cancel = &cancel;
  FakeModel model([&](const Request& r) {
    if (r.id == "104") cancel = true;
    return Says("right");
  });
  b.Run(model, 5);
  CHECK(b.Rows("completions.jsonl").size() == 2);
  const Json json = b.ReportJson();
  CHECK(json["interrupted"] == true);
  CHECK(json["tasks"][0]["samples"]["not_run"] == 3);
  // The other three could have been anything, and those that finish first are not a fair sample.
  const Json& bounds = json["tasks"][0]["bounds"];
  CHECK(bounds["not_run"] == 3);
  CHECK(bounds["failed"] == 0);
  CHECK(bounds["metrics"][0]["completed"] == 1.0);
  CHECK(bounds["metrics"][0]["lowest"].get<double>() == Approx(0.4));
  CHECK(bounds["metrics"][0]["highest"] == 1.0);
  CHECK_THAT(json["warnings"].dump(), test::Contains("short answers"));
  CHECK(json["tasks"][0]["samples"]["failed"] == 0);
  CHECK(json["failures"]["count"] == 0);
  CHECK(b.Rows("scores.jsonl")[0].json["error"] == "not run: interrupted");
}

TEST_CASE("earlier results are not overwritten unless told") {
  Bench b;
  FakeModel right([](const Request&) { return Says("right"); });
  FakeModel wrong([](const Request&) { return Says("wrong"); });
  b.Run(right, 2);
  CHECK_THAT(Complaint([&] { b.Run(wrong, 2); }), test::Contains("--overwrite"));
  CHECK(b.ReportJson()["tasks"][0]["metrics"][0]["value"] == 1);
  b.Run(wrong, 2, /*overwrite=*/true);
  CHECK(b.ReportJson()["tasks"][0]["metrics"][0]["value"] == 0);
}

TEST_CASE("several tasks share one report and have a folder each") {
  Bench b;
  Task other = test::EchoTask();
  other.name = "other";
  FakeModel model([](const Request&) { return Says("right"); });
  const EvalJob jobs[] = {b.Job(2), {&other, EchoRows(3), {}}};
  RunEvals(model, jobs, b.options, false, {});
  CHECK(b.ReportJson()["tasks"].size() == 2);
  CHECK(std::filesystem::exists(b.options.out / "echo" / "scores.jsonl"));
  CHECK(std::filesystem::exists(b.options.out / "other" / "completions.jsonl"));
}

TEST_CASE("an output directory that cannot be written is found before the model runs") {
  FakeModel model([](const Request&) -> Completion { throw std::logic_error("must not be asked"); });
  Bench b;
  b.options.out = "/proc/tidemark";
  CHECK_FALSE(Complaint([&] { b.Run(model, 1); }).empty());
  b.options.out = b.directory.path() / "file" / "out";
  std::ofstream(b.directory.path() / "file") << "x";
  CHECK_FALSE(Complaint([&] { b.Run(model, 1); }).empty());
}

// A file-size limit is a full disk that needs no file system of its own.
TEST_CASE("a full disk is an Error and finished samples are kept") {
  Bench b;
  rlimit before;
  getrlimit(RLIMIT_FSIZE, &before);
  const auto old = std::signal(SIGXFSZ, SIG_IGN);
  FakeModel model([](const Request&) { return Says(std::string(1000, 'x')); });
  const rlimit small{2500, before.rlim_max};
  setrlimit(RLIMIT_FSIZE, &small);
  const std::string complaint = Complaint([&] { b.Run(model, 10); });
  setrlimit(RLIMIT_FSIZE, &before);
  std::signal(SIGXFSZ, old);
  CHECK_THAT(complaint, test::Contains("completions.jsonl"));
  const std::string kept = ReadFile(b.options.out / "completions.jsonl");
  CHECK(std::count(kept.begin(), kept.end(), '\n') == 2);
  CHECK(ParseJsonLines(kept.substr(0, kept.rfind('\n')), "kept").size() == 2);
}

TEST_CASE("a broken row stops the run before the model is asked") {
  Bench b;
  FakeModel model([](const Request&) -> Completion { throw std::logic_error("must not be asked"); });
  EvalJob job = b.Job(2);
  job.dataset.rows[1].json["key"] = job.dataset.rows[0].json["key"];
  CHECK_THAT(Complaint([&] { RunEvals(model, {&job, 1}, b.options, false, {}); }), test::Contains("a second time"));
}

TEST_CASE("replaying a run's completions gives the same scores and metrics") {
  Bench b;
  b.options.repeats = 2;
  FakeModel model(
      [](const Request& r) { return r.id == "103" ? test::Fails("broke") : Says(r.id == "101" ? "right" : "wrong"); });
  b.Run(model, 4);
  ReplayModel replay(b.options.out / "completions.jsonl");
  const Json first = b.ReportJson();
  const std::string scores = ReadFile(b.options.out / "scores.jsonl");
  b.options.out = b.directory.path() / "again";
  b.Run(replay, 4);
  CHECK(ReadFile(b.options.out / "scores.jsonl") == scores);
  const Json second = b.ReportJson();
  CHECK(first["tasks"] == second["tasks"]);
  CHECK(first["failures"] == second["failures"]);
  CHECK(first["timings"]["inter_token_seconds"] == second["timings"]["inter_token_seconds"]);
}

}  // namespace
}  // namespace tidemark
