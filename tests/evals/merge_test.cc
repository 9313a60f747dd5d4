#include "evals/merge.h"

#include <fstream>
#include <functional>

#include "datasets/manifest.h"
#include "engine/core/error.h"
#include "engine/core/file.h"
#include "engine/core/random.h"
#include "engine/core/sha256.h"
#include "evals/runner.h"
#include "tests/evals/fake_model.h"
#include "tests/support/canonical_report.h"
#include "tests/support/catch.h"
#include "tests/support/complaint.h"
#include "tests/support/paths.h"

namespace tidemark {
namespace {

namespace fs = std::filesystem;
using test::FakeModel;

using test::Complaint;

// Rows of the task that is in the table; the answers are noise that depends on the request alone.
struct Shards {
  test::TemporaryDirectory directory;
  EvalJob job{&FindTask("ifeval"), LoadDataset("ifeval", ""), FindTask("ifeval").options};
  RunOptions options;
  FakeModel model{[](const Request& r) {
    const double u = UniformAt(7, StableHash(r.id), static_cast<uint64_t>(r.repeat));
    if (u < 0.1) return test::Fails("too long");
    Completion completion = test::Says(u < 0.5 ? "<<a title>> - one\n- two" : "no commas HERE, p.s. \xC3\xA9");
    completion.stop = u < 0.3 ? StopReason::kLength : StopReason::kEos;
    completion.completion_tokens = static_cast<int64_t>(100 * u);
    return completion;
  }};

  Shards() {
    options.repeats = 3;
    job.generate.seed = 11;
    job.generate.sampling.temperature = 0.3;
  }
  fs::path Path(const std::string& name) const { return directory.path() / name; }
  fs::path Run(const std::string& name, Shard shard) {
    options.out = Path(name);
    options.shard = shard;
    RunEvals(model, {&job, 1}, options, true, {});
    return options.out;
  }
  std::vector<fs::path> RunAll(int count) {
    std::vector<fs::path> paths;
    for (int i = count; i >= 1; --i) paths.push_back(Run("shard" + std::to_string(i), {i, count}));
    return paths;
  }
  Report Merge(const std::vector<fs::path>& shards, const std::string& name = "merged") {
    return MergeShards(shards, {Path(name), true, ""}, {});
  }
  std::string File(const std::string& name) const { return ReadFile(directory.path() / name); }
};

// A model behind a server: where it stands is no part of what it is.
class Served : public FakeModel {
 public:
  Served(std::string url, std::string name)
      : FakeModel([](const Request&) { return test::Says("no commas"); }), url_(std::move(url)), name_(std::move(name)) {}
  nlohmann::ordered_json Describe() const override { return {{"adapter", "openai"}, {"url", url_}, {"model", name_}}; }
  nlohmann::ordered_json Identity() const override { return {{"adapter", "openai"}, {"model", name_}}; }

 private:
  std::string url_, name_;
};

TEST_CASE("shards of one model on several servers are merged, of several models refused") {
  Shards s;
  Served one("http://a:1/v1", "m"), two("http://b:2/v1", "m"), other("http://b:2/v1", "n");
  const auto run = [&](Served& model, const std::string& name, Shard shard) {
    s.options.out = s.Path(name);
    s.options.shard = shard;
    RunEvals(model, {&s.job, 1}, s.options, true, {});
    return s.options.out;
  };
  const fs::path first = run(one, "s1", {1, 2}), second = run(two, "s2", {2, 2});
  const Report merged = s.Merge({first, second});
  CHECK(merged.model["urls"] == nlohmann::ordered_json::array({"http://a:1/v1", "http://b:2/v1"}));
  CHECK(merged.model["model"] == "m");
  run(other, "s2", {2, 2});
  CHECK_THAT(Complaint([&] { s.Merge({first, second}); }), test::Contains("model/model is \"n\", was \"m\""));
}

TEST_CASE("shards put together are the run, bit for bit") {
  Shards s;
  s.Run("whole", {});
  for (const int count : {2, 4, 20}) {
    s.Merge(s.RunAll(count));
    CHECK(s.File("merged/scores.jsonl") == s.File("whole/scores.jsonl"));
    CHECK(test::CanonicalReport(s.File("merged/report.json")) == test::CanonicalReport(s.File("whole/report.json")));
    // The run can be resumed, and is known under the same digest.
    s.options.resume = true;
    s.Run("merged", {});
    s.options.resume = false;
    CHECK(test::CanonicalReport(s.File("merged/report.json")) == test::CanonicalReport(s.File("whole/report.json")));
  }
  const auto shard = nlohmann::json::parse(s.File("shard3/report.json"));
  CHECK(shard["run"]["digest"] == nlohmann::json::parse(s.File("whole/report.json"))["run"]["digest"]);
  CHECK(shard["run"]["shard"]["index"] == 3);
  CHECK(shard["tasks"][0]["dataset"]["shard"]["count"] == 20);
  CHECK(shard["tasks"][0]["samples"]["total"] == 3);
}

TEST_CASE("shards of several tasks are merged task by task, each with its protocol") {
  Shards s;
  const Protocol protocol = FindProtocol("greedy");
  std::vector<EvalJob> jobs;
  for (const char* name : {"ifeval", "math500"}) {
    const ProtocolTask& entry = protocol.For(name);
    jobs.push_back({&FindTask(name), LoadDataset(name, ""), entry.generate, entry.choices});
  }
  jobs[1].repeats = 2;
  const auto run = [&](const std::string& name, Shard shard) {
    s.options.out = s.Path(name);
    s.options.shard = shard;
    RunEvals(s.model, jobs, s.options, false, {});
    return s.options.out;
  };
  run("whole", {});
  s.Merge({run("part2", {2, 2}), run("part1", {1, 2})});
  for (const char* file : {"ifeval/scores.jsonl", "math500/scores.jsonl"}) {
    CHECK(s.File(std::string("merged/") + file) == s.File(std::string("whole/") + file));
  }
  CHECK(test::CanonicalReport(s.File("merged/report.json")) == test::CanonicalReport(s.File("whole/report.json")));
}

TEST_CASE("shards with prompts of a file are merged after the file is gone") {
  Shards s;
  s.job = {&FindTask("omniscience"), LoadDataset("omniscience", "sample"), FindTask("omniscience").options};
  s.job.protocol.prompt = "file";
  s.job.protocol.prompts_text = R"({"answer_system_prompt": "Of {domain}.", "answer_user_prompt": "Say: {question}",)"
                                R"( "grader_prompt": "{question} {target} {predicted_answer}"})";
  s.job.protocol.prompts_sha256 = Sha256Hex(s.job.protocol.prompts_text);
  s.options.repeats = 1;
  s.options.limit = 6;
  s.Run("whole", {});
  s.Merge(s.RunAll(2));
  CHECK(s.File("merged/scores.jsonl") == s.File("whole/scores.jsonl"));
  CHECK(test::CanonicalReport(s.File("merged/report.json")) == test::CanonicalReport(s.File("whole/report.json")));
}

TEST_CASE("what cannot be merged is named") {
  Shards s;
  std::vector<fs::path> all = s.RunAll(3);
  const auto refuse = [&](const std::vector<fs::path>& shards, const std::string& message) {
    CHECK_THAT(Complaint([&] { s.Merge(shards, "never"); }), test::Contains(message));
    CHECK_FALSE(fs::exists(s.Path("never/report.json")));
  };
  refuse({all[0], all[2]}, "no shard 2/3, expected all 3 shards");
  refuse({all[0]}, "no shard 1/3, 2/3");
  refuse({all[0], all[1], all[2], all[1]}, "shard 2/3 a second time");
  refuse({all[0], all[1], s.Run("whole", {})}, "a whole run");
  refuse({all[0], s.Path("absent")}, "no such folder");
  refuse({all[0], s.directory.path()}, "no run.json");
  refuse({all[0], s.Run("half", {1, 2})}, "shard 1/2, not one of 3");
  s.job.generate.seed = 12;
  refuse({all[0], all[1], s.Run("other", {1, 3})}, "settings/seed is 12, was 11");
  CHECK_THAT(Complaint([&] { s.Merge(all, "shard1"); }), test::Contains("another directory than those of the shards"));

  s.job.generate.seed = 11;
  s.Run("shard1", {1, 3});
  s.Merge(all, "merged");
  const std::string again = Complaint([&] { MergeShards(all, {s.Path("merged"), false, ""}, {}); });
  CHECK_THAT(again, test::Contains("--overwrite") && !test::Contains("--resume"));

  const std::string journal = s.File("shard2/completions.jsonl");
  const size_t torn = journal.rfind('\n', journal.size() - 2) + 10;
  std::ofstream(s.Path("shard2/completions.jsonl")) << journal.substr(0, torn);
  refuse(all, "shard 2/3 without 1 of its");
  CHECK_FALSE(fs::exists(s.Path("never")));  // nothing that would be in the way of the next try
  std::ofstream(s.Path("shard2/completions.jsonl")) << journal + s.File("shard1/completions.jsonl");
  refuse(all, "shard 1/3, expected lines of run ");
}

TEST_CASE("rows that changed since the shards ran are not merged") {
  Shards s;
  const std::string rows(FindEmbeddedSet("ifeval", "").rows());
  std::ofstream(s.Path("rows.jsonl")) << rows;
  s.job.dataset = LoadDataset("ifeval", s.Path("rows.jsonl").string());
  const auto all = s.RunAll(2);
  s.Merge(all);
  fs::rename(s.Path("rows.jsonl"), s.Path("moved.jsonl"));
  CHECK_FALSE(Complaint([&] { s.Merge(all); }).empty());
  MergeShards(all, {s.Path("merged"), true, s.Path("moved.jsonl").string()}, {});
  std::ofstream(s.Path("rows.jsonl")) << rows.substr(0, rows.rfind('\n', rows.size() - 2) + 1);
  CHECK_THAT(Complaint([&] { s.Merge(all); }), test::Contains("samples is"));
}

TEST_CASE("more shards than samples are refused before anything runs") {
  Shards s;
  CHECK_THAT(Complaint([&] { s.Run("out", {1, 99}); }), test::Contains("99 shards of 20 samples"));
  CHECK_FALSE(fs::exists(s.Path("out")));
}

}  // namespace
}  // namespace tidemark
