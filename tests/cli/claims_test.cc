// claims over several reports as a user gathers them: runs, a judge's grades of one of them, a report of speed.
#include <nlohmann/json.hpp>

#include "tests/cli/program.h"
#include "tests/support/catch.h"

namespace tidemark::test {
namespace {

using Json = nlohmann::json;

constexpr const char* kModel = "Tidemark tiny";  // what the embedded weights call themselves

class Runs {
 public:
  std::string At(const std::string& name) const { return (directory_.path() / name).string(); }

  std::string Eval(const std::string& task, const std::string& name, const std::string& model = "default") const {
    Run({"eval", "-m", model, "--task", task, "--limit", "6", "-n", "24", "--temperature", "0.2", "--out", At(name)});
    return At(name);
  }
  // A judge that was written down before: all replies are C. Its own temperature is 0.
  std::string Judge(const std::string& answers, const std::string& judge, const std::string& name) const {
    Run({"judge", "--completions", answers, "--judge", judge, "--out", At(name)});
    return At(name);
  }
  static void Run(const std::vector<std::string>& words) {
    const ProgramResult result = RunProgram(words);
    INFO(result.err);
    REQUIRE(result.exit_code == 0);
  }
  void Claims(const std::vector<Json>& claims) const {
    Json all = {{"defaults", {{"model", kModel}, {"source", "test"}}}, {"claims", claims}};
    WriteText(At("claims.json"), all.dump());
  }
  ProgramResult Check(std::vector<std::string> reports, std::vector<std::string> more = {"--json"}) const {
    reports.insert(reports.begin(), "claims");
    reports.insert(reports.end(), {"--claims", At("claims.json")});
    reports.insert(reports.end(), more.begin(), more.end());
    return RunProgram(reports);
  }

 private:
  TemporaryDirectory directory_;
};

Json ScoreClaim(const char* task, const char* measure, const char* value) {
  return {{"metric", task}, {"value", value},        {"unit", "%"},
          {"task", task},   {"measures", {measure}}, {"protocol", {{"temperature", 0.2}}}};
}

TEST_CASE("a table is held together by several reports: runs, judged answers, speed") {
  const Runs runs;
  const std::string ifeval = runs.Eval("ifeval", "ifeval"), math = runs.Eval("math500", "math"),
                    answers = runs.Eval("omniscience", "answers");
  std::string replies;
  for (int row = 1; row <= 6; ++row) {
    replies += Json({{"id", "f00" + std::to_string(row)}, {"response", "C"}, {"stop", "eos"}}).dump() + "\n";
  }
  WriteText(runs.At("replies.jsonl"), replies);
  const std::string judged = runs.Judge(answers, "model:replay:" + runs.At("replies.jsonl"), "judged");
  const std::string speed = runs.At("speed.json");
  Runs::Run({"speed", "--limit-mib", "4", "-p", "8", "-n", "4", "-r", "5", "--threads", "1", "--no-limits", "--out", speed});
  const std::string brand = Json::parse(ReadText(speed))["environment"]["cpu"]["brand"];

  Json omniscience = ScoreClaim("omniscience", "accuracy", "0.00");
  omniscience["judge"] = "model";
  const Json decode = {
      {"metric", "decode"}, {"value", "1"}, {"unit", "tok/s"}, {"device", brand}, {"measures", {"decode_tok_per_s"}}};
  Json fast = decode, elsewhere = decode;
  fast["value"] = "999999999";
  elsewhere["device"] = "Apple M5 Max";
  runs.Claims({ScoreClaim("ifeval", "prompt_strict", "50.00"), ScoreClaim("math500", "accuracy", "50.00"), omniscience, decode,
               fast, elsewhere});
  const ProgramResult result = runs.Check({ifeval, math, judged, speed});
  INFO(result.out << result.err);
  CHECK(result.exit_code == 1);
  const Json table = Json::parse(result.out);
  CHECK(table["reports"].size() == 4);
  const Json& cards = table["claims"];
  REQUIRE(cards.size() == 6);  // one card per claim
  const std::string from[] = {ifeval, math, judged};
  for (size_t i = 0; i < 3; ++i) {
    CHECK(cards[i]["report"] == from[i] + "/report.json");
    CHECK(cards[i]["protocol"]["differs"].empty());  // of the answers' run, whose temperature is 0.2
    CHECK(cards[i]["verdict"] != "not comparable");
  }
  CHECK(cards[2]["measured"][0]["value"] == 0);
  CHECK(cards[2]["setup"]["graded_by"].get<std::string>().starts_with("model "));
  CHECK(cards[3]["verdict"] == "reproduced");
  CHECK(cards[3]["measured"][0]["repetitions"] == 5);
  CHECK(cards[3]["measured"][0]["coverage"] == 0.9375);
  for (const char* key : {"device", "backend", "precision", "kv_type", "threads"}) CHECK(cards[3]["setup"].contains(key));
  CHECK(cards[4]["verdict"] == "not reproduced");
  CHECK(cards[5]["verdict"] == "not comparable");
  CHECK_THAT(cards[5]["reason"].get<std::string>(), Contains("another device"));

  const std::string text = runs.Check({ifeval, math, judged, speed}, {}).out;
  CHECK_THAT(text, Contains("94 % interval") && Contains("kv type f16") && Contains("another device"));
  // The answers graded by rules, in their own run and by `judge`.
  for (const std::string& rules : {answers, runs.Judge(answers, "match", "rules")}) {
    const Json card = Json::parse(runs.Check({rules}).out)["claims"][2];
    CHECK(card["verdict"] == "not comparable");
    CHECK_THAT(card["reason"].get<std::string>(), Contains("graded by rules, the claim by a model"));
    CHECK(card["protocol"]["differs"].empty());
    CHECK(card["reason"].get<std::string>().find("another model") == std::string::npos);
  }
  const ProgramResult twice = runs.Check({answers, judged});
  CHECK(twice.exit_code == 1);
  CHECK_THAT(twice.err, Contains(answers + "/report.json and " + judged + "/report.json") && Contains("accuracy of omniscience"));
}

TEST_CASE("claims refuse reports of two models and what is no report") {
  const Runs runs;
  std::string model = ReadText(std::filesystem::path(TIDEMARK_SOURCE_DIR) / "models" / "tidemark-tiny" / "model.gguf");
  const std::string given = kModel, renamed = "LFM2.5-8B-A1B";  // of one length, so that the file stays a GGUF file
  WriteText(runs.At("other.gguf"), model.replace(model.find(given), given.size(), renamed));
  const std::string ifeval = runs.Eval("ifeval", "ifeval"), math = runs.Eval("math500", "math", runs.At("other.gguf"));
  runs.Claims({ScoreClaim("ifeval", "prompt_strict", "50.00")});
  const ProgramResult refused = runs.Check({ifeval, math});
  CHECK(refused.exit_code == 1);
  CHECK_THAT(refused.err, Contains(ifeval) && Contains(math) && Contains("two models: SHA-256"));
  CHECK(runs.Check({ifeval, math}, {"--model", kModel}).exit_code != 1);
  WriteText(runs.At("speed.json"), R"({"schema": "tidemark-speed", "schema_version": 1, "model": {}})");
  CHECK_THAT(runs.Check({runs.At("speed.json")}).err, Contains("speed --out FILE"));
  CHECK(runs.Check({ifeval, runs.At("absent")}).exit_code == 1);
  CHECK(RunProgram({"claims"}).exit_code == 1);
}

}  // namespace
}  // namespace tidemark::test
