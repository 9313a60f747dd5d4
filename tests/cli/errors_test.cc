// Wrong input: exit code 1, nothing on stdout, and a first line on stderr that says what is wrong.
#include "tests/cli/program.h"
#include "tests/support/catch.h"

namespace tidemark::test {
namespace {

struct Case {
  std::vector<std::string> arguments;
  std::string message;  // part of the first line of stderr
};

void CheckRefused(const Case& c) {
  const ProgramResult result = RunProgram(c.arguments);
  INFO("stderr: " << result.err);
  CHECK(result.exit_code == 1);
  CHECK(result.out.empty());
  const std::string line = result.err.substr(0, result.err.find('\n'));
  CHECK(line.starts_with("error: "));
  CHECK_THAT(line, Contains(c.message));
  CHECK(CountLines(result.err) <= 2);  // the error, and where help is
}

TEST_CASE("a wrong command line is refused in one line") {
  const std::vector<Case> cases = {
      {{}, "subcommand is required"},
      {{"evla"}, "found \"evla\", expected one of run, eval"},
      {{"list", "nonsense"}, "found \"nonsense\", expected one of backends, formats"},
      {{"eval", "--modle", "default"}, "\"--modle\""},
      {{"eval", "--model", "default"}, "--task is required"},
      {{"eval", "--model", "default", "--task", "nonsense"}, "expected one of ifeval"},
      {{"eval", "--model", "default", "--task", "ifeval,ifeval"}, "ifeval twice"},
      {{"eval", "--model", "default", "--task", "ifeval", "--limit", "-1"}, "--limit: Value -1 not in range 0 to"},
      {{"eval", "--model", "default", "--task", "ifeval", "--backend", "nonsense"}, "--backend: found \"nonsense\""},
      {{"eval", "--model", "default", "--task", "ifeval", "--temperature", "nan"}, "--temperature: found nan"},
      {{"eval", "--model", "default", "--task", "ifeval", "--dataset", "/no/such/file"}, "/no/such/file: found no such file"},
      {{"eval", "--model", "nonsense:rest", "--task", "ifeval"}, "--model: found \"nonsense:rest\""},
      {{"eval", "--model", "default", "--task", "ifeval", "--out", "/dev/null/x"}, "expected a writable directory"},
      {{"generate", "--model", "default"}, "Exactly 1 option"},
      {{"generate", "--model", "default", "-p", "x", "--stop", ""}, "--stop: found an empty text"},
      {{"generate", "--model", "default", "--ids", "/no/such/file"}, "/no/such/file"},
      {{"inspect", "/no/such/file"}, "/no/such/file"},
      {{"run", "nonsense"}, "expected quick"},
      {{"bench", "--filter", "("}, "expected a regular expression"},
      {{"datasets", "verify", "nonsense"}, "expected one of ifeval"},
  };
  for (const Case& c : cases) CheckRefused(c);
}

TEST_CASE("a wrong model leaves the results of an earlier run alone, --overwrite or not") {
  const TemporaryDirectory directory;
  const std::string out = (directory.path() / "out").string();
  const std::vector<std::string> eval = {"eval", "--model", "default", "--task", "ifeval", "--limit",
                                         "1",    "-n",      "2",       "--out",  out};
  REQUIRE(RunProgram(eval).exit_code == 0);
  const std::string before = ReadText(out + "/completions.jsonl");
  CheckRefused({eval, "results of an earlier run"});
  std::vector<std::string> wrong = eval;
  wrong[2] = "/no/such/model.gguf";
  wrong.push_back("--overwrite");
  CheckRefused({wrong, "/no/such/model.gguf"});
  CheckRefused({{"eval", "--model", "replay:" + out + "/completions.jsonl", "--task", "ifeval", "--overwrite", "--out", out},
                "another directory"});
  CHECK(ReadText(out + "/completions.jsonl") == before);
}

TEST_CASE("files of rows are refused with file and line") {
  const TemporaryDirectory directory;
  const std::string file = (directory.path() / "rows \xC3\xBC.jsonl").string(), out = (directory.path() / "out").string();
  const std::string row = R"({"key":1,"prompt":"p","instruction_id_list":["punctuation:no_comma"],"kwargs":[{}]})";
  const auto refuse = [&](const std::string& text, const std::string& message) {
    WriteText(file, text);
    CheckRefused({{"eval", "--model", "default", "--task", "ifeval", "--dataset", file, "--out", out}, message});
  };
  refuse("", "no rows");
  refuse("key,prompt\n1,p\n", ":1: found malformed JSON");
  refuse(row + "\n" + row + "\n", ":2: found id 1 a second time");
  refuse(R"({"key":1,"key":2})", "key \"key\" twice");
  refuse(R"({"key":1,"prompt":"p","instruction_id_list":["made:up"],"kwargs":[{}]})", "unknown instruction id");
  WriteText(file, "\xEF\xBB\xBF" + row + "\r\n");  // a byte order mark and CRLF are no reason to refuse
  CHECK(RunProgram({"eval", "--model", "default", "--task", "ifeval", "--dataset", file, "-n", "2", "--out", out}).exit_code ==
        0);

  const auto refuse_responses = [&](const std::string& text, const std::string& message) {
    const std::string responses = (directory.path() / "responses.jsonl").string();
    WriteText(responses, text);
    CheckRefused({{"score", "--task", "ifeval", "--dataset", file, "--completions", responses, "--out", out + "2"}, message});
  };
  refuse_responses("", "no rows");
  refuse_responses(R"({"key":1})", "no \"response\"");
  refuse_responses(R"({"key":1,"response":null})", "no \"response\"");
  refuse_responses("{\"key\":1,\"response\":\"a\"}\n{\"key\":1,\"response\":\"b\"}\n", ":2: found the same sample as line 1");
  refuse_responses(R"({"key":7,"response":"a"})", "to no row of the dataset: line 1 (id 7)");
}

TEST_CASE("datasets verify tells a good file from a broken one") {
  const TemporaryDirectory cache;
  const std::vector<std::string> verify = {"datasets", "verify", "ifeval", "--cache", cache.path().string()};
  CheckRefused({verify, "no such file"});
  WriteText(cache.path() / "ifeval_input_data.jsonl", "{}\n");
  CheckRefused({verify, "found 3 bytes"});
  const auto rows = SharedData("ifeval/input_data.jsonl");
  if (!rows) TM_SKIP("the official rows of IFEval are not there");
  std::string text = ReadText(*rows);
  WriteText(cache.path() / "ifeval_input_data.jsonl", text);
  CHECK(RunProgram(verify).exit_code == 0);
  text[100] ^= 1;
  WriteText(cache.path() / "ifeval_input_data.jsonl", text);
  CheckRefused({verify, "found sha256"});
}

TEST_CASE("a full disk is an error, not a short result") {
  std::error_code error;
  if (!std::filesystem::exists("/dev/full", error)) TM_SKIP("no /dev/full here");
  const ProgramResult table = RunProgram({"list", "tasks"}, "/dev/full");
  CHECK(table.exit_code == 1);
  CHECK_THAT(table.err, Contains("error: "));
  CHECK(RunProgram({"list", "tasks", "--json"}, "/dev/full").exit_code == 1);
}

}  // namespace
}  // namespace tidemark::test
