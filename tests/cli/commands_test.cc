// The commands end to end on the embedded model: what they print, what they write, what an interruption leaves.
#include <chrono>
#include <nlohmann/json.hpp>
#include <thread>

#include "tests/cli/program.h"
#include "tests/support/catch.h"
#include "tests/support/json_schema.h"

namespace tidemark::test {
namespace {

using Json = nlohmann::json;

size_t CountNulls(const Json& json) {
  if (!json.is_structured()) return json.is_null() ? 1 : 0;
  size_t count = 0;
  for (const Json& value : json) count += CountNulls(value);
  return count;
}

// The report of a directory, checked against the schema; no null anywhere, which is what a number that is not finite becomes.
Json ValidReport(const std::filesystem::path& out) {
  const std::filesystem::path source(TIDEMARK_SOURCE_DIR);
  const Json report = Json::parse(ReadText(out / "report.json"));
  const SchemaValidator validator(Json::parse(ReadText(source / "reports" / "schema.json")));
  for (const std::string& complaint : validator.Validate(report)) FAIL_CHECK(complaint);
  CHECK(CountNulls(report) == 0);
  return report;
}

bool WaitForLines(const std::filesystem::path& file, size_t lines) {
  for (int i = 0; i < 6000; ++i) {
    if (CountLines(ReadText(file)) >= lines) return true;
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  return false;
}

TEST_CASE("generate takes text, ids and a chat, and agrees with itself") {
  const TemporaryDirectory directory;
  const std::string ids_file = (directory.path() / "ids").string(), chat_file = (directory.path() / "chat.json").string();
  const auto generate = [](std::vector<std::string> input) {
    std::vector<std::string> arguments = {"generate", "--model", "default", "--max-new-tokens", "8", "--ignore-eos", "--json"};
    arguments.insert(arguments.end(), input.begin(), input.end());
    const ProgramResult result = RunProgram(arguments);
    INFO(result.err);
    REQUIRE(result.exit_code == 0);
    return Json::parse(result.out);
  };
  const Json text = generate({"-p", "Name a river."});
  CHECK(text["ids"].size() == 8);
  CHECK(text["completion_tokens"] == 8);
  CHECK(text["prompt_tokens"] == text["prompt_ids"].size());
  CHECK(text["stop_reason"] == "length");
  WriteText(ids_file, text["prompt_ids"].dump());
  WriteText(chat_file, R"([{"role": "user", "content": "Name a river."}])");
  for (const Json& other :
       {generate({"--ids", ids_file}), generate({"--chat", chat_file}), generate({"-t", "1", "-p", "Name a river."})}) {
    CHECK(other["prompt_ids"] == text["prompt_ids"]);
    CHECK(other["ids"] == text["ids"]);
    CHECK(other["text"] == text["text"]);
  }
  CHECK(generate({"--raw", "-p", "Name a river."})["prompt_ids"] != text["prompt_ids"]);
  const ProgramResult plain = RunProgram({"generate", "--model", "default", "-n", "8", "--ignore-eos", "-p", "Name a river."});
  CHECK(plain.exit_code == 0);
  CHECK(!plain.out.empty());
  CHECK(plain.out.back() == '\n');
  CHECK_THAT(plain.err, Contains("8 generated tokens"));

  WriteText(ids_file, "1 2 x");
  CHECK(RunProgram({"generate", "--model", "default", "--ids", ids_file}).exit_code == 1);
  WriteText(ids_file, "1 2 999999");
  CHECK(RunProgram({"generate", "--model", "default", "--ids", ids_file}).exit_code == 1);
  WriteText(chat_file, "[]");
  CHECK(RunProgram({"generate", "--model", "default", "--chat", chat_file}).exit_code == 1);
}

TEST_CASE("eval, score and replay give the same verdicts") {
  const TemporaryDirectory directory;
  const std::filesystem::path odd = directory.path() / "two words \xE7\xA9\xBA '$x'";
  const auto out = [&](const char* name) { return (odd / name).string(); };
  const std::string completions = out("eval") + "/completions.jsonl";
  REQUIRE(RunProgram({"eval", "--model", "default", "--task", "ifeval", "-n", "24", "--repeats", "2", "--temperature", "1",
                      "--out", out("eval")})
              .exit_code == 0);
  REQUIRE(RunProgram({"score", "--task", "ifeval", "--completions", completions, "--out", out("score")}).exit_code == 0);
  REQUIRE(RunProgram({"eval", "--model", "replay:" + completions, "--task", "ifeval", "--repeats", "2", "--out", out("replay")})
              .exit_code == 0);
  const std::string scores = ReadText(odd / "eval" / "scores.jsonl");
  CHECK(CountLines(scores) == 40);
  CHECK(ReadText(odd / "score" / "scores.jsonl") == scores);
  CHECK(ReadText(odd / "replay" / "scores.jsonl") == scores);
  const Json row = Json::parse(scores.substr(0, scores.find('\n')));
  CHECK(row["id"].is_number_integer());
  CHECK(row["strict"].is_array());
  CHECK(row["loose"].size() == row["strict"].size());

  const Json report = ValidReport(odd / "eval");
  CHECK(report["model"]["files"][0]["name"] == "default");
  CHECK(ValidReport(odd / "score")["tasks"][0]["metrics"] == report["tasks"][0]["metrics"]);
  CHECK(ValidReport(odd / "replay")["tasks"][0]["metrics"] == report["tasks"][0]["metrics"]);

  // Scored in place: what is scored stays.
  const std::string before = ReadText(completions);
  REQUIRE(
      RunProgram({"score", "--task", "ifeval", "--completions", completions, "--overwrite", "--out", out("eval")}).exit_code ==
      0);
  CHECK(ReadText(completions) == before);
}

TEST_CASE("responses by key and by prompt are matched; --limit scores the first rows alone") {
  const TemporaryDirectory directory;
  const std::string rows = (directory.path() / "rows.jsonl").string(), answers = (directory.path() / "answers.jsonl").string();
  WriteText(rows,
            "{\"key\":1,\"prompt\":\"a\",\"instruction_id_list\":[\"punctuation:no_comma\"],\"kwargs\":[{}]}\n"
            "{\"key\":2,\"prompt\":\"b\",\"instruction_id_list\":[\"punctuation:no_comma\"],\"kwargs\":[{}]}\n");
  const auto score = [&](const std::string& name, std::vector<std::string> more) {
    const std::string out = (directory.path() / name).string();
    std::vector<std::string> arguments = {"score", "--task", "ifeval", "--dataset", rows, "--completions", answers, "--out", out};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return RunProgram(arguments).exit_code;
  };
  WriteText(answers, "{\"prompt\":\"b\",\"response\":\"x, y\"}\n{\"key\":1,\"response\":\"<think>a, b</think>c\"}\n");
  REQUIRE(score("both", {}) == 0);
  const Json metrics = ValidReport(directory.path() / "both")["tasks"][0]["metrics"];
  CHECK(metrics[0]["name"] == "prompt_strict");
  CHECK(metrics[0]["value"] == 0.5);
  WriteText(answers, "{\"key\":1,\"response\":\"c\"}\n");
  CHECK(score("missing", {}) == 2);  // half of the samples have no response
  CHECK(score("limited", {"--limit", "1"}) == 0);

  // Foreign rows do not say why a text ended, and no report may claim it.
  CHECK(!ValidReport(directory.path() / "limited")["tasks"][0].contains("stop_reasons"));
  const std::filesystem::path replayed = directory.path() / "replayed";
  REQUIRE(RunProgram({"eval", "--model", "replay:" + answers, "--task", "ifeval", "--dataset", rows, "--limit", "1", "--out",
                      replayed.string()})
              .exit_code == 0);
  CHECK(!ValidReport(replayed)["tasks"][0].contains("stop_reasons"));
}

TEST_CASE("an interrupted eval ends with exit code 2, a valid report and what had finished") {
  const TemporaryDirectory directory;
  const std::filesystem::path out = directory.path() / "out";
  Program program(
      {"eval", "--model", "default", "--task", "ifeval", "--batch", "1", "-n", "600", "--ignore-eos", "--out", out.string()});
  REQUIRE(WaitForLines(out / "completions.jsonl", 1));
  program.Interrupt();
  const ProgramResult result = program.Wait();
  INFO(result.err);
  CHECK(result.exit_code == 2);
  CHECK_THAT(result.err, Contains("interrupted"));
  const Json report = ValidReport(out);
  CHECK(report["interrupted"] == true);
  const Json samples = report["tasks"][0]["samples"];
  CHECK(samples["total"] == 20);
  CHECK(samples["scored"] == CountLines(ReadText(out / "completions.jsonl")));
  CHECK(samples["not_run"].get<int>() == 20 - samples["scored"].get<int>());
  CHECK(samples["not_run"].get<int>() > 0);
  CHECK(CountLines(ReadText(out / "scores.jsonl")) == 20);
}

TEST_CASE("run writes one valid report with metrics and benchmarks; interrupted, what it has") {
  const TemporaryDirectory directory;
  const std::filesystem::path out = directory.path() / "out", early = directory.path() / "early";
  const ProgramResult result = RunProgram({"run", "--max-new-tokens", "16", "--out", out.string()});
  INFO(result.err);
  REQUIRE(result.exit_code == 0);
  CHECK_THAT(result.out, Contains("report: " + (out / "report.json").string()));
  const Json report = ValidReport(out);
  CHECK(report["tasks"][0]["samples"]["scored"] == 20);
  CHECK(report["tasks"][0]["settings"]["max_new_tokens"] == 16);
  CHECK(report["benchmarks"]["benchmarks"].size() > 10);
  CHECK(CountLines(ReadText(out / "ifeval" / "completions.jsonl")) == 20);

  Program program({"run", "--out", early.string()});
  REQUIRE(WaitForLines(early / "ifeval" / "completions.jsonl", 20));  // into the next task
  program.Interrupt();
  const ProgramResult interrupted = program.Wait();
  INFO(interrupted.err);
  CHECK(interrupted.exit_code == 2);
  const Json partial = ValidReport(early);
  CHECK(partial["interrupted"] == true);
  CHECK(partial["tasks"][0]["samples"]["scored"] == 20);
  CHECK((!partial.contains("benchmarks") ||
         partial["benchmarks"]["benchmarks"].size() < report["benchmarks"]["benchmarks"].size()));
}

TEST_CASE("what is printed with --json is JSON") {
  const std::vector<std::vector<std::string>> commands = {{"list", "backends"}, {"list", "formats"},    {"list", "tasks"},
                                                          {"list", "models"},   {"inspect", "default"}, {"datasets", "list"},
                                                          {"bench", "--list"}};
  for (std::vector<std::string> command : commands) {
    command.push_back("--json");
    const ProgramResult result = RunProgram(command);
    INFO(command[0] << ": " << result.err);
    CHECK(result.exit_code == 0);
    CHECK(!Json::parse(result.out, nullptr, false).is_discarded());
  }
}

TEST_CASE("every command shows an example") {
  for (const char* command : {"run", "eval", "score", "merge", "judge", "agreement", "compare", "claims", "generate", "inspect",
                              "bench", "datasets", "list"}) {
    const ProgramResult help = RunProgram({command, "--help"});
    CHECK(help.exit_code == 0);
    CHECK_THAT(help.out, Contains(std::string("Example: tidemark ") + command));
  }
}

}  // namespace
}  // namespace tidemark::test
