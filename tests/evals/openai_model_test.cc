// The endpoint adapter against a scripted server on loopback. Limits in time are short only where a test waits for them, so that
// a loaded machine changes nothing.
#include "evals/models/openai_model.h"

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <fstream>
#include <set>
#include <thread>

#include "engine/core/error.h"
#include "engine/core/file.h"
#include "evals/reasoning.h"
#include "evals/runner.h"
#include "tests/evals/fake_model.h"
#include "tests/evals/misbehaviours.h"
#include "tests/support/catch.h"
#include "tests/support/json_schema.h"
#include "tests/support/paths.h"

namespace tidemark {
namespace {

using test::AllMisbehaviours;
using test::Connection;
using test::Json;
using test::Misbehaviour;
using test::ScriptedEndpoint;
using test::ServedRequest;

constexpr const char* kVariable = "TIDEMARK_TEST_KEY";
constexpr const char* kKey = "sk-test/0123456789\"abcdef";

// For one test: the environment as the adapter should see it.
struct Environment {
  Environment() {
    setenv("NO_PROXY", "127.0.0.1", 1);
    unsetenv(kDefaultApiKeyVariable);
    setenv(kVariable, kKey, 1);
  }
  ~Environment() { unsetenv(kVariable); }
};

ModelOptions Options() {
  ModelOptions options;
  options.generator.max_batch = 4;
  options.endpoint.attempts = 3;
  options.endpoint.backoff_seconds = 0.002;
  return options;
}

std::vector<Request> Ask(const std::vector<std::string>& contents, const GenerateOptions& generate = {}) {
  std::vector<Request> requests;
  for (const std::string& content : contents) {
    requests.push_back({std::to_string(requests.size()), 0, {{"user", content}}, generate});
  }
  return requests;
}

Completion AskOne(OpenAiModel& model, const std::string& content, const GenerateOptions& generate = {}) {
  return model.Complete(Ask({content}, generate), {}, nullptr).at(0);
}

std::string ErrorOf(const std::function<void()>& act) {
  try {
    act();
  } catch (const Error& e) {
    return e.what();
  }
  return "";
}

bool Contains(const std::string& text, std::string_view part) { return text.find(part) != text.npos; }

TEST_CASE("every misbehaviour is one failed sample with its reason") {
  const Environment environment;
  ScriptedEndpoint endpoint(AllMisbehaviours());
  size_t failing = 0;
  for (const Misbehaviour& row : endpoint.rows()) {
    INFO(row.name);
    ModelOptions options = Options();
    if (row.options) row.options(options.endpoint);
    OpenAiModel model(endpoint.url() + "#m", options);
    const Completion c = AskOne(model, row.name);
    INFO(c.error);
    CHECK(c.error.empty() == row.error.empty());
    CHECK(Contains(c.error, row.error));
    CHECK(c.text == (row.error.empty() ? row.text : ""));
    CHECK((c.stop == StopReason::kError) == !row.error.empty());
    CHECK(endpoint.Asked(row.name) == row.attempts);
    CHECK(model.Timings()["retries"] == row.attempts - 1);
    CHECK(c.error.size() < 500);
    failing += row.error.empty() ? 0 : 1;
  }
  CHECK(failing >= 50);
}

TEST_CASE("a refused connection is a failed sample") {
  const Environment environment;
  const test::ClosedPort port;
  OpenAiModel model(port.url() + "#m", Options());
  const Completion c = AskOne(model, "hello");
  CHECK(Contains(c.error, "onnect"));
  CHECK(Contains(c.error, "(3 attempts)"));
  CHECK(c.stop == StopReason::kError);
}

TEST_CASE("a proper reply gives text, counts and times") {
  const Environment environment;
  ScriptedEndpoint endpoint(
      {{"slow",
        [](Connection& c, int) {
          c.Wait(0.05);
          c.Send(test::kStreamHead + test::Piece("one "));
          c.Wait(0.05);
          c.Send(test::Piece("two") + test::Finish("length") + test::Usage(5, 9) + test::kDone);
        },
        ""},
       {"uncounted", test::Sends(test::kStreamHead + test::Piece("a") + test::Piece("b") + test::Finish()), ""},
       {"whole", test::SendsWhole(200, "application/json", test::WholeReply({{"content", "all"}}).dump()), ""}});
  OpenAiModel model(endpoint.url() + "/v1/#org/name", Options());
  const Completion slow = AskOne(model, "slow");
  CHECK(slow.text == "one two");
  CHECK(slow.stop == StopReason::kLength);
  CHECK(slow.prompt_tokens == 5);
  CHECK(slow.completion_tokens == 9);
  CHECK(slow.time_to_first_token_seconds >= 0.045);
  REQUIRE(slow.inter_token_seconds.size() == 1);
  CHECK(slow.inter_token_seconds[0] >= 0.03);
  CHECK(AskOne(model, "uncounted").completion_tokens == 2);
  const Json described = model.Describe();
  CHECK(described["token_counts"] == Json{{"by_server", 1}, {"pieces_counted_here", 1}});
  CHECK(described["url"] == endpoint.url() + "/v1");
  CHECK(described["model"] == "org/name");
  CHECK(described["server_models"] == Json::array({"served-model"}));
  CHECK(described["system_fingerprints"] == Json::array({"fp_1"}));
  CHECK(described["api_key_variable"].is_null());
  CHECK(model.Timings()["client_tokens"] == 11);
  CHECK(endpoint.Last("slow").path == "/v1/chat/completions");
  CHECK(endpoint.Last("slow").headers.count("authorization") == 0);

  ModelOptions options = Options();
  options.endpoint.stream = false;
  OpenAiModel whole(endpoint.url() + "#m", options);
  const Completion c = AskOne(whole, "whole");
  CHECK(c.text == "all");
  CHECK(c.completion_tokens == 7);
  CHECK(c.time_to_first_token_seconds == 0);
  CHECK(Json::parse(endpoint.Last("whole").body)["stream"] == false);
}

TEST_CASE("reasoning in its own field is what StripReasoning expects") {
  const Environment environment;
  ScriptedEndpoint endpoint(test::ContentMisbehaviours());
  OpenAiModel model(endpoint.url() + "#m", Options());
  CHECK(StripReasoning(AskOne(model, "reasoning_content").text).text == "right");
  CHECK(StripReasoning(AskOne(model, "reasoning without an end").text).unclosed);
  CHECK(AskOne(model, "a stop string that vLLM names").stop == StopReason::kStopString);
  ModelOptions options = Options();
  options.endpoint.reasoning_open = true;
  OpenAiModel open(endpoint.url() + "#m", options);
  CHECK(AskOne(open, "no [DONE]").reasoning_open);
  CHECK_FALSE(AskOne(open, "reasoning_content").reasoning_open);
}

TEST_CASE("what is sent") {
  const Environment environment;
  ScriptedEndpoint endpoint({});
  const auto body = [&](const EndpointOptions& given, const GenerateOptions& generate) {
    ModelOptions options = Options();
    options.endpoint = given;
    OpenAiModel model(endpoint.url() + "#org/name", options);
    CHECK(AskOne(model, "x", generate).error.empty());
    return Json::parse(endpoint.Last("x").body);
  };
  GenerateOptions greedy;
  EndpointOptions o;
  const Json messages = Json::parse(R"([{"role": "user", "content": "x"}])");
  Json expected = {{"model", "org/name"},   {"messages", messages}, {"max_tokens", 256},
                   {"temperature", 0.0},    {"top_p", 1.0},         {"repetition_penalty", 1.0},
                   {"repeat_penalty", 1.0}, {"stream", true},       {"stream_options", {{"include_usage", true}}}};
  CHECK(body(o, greedy) == expected);
  o.extension_fields = ExtensionFields::kNone;
  o.max_tokens_field = "max_completion_tokens";
  o.stream = false;
  expected = {{"model", "org/name"}, {"messages", messages}, {"max_completion_tokens", 256},
              {"temperature", 0.0},  {"top_p", 1.0},         {"stream", false}};
  CHECK(body(o, greedy) == expected);

  GenerateOptions sampled;
  sampled.sampling.temperature = 0.2;
  sampled.sampling.repetition_penalty = 1.05;
  sampled.stop_strings = {"END"};
  sampled.ignore_eos = true;
  o = {};
  const Json all = body(o, sampled);
  CHECK(all["top_k"] == 1 << 30);
  CHECK(all["min_p"] == 0.0);
  CHECK(all["repeat_penalty"] == 1.05);
  CHECK(all["repeat_last_n"] == -1);
  CHECK(all["stop"] == Json::array({"END"}));
  CHECK(all["ignore_eos"] == true);
  CHECK(all["seed"].get<int64_t>() >= 0);
  o.extension_fields = ExtensionFields::kChanged;
  const Json changed = body(o, sampled);
  CHECK(changed.count("top_k") == 0);
  CHECK(changed["repetition_penalty"] == 1.05);
}

TEST_CASE("what no endpoint takes fails the sample before it is sent") {
  const Environment environment;
  ScriptedEndpoint endpoint({});
  ModelOptions options = Options();
  options.endpoint.extension_fields = ExtensionFields::kNone;
  OpenAiModel model(endpoint.url() + "#m", options);
  auto requests = Ask({"a", "b", "c"});
  requests[0].options.stop_ids = {7};
  requests[1].options.sampling.top_k = 40;
  int done = 0;
  const auto completions = model.Complete(
      requests, [&](const Completion&) { ++done; }, nullptr);
  CHECK(done == 3);
  CHECK(Contains(completions[0].error, "--stop-id"));
  CHECK(Contains(completions[1].error, "--extension-fields"));
  CHECK(completions[2].text == "echo c");
}

TEST_CASE("seeds differ between samples and repeats, and are the same again") {
  std::set<int64_t> seeds;
  Request request{"id", 0, {}, {}};
  for (int sample = 0; sample < 20; ++sample) {
    request.id = "id" + std::to_string(sample);
    for (request.repeat = 0; request.repeat < 20; ++request.repeat) seeds.insert(EndpointSeed(request));
  }
  CHECK(seeds.size() == 400);
  CHECK(*seeds.begin() >= 0);
  CHECK(*seeds.rbegin() <= 0x7fffffff);
  const int64_t before = EndpointSeed(request);
  CHECK(EndpointSeed(request) == before);
  request.options.seed = 1;
  CHECK(EndpointSeed(request) != before);
}

TEST_CASE("64 requests at once, each with its own answer") {
  const Environment environment;
  std::atomic<int> waiting{0};
  test::HttpServer server([&](const ServedRequest& request, Connection& c) {
    const std::string name = Json::parse(request.body)["messages"][0]["content"];
    ++waiting;
    // The first 64 wait for each other: with fewer at once this would not end.
    for (int i = 0; i < 2000 && waiting < 64; ++i) {
      if (!c.Wait(0.01)) return;
    }
    c.Send(test::kStreamHead + test::Piece("answer to ") + test::Piece(name) + test::Finish() + test::kDone);
  });
  ModelOptions options = Options();
  options.endpoint.concurrency = 64;
  OpenAiModel model(server.url() + "#m", options);
  std::vector<std::string> contents;
  for (int i = 0; i < 200; ++i) contents.push_back("question " + std::to_string(i));
  std::set<std::string> done;
  const auto completions = model.Complete(
      Ask(contents), [&](const Completion& c) { done.insert(c.id); }, nullptr);
  CHECK(done.size() == 200);
  CHECK(server.most_at_once() >= 64);
  for (size_t i = 0; i < contents.size(); ++i) {
    CHECK(completions[i].id == std::to_string(i));
    CHECK(completions[i].text == "answer to " + contents[i]);
  }
}

TEST_CASE("Retry-After is waited for, up to the limit") {
  const Environment environment;
  ScriptedEndpoint endpoint(test::HttpMisbehaviours());
  const auto seconds = [&](const std::string& name, double limit) {
    ModelOptions options = Options();
    options.endpoint.max_retry_wait_seconds = limit;
    OpenAiModel model(endpoint.url() + "#m", options);
    const auto begin = std::chrono::steady_clock::now();
    CHECK(AskOne(model, name).error.empty());
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  };
  CHECK(seconds("429 with Retry-After in seconds", 60) >= 1);
  CHECK(seconds("429 with Retry-After as a date", 0.3) >= 0.3);
}

TEST_CASE("a cancelled run ends promptly, and what was not finished is cancelled") {
  const Environment environment;
  ScriptedEndpoint endpoint({{"hangs", [](Connection& c, int) { c.WaitForever(); }, ""},
                             {"busy", test::Sends(test::HttpReply(503, "text/plain", "")), ""}});
  ModelOptions options = Options();
  options.endpoint.attempts = 100;
  options.endpoint.backoff_seconds = 30;
  OpenAiModel model(endpoint.url() + "#m", options);
  std::atomic<bool> cancel{false};
  std::thread later([&] {
    for (int i = 0; i < 2000 && (endpoint.Asked("hangs") == 0 || endpoint.Asked("busy") == 0); ++i) {
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
    cancel = true;
  });
  const auto begin = std::chrono::steady_clock::now();
  int done = 0;
  const auto completions = model.Complete(
      Ask({"good", "hangs", "busy", "hangs", "hangs", "hangs", "never"}), [&](const Completion&) { ++done; }, &cancel);
  later.join();
  CHECK(std::chrono::steady_clock::now() - begin < std::chrono::seconds(10));
  CHECK(done <= 1);
  for (size_t i = 1; i < completions.size(); ++i) CHECK(completions[i].stop == StopReason::kCancelled);
}

TEST_CASE("what on_done throws passes through") {
  const Environment environment;
  ScriptedEndpoint endpoint({});
  OpenAiModel model(endpoint.url() + "#m", Options());
  const auto full = [](const Completion&) { throw Error("disk", "full", "space"); };
  CHECK_THROWS_AS(model.Complete(Ask({"a", "b", "c"}), full, nullptr), Error);
}

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
  Json named = test::Choice({{"content", "x"}}, "stop");
  named["model"] = named["system_fingerprint"] = "model " + key;
  Json slashed = test::Choice({{"content", key}}, "abort " + key);
  return {
      {"in the text", test::Sends(test::ProperStream(half, rest + " you said")), ""},
      {"in the reasoning", test::Sends(test::kStreamHead + test::Event(test::Choice({{"reasoning", key}})) + test::Finish()), ""},
      {"in a JSON error", test::SendsWhole(401, json, Json{{"error", {{"message", "bad key " + key}}}}.dump()), "x"},
      {"in an unknown JSON error", test::SendsWhole(401, json, Json{{"what", key}}.dump()), "x"},
      {"in a plain error", test::SendsWhole(403, "text/plain", "bad key " + key), "x"},
      {"in the location", test::SendsWhole(302, json, "", "Location: http://x.example/" + key + "\r\n"), "x"},
      {"in the content type", test::SendsWhole(200, "text/" + key, "x"), "x"},
      {"in the coding", test::SendsWhole(200, json, "x", "Content-Encoding: " + key + "\r\n"), "x"},
      {"in Retry-After", test::SendsWhole(429, json, "", "Retry-After: " + key + "\r\n"), "x"},
      {"in a garbled chunk", test::Sends(test::kStreamHead + "data: {" + escaped + "\n\n"), "x"},
      {"in the finish_reason", test::Sends(test::kStreamHead + test::Event(slashed)), "x"},
      {"in the names", test::Sends(test::kStreamHead + test::Event(named)), ""},
      {"in the status line", test::Sends("HTTP/1.1 400 " + key + "\r\nContent-Length: 0\r\n\r\n"), "x"},
      {"as the protocol", test::Sends(key + "\r\n\r\n"), "x"},
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
  const Task task = test::EchoTask();
  EvalJob job{&task, test::EchoRows(0), {}};
  int64_t failing = 0;
  for (const Misbehaviour& row : rows) {
    job.dataset.rows.push_back({static_cast<int64_t>(job.dataset.rows.size()) + 1, {{"key", row.name}, {"prompt", row.name}}});
    failing += row.error.empty() ? 0 : 1;
  }
  const test::TemporaryDirectory directory;
  RunOptions run;
  run.out = directory.path() / "out";
  const Report report = RunEvals(model, {&job, 1}, run, false, {});
  CHECK(report.tasks[0].samples.total == static_cast<int64_t>(rows.size()));
  CHECK(report.tasks[0].samples.failed == failing);
  CHECK(report.tasks[0].samples.not_run == 0);
  const test::SchemaValidator validator(nlohmann::json::parse(ReportSchema()));
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

TEST_CASE("endpoint addresses") {
  for (const char* url : {"http://h:1", "http://h:1/", "http://h:1/v1", "http://h:1/v1/", "http://h:1/v1/chat/completions"}) {
    CHECK(ParseEndpoint(url).base == "http://h:1/v1");
    CHECK(ParseEndpoint(std::string(url) + "#org/name#2").model == "org/name#2");
  }
  CHECK(ParseEndpoint("https://h/api/openai").base == "https://h/api/openai/v1");
  CHECK(ParseEndpoint("https://h/api/v4/#m").base == "https://h/api/v4");
  CHECK(ParseEndpoint("http://[::1]:8080#m").base == "http://[::1]:8080/v1");
  for (const char* wrong : {"", "#m", "h:8080#m", "ftp://h#m", "http://#m", "http://h#", "file:///etc/passwd#m"}) {
    INFO(wrong);
    CHECK_FALSE(ErrorOf([&] { ParseEndpoint(wrong); }).empty());
  }
  for (const char* secret : {"http://me:secret@h/v1#m", "http://secret@h#m", "https://h/v1?key=secret#m"}) {
    const std::string error = ErrorOf([&] { ParseEndpoint(secret); });
    CHECK(Contains(error, "--api-key-env"));
    CHECK_FALSE(Contains(error, "secret@"));
    CHECK_FALSE(Contains(error, "=secret"));
  }
}

TEST_CASE("without a name the only model is taken") {
  const Environment environment;
  const auto open = [](int status, const std::string& body) {
    const test::HttpServer server([&](const ServedRequest& request, Connection& c) {
      if (request.method == "GET" && request.path == "/v1/models") c.Send(test::HttpReply(status, "application/json", body));
    });
    ModelOptions options = Options();
    options.endpoint.api_key_env = kVariable;
    return OpenAiModel(server.url(), options).Describe()["model"].get<std::string>();
  };
  CHECK(open(200, R"({"data": [{"id": "only"}]})") == "only");
  CHECK(Contains(ErrorOf([&] { open(200, R"({"data": [{"id": "a"}, {"id": "b"}]})"); }), "2 models: a, b"));
  CHECK(Contains(ErrorOf([&] { open(200, R"({"data": []})"); }), "0 models"));
  CHECK(Contains(ErrorOf([&] { open(200, "hello"); }), "hello"));
  CHECK(Contains(ErrorOf([&] { open(500, R"({"error": "oops"})"); }), "HTTP 500: oops"));
  const std::string echoed = ErrorOf([&] { open(401, Json{{"error", kKey}}.dump()); });
  CHECK(Contains(echoed, "HTTP 401: [api key]"));
  const test::ClosedPort port;
  CHECK(Contains(ErrorOf([&] { OpenAiModel(port.url(), Options()); }), "#MODEL"));
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
  const test::TemporaryDirectory directory;
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
