// The hallucination evaluation as a user runs it: answers, two judges, their agreement.
#include <cstdio>
#include <nlohmann/json.hpp>

#include "engine/core/sha256.h"
#include "tests/cli/program.h"
#include "tests/support/catch.h"
#include "tests/support/json_schema.h"

namespace tidemark::test {
namespace {

using Json = nlohmann::json;

Json ValidReport(const std::filesystem::path& out) {
  const Json report = Json::parse(ReadText(out / "report.json"));
  const std::filesystem::path schema = std::filesystem::path(TIDEMARK_SOURCE_DIR) / "reports" / "schema.json";
  for (const std::string& complaint : SchemaValidator(Json::parse(ReadText(schema))).Validate(report)) FAIL_CHECK(complaint);
  return report;
}

// The value of a metric; the test fails without it.
double MetricOf(const Json& report, const std::string& name) {
  for (const Json& m : report["tasks"][0]["metrics"]) {
    if (m["name"] == name) return m["value"];
  }
  FAIL_CHECK("no metric " << name);
  return 0;
}

TEST_CASE("answers of the embedded model are judged twice and the judges compared") {
  const TemporaryDirectory temp;
  const auto at = [&](const char* name) { return (temp.path() / name).string(); };
  REQUIRE(RunProgram({"eval", "-m", "default", "--task", "omniscience", "--limit", "12", "--repeats", "2", "-n", "64", "--out",
                      at("answers")})
              .exit_code == 0);
  const Json answers = ValidReport(at("answers"));
  CHECK(answers["tasks"][0]["dataset"]["name"] == "sample:tidemark-world");
  CHECK(answers["tasks"][0]["settings"]["protocol"]["prompt"] == "question-only");
  REQUIRE(RunProgram({"judge", "--completions", at("answers"), "--out", at("match")}).exit_code == 0);
  const Json match = ValidReport(at("match"));
  for (const char* name : {"accuracy", "attempt_rate", "omniscience_index", "hallucination_rate", "non_hallucination_rate"}) {
    CHECK(MetricOf(answers, name) == MetricOf(match, name));
  }
  CHECK(match["settings"]["judge"]["judge"] == "match");
  // A judge that was written down before: all replies are C.
  std::string replies;
  for (int row = 1; row <= 12; ++row) {
    for (int repeat = 0; repeat < 2; ++repeat) {
      char id[8];
      std::snprintf(id, sizeof id, "f%03d", row);
      replies += Json({{"id", id}, {"repeat", repeat}, {"response", row == 12 ? "perhaps C" : "C"}}).dump() + "\n";
    }
  }
  WriteText(at("replies.jsonl"), replies);
  REQUIRE(RunProgram(
              {"judge", "--completions", at("answers"), "--judge", "model:replay:" + at("replies.jsonl"), "--out", at("model")})
              .exit_code == 0);
  const Json model = ValidReport(at("model"));
  CHECK(model["model"]["adapter"] == "judge");
  CHECK(model["model"]["judge"]["adapter"] == "replay");
  CHECK(model["model"]["answers"]["model"]["path"] == "default");
  CHECK(model["tasks"][0]["details"]["ungraded"] == 2);
  CHECK(model["settings"]["judge"]["prompt_sha256"].get<std::string>().size() == 64);
  CHECK(MetricOf(model, "accuracy") == 0);

  const ProgramResult agreement = RunProgram({"agreement", at("match"), at("model"), "--json"});
  REQUIRE(agreement.exit_code == 0);
  const Json result = Json::parse(agreement.out);
  CHECK(result["both"] == 22);
  CHECK(result["ungraded_b"] == 2);
  CHECK(result["kappa"]["value"] == 0);
  CHECK_THAT(RunProgram({"agreement", at("answers"), at("match")}).out, Contains("equal grades   100.00 %"));
}

TEST_CASE("a judge run refuses what would lose or mix answers") {
  const TemporaryDirectory temp;
  const std::string rows = (temp.path() / "completions.jsonl").string();
  WriteText(rows, "{\"id\":\"fin-02\",\"response\":\"IFRS 16\"}\n");
  const auto complaint = [&](std::vector<std::string> more) {
    std::vector<std::string> words = {"judge", "--completions", rows};
    words.insert(words.end(), more.begin(), more.end());
    const ProgramResult result = RunProgram(words);
    CHECK(result.exit_code == 1);
    return result.err;
  };
  const std::string out = (temp.path() / "out").string();
  CHECK_THAT(complaint({"--out", out}), Contains("--dataset"));
  CHECK_THAT(complaint({"--out", temp.path().string(), "--dataset", "sample:omniscience"}), Contains("another directory"));
  CHECK_THAT(complaint({"--out", out, "--dataset", "sample:tidemark-world"}), Contains("to no row"));
  CHECK_THAT(complaint({"--out", out, "--dataset", "sample:omniscience", "--judge", "oracle"}), Contains("match or model:SPEC"));
  CHECK_THAT(complaint({"--out", out, "--dataset", "sample:omniscience", "--judge", "match", "--prompts", rows}),
             Contains("--prompts"));
  CHECK_THAT(complaint({"--out", out, "--dataset", "sample:omniscience", "--judge", "model:default", "--prompts", rows}),
             Contains("no text under \"grader_prompt\"") && Contains(rows) && Contains("tidemark judge --help"));
}

TEST_CASE("a file of prompts holds what the command uses, and the report names what was used") {
  const TemporaryDirectory temp;
  const auto at = [&](const char* name) { return (temp.path() / name).string(); };
  const std::string grader = "{question} | {target} | {predicted_answer} | a letter";
  WriteText(at("answers.json"), R"({"answer_system_prompt": "", "answer_user_prompt": "{question}"})");
  WriteText(at("grader.json"), Json({{"grader_prompt", grader}}).dump());
  const std::vector<std::string> eval = {"eval", "-m", "default", "--task", "omniscience", "--limit", "2", "-n", "8"};
  const auto run = [&](std::vector<std::string> words, const std::vector<std::string>& more) {
    words.insert(words.end(), more.begin(), more.end());
    return RunProgram(words);
  };

  REQUIRE(run(eval, {"--prompts", at("answers.json"), "--out", at("answers")}).exit_code == 0);
  const Json answered = ValidReport(at("answers"))["tasks"][0]["settings"]["protocol"];
  CHECK(answered["prompt"] == "file");
  CHECK(answered["prompts_sha256"] == Sha256Hex(ReadText(at("answers.json"))));
  const ProgramResult wrong = run(eval, {"--prompts", at("grader.json"), "--out", at("refused")});
  CHECK(wrong.exit_code == 1);
  CHECK_THAT(wrong.err,
             Contains("grader.json") && Contains("no text under \"answer_system_prompt\"") && Contains("tidemark eval --help"));
  // A hash of a file that nothing reads would be no description of the run.
  CHECK_THAT(run(eval, {"--prompts", at("answers.json"), "--prompt", "question-only", "--out", at("refused")}).err,
             Contains("--prompt question-only"));
  CHECK_FALSE(std::filesystem::exists(at("refused")));

  std::string replies;
  for (const char* id : {"f001", "f002"}) replies += Json({{"id", id}, {"response", "A"}}).dump() + "\n";
  WriteText(at("replies.jsonl"), replies);
  const std::vector<std::string> judge = {"judge", "--completions", at("answers"), "--judge",
                                          "model:replay:" + at("replies.jsonl")};
  REQUIRE(run(judge, {"--prompts", at("grader.json"), "--out", at("judged")}).exit_code == 0);
  const Json judged = ValidReport(at("judged"));
  CHECK(judged["settings"]["judge"]["prompt"] == "file");
  CHECK(judged["settings"]["judge"]["prompt_sha256"] == Sha256Hex(grader));
  CHECK(judged["model"]["grader_prompt_sha256"] == Sha256Hex(grader));
  CHECK(judged["tasks"][0]["settings"]["protocol"]["prompts_sha256"] == Sha256Hex(ReadText(at("grader.json"))));
  CHECK_THAT(run(judge, {"--prompts", at("answers.json"), "--out", at("refused")}).err, Contains("tidemark judge --help"));

  for (const char* part : {"answer_system_prompt", "answer_user_prompt", "{domain}", "{topic}", "{subtopic}", "{question}"})
    CHECK_THAT(RunProgram({"eval", "--help"}).out, Contains(part));
  for (const char* part : {"grader_prompt", "{question}", "{target}", "{predicted_answer}"})
    CHECK_THAT(RunProgram({"judge", "--help"}).out, Contains(part));
}

TEST_CASE("embedded sets are listed and chosen by name") {
  const Json list = Json::parse(RunProgram({"datasets", "list", "--json"}).out);
  size_t embedded = 0;
  for (const Json& row : list) embedded += row["cached"] == "embedded" ? 1 : 0;
  CHECK(embedded >= 3);
  const ProgramResult wrong = RunProgram({"eval", "-m", "default", "--task", "omniscience", "--dataset", "sample:nothing"});
  CHECK(wrong.exit_code == 1);
  CHECK_THAT(wrong.err, Contains("sample:tidemark-world"));
}

}  // namespace
}  // namespace tidemark::test
