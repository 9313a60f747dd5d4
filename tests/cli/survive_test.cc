// Runs that are killed, interrupted, starved of disk or split over processes, from outside: what they give in the end is what an
// undisturbed run gives. TIDEMARK_KILLS=200 sets the number of kills (10 otherwise).
#include <sys/mount.h>

#include <chrono>
#include <cstdlib>
#include <functional>
#include <map>
#include <nlohmann/json.hpp>
#include <random>
#include <thread>

#include "tests/cli/program.h"
#include "tests/support/canonical_report.h"
#include "tests/support/catch.h"

namespace tidemark::test {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::json;
using Clock = std::chrono::steady_clock;

// Sampled, so that a text that depended on the batch or on the order of requests would show.
std::vector<std::string> Eval(const fs::path& out, const std::vector<std::string>& more = {}) {
  std::map<std::string, std::string> flags = {
      {"--model", "default"},   {"--task", "ifeval"}, {"--limit", "8"}, {"--repeats", "2"}, {"-n", "40"},
      {"--temperature", "0.9"}, {"--seed", "5"},      {"--batch", "3"}, {"-t", "1"},        {"--out", out.string()}};
  std::vector<std::string> words = {"eval"}, rest;
  for (size_t i = 0; i < more.size(); ++i) {
    if (flags.count(more[i]) > 0) {
      flags[more[i]] = more[i + 1];
      ++i;
    } else {
      rest.push_back(more[i]);
    }
  }
  for (const auto& [flag, value] : flags) words.insert(words.end(), {flag, value});
  words.insert(words.end(), rest.begin(), rest.end());
  return words;
}

struct Result {
  std::string scores, report;
  bool operator==(const Result&) const = default;
};
Result ResultOf(const fs::path& out) { return {ReadText(out / "scores.jsonl"), CanonicalReport(ReadText(out / "report.json"))}; }

Result Undisturbed(const fs::path& out) {
  const ProgramResult result = RunProgram(Eval(out));
  INFO(result.err);
  REQUIRE(result.exit_code == 0);
  return ResultOf(out);
}

std::string WholeLines(const fs::path& file) {
  const std::string text = ReadText(file);
  return text.substr(0, text.rfind('\n') + 1);
}

// Where a process was when it was killed.
std::string Phase(const fs::path& out) {
  if (!fs::exists(out / "run.json")) return "before run.json";
  if (!fs::exists(out / "completions.jsonl")) return "before the journal";
  const size_t lines = CountLines(ReadText(out / "completions.jsonl"));
  if (lines == 0) return "before the first sample";
  if (lines < 16) return "between samples";
  return fs::exists(out / "report.json") ? "after the report" : "before the report";
}

TEST_CASE("killed at random moments and resumed, every run gives the undisturbed results") {
  const char* wanted = std::getenv("TIDEMARK_KILLS");
  const int kills = wanted != nullptr ? std::atoi(wanted) : 10;
  const TemporaryDirectory directory;
  const auto begin = Clock::now();
  const Result expected = Undisturbed(directory.path() / "undisturbed");
  const std::chrono::duration<double> whole = Clock::now() - begin;
  std::mt19937_64 random(std::random_device{}());
  std::uniform_real_distribution<double> part(0, 1.0);
  std::map<std::string, int> phases;
  int killed = 0, runs = 0;
  while (killed < kills) {
    const fs::path out = directory.path() / std::to_string(runs++);
    const int times = 1 + static_cast<int>(random() % 4);
    std::string kept;
    for (int i = 0; i < times && killed < kills; ++i) {
      Program program(Eval(out, {"--resume"}));
      if (random() % 3 == 0) {  // while the last files are written, which is over in moments
        for (int wait = 0; wait < 20000 && CountLines(ReadText(out / "completions.jsonl")) < 16; ++wait) {
          std::this_thread::sleep_for(std::chrono::microseconds(500));
        }
        std::this_thread::sleep_for(std::chrono::microseconds(random() % 20000));
      } else {
        std::this_thread::sleep_for(whole * part(random));
      }
      program.Send(SIGKILL);
      if (program.Wait().exit_code != -1) continue;  // it was done before
      ++killed;
      ++phases[Phase(out)];
      const std::string now = WholeLines(out / "completions.jsonl");
      CHECK(now.substr(0, kept.size()) == kept);  // nothing that was finished is lost or asked again
      kept = now;
    }
    const ProgramResult last = RunProgram(Eval(out, {"--resume"}));
    INFO(last.err);
    REQUIRE(last.exit_code == 0);
    CHECK(ReadText(out / "completions.jsonl").substr(0, kept.size()) == kept);
    CHECK(CountLines(ReadText(out / "completions.jsonl")) == 16);
    const Result result = ResultOf(out);
    CHECK(result.scores == expected.scores);
    CHECK(result.report == expected.report);
    for (const auto& entry : fs::directory_iterator(out)) CHECK(entry.path().extension() != ".tmp");
  }
  std::string summary;
  for (const auto& [phase, count] : phases) summary += ", " + std::to_string(count) + " " + phase;
  WARN(killed << " kills in " << runs << " runs" << summary);
}

TEST_CASE("interrupted by Ctrl-C or SIGTERM, a run says how to go on, and that works as printed") {
  const TemporaryDirectory directory;
  const Result expected = Undisturbed(directory.path() / "undisturbed");
  for (const int signal : {SIGINT, SIGTERM}) {
    const fs::path out = directory.path() / ("it's " + std::to_string(signal));
    Program program(Eval(out, {"--overwrite"}));
    for (int i = 0; i < 6000 && CountLines(ReadText(out / "completions.jsonl")) == 0; ++i) {
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    program.Send(signal);
    const ProgramResult result = program.Wait();
    INFO(result.err);
    if (result.exit_code == 0) TM_SKIP("the run ended before the signal came");
    CHECK(result.exit_code == 2);
    CHECK(Json::parse(ReadText(out / "report.json"))["interrupted"] == true);
    const size_t at = result.err.find("to go on: ");
    REQUIRE(at != std::string::npos);
    const std::string line = result.err.substr(at + 10, result.err.find('\n', at) - at - 10);
    CHECK(line.ends_with("--resume"));
    CHECK(line.find("--overwrite") == std::string::npos);
    REQUIRE(std::system((line + " >/dev/null 2>&1").c_str()) == 0);
    CHECK(ResultOf(out) == expected);
  }
}

TEST_CASE("a run is resumed with its own settings, by one process, and only on demand") {
  const TemporaryDirectory directory;
  const fs::path out = directory.path() / "out";
  const Result expected = Undisturbed(out);
  const auto refuse = [&](const std::vector<std::string>& words, const std::string& message) {
    const ProgramResult result = RunProgram(words);
    CHECK(result.exit_code == 1);
    CHECK_THAT(result.err, Contains(message));
    CHECK(ResultOf(out) == expected);
  };
  refuse(Eval(out), "--resume");
  refuse(Eval(out, {"--resume", "--top-k", "3"}), "settings/top_k is 3, was 0");
  refuse(Eval(out, {"--resume", "--kv-type", "f16"}), "model/kv_type is \"f16\", was \"f32\"");
  refuse(Eval(out, {"--resume", "--overwrite"}), "excludes");
  refuse(Eval(out, {"--retry-failed"}), "--resume");
  refuse(Eval(out, {"--shard", "1/2", "--stop-when-certain", "0.1"}), "excludes");
  refuse({"eval", "--model", "default", "--task", "ifeval", "--resume"}, "--out");
  CHECK(RunProgram(Eval(out, {"--resume", "--batch", "2", "-t", "2"})).exit_code == 0);  // these change no text
  CHECK(ReadText(out / "scores.jsonl") == expected.scores);

  const fs::path busy = directory.path() / "busy";
  Program first(Eval(busy, {"-n", "4000", "--ignore-eos", "--batch", "1"}));
  for (int i = 0; i < 6000 && !fs::exists(busy / "completions.jsonl"); ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  const ProgramResult second = RunProgram(Eval(busy, {"-n", "4000", "--ignore-eos", "--batch", "1", "--resume"}));
  CHECK(second.exit_code == 1);
  CHECK_THAT(second.err, Contains("another process at work there"));
}

TEST_CASE("shards 1/4 to 4/4, merged, are the unsharded run bit for bit") {
  const TemporaryDirectory directory;
  const Result expected = Undisturbed(directory.path() / "whole");
  std::vector<std::string> merge = {"merge"};
  for (int i = 1; i <= 4; ++i) {
    const fs::path out = directory.path() / ("shard" + std::to_string(i));
    REQUIRE(RunProgram(Eval(out, {"--shard", std::to_string(i) + "/4"})).exit_code == 0);
    merge.push_back(out.string());
  }
  std::vector<std::string> three(merge.begin(), merge.end() - 1);
  for (auto* words : {&merge, &three}) words->insert(words->end(), {"--out", (directory.path() / "merged").string()});
  const ProgramResult incomplete = RunProgram(three);
  CHECK(incomplete.exit_code == 1);
  CHECK_THAT(incomplete.err, Contains("no shard 4/4"));
  const ProgramResult merged = RunProgram(merge);
  INFO(merged.err);
  REQUIRE(merged.exit_code == 0);
  CHECK(ResultOf(directory.path() / "merged") == expected);
}

// words: of an eval that has too little room; limit: shell commands before it; free: gives the room back.
void RunOutOfRoom(const std::vector<std::string>& words, const std::string& limit, const fs::path& out,
                  const std::function<void()>& free, const Result& expected) {
  const TemporaryDirectory messages;
  const std::string err = (messages.path() / "err").string();
  std::string command = "( " + limit + "exec '" + std::string(TIDEMARK_BINARY_DIR) + "/cli/tidemark'";
  for (const std::string& word : words) command += " '" + word + "'";
  REQUIRE(std::system((command + " ) >/dev/null 2>" + err).c_str()) != 0);
  const std::string message = ReadText(err);
  INFO(message);
  CHECK_THAT(message, Contains("completions.jsonl: found "));
  CHECK_THAT(message, Contains("finished samples are kept"));
  const std::string kept = ReadText(out / "completions.jsonl");
  CHECK(kept.ends_with("\n"));
  CHECK(CountLines(kept) > 0);
  CHECK(CountLines(kept) < 16);
  free();
  std::vector<std::string> again = words;
  again.push_back("--resume");
  const ProgramResult resumed = RunProgram(again);
  INFO(resumed.err);
  REQUIRE(resumed.exit_code == 0);
  CHECK(ReadText(out / "completions.jsonl").substr(0, kept.size()) == kept);
  CHECK(ResultOf(out) == expected);
}

// From a file: the embedded model is a file in memory, which a limit on file sizes forbids too.
std::vector<std::string> EvalFile(const fs::path& out) {
  return Eval(out, {"--model", (fs::path(TIDEMARK_SOURCE_DIR) / "models" / "tidemark-tiny" / "model.gguf").string()});
}

TEST_CASE("a limit on file sizes ends a run with an error, and it goes on later") {
  const TemporaryDirectory directory;
  const fs::path whole = directory.path() / "whole", out = directory.path() / "out";
  REQUIRE(RunProgram(EvalFile(whole)).exit_code == 0);
  const std::string limit = "trap '' XFSZ; ulimit -f 10; ";  // blocks of 512 bytes
  RunOutOfRoom(
      EvalFile(out), limit, out, [] {}, ResultOf(whole));
}

TEST_CASE("a disk that is really full ends a run with an error, and it goes on later") {
  const TemporaryDirectory directory, disk;
  const Result expected = Undisturbed(directory.path() / "whole");
  if (mount("tmpfs", disk.path().c_str(), "tmpfs", 0, "size=64k") != 0) TM_SKIP("a tmpfs cannot be mounted here (needs root)");
  const fs::path filler = disk.path() / "filler", out = disk.path() / "out";
  // Room for run.json, run.lock and one page of samples.
  const size_t pages = fs::file_size(directory.path() / "whole" / "run.json") / 4096 + 3;
  WriteText(filler, std::string(64 * 1024 - pages * 4096, 'x'));
  RunOutOfRoom(
      Eval(out), "", out, [&] { fs::remove(filler); }, expected);
  umount2(disk.path().c_str(), MNT_DETACH);
}

}  // namespace
}  // namespace tidemark::test
