// Lines of a journal that come from another run are refused wherever stored answers are used, and nothing is lost by that.
#include "evals/origin.h"

#include <algorithm>
#include <fstream>
#include <functional>
#include <map>

#include "engine/core/file.h"
#include "engine/core/random.h"
#include "evals/journal.h"
#include "evals/judge.h"
#include "evals/merge.h"
#include "evals/models/replay_model.h"
#include "evals/runner.h"
#include "tests/evals/fake_model.h"
#include "tests/support/canonical_report.h"
#include "tests/support/catch.h"
#include "tests/support/complaint.h"
#include "tests/support/paths.h"

namespace tidemark {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;
using test::Complaint;
using test::Contains;

class Named : public test::FakeModel {
 public:
  explicit Named(std::string name)
      : FakeModel([](const Request& r) { return test::Says(StableHash(r.id) % 2 == 0 ? "no commas" : "a, b"); }),
        name_(std::move(name)) {}
  Json Identity() const override { return {{"model", name_}}; }

 private:
  std::string name_;
};

// Runs of six rows, which differ in what the name of their folder says.
struct Runs {
  test::TemporaryDirectory directory;
  fs::path Path(const std::string& name) const { return directory.path() / name; }
  std::string File(const std::string& name) const { return ReadFile(Path(name)); }
  void Put(const std::string& name, const std::string& content) const {
    fs::create_directories(Path(name).parent_path());
    std::ofstream(Path(name), std::ios::binary) << content;
  }

  EvalJob Job(const char* task = "ifeval", uint64_t seed = 0) const {
    EvalJob job{&FindTask(task), LoadDataset(task, ""), FindTask(task).options};
    job.generate.seed = seed;
    return job;
  }
  RunOptions Options(const std::string& name, Shard shard = {}, bool resume = false) const {
    RunOptions options;
    options.out = Path(name);
    options.limit = 6;
    options.shard = shard;
    options.resume = resume;
    return options;
  }
  fs::path Run(const std::string& name, const EvalJob& job, Shard shard = {}, const char* model = "m",
               bool resume = false) const {
    Named named(model);
    RunEvals(named, {&job, 1}, Options(name, shard, resume), false, {});
    return Path(name);
  }
};

std::string Lines(const std::string& text, int from, int count) {
  size_t begin = 0;
  for (int i = 0; i < from; ++i) begin = text.find('\n', begin) + 1;
  size_t end = begin;
  for (int i = 0; i < count; ++i) end = text.find('\n', end) + 1;
  return text.substr(begin, end - begin);
}

// One line of each of them in place of the last one of the run: samples 1 to 6 are answered last to first.
std::map<std::string, std::string> ForeignLines(const Runs& r) {
  r.Run("seed", r.Job("ifeval", 1));
  r.Run("model", r.Job(), {}, "n");
  r.Run("task", r.Job("math500"));
  r.Run("shard", r.Job(), {1, 2});
  std::map<std::string, std::string> lines;
  for (const char* name : {"seed", "model", "task"}) lines[name] = Lines(r.File(std::string(name) + "/completions.jsonl"), 5, 1);
  lines["shard"] = Lines(r.File("shard/completions.jsonl"), 2, 1);
  Json old = Json::parse(lines["shard"]);
  for (const char* key : {"run", "shard", "check"}) old.erase(key);
  lines["old"] = CheckedLine(old);
  return lines;
}

TEST_CASE("a line of another seed, model, task or shard is refused by resume, score, replay and judge") {
  const Runs r;
  r.Run("own", r.Job());
  const std::string journal = r.File("own/completions.jsonl"), report = test::CanonicalReport(r.File("own/report.json"));
  for (const auto& [name, line] : ForeignLines(r)) {
    INFO(name);
    const std::string mixed = Lines(journal, 0, 5) + line;
    const std::string message = name == "old"     ? "completions.jsonl:6: found a line that does not say its run"
                                : name == "shard" ? "completions.jsonl:6: found a line of another shard: run "
                                                  : "completions.jsonl:6: found a line of another run: run ";
    r.Put("own/completions.jsonl", mixed);
    const auto refuse = [&](const std::function<void()>& use, const std::string& expected) {
      CHECK_THAT(Complaint(use), Contains(expected));
      CHECK(r.File("own/completions.jsonl") == mixed);
    };
    refuse([&] { r.Run("own", r.Job(), {}, "m", true); }, message);
    refuse([&] { ScoreFile(r.Job(), r.Path("own/completions.jsonl"), {r.Path("scored")}, {}); }, message);
    refuse([&] { ReplayModel replay(r.Path("own/completions.jsonl")); }, message);
    refuse([&] { LoadJudgedRun(r.Path("own")); }, message);
    // Without a run.json beside it the lines can only be compared with each other, and shards of one run may stand together.
    r.Put("alone/answers.jsonl", mixed);
    const std::string alone = Complaint([&] { ReplayModel replay(r.Path("alone/answers.jsonl")); });
    if (name == "shard") CHECK(alone.empty());
    if (name != "shard") CHECK_THAT(alone, Contains("answers.jsonl:6: found a line"));
  }
  r.Put("own/completions.jsonl", Lines(journal, 0, 5) + "{\"run\":\"torn");
  r.Run("own", r.Job(), {}, "m", true);
  CHECK(r.File("own/completions.jsonl") == journal);
  CHECK(test::CanonicalReport(r.File("own/report.json")) == report);
}

TEST_CASE("a whole file of another run is refused, and lines that were changed") {
  const Runs r;
  r.Run("own", r.Job());
  r.Run("seed", r.Job("ifeval", 1));
  const std::string own = r.File("own/completions.jsonl"), other = r.File("seed/completions.jsonl");
  r.Put("own/completions.jsonl", other);
  CHECK_THAT(Complaint([&] { r.Run("own", r.Job(), {}, "m", true); }),
             Contains("completions.jsonl:1: found a line of another run"));
  CHECK_THAT(Complaint([&] { StoredResponses::Load(r.Path("own/completions.jsonl")); }), Contains(":1: found a line of another"));
  CHECK(r.File("own/completions.jsonl") == other);

  std::string changed = own;
  changed.replace(changed.find("no commas"), 9, "no COMMAS");
  r.Put("moved/completions.jsonl", changed);
  CHECK_THAT(Complaint([&] { StoredResponses::Load(r.Path("moved/completions.jsonl")); }), Contains("that was changed since"));
  r.Put("own/completions.jsonl", own);
  std::string crlf = own;
  for (size_t at = 0; (at = crlf.find('\n', at)) != crlf.npos; at += 2) crlf.replace(at, 1, "\r\n");
  r.Put("moved/completions.jsonl", "\xEF\xBB\xBF" + crlf);  // an editor's marks change no answer
  CHECK(StoredResponses::Load(r.Path("moved/completions.jsonl")).origin().task == "ifeval");
  r.Put("own/run.json", "{");
  CHECK_THAT(Complaint([&] { StoredResponses::Load(r.Path("own/completions.jsonl")); }),
             Contains("copy completions.jsonl to another"));
}

TEST_CASE("a file of one other run is told apart from one of several runs, and own rows may use our names") {
  const Runs r;
  r.Run("own", r.Job());
  r.Run("seed", r.Job("ifeval", 1));
  const std::string own = r.File("own/completions.jsonl"), other = r.File("seed/completions.jsonl");
  const auto refusal = [&](const std::string& content) {
    r.Put("own/completions.jsonl", content);
    return Complaint([&] { StoredResponses::Load(r.Path("own/completions.jsonl")); });
  };
  const std::string elsewhere = "comes from elsewhere or an older version", several = "answers of several runs";
  std::string old;
  for (int i = 0; i < 6; ++i) {
    Json row = Json::parse(Lines(own, i, 1));
    for (const char* key : {"run", "task", "check"}) row.erase(key);
    old += CheckedLine(row);
  }
  for (const std::string& content : {other, old}) {
    CHECK_THAT(refusal(content), Contains("completions.jsonl:1: found a line ") && Contains(elsewhere));
    r.Put("alone/completions.jsonl", content);
    CHECK(StoredResponses::Load(r.Path("alone/completions.jsonl")).rows().size() == 6);
  }
  CHECK_THAT(refusal(own + other), Contains("completions.jsonl:7: found a line of another run") && Contains(several));
  CHECK_THAT(refusal(Lines(other, 0, 1) + Lines(own, 0, 5)),
             Contains("completions.jsonl:1: found a line of") && Contains(several));
  CHECK(refusal("").empty());

  r.Run("again", r.Job());  // the same settings: documented as not told apart
  CHECK(refusal(r.File("again/completions.jsonl")).empty());

  for (const char* run : {"exp1", "0123456789ABCDEF", "0123456789abcdef0"}) {
    const Json row = {{"id", 1}, {"response", "x"}, {"run", run}, {"check", "ok"}};
    r.Put("rows.jsonl", row.dump() + "\n");
    CHECK(StoredResponses::Load(r.Path("rows.jsonl")).origin() == Origin());
  }
}

TEST_CASE("a run.json of another program in the folder above is none of ours") {
  const Runs r;
  const EvalJob jobs[] = {r.Job(), r.Job("math500")};
  Named model("m");
  RunEvals(model, jobs, r.Options("exp"), false, {});
  const std::string record = r.File("exp/run.json");
  r.Put("exp/a/completions.jsonl", R"({"id": 1, "response": "x"})"
                                   "\n");
  const auto loads = [&](const std::string& name) { return Complaint([&] { StoredResponses::Load(r.Path(name)); }).empty(); };
  for (const char* theirs : {"{", "", "[]", "3", R"({"runs": ["a"]})", R"({"format": "json"})", R"({"format": 1})"}) {
    INFO(theirs);
    r.Put("exp/run.json", theirs);
    CHECK(loads("exp/a/completions.jsonl"));
    CHECK(loads("exp/ifeval/completions.jsonl"));
  }
  fs::remove(r.Path("exp/run.json"));
  fs::create_directory(r.Path("exp/run.json"));
  CHECK(loads("exp/a/completions.jsonl"));
  fs::remove(r.Path("exp/run.json"));
  // Ours, but edited: which run its tasks' answers belong to cannot be known.
  std::string edited = record;
  edited.replace(edited.find("\"seed\": 0"), 9, "\"seed\": 1");
  r.Put("exp/run.json", edited);
  CHECK_FALSE(loads("exp/ifeval/completions.jsonl"));
}

TEST_CASE("answers to one task are not scored or replayed as answers to another") {
  const Runs r;
  r.Run("own", r.Job());
  const fs::path answers = r.Path("own/completions.jsonl");
  const std::string message = "found answers to task ifeval, expected answers to task math500";
  CHECK_THAT(Complaint([&] { ScoreFile(r.Job("math500"), answers, {r.Path("scored")}, {}); }), Contains(message));
  ReplayModel replay(answers);
  const EvalJob job = r.Job("math500");
  CHECK_THAT(Complaint([&] { RunEvals(replay, {&job, 1}, r.Options("replayed"), false, {}); }), Contains(message));
  CHECK_FALSE(fs::exists(r.Path("replayed")));
  CHECK_THAT(Complaint([&] { LoadJudgedRun(r.Path("own")); }), Contains("expected answers to task omniscience"));
}

TEST_CASE("a shard with lines of another run or shard is not merged, and a merged run has the lines of the whole one") {
  const Runs r;
  const EvalJob job = r.Job();
  const std::vector<fs::path> shards = {r.Run("part1", job, {1, 2}), r.Run("part2", job, {2, 2})};
  const auto sorted = [&](const std::string& name) {
    const std::string text = r.File(name);
    std::vector<std::string> lines;
    for (int i = 0; i < 6; ++i) lines.push_back(Lines(text, i, 1));
    std::sort(lines.begin(), lines.end());
    return lines;
  };
  r.Run("whole", job);
  MergeShards(shards, {r.Path("merged"), true, ""}, {});
  CHECK(sorted("merged/completions.jsonl") == sorted("whole/completions.jsonl"));

  const std::string own = r.File("part2/completions.jsonl");
  std::map<std::string, std::string> lines = ForeignLines(r);
  lines["whole"] = Lines(r.File("whole/completions.jsonl"), 4, 1);  // the sample is this shard's, but another process asked it
  for (const auto& [name, line] : lines) {
    INFO(name);
    r.Put("part2/completions.jsonl", Lines(own, 0, 2) + line);
    CHECK_THAT(Complaint([&] {
                 MergeShards(shards, {r.Path("never"), false, ""}, {});
               }),
               Contains("part2/completions.jsonl:3: found a line"));
    CHECK_FALSE(fs::exists(r.Path("never")));
  }
}

TEST_CASE("with several tasks a foreign journal is found before the first task asks, and the first order stays") {
  const Runs r;
  const EvalJob jobs[] = {r.Job(), r.Job("math500")}, swapped[] = {jobs[1], jobs[0]};
  Named model("m");
  RunEvals(model, jobs, r.Options("both"), false, {});
  const std::string report = test::CanonicalReport(r.File("both/report.json"));
  RunEvals(model, swapped, r.Options("both", {}, true), false, {});
  CHECK(test::CanonicalReport(r.File("both/report.json")) == report);
  const Json record = Json::parse(r.File("both/run.json"));
  CHECK(record["tasks"][0]["name"] == "ifeval");

  const std::string math = r.File("both/math500/completions.jsonl");
  CHECK(ReplayModel(r.Path("both/math500/completions.jsonl")).responses().origin().task == "math500");
  r.Put("both/math500/completions.jsonl", r.File("both/ifeval/completions.jsonl"));
  const std::string message = "math500/completions.jsonl:1: found a line of another task: run ";
  CHECK_THAT(Complaint([&] { ReplayModel replay(r.Path("both/math500/completions.jsonl")); }), Contains(message));
  r.Put("both/ifeval/completions.jsonl", "");
  int asked = 0;
  class Counting : public Named {
   public:
    Counting(int& count) : Named("m"), count_(count) {}
    std::vector<Completion> Complete(std::span<const Request> requests, const OnDone& done,
                                     const std::atomic<bool>* cancel) override {
      count_ += static_cast<int>(requests.size());
      return Named::Complete(requests, done, cancel);
    }

   private:
    int& count_;
  } counting(asked);
  CHECK_THAT(Complaint([&] { RunEvals(counting, jobs, r.Options("both", {}, true), false, {}); }), Contains(message));
  CHECK(asked == 0);
  std::string crlf = math;
  for (size_t at = 0; (at = crlf.find('\n', at)) != crlf.npos; at += 2) crlf.replace(at, 1, "\r\n");
  r.Put("both/math500/completions.jsonl", crlf);
  CHECK_THAT(Complaint([&] { RunEvals(counting, jobs, r.Options("both", {}, true), false, {}); }),
             Contains("math500/completions.jsonl:1: found a line that ends in CR LF"));
  CHECK(asked == 0);
  r.Put("both/math500/completions.jsonl", math);
  RunEvals(counting, swapped, r.Options("both", {}, true), false, {});
  CHECK(asked == 6);
  CHECK(test::CanonicalReport(r.File("both/report.json")) == report);
}

}  // namespace
}  // namespace tidemark
