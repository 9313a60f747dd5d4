// The IFEval task from rows to metrics. The checkers have their own tests (tests/ifeval).
#include <cstdlib>
#include <fstream>

#include "engine/core/error.h"
#include "engine/core/file.h"
#include "evals/metrics.h"
#include "evals/models/replay_model.h"
#include "tests/evals/fake_model.h"
#include "tests/support/catch.h"
#include "tests/support/json_schema.h"
#include "tests/support/paths.h"

namespace tidemark {
namespace {

using Json = nlohmann::ordered_json;

Json Find(const Json& report, const std::string& name) {
  for (const Json& metric : report["tasks"][0]["metrics"]) {
    if (metric["name"] == name) return metric;
  }
  return nullptr;
}

Dataset Rows(const std::string& lines) {
  Dataset dataset;
  dataset.name = "test";
  dataset.sha256 = std::string(64, '0');
  dataset.rows = ParseJsonLines(lines, "test");
  return dataset;
}

std::string Complaint(const std::string& row) {
  try {
    MakeSamples(FindTask("ifeval"), Rows(row), {}, 0);
  } catch (const Error& e) {
    return e.what();
  }
  return "";
}

Json Score(const Dataset& dataset, const std::string& responses, const test::TemporaryDirectory& directory) {
  std::ofstream(directory.path() / "responses.jsonl") << responses;
  ScoreOptions options;
  options.out = directory.path() / "scored";
  options.overwrite = true;
  return ToJson(ScoreFile({&FindTask("ifeval"), dataset, {}}, directory.path() / "responses.jsonl", options, {}));
}

TEST_CASE("IFEval rows are checked when they are read, in both forms of the data") {
  const std::string compact = R"({"key":1,"prompt":"p","instruction_id_list":["punctuation:no_comma"],"kwargs":[{}]})";
  const std::string hub = R"({"key":"1","prompt":"p","instruction_id_list":["length_constraints:number_words"],)"
                          R"("kwargs":[{"num_words":3,"relation":"at least","keyword":null}]})";
  CHECK(Complaint(compact).empty());
  CHECK(Complaint(hub).empty());
  CHECK_THAT(Complaint(R"({"prompt":"p","instruction_id_list":[],"kwargs":[]})"), test::Contains("key"));
  CHECK_THAT(Complaint(R"({"key":1,"instruction_id_list":[],"kwargs":[]})"), test::Contains("prompt"));
  CHECK_FALSE(Complaint(R"({"key":1,"prompt":"p","instruction_id_list":["no:such"],"kwargs":[{}]})").empty());
  CHECK_FALSE(Complaint(R"({"key":1,"prompt":"p","instruction_id_list":["punctuation:no_comma"],"kwargs":[]})").empty());
  CHECK_FALSE(Complaint(R"({"key":1,"prompt":"p","instruction_id_list":["keywords:existence"],"kwargs":[{}]})").empty());
  CHECK_THAT(Complaint(compact + "\n" + compact), test::Contains("a second time"));
  CHECK_THROWS_AS(FindTask("ifevil"), Error);
}

TEST_CASE("verdicts, reasoning and the same id twice come out in scores and metrics") {
  const Dataset dataset =
      Rows(R"({"key":7,"prompt":"a","instruction_id_list":["length_constraints:number_words","length_constraints:number_words"],)"
           R"("kwargs":[{"num_words":3,"relation":"at least"},{"num_words":5,"relation":"less than"}]})"
           "\n"
           R"({"key":"x","prompt":"b","instruction_id_list":["punctuation:no_comma"],"kwargs":[{}]})"
           "\n"
           R"({"key":9,"prompt":"c","instruction_id_list":["punctuation:no_comma"],"kwargs":[{}]})");
  const test::TemporaryDirectory directory;
  const Json report = Score(dataset,
                            "{\"key\":7,\"response\":\"<think>one, two</think>one two three four five\"}\n"
                            "{\"prompt\":\"b\",\"response\":\"well, well\\nno comma here\"}\n"
                            "{\"key\":9,\"response\":\"<think>never closed\"}\n",
                            directory);
  const auto rows = ParseJsonLines(ReadFile(directory.path() / "scored" / "scores.jsonl"), "scores");
  REQUIRE(rows.size() == 3);
  CHECK(rows[0].json["id"] == 7);
  CHECK(rows[0].json["strict"] == Json::array({true, false}));
  CHECK(rows[1].json["id"] == "x");
  CHECK(rows[1].json["strict"] == Json::array({false}));
  CHECK(rows[1].json["loose"] == Json::array({true}));
  CHECK(rows[1].json["prompt_loose"] == true);
  CHECK(rows[2].json["strict"] == Json::array({false}));
  CHECK(rows[2].json["unclosed_reasoning"] == true);
  CHECK(Find(report, "prompt_strict")["value"] == 0);
  CHECK(Find(report, "prompt_loose")["value"].get<double>() == Approx(1.0 / 3));
  CHECK(Find(report, "instruction_strict")["value"].get<double>() == Approx(1.0 / 4));
  CHECK(Find(report, "instruction_loose")["value"].get<double>() == Approx(2.0 / 4));
  CHECK(Find(report, "mean_of_four")["value"].get<double>() == Approx((0 + 1.0 / 3 + 1.0 / 4 + 2.0 / 4) / 4));
  CHECK(Find(report, "mean_of_four")["n"] == 3);
  CHECK(Find(report, "id/length_constraints:number_words/strict")["n"] == 2);
  CHECK(Find(report, "family/punctuation/loose")["value"] == 0.5);
  CHECK(report["tasks"][0]["samples"]["unclosed_reasoning"] == 1);
}

TEST_CASE("a replayed evaluation reproduces the stored report except time and environment") {
  const test::TemporaryDirectory directory;
  ReplayModel model(test::Golden("evals/ifeval_completions.jsonl"));
  RunOptions options;
  options.out = directory.path();
  // Rows of its own: the embedded ones may change with the default model.
  const Dataset rows = LoadDataset("ifeval", test::Golden("evals/ifeval_rows.jsonl").string());
  const EvalJob job{&FindTask("ifeval"), rows, FindTask("ifeval").options};
  Report report = RunEvals(model, {&job, 1}, options, false, {});
  Json json = ToJson(report);
  const test::SchemaValidator validator(nlohmann::json::parse(ReportSchema()));
  CHECK(validator.Validate(nlohmann::json(json)) == std::vector<std::string>{});

  // "run": the digest has a test of its own, and changes with every setting that is added.
  for (const char* key : {"started_at", "finished_at", "environment", "memory", "run"}) json.erase(key);
  json["timings"].erase("wall_seconds");
  json["model"].erase("path");
  json["tasks"][0]["dataset"].erase("path");
  if (std::getenv("TIDEMARK_UPDATE_GOLDEN") != nullptr)
    std::ofstream(test::Golden("evals/ifeval_report.json")) << json.dump(2) << "\n";
  const Json golden = Json::parse(ReadFile(test::Golden("evals/ifeval_report.json")));
  // Values may differ in the last bits between compilers; the names, counts and texts may not.
  CHECK(golden["tasks"][0]["metrics"].size() == json["tasks"][0]["metrics"].size());
  for (const Json& expected : golden["tasks"][0]["metrics"]) {
    const Json found = Find(json, expected["name"]);
    REQUIRE(found.is_object());
    CHECK(found["n"] == expected["n"]);
    CHECK(found["interval"] == expected["interval"]);
    for (const char* key : {"value", "ci95_low", "ci95_high"})
      CHECK(found[key].get<double>() == Approx(expected[key].get<double>()).margin(1e-9));
  }
  for (Json* each : {&json, const_cast<Json*>(&golden)}) (*each)["tasks"][0].erase("metrics");
  CHECK(json.dump(1) == golden.dump(1));
}

TEST_CASE("the official rows are all accepted and counted") {
  const auto path = test::SharedData("ifeval/input_data.jsonl");
  if (!path) TM_SKIP("the official IFEval rows are not beside the checkout");
  const Dataset dataset = LoadDataset("ifeval", path->string());
  test::FakeModel model([](const Request&) { return test::Says("My answer is yes."); });
  const test::TemporaryDirectory directory;
  RunOptions options;
  options.out = directory.path();
  const EvalJob job{&FindTask("ifeval"), dataset, {}};
  const Json report = ToJson(RunEvals(model, {&job, 1}, options, false, {}));
  CHECK(Find(report, "prompt_strict")["n"] == 541);
  CHECK(Find(report, "instruction_loose")["n"] == 834);
  CHECK(Find(report, "id/detectable_format:constrained_response/strict")["value"] == 1);
  CHECK(Find(report, "id/punctuation:no_comma/strict")["value"] == 1);
  CHECK(report["tasks"][0]["metrics"].size() == 5 + 2 * 9 + 2 * 25);
}

}  // namespace
}  // namespace tidemark
