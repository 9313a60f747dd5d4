// Model specs, and the engine adapter on the embedded default model's file.
#include "evals/models/models.h"

#include <fstream>

#include "backends/backends.h"
#include "engine/core/cpu.h"
#include "engine/core/error.h"
#include "engine/core/sha256.h"
#include "evals/runner.h"
#include "tests/support/catch.h"
#include "tests/support/json_schema.h"
#include "tests/support/paths.h"

namespace tidemark {
namespace {

using Json = nlohmann::ordered_json;

std::string ModelPath() { return std::string(TIDEMARK_SOURCE_DIR) + "/models/tidemark-random/model.gguf"; }

ModelOptions Options(int threads) {
  ModelOptions options;
  options.load.cpu = DetectCpu();
  options.load.backends = ParseBackendList("naive", options.load.cpu);
  options.generator.context = 256;
  options.generator.max_batch = 3;
  options.threads = threads;
  return options;
}

std::vector<Request> Requests() {
  std::vector<Request> requests;
  GenerateOptions generate;
  generate.max_new_tokens = 6;
  generate.sampling.temperature = 1;
  generate.seed = 3;
  for (int i = 0; i < 5; ++i)
    requests.push_back({"id" + std::to_string(i / 2), i % 2, {{"user", "Hello " + std::to_string(i / 2)}}, generate});
  return requests;
}

TEST_CASE("a model spec names its adapter or is a path") {
  CHECK(ParseModelSpec("default").entry->name == "engine");
  CHECK(ParseModelSpec("models/a.gguf").rest == "models/a.gguf");
  CHECK(ParseModelSpec("replay:run/completions.jsonl").entry->name == "replay");
  CHECK(ParseModelSpec("replay:a:b").rest == "a:b");
  CHECK(ParseModelSpec("openai:http://localhost:1/v1#org/name").rest == "http://localhost:1/v1#org/name");
  CHECK_THROWS_AS(ParseModelSpec("nonsense:http://localhost"), Error);
  CHECK_THROWS_AS(ParseModelSpec(""), Error);
  CHECK_THROWS_AS(OpenTextModel("replay:/nonexistent", {}), Error);
  CHECK_THROWS_AS(OpenTextModel("/nonexistent.gguf", Options(1)), Error);
  CHECK(AllModels().size() == 3);
}

TEST_CASE("the engine's text depends neither on the batch nor on the order nor on threads") {
  const auto requests = Requests();
  const auto model = OpenTextModel(ModelPath(), Options(1));
  std::vector<std::string> finished;
  const auto all = model->Complete(
      requests, [&](const Completion& c) { finished.push_back(c.id); }, nullptr);
  REQUIRE(all.size() == requests.size());
  CHECK(finished.size() == requests.size());
  CHECK(all[0].text != all[1].text);  // another repeat, another random stream
  const auto other = OpenTextModel(ModelPath(), Options(3));
  for (size_t i = requests.size(); i-- > 0;) {
    const auto alone = other->Complete({&requests[i], 1}, {}, nullptr);
    CHECK(alone[0].error.empty());
    CHECK(alone[0].text == all[i].text);
    CHECK(alone[0].completion_tokens == all[i].completion_tokens);
    CHECK(all[i].prompt_tokens > 0);
  }
}

TEST_CASE("a request that cannot run fails alone, a cancelled one is told apart") {
  auto requests = Requests();
  for (int i = 0; i < 400; ++i) requests[1].messages[0].content += " more words";
  const auto model = OpenTextModel(ModelPath(), Options(1));
  const auto completions = model->Complete(requests, {}, nullptr);
  CHECK_FALSE(completions[1].error.empty());
  CHECK(completions[0].error.empty());
  CHECK(completions[4].error.empty());
  const std::atomic<bool> cancel = true;
  for (const Completion& c : model->Complete(Requests(), {}, &cancel)) CHECK(c.stop == StopReason::kCancelled);
}

TEST_CASE("an evaluation of the default model gives a report that fits the schema and names the model") {
  const test::TemporaryDirectory directory;
  ModelOptions options = Options(2);
  options.generator.context = 1024;
  const auto model = OpenTextModel(ModelPath(), options);
  RunOptions run;
  run.out = directory.path();
  run.limit = 3;
  EvalJob job{&FindTask("ifeval"), LoadDataset("ifeval", ""), FindTask("ifeval").options};
  job.generate.max_new_tokens = 4;
  const Json json = ToJson(RunEvals(*model, {&job, 1}, run, false, {}));
  const test::SchemaValidator validator(nlohmann::json::parse(ReportSchema()));
  CHECK(validator.Validate(nlohmann::json(json)) == std::vector<std::string>{});
  CHECK(json["model"]["sha256"] == Sha256File(ModelPath()));
  CHECK(json["model"]["backends"][0]["backend"] == "naive");
  CHECK(json["model"]["parameters"]["total"].get<int64_t>() > 0);
  CHECK(json["tasks"][0]["samples"]["scored"] == 3);
  CHECK(json["timings"]["decode_tok_per_s"].get<double>() > 0);
  CHECK(json["timings"]["time_to_first_token_seconds"]["n"] == 3);
}

}  // namespace
}  // namespace tidemark
