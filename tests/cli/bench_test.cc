// `bench` as a user runs it: JSON that Google Benchmark's own compare tool reads, A/B of backends, recorded routes.
#include <algorithm>
#include <cstdlib>
#include <nlohmann/json.hpp>

#include "tests/cli/program.h"
#include "tests/support/catch.h"

namespace tidemark::test {
namespace {

using Json = nlohmann::json;

std::vector<std::string> Quick(std::vector<std::string> more) {
  std::vector<std::string> arguments = {"bench",       "--min-time", "0.001", "--cold-mib", "1",
                                        "--no-limits", "--rows",     "1,3",   "--depths",   "9"};
  if (std::find(more.begin(), more.end(), "--backend") == more.end()) arguments.insert(arguments.end(), {"--backend", "naive"});
  arguments.insert(arguments.end(), more.begin(), more.end());
  return arguments;
}

// compare.py of Google Benchmark (Debian: libbenchmark-tools), or of $TIDEMARK_COMPARE_PY.
std::string ComparePy() {
  const char* given = std::getenv("TIDEMARK_COMPARE_PY");
  return given != nullptr ? given : "/usr/share/benchmark/compare.py";
}

TEST_CASE("bench writes what Google Benchmark's compare tool wants") {
  const TemporaryDirectory directory;
  const std::string out = (directory.path() / "bench.json").string();
  const ProgramResult result =
      RunProgram(Quick({"--filter", "^(matmul/.*/m:1/|norm|sampler)", "--out", out, "--repetitions", "2"}));
  INFO(result.err);
  REQUIRE(result.exit_code == 0);
  const Json json = Json::parse(ReadText(out));
  REQUIRE(json["context"].contains("date"));
  CHECK(json["context"]["tidemark"].contains("cpu"));
  size_t measured = 0;
  for (const Json& row : json["benchmarks"]) {  // the fields of tools/gbench/report.py
    for (const char* field : {"name", "run_name", "run_type", "time_unit"}) CHECK(row[field].is_string());
    for (const char* field : {"real_time", "cpu_time", "repetitions", "threads", "family_index"}) CHECK(row[field].is_number());
    measured += row["run_type"] == "iteration" ? 1 : 0;
  }
  CHECK(measured >= 2 * 5);
  const std::string tool = ComparePy();
  const std::string command = "python3 " + tool + " benchmarks " + out + " " + out + " > " +
                              (directory.path() / "diff").string() + " 2> " + (directory.path() / "err").string();
  if (std::system("python3 -c 'import scipy' 2> /dev/null") != 0 || !std::filesystem::exists(tool))
    TM_SKIP("compare.py of Google Benchmark with scipy (libbenchmark-tools, or $TIDEMARK_COMPARE_PY)");
  INFO(ReadText(directory.path() / "err"));
  CHECK(std::system(command.c_str()) == 0);
  CHECK_THAT(ReadText(directory.path() / "diff"), Contains("matmul/naive"));
}

TEST_CASE("bench multiplies in the formats that --formats names") {
  const auto matmul = [](const std::string& formats) {
    const ProgramResult result = RunProgram(Quick({"--formats", formats, "--list", "--json", "--filter", "^matmul/.*/m:1/"}));
    INFO(result.err);
    REQUIRE(result.exit_code == 0);
    std::vector<std::string> found;
    for (const Json& name : Json::parse(result.out)) {
      const std::string text = name.get<std::string>().substr(std::string("matmul/naive/").size());
      const std::string format = text.substr(0, text.find('/'));
      if (std::find(found.begin(), found.end(), format) == found.end()) found.push_back(format);
    }
    return found;
  };
  CHECK(matmul("q5_1,bf16,q5_1") == std::vector<std::string>{"q5_1", "bf16"});
  CHECK(matmul("all").size() >= 8);
  const ProgramResult run = RunProgram(Quick({"--formats", "q4_1", "--json", "--filter", "^matmul/.*/m:3/"}));
  INFO(run.err);
  REQUIRE(run.exit_code == 0);
  const Json json = Json::parse(run.out);
  for (const Json& row : json["benchmarks"]) CHECK(row["uses_per_token"].get<double>() >= 1);
  const ProgramResult unknown = RunProgram(Quick({"--formats", "q9_z"})), split = RunProgram(Quick({"--formats", "mlx_q4_g64"}));
  for (const ProgramResult* refused : {&unknown, &split}) {
    CHECK(refused->exit_code == 1);
    CHECK_THAT(refused->err, Contains("--formats"));
  }
}

TEST_CASE("bench compares two backends pair by pair") {
  const std::vector<std::string> ab = {"--ab", "naive,auto"};
  const ProgramResult refused = RunProgram(Quick(ab));
  CHECK(refused.exit_code == 1);
  const Json names = Json::parse(RunProgram(Quick({"--backend", "all", "--list", "--json", "--filter", "^matmul/"})).out);
  std::string other;
  for (const Json& name : names) {
    const std::string text = name.get<std::string>().substr(7);
    if (!text.starts_with("naive/")) other = text.substr(0, text.find('/'));
  }
  if (other.empty()) TM_SKIP("no second backend on this machine");
  const ProgramResult result = RunProgram(Quick({"--ab", "naive," + other, "--filter", "matmul/.*/m:1/", "--json"}));
  INFO(result.err);
  REQUIRE(result.exit_code == 0);
  const Json json = Json::parse(result.out);
  REQUIRE_FALSE(json["rows"].empty());
  for (const Json& row : json["rows"]) {
    CHECK(row["speed_of_b_over_a"]["low"] <= row["speed_of_b_over_a"]["high"]);
    CHECK_THAT(row["name"].get<std::string>(), Contains("naive:" + other));
  }
}

TEST_CASE("routes recorded from text are loads of the benchmarks") {
  const TemporaryDirectory directory;
  const std::string routes = (directory.path() / "routes.json").string(), again = (directory.path() / "again.json").string();
  const ProgramResult eval = RunProgram({"eval", "--model", "default", "--task", "math500", "--limit", "2", "--max-new-tokens",
                                         "4", "--out", (directory.path() / "run").string(), "--record-routes", routes});
  INFO(eval.err);
  REQUIRE(eval.exit_code != 1);
  const Json json = Json::parse(ReadText(routes));
  CHECK(json["schema"] == "tidemark-routes");
  CHECK_FALSE(json["layers"].empty());
  const ProgramResult generate =
      RunProgram({"generate", "--model", "default", "-p", "A river.", "--max-new-tokens", "4", "--record-routes", again});
  REQUIRE(generate.exit_code == 0);
  const ProgramResult list = RunProgram(Quick({"--routes", again, "--list", "--filter", "load:recorded"}));
  INFO(list.err);
  CHECK(list.exit_code == 0);
  CHECK_THAT(list.out, Contains("experts/naive/"));
  WriteText(routes, "{\"schema\": \"tidemark-routes\"}");
  const ProgramResult refused = RunProgram(Quick({"--routes", routes}));
  CHECK(refused.exit_code == 1);
  CHECK_THAT(refused.err, Contains("schema_version"));
}

}  // namespace
}  // namespace tidemark::test
