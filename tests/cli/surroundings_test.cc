// Runs whose surroundings misbehave: messages that nobody can read, folders that are moved, removed or not writable, journals
// that were edited or mixed up, a model file that changed. Each ends in the undisturbed result or in an error that says what to
// do.
#include <sys/mount.h>

#include <chrono>
#include <cstdlib>
#include <thread>

#include "tests/cli/program.h"
#include "tests/support/canonical_report.h"
#include "tests/support/catch.h"

namespace tidemark::test {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::json;

const std::string kTiny = (fs::path(TIDEMARK_SOURCE_DIR) / "models" / "tidemark-tiny" / "model.gguf").string();

std::vector<std::string> Eval(const fs::path& out, const std::vector<std::string>& more = {},
                              const std::string& model = "default") {
  std::vector<std::string> words = {"eval", "--model", model, "--task", "ifeval", "--limit", "6",         "-n",
                                    "24",   "--batch", "2",   "-t",     "1",      "--out",   out.string()};
  words.insert(words.end(), more.begin(), more.end());
  return words;
}

// Through a shell, with redirections behind the words; the exit code.
int InShell(const std::vector<std::string>& words, const std::string& redirections) {
  std::string command = "'" + std::string(TIDEMARK_BINARY_DIR) + "/cli/tidemark'";
  for (const std::string& word : words) command += " '" + word + "'";
  const int status = std::system((command + " " + redirections).c_str());
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

struct Bench {
  TemporaryDirectory directory;
  fs::path whole = directory.path() / "whole";
  std::string scores, report, journal;

  Bench() {
    REQUIRE(RunProgram(Eval(whole)).exit_code == 0);
    scores = ReadText(whole / "scores.jsonl");
    report = CanonicalReport(ReadText(whole / "report.json"));
    journal = ReadText(whole / "completions.jsonl");
  }
  fs::path Path(const std::string& name) const { return directory.path() / name; }
  bool IsWhole(const fs::path& out) const {
    for (const Json& line : Lines(out)) CHECK(line.contains("check"));
    return ReadText(out / "scores.jsonl") == scores && CanonicalReport(ReadText(out / "report.json")) == report;
  }
  static std::vector<Json> Lines(const fs::path& out) {
    std::vector<Json> lines;
    const std::string text = ReadText(out / "completions.jsonl");
    for (size_t begin = 0; begin < text.size();) {
      const size_t end = text.find('\n', begin);
      lines.push_back(Json::parse(text.substr(begin, end - begin)));
      begin = end + 1;
    }
    return lines;
  }
  // A copy of the whole run with another journal; the error of going on with it, which must leave that journal alone.
  std::string Refusal(const std::string& journal_now) const {
    const fs::path out = Path("edited");
    fs::remove_all(out);
    fs::copy(whole, out);
    WriteText(out / "completions.jsonl", journal_now);
    const ProgramResult result = RunProgram(Eval(out, {"--resume"}));
    CHECK(result.exit_code == 1);
    CHECK(ReadText(out / "completions.jsonl") == journal_now);
    return result.err;
  }
};

TEST_CASE("a run goes on when its messages cannot be written, and no message lands in its files") {
  const Bench b;
  struct Case {
    const char* redirections;
    int exit_code;
  };
  const Case cases[] = {{">/dev/null 2>/dev/full", 0},  // a log on a full disk
                        {"2>&1 >/dev/null | true", 0},  // the shell gives the code of `true`
                        {">/dev/null 2>&-", 0},        {"2>/dev/null | true", 0},
                        {">&- 2>/dev/null", 1},  // the result could not be shown
                        {"<&- >&- 2>&-", 1},           {">/dev/full 2>/dev/null", 1}};
  int number = 0;
  for (const Case& c : cases) {
    INFO(c.redirections);
    const fs::path out = b.Path("out" + std::to_string(number++));
    CHECK(InShell(Eval(out), c.redirections) == c.exit_code);
    CHECK(b.IsWhole(out));
  }
}

TEST_CASE("a run is resumed after its folder was moved, under any name") {
  const Bench b;
  const fs::path moved = b.Path("two words \xE7\xA9\xBA '$x'/r\xC3\xBCn");
  fs::create_directories(moved.parent_path());
  fs::copy(b.whole, moved);
  const size_t half = b.journal.find('\n', b.journal.size() / 2) + 1;
  WriteText(moved / "completions.jsonl", b.journal.substr(0, half));
  CHECK(RunProgram(Eval(moved, {"--resume"})).exit_code == 0);
  CHECK(b.IsWhole(moved));
  for (const char* start : {"absent", "empty"}) {
    if (std::string(start) == "empty") fs::create_directories(b.Path(start));
    CHECK(RunProgram(Eval(b.Path(start), {"--resume"})).exit_code == 0);
    CHECK(b.IsWhole(b.Path(start)));
  }
}

TEST_CASE("a folder that is removed while the run writes there ends the run at once") {
  const TemporaryDirectory directory;
  const fs::path out = directory.path() / "out";
  Program program(Eval(out, {"--ignore-eos", "--repeats", "1000"}));
  for (int i = 0; i < 6000 && CountLines(ReadText(out / "completions.jsonl")) == 0; ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  fs::remove_all(out);
  const ProgramResult result = program.Wait();
  CHECK(result.exit_code == 1);
  CHECK_THAT(result.err, Contains("removed or moved while the run was writing to it"));
}

TEST_CASE("journals that were edited, mixed up or damaged are refused and left alone; torn ones are mended") {
  const Bench b;
  std::string crlf = b.journal, nul = b.journal, edited = b.journal;
  for (size_t at = 0; (at = crlf.find('\n', at)) != crlf.npos; at += 2) crlf.replace(at, 1, "\r\n");
  nul[nul.size() / 2] = '\0';
  CHECK_THAT(b.Refusal(crlf), Contains("completions.jsonl:1: found a line that ends in CR LF") && Contains("dos2unix"));
  CHECK_THAT(b.Refusal(nul), Contains("a damaged line before whole ones"));
  edited.replace(edited.rfind("\"prompt_tokens\":"), 16, "\"prompt_TOKENS\":");
  CHECK_THAT(b.Refusal(edited), Contains("completions.jsonl:6: found an answer whose check is missing or wrong"));
  const std::string first = b.journal.substr(0, b.journal.find('\n') + 1);
  CHECK_THAT(b.Refusal(b.journal + first), Contains("completions.jsonl:7: found id ") && Contains("a second time"));
  REQUIRE(RunProgram(Eval(b.Path("other"), {"--seed", "7"})).exit_code == 0);
  const std::string other = ReadText(b.Path("other") / "completions.jsonl");
  CHECK_THAT(b.Refusal(other), Contains("completions.jsonl:1: found a line of another run: run "));
  for (const std::string& torn : {std::string(), first, b.journal + std::string(5, '\0'), b.journal + "{\"run\":\""}) {
    WriteText(b.whole / "completions.jsonl", torn);
    CHECK(RunProgram(Eval(b.whole, {"--resume"})).exit_code == 0);
    CHECK(b.IsWhole(b.whole));
  }
  const ProgramResult scored = RunProgram(
      {"score", "--task", "ifeval", "--completions", b.Path("other").string() + "/nothing.jsonl", "--out", b.Path("s").string()});
  CHECK(scored.exit_code == 1);
  WriteText(b.Path("torn.jsonl"), b.journal.substr(0, b.journal.size() - 30));
  const ProgramResult cut =
      RunProgram({"score", "--task", "ifeval", "--completions", b.Path("torn.jsonl").string(), "--out", b.Path("s").string()});
  CHECK_THAT(cut.err, Contains("torn.jsonl:6: found malformed JSON") && Contains("`eval --resume` mends its file"));
}

TEST_CASE("a model file that was touched resumes, one that changed does not") {
  const TemporaryDirectory directory;
  const fs::path model = directory.path() / "m.gguf", out = directory.path() / "out";
  std::string bytes = ReadText(kTiny);
  WriteText(model, bytes);
  REQUIRE(RunProgram(Eval(out, {}, model.string())).exit_code == 0);
  const std::string journal = ReadText(out / "completions.jsonl");
  fs::last_write_time(model, fs::last_write_time(model) + std::chrono::hours(1));
  CHECK(RunProgram(Eval(out, {"--resume"}, model.string())).exit_code == 0);
  bytes[bytes.size() - 1000] ^= 1;
  WriteText(model, bytes);
  const ProgramResult changed = RunProgram(Eval(out, {"--resume"}, model.string()));
  CHECK(changed.exit_code == 1);
  CHECK_THAT(changed.err, Contains("model/sha256 is "));
  CHECK(ReadText(out / "completions.jsonl") == journal);
}

TEST_CASE("a folder that cannot be written is named, with what to do") {
  const Bench b;
  const TemporaryDirectory disk;
  if (mount("tmpfs", disk.path().c_str(), "tmpfs", 0, "size=4m") != 0) TM_SKIP("a tmpfs cannot be mounted here (needs root)");
  fs::copy(b.whole, disk.path() / "run");
  REQUIRE(mount("tmpfs", disk.path().c_str(), "tmpfs", MS_REMOUNT | MS_RDONLY, "") == 0);
  for (const auto& words : {Eval(disk.path() / "run", {"--resume"}), Eval(disk.path() / "run", {"--overwrite"})}) {
    const ProgramResult result = RunProgram(words);
    CHECK(result.exit_code == 1);
    CHECK_THAT(result.err, Contains("/run: found Read-only file system") && Contains("choose another --out"));
  }
  CHECK_THAT(RunProgram(Eval(disk.path() / "new")).err, Contains("/new: found Read-only file system"));
  CHECK(b.IsWhole(disk.path() / "run"));
  umount2(disk.path().c_str(), MNT_DETACH);
}

TEST_CASE("two processes that start in one folder at once: one runs, the other is told") {
  const Bench b;
  for (int i = 0; i < 3; ++i) {
    const fs::path out = b.Path("both" + std::to_string(i));
    Program first(Eval(out, {"--resume"})), second(Eval(out, {"--resume"}));
    const ProgramResult a = first.Wait(), c = second.Wait();
    CHECK((a.exit_code == 0 || c.exit_code == 0));
    for (const ProgramResult& result : {a, c}) {
      if (result.exit_code != 0) CHECK_THAT(result.err, Contains("another process at work there"));
    }
    CHECK(b.IsWhole(out));
  }
}

}  // namespace
}  // namespace tidemark::test
