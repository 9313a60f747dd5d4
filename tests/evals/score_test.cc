// Scoring stored responses, and how they are matched to rows.
#include <fstream>

#include "engine/core/error.h"
#include "engine/core/file.h"
#include "evals/responses.h"
#include "tests/evals/fake_model.h"
#include "tests/support/catch.h"
#include "tests/support/paths.h"

namespace tidemark {
namespace {

using Json = nlohmann::ordered_json;

struct Bench {
  test::TemporaryDirectory directory;
  Task task = test::EchoTask();

  std::filesystem::path Write(const std::string& lines) {
    const auto path = directory.path() / "responses.jsonl";
    std::ofstream(path) << lines;
    return path;
  }
  Json Score(const std::string& lines, bool ignore_unmatched = false) {
    ScoreOptions options;
    options.out = directory.path() / "out";
    options.overwrite = true;
    options.ignore_unmatched = ignore_unmatched;
    return ToJson(ScoreFile({&task, test::EchoRows(3), {}}, Write(lines), options, {}));
  }
  std::string Complaint(const std::string& lines) {
    try {
      Score(lines);
    } catch (const Error& e) {
      return e.what();
    }
    return "";
  }
};

TEST_CASE("responses are matched by key, by id as text, and by prompt") {
  Bench b;
  const Json json = b.Score(
      "{\"key\":101,\"response\":\"right\"}\n{\"id\":\"102\",\"response\":\"right\"}\n"
      "{\"prompt\":\"question 3\",\"response\":\"wrong\"}\n");
  CHECK(json["tasks"][0]["metrics"][0]["value"].get<double>() == Approx(2.0 / 3));
  CHECK(json["failures"]["count"] == 0);
  CHECK_FALSE(json["tasks"][0].contains("stop_reasons"));
  CHECK_FALSE(std::filesystem::exists(b.directory.path() / "out" / "completions.jsonl"));
  CHECK(std::filesystem::exists(b.directory.path() / "out" / "scores.jsonl"));
}

TEST_CASE("a sample without a response fails, a response without a sample is refused or counted") {
  Bench b;
  const Json json = b.Score("{\"key\":101,\"response\":\"right\"}\n{\"key\":102,\"response\":\"right\"}\n");
  CHECK(json["tasks"][0]["samples"]["failed"] == 1);
  CHECK(json["failures"]["samples"][0]["id"] == 103);
  const std::string stray =
      "{\"key\":101,\"response\":\"right\"}\n{\"key\":7,\"response\":\"x\"}\n{\"prompt\":\"y\",\"response\":\"x\"}\n";
  CHECK_THAT(b.Complaint(stray),
             test::Contains("2 responses") && test::Contains("line 2 (id 7)") && test::Contains("prompt \"y\""));
  CHECK(b.Score(stray, /*ignore_unmatched=*/true)["warnings"].size() == 2);
}

TEST_CASE("malformed response files are refused with the line") {
  Bench b;
  CHECK_THAT(b.Complaint("{\"key\":101,\"response\":\"a\"}\n{\"key\":101,\"response\":\"b\"}"),
             test::Contains(":2") && test::Contains("line 1"));
  CHECK_THAT(b.Complaint("{\"response\":\"a\"}"), test::Contains("neither"));
  CHECK_THAT(b.Complaint("{\"key\":101}"), test::Contains("no \"response\""));
  CHECK_THAT(b.Complaint("{\"key\":101,\"response\":5}"), test::Contains("number"));
  CHECK_THAT(b.Complaint("{\"key\":1.5,\"response\":\"a\"}"), test::Contains("an integer or a text"));
  CHECK_THAT(b.Complaint("{\"key\":101,\"response\":\"a\",\"repeat\":-1}"), test::Contains("a count"));
  CHECK_THAT(b.Complaint("{\"key\":101,\"response\":\"a\",\"repeat\":99999}"), test::Contains("repeats below"));
  CHECK_THAT(b.Complaint("{\"key\":101,\"response\":\"a\",\"stop\":\"bored\"}"), test::Contains("a stop reason"));
  CHECK_THAT(b.Complaint("{\"key\":101,\"response\":\"a\",\"inter_token_us\":[-1]}"), test::Contains("microseconds"));
  CHECK_THAT(b.Complaint("nonsense"), test::Contains(":1"));
}

TEST_CASE("a stored error stays a failure") {
  Bench b;
  const Json json = b.Score(
      "{\"key\":101,\"error\":\"timeout\"}\n{\"key\":102,\"response\":\"right\"}\n{\"key\":103,\"response\":\"right\"}\n");
  CHECK(json["failures"]["by_error"]["timeout"] == 1);
  CHECK(json["tasks"][0]["metrics"][0]["n"] == 2);
}

}  // namespace
}  // namespace tidemark
