// divergence end to end on the embedded model: a backend against itself, rounding against exact, files in and out, refusals.
#include <chrono>
#include <nlohmann/json.hpp>
#include <thread>

#include "tests/cli/program.h"
#include "tests/support/catch.h"

namespace tidemark::test {
namespace {

using Json = nlohmann::json;

class Work {
 public:
  Work() {
    WriteText(Path("text"), "Calculate 81 + 56.\nName three rivers, please, and write about one of them in two sentences.\n");
  }
  std::string Path(const std::string& name) const { return (directory_.path() / name).string(); }
  Json Run(std::vector<std::string> more) const {
    std::vector<std::string> all = {"divergence", "--model", "default", "-t", "1", "--json"};
    all.insert(all.end(), more.begin(), more.end());
    const ProgramResult result = RunProgram(all);
    INFO(result.err);
    REQUIRE(result.exit_code == 0);
    return Json::parse(result.out);
  }

 private:
  TemporaryDirectory directory_;
};

TEST_CASE("divergence: a backend against itself is 0, in whole blocks and token by token") {
  const Work work;
  for (const char* chunk : {"0", "1", "7"}) {
    const Json same =
        work.Run({"--text", work.Path("text"), "--block", "16", "--backend", "naive", "--against", "naive", "--chunk", chunk});
    INFO(chunk);
    CHECK(same.at("kl_nats").at("max") == 0);
    CHECK(same.at("top1_agreement").at("value") == 1);
    CHECK(same.at("perplexity").at("ratio") == 1);
    CHECK(same.at("blocks") > 1);
    CHECK(same.at("blocks") == same.at("blocks_asked"));
    CHECK(same.at("interrupted") == false);
    CHECK_THAT(same.at("tested").at("backends").get<std::string>(), Contains("naive (exact)"));
  }
}

TEST_CASE("divergence: rounded keys and values are near the exact ones but not equal; the Markdown says the same") {
  const Work work;
  const std::vector<std::string> flags = {"--text",    work.Path("text"), "--backend", "naive",
                                          "--against", "naive",           "--kv-type", "f16"};
  const Json rounded = work.Run(flags);
  const double kl = rounded.at("kl_nats").at("mean");
  CHECK(kl > 0);
  CHECK(kl < 1e-4);
  std::vector<std::string> words = {"divergence", "--model", "default", "-t", "1", "--out", work.Path("result.json")};
  words.insert(words.end(), flags.begin(), flags.end());
  const ProgramResult table = RunProgram(words);
  REQUIRE(table.exit_code == 0);
  CHECK_THAT(table.out, Contains("| mean KL (nats) |") && Contains("naive (exact)"));
  CHECK(Json::parse(ReadText(work.Path("result.json"))).at("kl_nats").at("mean") == kl);
}

TEST_CASE("divergence: logits and tokens that were written can be read") {
  const Work work;
  const Json live = work.Run({"--text", work.Path("text"), "--block", "16", "--backend", "naive", "--against", "naive",
                              "--kv-type", "f16", "--tokens-out", work.Path("tokens"), "--logits-out", work.Path("logits")});
  const Json stored = work.Run({"--tokens", work.Path("tokens"), "--against", "naive", "--logits-in", work.Path("logits")});
  CHECK(stored.at("kl_nats") == live.at("kl_nats"));
  CHECK(stored.at("perplexity") == live.at("perplexity"));
  CHECK(stored.at("tested").at("logits") == work.Path("logits"));

  const Json beside =
      work.Run({"--tokens", work.Path("tokens"), "--backend", "naive", "--against", "naive", "--beside", work.Path("logits")});
  CHECK(beside.at("kl_nats").at("max") == 0);
  CHECK(beside.at("beside").at("kl_nats") == live.at("kl_nats"));
  CHECK(beside.at("kl_less_beside").at("mean") == -live.at("kl_nats").at("mean").get<double>());

  const auto refuse = [&](const std::vector<std::string>& more, const std::string& message) {
    std::vector<std::string> words = {"divergence", "--model", "default", "-t", "1", "--against", "naive"};
    words.insert(words.end(), more.begin(), more.end());
    const ProgramResult result = RunProgram(words);
    CHECK(result.exit_code == 1);
    CHECK_THAT(result.err, Contains(message));
  };
  WriteText(work.Path("fewer"), "1 2 3\n");
  refuse({"--tokens", work.Path("fewer"), "--logits-in", work.Path("logits")}, "blocks");
  std::string other = ReadText(work.Path("tokens"));
  char& digit = other[other.size() - 2];  // the last id becomes another
  digit = digit == '1' ? '2' : '1';
  WriteText(work.Path("other"), other);
  refuse({"--tokens", work.Path("other"), "--logits-in", work.Path("logits")}, "other tokens");
  refuse({"--tokens", work.Path("tokens"), "--logits-in", work.Path("tokens")}, "TMLOGIT1");
  refuse({"--tokens", work.Path("other"), "--beside", work.Path("logits")}, "other tokens");
  WriteText(work.Path("empty"), "");
  refuse({"--text", work.Path("empty")}, "0 tokens");
  refuse({"--tokens", work.Path("tokens"), "--text", work.Path("text")}, "text");
  refuse({}, "text");
}

TEST_CASE("divergence: an output that is an input, or that cannot be written, is refused before anything is computed") {
  const Work work;
  work.Run({"--text", work.Path("text"), "--block", "16", "--tokens-out", work.Path("tokens"), "--logits-out",
            work.Path("logits"), "--out", work.Path("report")});
  const std::string logits = ReadText(work.Path("logits")), tokens = ReadText(work.Path("tokens"));
  std::filesystem::create_symlink(work.Path("logits"), work.Path("link"));
  const auto refuse = [&](const std::vector<std::string>& more, const std::string& message) {
    // A model that does not exist: the complaint comes before it is looked for.
    std::vector<std::string> words = {"divergence", "--model", work.Path("no-model"), "-t", "1"};
    words.insert(words.end(), more.begin(), more.end());
    const ProgramResult result = RunProgram(words);
    INFO(message << ": " << result.err);
    CHECK(result.exit_code == 1);
    CHECK(result.out.empty());
    CHECK_THAT(result.err, Contains(message));
  };
  const std::string t = work.Path("tokens"), l = work.Path("logits");
  refuse({"--tokens", t, "--logits-in", l, "--logits-out", l}, "the file of --logits-in");
  refuse({"--tokens", t, "--beside", l, "--logits-out", work.Path("link")}, "the file of --beside");
  refuse({"--tokens", t, "--tokens-out", t}, "the file of --tokens");
  refuse({"--tokens", t, "--logits-out", work.Path("new"), "--out", work.Path("./new")}, "the file of --logits-out");
  refuse({"--tokens", t, "--out", work.Path("nowhere/report")}, "No such file");
  refuse({"--tokens", t, "--logits-out", work.Path("nowhere/logits")}, "No such file");
  refuse({"--tokens", t, "--out", std::filesystem::path(t).parent_path().string()}, "a directory");
  refuse({"--text", work.Path("missing")}, "--text");
  for (const char* flag : {"--backend=naive", "--precision=int8", "--kv-type=f16", "--chunk=1"})
    refuse({"--tokens", t, "--logits-in", l, flag}, "excludes");
  refuse({"--tokens", t, "--ctx", "99"}, "--ctx");
  refuse({"--tokens", t, "--batch", "2"}, "--batch");
  CHECK(ReadText(l) == logits);
  CHECK(ReadText(t) == tokens);
  for (const auto& entry : std::filesystem::directory_iterator(std::filesystem::path(t).parent_path()))
    CHECK(entry.path().extension() != ".tmp");
}

TEST_CASE("divergence: interrupted, it summarises what is done and leaves the old logits") {
  const Work work;
  std::string text;
  for (int i = 0; i < 40000; ++i) text += "Line " + std::to_string(i) + " of a long text.\n";
  WriteText(work.Path("long"), text);
  WriteText(work.Path("logits"), "old");
  const std::filesystem::path directory = std::filesystem::path(work.Path("long")).parent_path();
  for (const bool json : {true, false}) {
    std::vector<std::string> words = {"divergence",
                                      "--model",
                                      "default",
                                      "-t",
                                      "1",
                                      "--block",
                                      "16",
                                      "--text",
                                      work.Path("long"),
                                      "--logits-out",
                                      work.Path("logits"),
                                      "--out",
                                      work.Path("report")};
    if (json) words.push_back("--json");
    Program program(words);
    const auto computing = [&] {
      for (const auto& entry : std::filesystem::directory_iterator(directory)) {
        std::error_code ignored;
        if (entry.path().extension() == ".tmp" && std::filesystem::file_size(entry.path(), ignored) > 1 << 18) return true;
      }
      return false;
    };
    for (int i = 0; i < 30000 && !computing(); ++i) std::this_thread::sleep_for(std::chrono::milliseconds(1));
    program.Interrupt();
    const ProgramResult result = program.Wait();
    INFO(result.err);
    REQUIRE(result.exit_code == 2);
    CHECK_THAT(result.err, Contains("interrupted: "));
    const Json report = Json::parse(ReadText(work.Path("report")));
    CHECK(report.at("interrupted") == true);
    CHECK(report.at("blocks") > 0);
    CHECK(report.at("blocks") < report.at("blocks_asked"));
    if (json) CHECK(Json::parse(result.out) == report);
    if (!json) CHECK_THAT(result.out, Contains("Interrupted: ") && Contains("| mean KL (nats) |"));
    CHECK(ReadText(work.Path("logits")) == "old");
    CHECK_FALSE(computing());
  }
}

TEST_CASE("divergence: only the tokens behind a bar count") {
  const Work work;
  WriteText(work.Path("all"), "1 20 30 40 50 60\n");
  WriteText(work.Path("some"), "1 20 30 40 | 50 60\n");
  CHECK(work.Run({"--tokens", work.Path("all"), "--backend", "naive", "--against", "naive"}).at("positions") == 5);
  CHECK(work.Run({"--tokens", work.Path("some"), "--backend", "naive", "--against", "naive"}).at("positions") == 2);
}

}  // namespace
}  // namespace tidemark::test
