// What must stay secret or be verified at an endpoint: the key in no file, message or error, and certificates.
#include <algorithm>
#include <cstdio>
#include <filesystem>

#include "engine/core/file.h"
#include "evals/runner.h"
#include "tests/evals/endpoint_fixture.h"
#include "tests/evals/fake_model.h"
#include "tests/evals/misbehaviours.h"
#include "tests/support/catch.h"
#include "tests/support/json_schema.h"
#include "tests/support/paths.h"

namespace tidemark {
namespace {

using namespace test;

std::string AllFiles(const std::filesystem::path& directory) {
  std::string all;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(directory)) {
    if (entry.is_regular_file()) all += ReadFile(entry.path());
  }
  return all;
}

// The server says the key wherever it can.
std::vector<Misbehaviour> Echoes() {
  const std::string key = kKey, json = "application/json", escaped = Json(key).dump();
  const std::string half = key.substr(0, 10), rest = key.substr(10);
  Json named = ChunkOf({{"content", "x"}}, "stop");
  named["model"] = named["system_fingerprint"] = "model " + key;
  Json slashed = ChunkOf({{"content", key}}, "abort " + key);
  return {
      {"in the text", Sends(ProperStream(half, rest + " you said")), ""},
      {"in the reasoning", Sends(kStreamHead + Event(ChunkOf({{"reasoning", key}})) + Finish()), ""},
      {"in a JSON error", SendsWhole(401, json, Json{{"error", {{"message", "bad key " + key}}}}.dump()), "x"},
      {"in an unknown JSON error", SendsWhole(401, json, Json{{"what", key}}.dump()), "x"},
      {"in a plain error", SendsWhole(403, "text/plain", "bad key " + key), "x"},
      {"in the location", SendsWhole(302, json, "", "Location: http://x.example/" + key + "\r\n"), "x"},
      {"in the content type", SendsWhole(200, "text/" + key, "x"), "x"},
      {"in the coding", SendsWhole(200, json, "x", "Content-Encoding: " + key + "\r\n"), "x"},
      {"in Retry-After", SendsWhole(429, json, "", "Retry-After: " + key + "\r\n"), "x"},
      {"in a garbled chunk", Sends(kStreamHead + "data: {" + escaped + "\n\n"), "x"},
      {"in the finish_reason", Sends(kStreamHead + Event(slashed)), "x"},
      {"in the names", Sends(kStreamHead + Event(named)), ""},
      {"in the status line", Sends("HTTP/1.1 400 " + key + "\r\nContent-Length: 0\r\n\r\n"), "x"},
      {"as the protocol", Sends(key + "\r\n\r\n"), "x"},
  };
}

TEST_CASE("a whole evaluation over every misbehaviour ends, counts them, and writes the key nowhere") {
  const Environment environment;
  std::vector<Misbehaviour> rows = Echoes();
  for (Misbehaviour& row : AllMisbehaviours()) {
    if (!row.options) rows.push_back(std::move(row));  // those without limits of their own
  }
  ScriptedEndpoint endpoint(rows);
  ModelOptions options = Options();
  options.endpoint.api_key_env = kVariable;
  options.endpoint.concurrency = 16;
  OpenAiModel model(endpoint.url() + "#m", options);
  const Task task = EchoTask();
  EvalJob job{&task, EchoRows(0), {}};
  int64_t failing = 0;
  for (const Misbehaviour& row : rows) {
    job.dataset.rows.push_back({static_cast<int64_t>(job.dataset.rows.size()) + 1, {{"key", row.name}, {"prompt", row.name}}});
    failing += row.error.empty() ? 0 : 1;
  }
  const TemporaryDirectory directory;
  RunOptions run;
  run.out = directory.path() / "out";
  const Report report = RunEvals(model, {&job, 1}, run, false, {});
  CHECK(report.tasks[0].samples.total == static_cast<int64_t>(rows.size()));
  CHECK(report.tasks[0].samples.failed == failing);
  CHECK(report.tasks[0].samples.not_run == 0);
  const SchemaValidator validator(nlohmann::json::parse(ReportSchema()));
  CHECK(validator.Validate(nlohmann::json(ToJson(report))) == std::vector<std::string>{});

  CHECK(endpoint.Last("in the text").headers["authorization"] == std::string("Bearer ") + kKey);
  const std::string written = AllFiles(directory.path());
  CHECK(written.size() > 10000);
  CHECK(Contains(written, "[api key] you said"));
  CHECK(Contains(written, "bad key [api key]"));
  for (const std::string_view part : {"0123456789", "abcdef"}) {
    const size_t at = written.find(part);
    INFO(written.substr(at == written.npos ? written.size() : at - std::min<size_t>(at, 200), 300));
    CHECK(at == written.npos);
  }
}

TEST_CASE("keys are scrubbed however they are spelt") {
  const Environment environment;
  setenv(kVariable, R"(a/b"c\\d%e)", 1);
  const ApiKey key = ApiKey::FromEnvironment(kVariable);
  for (const char* spelt : {R"(a/b"c\\d%e)", R"(a\/b\"c\\\\d%e)", R"(\u0061\u002fb\"c\u005C\u005cd%e)", "a%2Fb%22c%5c%5Cd%25e"}) {
    INFO(spelt);
    CHECK(key.Scrub(std::string("x a/ ") + spelt + spelt + " y") == "x a/ [api key][api key] y");
  }
  for (const char* other : {"", "a/b", R"(a/b"c\\d%)", "nothing \\ to % see"}) CHECK(key.Scrub(other) == other);
}

TEST_CASE("keys come from the environment alone") {
  const Environment environment;
  CHECK(ApiKey::FromEnvironment("").empty());
  setenv(kDefaultApiKeyVariable, "default-key", 1);
  CHECK(ApiKey::FromEnvironment("").Header() == "Authorization: Bearer default-key");
  unsetenv(kDefaultApiKeyVariable);
  CHECK(ApiKey::FromEnvironment(kVariable).variable() == kVariable);
  for (const char* wrong : {"sk-verysecret1", "verysecret2"}) {
    const std::string error = ErrorOf([&] { ApiKey::FromEnvironment(wrong); });
    CHECK(Contains(error, "--api-key-env"));
    CHECK_FALSE(Contains(error, "verysecret"));
  }
  for (const char* bad : {"short", "with space in", "line\nend-of-key"}) {
    setenv(kVariable, bad, 1);
    const std::string error = ErrorOf([] { ApiKey::FromEnvironment(kVariable); });
    CHECK_FALSE(error.empty());
    CHECK_FALSE(Contains(error, bad));
  }
}

// A child process, ended with this.
struct Process {
  FILE* pipe;
  explicit Process(const std::string& command) : pipe(popen(command.c_str(), "r")) {}
  ~Process() {
    if (pipe != nullptr) pclose(pipe);
  }
};

TEST_CASE("a certificate that nobody vouches for is refused") {
  const Environment environment;
  const TemporaryDirectory directory;
  const std::string at = directory.path().string();
  const std::string make =
      "openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost -addext subjectAltName=IP:127.0.0.1 "
      "-keyout " +
      at + "/key.pem -out " + at + "/cert.pem >/dev/null 2>&1";
  if (std::system(make.c_str()) != 0) TM_SKIP("no openssl program to make a certificate with");
  // Prints "ACCEPT 127.0.0.1:PORT" and its process id first; ends after two connections.
  const Process server("echo $$; exec openssl s_server -accept 127.0.0.1:0 -naccept 2 -www -cert " + at + "/cert.pem -key " + at +
                       "/key.pem 2>&1");
  std::string port;
  char line[256];
  while (port.empty() && std::fgets(line, sizeof(line), server.pipe) != nullptr) {
    const std::string text = line;
    if (text.starts_with("ACCEPT")) port = text.substr(text.rfind(':') + 1, text.find_last_of("0123456789") - text.rfind(':'));
  }
  REQUIRE_FALSE(port.empty());
  const std::string url = "https://127.0.0.1:" + port;
  CHECK(Contains(ErrorOf([&] { OpenAiModel(url, Options()); }), "certificate"));
  // With the certificate trusted the connection stands, and only the server's page is no list of models.
  ModelOptions options = Options();
  options.endpoint.ca_file = at + "/cert.pem";
  const std::string error = ErrorOf([&] { OpenAiModel(url, options); });
  CHECK_FALSE(error.empty());
  CHECK_FALSE(Contains(error, "certificate"));
  CHECK(Contains(error, "HTML"));
}

}  // namespace
}  // namespace tidemark
