#include "evals/early_stop.h"

#include <algorithm>
#include <set>

#include "engine/core/file.h"
#include "engine/core/random.h"
#include "evals/runner.h"
#include "tests/evals/fake_model.h"
#include "tests/support/canonical_report.h"
#include "tests/support/catch.h"
#include "tests/support/json_schema.h"
#include "tests/support/paths.h"

namespace tidemark {
namespace {

using Json = nlohmann::ordered_json;

TEST_CASE("the order of asking is a permutation that the seed fixes") {
  std::vector<size_t> order = AskingOrder(500, 3);
  CHECK(order == AskingOrder(500, 3));
  CHECK(order != AskingOrder(500, 4));
  CHECK(std::set<size_t>(order.begin(), order.end()).size() == 500);
  double first = 0;  // of 0 .. 9, over many seeds: each place is as likely
  for (uint64_t seed = 0; seed < 4000; ++seed) first += static_cast<double>(AskingOrder(10, seed)[0]);
  CHECK(first / 4000 == Approx(4.5).margin(0.2));
  CHECK(AskingOrder(0, 1).empty());
}

struct Bench {
  test::TemporaryDirectory directory;
  Task task = test::EchoTask();
  RunOptions options;
  std::atomic<bool> cancel = false;
  int asked = 0, cancel_after = 1 << 30;
  test::FakeModel model{[this](const Request& r) {
    if (++asked >= cancel_after) cancel = true;
    return test::Says(UniformAt(1, StableHash(r.id), 0) < 0.95 ? "right" : "wrong");
  }};

  Bench() {
    options.out = directory.path() / "out";
    options.stop_width = 0.12;
    options.cancel = &cancel;
  }
  Json Run() {
    asked = 0;
    cancel = false;
    const EvalJob job{&task, test::EchoRows(600), {}};
    RunEvals(model, {&job, 1}, options, false, {});
    return Json::parse(ReadFile(options.out / "report.json"));
  }
};

TEST_CASE("a run stops when its interval is narrow enough, says so, and is the same however it was interrupted") {
  Bench b;
  const Json report = b.Run();
  const test::SchemaValidator validator(nlohmann::json::parse(ReportSchema()));
  CHECK(validator.Validate(nlohmann::json(report)) == std::vector<std::string>{});
  const Json& task = report["tasks"][0];
  const int64_t asked = task["early_stop"]["asked"];
  CHECK(task["early_stop"]["certain"] == true);
  CHECK(task["early_stop"]["of"] == 600);
  CHECK(asked > 64);
  CHECK(asked < 400);
  CHECK(b.asked >= asked);
  CHECK(b.asked < asked + 32);
  CHECK(task["samples"]["total"] == asked);
  CHECK(task["metrics"][0]["interval"] == "anytime");
  CHECK(task["metrics"][0]["n"] == asked);
  const double low = task["metrics"][0]["ci95_low"], high = task["metrics"][0]["ci95_high"];
  CHECK(high - low <= 0.12);
  CHECK(report["interrupted"] == false);
  CHECK(report["warnings"].size() == 1);
  CHECK(report["run"]["parts"]["tasks"]["echo"]["settings"]["stop_when_certain"] == 0.12);
  const std::string scores = ReadFile(b.options.out / "scores.jsonl");

  for (const int after : {1, 7, 40}) {
    std::filesystem::remove_all(b.options.out);
    b.options.resume = false;
    b.cancel_after = after;
    const Json interrupted = b.Run();
    CHECK(interrupted["interrupted"] == true);
    CHECK_FALSE(interrupted["tasks"][0].contains("early_stop"));
    b.options.resume = true;
    b.cancel_after = 1 << 30;
    const Json resumed = b.Run();
    CHECK(ReadFile(b.options.out / "scores.jsonl") == scores);
    CHECK(test::CanonicalReport(resumed.dump()) == test::CanonicalReport(report.dump()));
  }
}

TEST_CASE("a width that is not reached asks everything and keeps the interval that is valid") {
  Bench b;
  b.options.stop_width = 0.001;
  const Json report = b.Run();
  const Json& task = report["tasks"][0];
  CHECK(b.asked == 600);
  CHECK(task["early_stop"]["certain"] == false);
  CHECK(task["early_stop"]["asked"] == 600);
  CHECK(task["metrics"][0]["interval"] == "anytime");
  CHECK(report["warnings"].empty());
}

TEST_CASE("samples that failed are asked but move nothing") {
  Bench b;
  b.model = test::FakeModel([](const Request&) { return test::Fails("no"); });
  const Json report = b.Run();
  CHECK(report["tasks"][0]["early_stop"]["asked"] == 600);
  CHECK(report["tasks"][0]["metrics"].empty());
}

}  // namespace
}  // namespace tidemark
