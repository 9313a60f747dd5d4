#include "reports/report.h"

#include <fstream>
#include <regex>

#include "engine/core/error.h"
#include "engine/core/file.h"
#include "reports/environment.h"
#include "tests/support/catch.h"
#include "tests/support/json_schema.h"
#include "tests/support/paths.h"

namespace tidemark {
namespace {

using Json = nlohmann::ordered_json;

Report Example() {
  Report report;
  report.command = {"tidemark", "run"};
  report.started_at = report.finished_at = "2026-01-31T12:00:00Z";
  report.wall_seconds = 1.5;
  report.model = {{"adapter", "engine"}, {"path", "m.gguf"}, {"sha256", std::string(64, 'a')}, {"bytes", 10}};
  report.environment = CollectEnvironment(DetectCpu());
  TaskReport task;
  task.name = "ifeval";
  task.version = 1;
  task.dataset = {{"name", "sample"}, {"sha256", std::string(64, 'b')}, {"rows", 20}};
  task.settings = {{"max_new_tokens", 16}};
  task.samples = {2, 1, 1, 0, 0};
  task.metrics = {{"prompt_strict", 0.5, 0.1, 0.9, 20}};
  task.stop_reasons = {{"eos", 1}};
  report.tasks = {task};
  report.timings.model = {{"load_seconds", 0.1}};
  report.timings.inter_token_seconds = {0.3, 0.1, 0.2};
  report.peak_rss_bytes = PeakResidentBytes();
  report.failures = {{"ifeval", 7, 0, "prompt too long"}, {"ifeval", "x", 1, "prompt too long"}};
  report.benchmarks = Json{{"context", Json::object()}, {"benchmarks", Json::array({{{"name", "matmul"}}})}};
  report.warnings = {"1 sample failed"};
  return report;
}

std::vector<std::string> Complaints(const Json& json) {
  const test::SchemaValidator validator(nlohmann::json::parse(ReportSchema()));
  return validator.Validate(nlohmann::json::parse(json.dump()));
}

TEST_CASE("a full and an empty report fit the schema") {
  CHECK(Complaints(ToJson(Example())) == std::vector<std::string>{});
  Report empty;
  empty.started_at = empty.finished_at = "2026-01-31T12:00:00Z";
  empty.environment = CollectEnvironment(DetectCpu());
  CHECK(Complaints(ToJson(empty)) == std::vector<std::string>{});
}

TEST_CASE("the schema refuses what a report must not be") {
  const Json good = ToJson(Example());
  const auto spoilt = [&](const char* pointer, const Json& value) {
    Json json = good;
    json[Json::json_pointer(pointer)] = value;
    return Complaints(json).size();
  };
  CHECK(spoilt("/schema_version", 2) == 1);
  CHECK(spoilt("/tasks/0/metrics/0/value", nullptr) == 1);
  CHECK(spoilt("/tasks/0/metrics/0/n", -1) == 1);
  CHECK(spoilt("/tasks/0/metrics/0/method", "wilson") == 1);
  CHECK(spoilt("/model/sha256", "abc") == 1);
  CHECK(spoilt("/failures/samples/0/id", 1.5) == 1);
  CHECK(spoilt("/started_at", "yesterday") == 1);
  CHECK(spoilt("/surprise", 1) == 1);
  Json json = good;
  json.erase("timings");
  CHECK(Complaints(json).size() == 1);
}

TEST_CASE("a report carries percentiles, failure counts and at most 1000 listed failures") {
  Report report = Example();
  const Json json = ToJson(report);
  CHECK(json["timings"]["inter_token_seconds"]["p50"] == 0.2);
  CHECK_FALSE(json["timings"].contains("time_to_first_token_seconds"));
  CHECK(json["failures"]["count"] == 2);
  CHECK(json["failures"]["by_error"]["prompt too long"] == 2);
  CHECK(json["failures"]["samples"][1]["id"] == "x");
  report.failures.assign(1500, report.failures[0]);
  CHECK(ToJson(report)["failures"]["samples"].size() == 1000);
  CHECK(ToJson(report)["failures"]["count"] == 1500);
}

TEST_CASE("writing is whole or an Error") {
  const test::TemporaryDirectory directory;
  WriteReport(directory.path() / "report.json", Example());
  CHECK(Complaints(Json::parse(ReadFile(directory.path() / "report.json"))).empty());
  CHECK_THROWS_AS(WriteReport(directory.path() / "absent" / "report.json", Example()), Error);
}

TEST_CASE("the environment says where and what was built") {
  const Json json = CollectEnvironment(DetectCpu());
  CHECK(json["memory_total_bytes"].get<int64_t>() > 0);
  CHECK(json["build"]["compiler"].get<std::string>().find_first_of("0123456789") != std::string::npos);
  CHECK(json["libraries"].contains("fmt"));
  CHECK(PeakResidentBytes() > 1 << 20);
  CHECK(std::regex_match(UtcNow(), std::regex("\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\dZ")));
}

}  // namespace
}  // namespace tidemark
