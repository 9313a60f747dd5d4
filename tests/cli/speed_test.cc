// `speed` as a user runs it, on the embedded model with tiny settings.
#include <algorithm>
#include <chrono>
#include <nlohmann/json.hpp>
#include <thread>

#include "tests/cli/program.h"
#include "tests/support/catch.h"

namespace tidemark::test {
namespace {

using Json = nlohmann::json;

// Tiny settings for every flag that `more` does not give.
std::vector<std::string> Quick(std::vector<std::string> more) {
  std::vector<std::string> arguments = {"speed", "--limit-mib", "4"};
  const std::pair<const char*, const char*> defaults[] = {
      {"--prompt", "8"}, {"--generate", "4"}, {"--repetitions", "2"}, {"--backend", "naive"}, {"--threads", "1"}};
  for (const auto& [flag, value] : defaults) {
    if (std::find(more.begin(), more.end(), flag) == more.end()) arguments.insert(arguments.end(), {flag, value});
  }
  arguments.insert(arguments.end(), more.begin(), more.end());
  return arguments;
}

TEST_CASE("speed prints a Markdown table and writes its report and llama-bench's") {
  const TemporaryDirectory directory;
  const std::string out = (directory.path() / "speed.json").string(), bench = (directory.path() / "bench.json").string();
  const ProgramResult result =
      RunProgram(Quick({"-d", "0,6", "-b", "1,2", "--threads", "1,2", "--ledger", "--out", out, "--llama-bench-out", bench}));
  INFO(result.err);
  REQUIRE(result.exit_code == 0);
  for (const char* part : {"| decode 4 x 2 at 6 | naive, 2 threads", "Limits on 2 threads", "peak memory", "| expert_down"})
    CHECK_THAT(result.out, Contains(part));
  const Json report = Json::parse(ReadText(out));
  CHECK(report["schema"] == "tidemark-speed");
  CHECK(report["environment"].contains("cpu"));
  CHECK(report["rows"].size() == 2 * 2 * (1 + 2 + 2));
  CHECK(report["variants"].size() == 2);
  CHECK(report["limits"].size() == 2);
  CHECK(report["command"].size() > 5);
  for (const Json& row : report["rows"]) CHECK(row["samples"].size() == 2);
  const Json llama = Json::parse(ReadText(bench));
  CHECK(llama.size() == 2 * 2 * 2);

  const ProgramResult beside = RunProgram(Quick({"--llama-bench-in", bench, "--no-limits"}));
  INFO(beside.err);
  REQUIRE(beside.exit_code == 0);
  CHECK_THAT(beside.out, Contains("ratio ours / theirs"));
}

TEST_CASE("speed compares backends, also with a process for each repetition") {
  const ProgramResult result =
      RunProgram(Quick({"--backend", "naive,auto", "--fresh", "--json", "--no-mixed", "--no-limits", "--cold"}));
  INFO(result.err);
  REQUIRE(result.exit_code == 0);
  const Json report = Json::parse(result.out);
  REQUIRE(report["rows"].size() == 4);
  CHECK(report["settings"]["fresh_process_per_repetition"] == true);
  for (const Json& row : report["rows"]) CHECK(row["samples"].size() == 2);
  CHECK(report["rows"][1]["ratio_to_first_variant"]["n"] == 2);
  for (const Json& variant : report["variants"]) CHECK(variant["loads"].size() == 2);
}

TEST_CASE("speed refuses what makes no sense, with the flag's name") {
  const auto complaint = [](std::vector<std::string> more) {
    const ProgramResult result = RunProgram(Quick(std::move(more)));
    CHECK(result.exit_code == 1);
    CHECK(result.out.empty());
    return result.err;
  };
  CHECK_THAT(complaint({"--batch", "4096", "--depth", "16000000"}), Contains("GiB of keys, values and logits"));
  CHECK_THAT(complaint({"--threads", "1,1"}), Contains("--threads"));
  CHECK_THAT(complaint({"--kv-type", "nonsense"}), Contains("--kv-type"));
  CHECK_THAT(complaint({"--prompt", "0", "--generate", "0"}), Contains("something to measure"));
  CHECK_THAT(complaint({"--fresh", "--ledger"}), Contains("--fresh"));
  CHECK_THAT(complaint({"--llama-bench-in", "/no/such/file"}), Contains("/no/such/file"));
  CHECK_THAT(complaint({"--backend", "nonsense"}), Contains("nonsense"));
  CHECK_THAT(complaint({"--out", "/no/such/directory/x.json"}), Contains("--out"));
  CHECK_THAT(complaint({"--out", "x.json", "--llama-bench-out", "x.json"}), Contains("two different files"));
}

TEST_CASE("an interrupted speed run ends with what it has and exit code 2") {
  Program program(Quick({"--generate", "2000", "--repetitions", "1000", "--no-mixed"}));
  std::this_thread::sleep_for(std::chrono::milliseconds(1500));
  program.Interrupt();
  const ProgramResult result = program.Wait();
  CHECK(result.exit_code == 2);
  CHECK_THAT(result.out, Contains("interrupted"));
}

}  // namespace
}  // namespace tidemark::test
