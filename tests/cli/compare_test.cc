// compare and claims end to end, on stored answers: what they print, what they refuse, their exit codes.
#include <nlohmann/json.hpp>

#include "tests/cli/program.h"
#include "tests/support/catch.h"

namespace tidemark::test {
namespace {

using Json = nlohmann::json;

// 541 prompts that forbid commas, as many as the official set, and answers to them of which the given ones have one.
class Answers {
 public:
  Answers() {
    std::string rows;
    for (int i = 0; i < kRows; ++i) {
      rows += Json{{"key", i},
                   {"prompt", "p" + std::to_string(i)},
                   {"instruction_id_list", {"punctuation:no_comma"}},
                   {"kwargs", {Json::object()}}}
                  .dump() +
              "\n";
    }
    WriteText(Path("rows.jsonl"), rows);
  }
  std::string Path(const std::string& name) const { return (directory_.path() / name).string(); }

  // Scores the answers into a folder; wrong(i): has a comma; stopped(i): how the text ended.
  template <class Wrong>
  std::string Score(const std::string& name, Wrong wrong, int truncated_from = kRows) {
    std::string answers;
    for (int i = 0; i < kRows; ++i) {
      answers +=
          Json{{"key", i}, {"response", wrong(i) ? "a, b" : "a b"}, {"stop", i < truncated_from ? "eos" : "length"}}.dump() +
          "\n";
    }
    WriteText(Path(name + ".jsonl"), answers);
    const ProgramResult result = RunProgram({"score", "--task", "ifeval", "--dataset", Path("rows.jsonl"), "--completions",
                                             Path(name + ".jsonl"), "--out", Path(name)});
    INFO(result.err);
    REQUIRE(result.exit_code == 0);
    return Path(name);
  }

  static constexpr int kRows = 541;

 private:
  TemporaryDirectory directory_;
};

TEST_CASE("compare: worse, better, the same, cannot tell, and their exit codes") {
  Answers answers;
  const std::string good = answers.Score("good", [](int i) { return i % 10 == 0; });
  const std::string worse = answers.Score("worse", [](int i) { return i % 10 == 0 || i % 12 == 1; });
  const std::string close = answers.Score("close", [](int i) { return i % 10 == 0 || i == 1 || i == 2 || i == 3; });

  const ProgramResult drop = RunProgram({"compare", good, worse, "--metric", "prompt_strict"});
  CHECK(drop.exit_code == 1);
  CHECK_THAT(drop.out, Contains("verdict: worse") && Contains("exact McNemar") && Contains("lost: 1 13 25") && Contains("more"));
  CHECK(RunProgram({"compare", worse, good}).exit_code == 0);
  CHECK_THAT(RunProgram({"compare", worse, good}).out, Contains("verdict: better"));
  CHECK_THAT(RunProgram({"compare", good, good}).out, Contains("same within margin"));
  CHECK(RunProgram({"compare", good, good}).exit_code == 0);
  CHECK(RunProgram({"compare", good, close, "--margin", "0.5"}).exit_code == 2);
  CHECK(RunProgram({"compare", good, close, "--margin", "5"}).exit_code == 0);

  const std::string file = answers.Path("comparison.json");
  const ProgramResult json = RunProgram({"compare", good, worse, "--json", "--out", file});
  CHECK(ReadText(file) == json.out);
  const Json comparison = Json::parse(json.out);
  CHECK(comparison["verdict"] == "worse");
  const Json& metric = comparison["tasks"][0]["metrics"][0];
  CHECK(metric["name"] == "prompt_strict");
  CHECK(metric["flips"]["lost"].size() == 45);
  CHECK(metric["flips"]["gained"].empty());
  CHECK(metric["minimum_detectable_effect"].get<double>() > 0.01);
  CHECK(RunProgram({"compare", good, worse, "--json"}).out == json.out);  // seeded
}

TEST_CASE("compare refuses other rows, other rules and folders without scores") {
  Answers answers;
  const std::string good = answers.Score("good", [](int i) { return i % 10 == 0; });
  const std::string other = answers.Score("other", [](int i) { return i % 9 == 0; });
  Json report = Json::parse(ReadText(other + "/report.json"));
  report["tasks"][0]["dataset"]["sha256"] = std::string(64, 'a');
  report["tasks"][0]["version"] = 7;
  report["tasks"][0]["settings"]["protocol"]["name"] = "card";
  WriteText(other + "/report.json", report.dump());
  const ProgramResult refused = RunProgram({"compare", good, other});
  CHECK(refused.exit_code == 1);
  CHECK_THAT(refused.err, Contains("version 1 of the task against 7") && Contains("other rows") && Contains("--allow-different"));
  CHECK_THAT(refused.err, Contains("protocol/name is \"card\", was \"greedy\""));
  const ProgramResult allowed = RunProgram({"compare", good, other, "--allow-different"});
  CHECK(allowed.exit_code != 1);
  CHECK_THAT(allowed.out, Contains("DIFFERENT"));
  CHECK_THAT(RunProgram({"compare", good, good, "--metric", "nonsense"}).err, Contains("--metric") && Contains("prompt_strict"));
  CHECK(RunProgram({"compare", good, good, "--metric", "prompt_strict,nonsense"}).exit_code == 1);
  CHECK(RunProgram({"compare", good, good, "--task", "ifeval"}).exit_code == 0);
  CHECK_THAT(RunProgram({"compare", good, good, "--task", "math500"}).err, Contains("--task"));

  for (const char* margin : {"nan", "-1", "101", "x"})
    CHECK(RunProgram({"compare", good, good, "--margin", margin}).exit_code == 1);

  std::filesystem::remove(other + "/scores.jsonl");
  CHECK_THAT(RunProgram({"compare", good, other}).err, Contains("tidemark score"));
  WriteText(other + "/scores.jsonl", "{\"id\":1,\"repeat\":0,\"scored\":true}\n");
  CHECK_THAT(RunProgram({"compare", good, other}).err, Contains("scores.jsonl") && Contains("older version"));
  CHECK(RunProgram({"compare", good, answers.Path("absent")}).exit_code == 1);
}

TEST_CASE("a claim card of each verdict from stored answers") {
  Answers answers;
  const auto claim = [&](const char* value, const char* metric, const char* more) {
    return std::string(
               "{\"model\": \"LFM2.5-8B-A1B\", \"metric\": \"IFEval\", \"unit\": \"%\", \"source\": \"test\", \"task\": "
               "\"ifeval\", ") +
           "\"value\": \"" + value + "\", \"measures\": [\"" + metric + "\"]" + more + "}";
  };
  WriteText(answers.Path("claims.json"), "{\"claims\": [" + claim("90.02", "prompt_strict", ", \"rows\": [541]") + "," +
                                             claim("80.00", "prompt_strict", "") + "," + claim("96.00", "prompt_loose", "") +
                                             "," + claim("90.02", "prompt_strict", ", \"rows\": [540]") + "]}");
  const std::string run = answers.Score("run", [](int i) { return i % 10 == 0; });
  const auto verdicts = [&](const std::string& folder, std::vector<std::string> more, int exit_code) {
    std::vector<std::string> arguments = {"claims", folder, "--claims", answers.Path("claims.json"), "--json"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    const ProgramResult result = RunProgram(arguments);
    INFO(result.err);
    CHECK(result.exit_code == exit_code);
    std::vector<std::string> all;
    const Json json = Json::parse(result.out);
    for (const Json& card : json["claims"]) all.push_back(card["verdict"]);
    return all;
  };
  const std::string model = "LFM2.5-8B-A1B";
  CHECK(verdicts(run, {"--model", model}, 1) ==
        std::vector<std::string>{"reproduced", "not reproduced", "not reproduced", "not comparable"});
  CHECK(verdicts(run, {"--model", model, "--width", "1"}, 1)[0] == "inconclusive");
  CHECK(verdicts(run, {}, 2) == std::vector<std::string>(4, "not comparable"));  // stored answers do not name their model
  // Sixty truncated answers, wrong by now, could lift the score to the third claim.
  const std::string cut = answers.Score(
      "cut", [](int i) { return i % 30 == 0 || i >= 481; }, 481);
  CHECK(verdicts(cut, {"--model", model}, 1)[2] == "inconclusive");

  const ProgramResult text = RunProgram({"claims", run, "--model", model});
  CHECK_THAT(text.out, Contains("claimed 91.84 %") && Contains("NOT COMPARABLE") && Contains("fewer than 5 cannot give 88.76"));
  CHECK_THAT(text.out, Contains("IFEval") && Contains("mean_of_four 89.83 %"));
  CHECK(RunProgram({"claims", run, "--model", "other"}).exit_code == 1);
  CHECK(RunProgram({"claims", answers.Path("rows.jsonl")}).exit_code == 1);
}

TEST_CASE("a run names its model as the weights do, and claims know it by that name") {
  const TemporaryDirectory directory;
  const std::string given = "Tidemark tiny", claimed = "LFM2.5-8B-A1B";  // of one length, so that the file stays a GGUF file
  std::string model = ReadText(std::filesystem::path(TIDEMARK_SOURCE_DIR) / "models" / "tidemark-tiny" / "model.gguf");
  const auto path = [&](const char* name) { return (directory.path() / name).string(); };
  WriteText(path("LFM2.5-8B-A1B.gguf"), model);  // the name of a file is no name of weights
  REQUIRE(model.find(given) != std::string::npos);
  WriteText(path("other.gguf"), model.replace(model.find(given), given.size(), claimed));
  const auto reason = [&](const char* file, const std::string& name) {
    const std::string out = path(file) + ".out";
    REQUIRE(RunProgram({"eval", "--model", path(file), "--task", "ifeval", "--limit", "2", "-n", "8", "--out", out}).exit_code ==
            0);
    CHECK(Json::parse(ReadText(out + "/report.json"))["model"]["general_name"] == name);
    const Json cards = Json::parse(RunProgram({"claims", out, "--json"}).out);
    for (const Json& card : cards["claims"]) {
      if (card["model"] == claimed && card["metric"] == "IFEval") return card["reason"].get<std::string>();
    }
    return std::string("no card");
  };
  CHECK_THAT(reason("LFM2.5-8B-A1B.gguf", given), Contains("another model: the weights call themselves Tidemark tiny"));
  const std::string same = reason("other.gguf", claimed);
  INFO(same);
  CHECK(same.find("another model") == std::string::npos);
}

}  // namespace
}  // namespace tidemark::test
