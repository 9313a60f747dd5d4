// --protocol as a user gives it: names, files, flags that override it, and a context that fits its budget.
#include <nlohmann/json.hpp>

#include "tests/cli/program.h"
#include "tests/support/catch.h"

namespace tidemark {
namespace {

using Json = nlohmann::ordered_json;
using test::ReadText;
using test::RunProgram;
using test::TemporaryDirectory;
using test::WriteText;

struct Runs {
  TemporaryDirectory directory;

  // Settings of the first task after an eval of two rows with these flags.
  Json Settings(std::vector<std::string> flags) {
    const std::string out = (directory.path() / "out").string();
    std::vector<std::string> arguments = {"eval",      "--model", "default",     "--limit", "2",
                                          "--threads", "1",       "--overwrite", "--out",   out};
    arguments.insert(arguments.end(), flags.begin(), flags.end());
    const auto result = RunProgram(arguments);
    INFO(result.err);
    REQUIRE(result.exit_code == 0);
    Json report = Json::parse(ReadText(directory.path() / "out" / "report.json"));
    Json settings = report["tasks"][0]["settings"];
    settings["ctx"] = report["settings"]["ctx"];
    return settings;
  }
  std::string Complaint(std::vector<std::string> flags) {
    std::vector<std::string> arguments = {"eval", "--model", "default", "--out", (directory.path() / "refused").string()};
    arguments.insert(arguments.end(), flags.begin(), flags.end());
    const auto result = RunProgram(arguments);
    CHECK(result.exit_code == 1);
    return result.err;
  }
};

TEST_CASE("a run names its protocol and what its flags changed") {
  Runs runs;
  const Json plain = runs.Settings({"--task", "ifeval", "-n", "1280"});
  CHECK(plain["protocol"]["name"] == "greedy");
  CHECK(plain["protocol"]["sha256"].get<std::string>().size() == 64);
  CHECK(plain["protocol"]["changed"] == Json::array());  // given, but equal to the protocol's
  CHECK(plain["repeats"] == 1);
  CHECK(plain["ctx"] == 4096);

  const Json card = runs.Settings({"--task", "math500", "--protocol", "card", "-n", "64", "--temperature", "0.3", "--seed", "9"});
  CHECK(card["protocol"]["name"] == "card");
  CHECK(card["protocol"]["changed"] == Json::array({"max_new_tokens", "temperature"}));
  CHECK(card["temperature"] == 0.3);
  CHECK(card["top_k"] == 80);
  CHECK(card["repeats"] == 5);
  CHECK(runs.Settings({"--task", "math500", "--protocol", "card", "--repeats", "2"})["ctx"] == 32768 + 2048);

  const std::string file = (runs.directory.path() / "mine.json").string();
  const auto shown = RunProgram({"list", "protocols", "--show", "lm-eval"});
  REQUIRE(shown.exit_code == 0);
  Json mine = Json::parse(shown.out);
  mine["name"] = "mine";
  mine["tasks"]["math500"]["prompt_text"] = "Q: {problem}\nA:";
  WriteText(file, mine.dump());
  const Json own = runs.Settings({"--task", "math500", "--protocol", file});
  CHECK(own["protocol"]["name"] == "mine");
  CHECK(own["protocol"]["prompt_text"] == "Q: {problem}\nA:");
  CHECK(own["protocol"]["grader"] == "hendrycks");
  CHECK(own["stop_strings"] == Json::array({"Problem:"}));
}

TEST_CASE("what does not fit together is refused before a model is loaded") {
  Runs runs;
  CHECK_THAT(runs.Complaint({"--task", "ifeval,math500", "--protocol", "pipette"}), test::Contains("math500"));
  CHECK_THAT(runs.Complaint({"--task", "ifeval", "--protocol", "cards"}), test::Contains("lm-eval-minerva"));
  CHECK_THAT(runs.Complaint({"--task", "math500", "--protocol", "card", "--ctx", "4096"}), test::Contains("32768"));
  CHECK_THAT(runs.Complaint({"--task", "math500", "--protocol", "absent.json"}), test::Contains("absent.json"));
}

TEST_CASE("stored completions are scored under a protocol of choice") {
  Runs runs;
  const std::string out = (runs.directory.path() / "stored").string(), scored = (runs.directory.path() / "scored").string();
  REQUIRE(RunProgram({"eval", "--model", "default", "--task", "math500", "--limit", "4", "--out", out}).exit_code == 0);
  REQUIRE(RunProgram({"score", "--task", "math500", "--limit", "4", "--protocol", "lighteval", "--completions",
                      out + "/completions.jsonl", "--out", scored})
              .exit_code == 0);
  const Json report = Json::parse(ReadText(std::filesystem::path(scored) / "report.json"));
  CHECK(report["tasks"][0]["settings"]["protocol"]["extraction"] == "last-answer-line");
  CHECK(report["tasks"][0]["details"]["no_answer"] == 4);  // the model boxes its answers
}

}  // namespace
}  // namespace tidemark
