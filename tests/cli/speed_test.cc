// `speed` as a user runs it, on the embedded model with tiny settings.
#include <algorithm>
#include <chrono>
#include <nlohmann/json.hpp>
#include <thread>

#include "reports/stored_speed.h"
#include "tests/cli/program.h"
#include "tests/support/catch.h"
#include "tests/support/json_schema.h"

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

// What a report has that reports/speed_schema.json does not allow.
std::vector<std::string> SchemaComplaints(const Json& report) {
  return SchemaValidator(Json::parse(SpeedReportSchema())).Validate(report);
}

TEST_CASE("speed prints a Markdown table and writes its report and llama-bench's") {
  const TemporaryDirectory directory;
  const std::string out = (directory.path() / "speed.json").string(), bench = (directory.path() / "bench.json").string();
  const ProgramResult result = RunProgram(Quick({"-d", "0,6", "-b", "1,2", "--threads", "1,2", "--ledger", "--sustained", "0.05",
                                                 "--out", out, "--llama-bench-out", bench}));
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
  CHECK(SchemaComplaints(report) == std::vector<std::string>{});
  CHECK_FALSE(report["ledgers"].empty());
  CHECK_FALSE(report["sustained"].empty());
  const auto spoilt = [&](const char* pointer, const Json& value) {
    Json json = report;
    json[Json::json_pointer(pointer)] = value;
    return SchemaComplaints(json).size();
  };
  CHECK(spoilt("/schema_version", 2) == 1);
  CHECK(spoilt("/surprise", 1) == 1);
  CHECK(spoilt("/rows/0/samples/0/seconds", nullptr) == 1);
  CHECK(spoilt("/rows/0/test/kind", "other") == 1);
  CHECK(spoilt("/ledgers/0/lines/0/seconds", 1) == 1);
  const Json llama = Json::parse(ReadText(bench));
  CHECK(llama.size() == 2 * 2 * 2);

  const ProgramResult beside = RunProgram(Quick({"--llama-bench-in", bench, "--no-limits", "--out", out}));
  INFO(beside.err);
  REQUIRE(beside.exit_code == 0);
  CHECK_THAT(beside.out, Contains("ratio ours / theirs"));
  const Json both = Json::parse(ReadText(out));
  CHECK(both["side_by_side"].size() > 0);
  CHECK(SchemaComplaints(both) == std::vector<std::string>{});
}

TEST_CASE("speed compares backends, also with a process for each repetition") {
  const ProgramResult result =
      RunProgram(Quick({"--backend", "naive,auto", "--fresh", "--json", "--no-mixed", "--no-limits", "--cold"}));
  INFO(result.err);
  REQUIRE(result.exit_code == 0);
  const Json report = Json::parse(result.out);
  REQUIRE(report["rows"].size() == 4);
  CHECK(SchemaComplaints(report) == std::vector<std::string>{});
  CHECK(report["settings"]["fresh_process_per_repetition"] == true);
  for (const Json& row : report["rows"]) CHECK(row["samples"].size() == 2);
  CHECK(report["rows"][1]["ratio_to_first_variant"]["n"] == 2);
  for (const Json& variant : report["variants"]) CHECK(variant["loads"].size() == 2);
}

// A run's report with times of its own: `factor` as fast as the first, spread by 0.4 percent.
std::string Timed(Json report, double factor, const std::string& path) {
  for (Json& row : report["rows"]) {
    for (size_t i = 0; i < row["samples"].size(); ++i)
      row["samples"][i]["seconds"] = (1 + 0.001 * static_cast<double>(i)) / factor;
  }
  WriteText(path, report.dump());
  return path;
}

TEST_CASE("compare judges one speed report by another, and its exit code fails on a regression") {
  const TemporaryDirectory directory;
  const auto path = [&](const char* name) { return (directory.path() / name).string(); };
  const ProgramResult run = RunProgram(Quick({"--repetitions", "5", "--no-limits", "--no-mixed", "--out", path("run.json")}));
  INFO(run.err);
  REQUIRE(run.exit_code == 0);
  const Json report = Json::parse(ReadText(path("run.json")));
  CHECK(RunProgram({"compare", path("run.json"), path("run.json")}).exit_code != 1);  // its own times may scatter, never differ
  const std::string old = Timed(report, 1, path("old.json"));
  const std::string slower = Timed(report, 0.9, path("slower.json")), faster = Timed(report, 1.1, path("faster.json"));

  const ProgramResult drop = RunProgram({"compare", old, slower, "--out", path("comparison.json")});
  CHECK(drop.exit_code == 1);
  CHECK_THAT(drop.out, Contains("| decode 4") && Contains("0.9x") && Contains("verdict at a margin of 2 %: slower"));
  CHECK_THAT(drop.out, Contains("Mann and Whitney") && Contains("drift") && Contains("cannot tell: one value each *"));
  const ProgramResult json = RunProgram({"compare", old, slower, "--json"});
  CHECK(json.exit_code == 1);
  CHECK(json.out == ReadText(path("comparison.json")));
  CHECK(Json::parse(json.out)["verdict"] == "slower");
  CHECK(Json::parse(json.out)["margin_percent"] == 2);
  CHECK(RunProgram({"compare", old, faster}).exit_code == 0);
  CHECK_THAT(RunProgram({"compare", old, old}).out, Contains("2 %: same within margin"));
  CHECK(RunProgram({"compare", old, slower, "--margin", "20"}).exit_code == 0);

  Json less = report;
  less["rows"].erase(1);
  less["model"]["formats"][0]["format"] = "q4_0";
  const ProgramResult missing = RunProgram({"compare", old, Timed(less, 1, path("less.json"))});
  CHECK(missing.exit_code == 2);
  CHECK_THAT(missing.out, Contains("only in the baseline: decode 4") && Contains("ANOTHER MODEL formats"));
  CHECK(missing.out.rfind("ANOTHER MODEL", 0) == 0);
}

TEST_CASE("compare refuses a speed beside a run of tasks, and flags that speak of tasks") {
  const TemporaryDirectory directory;
  const auto path = [&](const char* name) { return (directory.path() / name).string(); };
  WriteText(path("speed.json"), R"({"schema": "tidemark-speed", "schema_version": 2})");
  WriteText(path("run.json"), R"({"schema_version": 1, "tasks": []})");
  for (const bool first : {false, true}) {
    const ProgramResult result =
        RunProgram({"compare", path(first ? "speed.json" : "run.json"), path(first ? "run.json" : "speed.json")});
    CHECK(result.exit_code == 1);
    CHECK_THAT(result.err,
               Contains(path("run.json") + ": found no report of `speed`") && Contains("two speed reports, or two runs"));
  }
  const ProgramResult version = RunProgram({"compare", path("speed.json"), path("speed.json")});
  CHECK(version.exit_code == 1);
  CHECK_THAT(version.err, Contains("schema_version"));
  CHECK_THAT(RunProgram({"compare", path("speed.json"), path("speed.json"), "--task", "ifeval"}).err, Contains("--task"));
  CHECK_THAT(RunProgram({"compare", path("speed.json"), path("speed.json"), "--allow-different"}).err,
             Contains("--allow-different"));
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
