// A run that was ended anywhere goes on and gives what an undisturbed one gives.
#include <sys/resource.h>

#include <algorithm>
#include <csignal>
#include <fstream>

#include "engine/core/error.h"
#include "engine/core/file.h"
#include "evals/journal.h"
#include "evals/runner.h"
#include "tests/evals/fake_model.h"
#include "tests/support/canonical_report.h"
#include "tests/support/catch.h"
#include "tests/support/complaint.h"
#include "tests/support/json_schema.h"
#include "tests/support/paths.h"

namespace tidemark {
namespace {

using Json = nlohmann::ordered_json;
using test::EchoRows;
using test::FakeModel;

using test::Complaint;

// Row 102 fails at its second repeat, row 103 is wrong, one text is not UTF-8.
Completion Answer(const Request& r) {
  if (r.id == "102" && r.repeat == 1) return test::Fails("too long \xFF");
  return test::Says(r.id == "103" ? "wrong \xFF" : "right");
}

struct Bench {
  test::TemporaryDirectory directory;
  Task task = test::EchoTask();
  RunOptions options;
  int asked = 0;
  FakeModel model{[this](const Request& r) {
    ++asked;
    return Answer(r);
  }};

  Bench() {
    options.out = directory.path() / "out";
    options.repeats = 2;
  }
  EvalJob Job(int rows = 4) const { return {&task, EchoRows(rows), {}}; }
  Report Run(bool overwrite = false) { return Run(Job(), overwrite); }
  Report Run(const EvalJob& job, bool overwrite = false) {
    asked = 0;
    return RunEvals(model, {&job, 1}, options, overwrite, {});
  }
  std::string File(const char* name) const { return ReadFile(options.out / name); }
  std::string Canonical() const { return test::CanonicalReport(File("report.json")); }
  void Put(const char* name, const std::string& content) const { std::ofstream(options.out / name, std::ios::binary) << content; }
};

TEST_CASE("a run ended at any point of its journal gives the undisturbed results, asking only what is missing") {
  Bench b;
  b.Run();
  CHECK(b.asked == 8);
  const std::string journal = b.File("completions.jsonl"), scores = b.File("scores.jsonl"), report = b.Canonical();
  const test::SchemaValidator validator(nlohmann::json::parse(ReportSchema()));
  CHECK(validator.Validate(nlohmann::json::parse(b.File("report.json"))) == std::vector<std::string>{});
  std::vector<size_t> cuts = {journal.size()};
  for (size_t i = 0; i < journal.size(); ++i) {
    if (i == 0 || journal[i - 1] == '\n') cuts.insert(cuts.end(), {i, i + 1, i + 60});
    if (journal[i] == '\n') cuts.push_back(i);
  }
  b.options.resume = true;
  std::vector<Progress> seen;
  b.options.progress = [&](const Progress& p) { seen.push_back(p); };
  for (const size_t cut : cuts) {
    for (const std::string& garbage : {std::string(), std::string(100, '\0') + "\n{}"}) {
      INFO("cut at " << cut << " of " << journal.size());
      const std::string left = journal.substr(0, cut);
      b.Put("completions.jsonl", left + garbage);
      std::filesystem::remove(b.options.out / "scores.jsonl");
      b.Put("report.json.77.tmp", "{\"half\": ");
      seen.clear();
      b.Run();
      const auto whole = std::count(left.begin(), left.end(), '\n');
      CHECK(b.asked == 8 - whole);
      CHECK(b.File("scores.jsonl") == scores);
      CHECK(b.Canonical() == report);
      CHECK(seen.front().resumed == whole);
      CHECK(seen.front().done == whole);
      CHECK(seen.back().done == 8);
      CHECK(seen.back().failed == 1);
      CHECK_FALSE(std::filesystem::exists(b.options.out / "report.json.77.tmp"));
    }
  }
}

TEST_CASE("resuming starts a fresh directory, and one that was ended before its first sample") {
  Bench b;
  b.options.resume = true;
  b.Run();
  CHECK(b.asked == 8);
  const std::string scores = b.File("scores.jsonl");
  for (const char* name : {"completions.jsonl", "scores.jsonl", "report.json"}) std::filesystem::remove(b.options.out / name);
  b.Run();
  CHECK(b.asked == 8);
  CHECK(b.File("scores.jsonl") == scores);
  b.Run();
  CHECK(b.asked == 0);
  b.options.resume = false;
  CHECK_THAT(Complaint([&] { b.Run(); }), test::Contains("--resume"));
  CHECK(b.asked == 0);
}

TEST_CASE("the run began when its first process began") {
  Bench b;
  Report first;
  first.started_at = "2020-01-01T00:00:00Z";
  const EvalJob job = b.Job();
  RunEvals(b.model, {&job, 1}, b.options, false, first);
  b.options.resume = true;
  CHECK(b.Run().started_at == "2020-01-01T00:00:00Z");
}

TEST_CASE("a changed setting refuses to resume and says which, old and new") {
  Bench b;
  b.Run();
  b.options.resume = true;
  const std::string journal = b.File("completions.jsonl");
  const auto refuse = [&](const EvalJob& job, const std::string& message) {
    CHECK_THAT(Complaint([&] { b.Run(job); }), test::Contains(message));
    CHECK(b.asked == 0);
    CHECK(b.File("completions.jsonl") == journal);
  };
  EvalJob job = b.Job();
  job.generate.seed = 5;
  job.generate.sampling.temperature = 0.7;
  refuse(job, "tasks/echo/settings/seed is 5, was 0; tasks/echo/settings/temperature is 0.7, was 0.0");
  job = b.Job();
  job.protocol.name = "card";
  refuse(job, "settings/protocol/name is \"card\", was \"greedy\"");
  job = b.Job();
  job.dataset.sha256 = std::string(64, '1');
  refuse(job, "tasks/echo/dataset_sha256 is \"1111");
  job = b.Job();
  job.dataset.rows[0].json["prompt"] = "another question";
  refuse(job, "tasks/echo/prompts_sha256");
  job = b.Job();
  job.identity = {{"judge", "match"}};
  refuse(job, "tasks/echo/judge/judge is \"match\", was absent");
  refuse(b.Job(3), "tasks/echo/samples is 3, was 4");
  b.task.version = 4;
  refuse(b.Job(), "tasks/echo/version is 4, was 3");
  b.task.version = 3;
  b.options.repeats = 3;
  refuse(b.Job(), "repeats is 3, was 2");
  b.options.repeats = 2;
  b.options.shard = {1, 2};
  refuse(b.Job(), "shard is \"1/2\", was \"1/1\"");
  b.options.shard = {};
  b.Run();
}

TEST_CASE("failed samples are kept, or asked again on demand") {
  Bench b;
  b.Run();
  const std::string scores = b.File("scores.jsonl");
  b.options.resume = true;
  b.Run();
  CHECK(b.asked == 0);
  b.options.retry_failed = true;
  b.Run();
  CHECK(b.asked == 1);
  CHECK(b.File("scores.jsonl") == scores);
  FakeModel well([](const Request&) { return test::Says("right"); });
  const EvalJob job = b.Job();
  const Report report = RunEvals(well, {&job, 1}, b.options, false, {});
  CHECK(report.tasks[0].samples.failed == 0);
  CHECK(report.tasks[0].samples.scored == 8);
}

TEST_CASE("what is no run of this program is not resumed") {
  Bench b;
  b.Run();
  b.options.resume = true;
  const std::string record = b.File("run.json"), journal = b.File("completions.jsonl");
  const auto refuse = [&](const std::string& message) { CHECK_THAT(Complaint([&] { b.Run(); }), test::Contains(message)); };
  std::filesystem::remove(b.options.out / "run.json");
  refuse("completions.jsonl without run.json");
  b.Put("run.json", record.substr(0, record.size() / 2));
  refuse("run.json: found not a JSON object");
  std::string forged = record;
  forged.replace(forged.find("\"seed\": 0"), 9, "\"seed\": 1");
  b.Put("run.json", forged);
  refuse("parts that do not give its digest");
  for (const char* version : {"1", "3"}) {  // 1: its journal's lines do not say their run
    b.Put("run.json", std::string("{\"format\": ") + version + "}");
    refuse(std::string("found format ") + version + ", expected format 2");
  }
  b.Put("run.json", record);
  b.Put("completions.jsonl", journal + CheckedLine(Json{{"id", 999}, {"response", "x"}}));
  refuse("completions.jsonl:9: found a line that does not say its run");
  const Json first = Json::parse(journal.substr(0, journal.find('\n')));
  b.Put("completions.jsonl",
        journal + CheckedLine(Json{{"run", first["run"]}, {"task", "echo"}, {"id", 999}, {"response", "x"}}));
  refuse("id 999, repeat 0, expected samples of this run");
  b.Put("completions.jsonl", journal);
  const RunLock lock(b.options.out);
  refuse("another process at work there");
}

TEST_CASE("a run of several tasks resumes in the task where it ended") {
  Bench b;
  Task other = test::EchoTask();
  other.name = "other";
  const EvalJob jobs[] = {b.Job(), {&other, EchoRows(3), {}}};
  RunEvals(b.model, jobs, b.options, false, {});
  const std::string report = b.Canonical();
  std::ofstream(b.options.out / "other" / "completions.jsonl") << "{\"torn";
  b.options.resume = true;
  b.asked = 0;
  RunEvals(b.model, jobs, b.options, false, {});
  CHECK(b.asked == 6);
  CHECK(b.Canonical() == report);
  CHECK_THAT(Complaint([&] { RunEvals(b.model, {jobs, 1}, b.options, false, {}); }), test::Contains("tasks/other/"));
}

TEST_CASE("after a full disk the run goes on") {
  Bench b;
  rlimit before;
  getrlimit(RLIMIT_FSIZE, &before);
  const auto old = std::signal(SIGXFSZ, SIG_IGN);
  FakeModel model([](const Request& r) { return r.id == "101" ? test::Fails("no") : test::Says(std::string(2000, 'x')); });
  const EvalJob job = b.Job();
  const rlimit small{9000, before.rlim_max};
  setrlimit(RLIMIT_FSIZE, &small);
  const std::string complaint = Complaint([&] { RunEvals(model, {&job, 1}, b.options, false, {}); });
  setrlimit(RLIMIT_FSIZE, &before);
  std::signal(SIGXFSZ, old);
  CHECK_THAT(complaint, test::Contains("go on with --resume"));
  b.options.resume = true;
  int64_t resumed = 0;
  b.options.progress = [&](const Progress& p) { resumed = p.resumed; };
  const Report report = RunEvals(model, {&job, 1}, b.options, false, {});
  CHECK(resumed == 4);
  CHECK(report.tasks[0].samples.scored == 6);
  CHECK(report.tasks[0].samples.failed == 2);
}

}  // namespace
}  // namespace tidemark
