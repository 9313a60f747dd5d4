// The endpoint adapter against a scripted server on loopback. Limits in time are short only where a test waits for them, so that
// a loaded machine changes nothing.
#include "evals/models/openai_model.h"

#include <algorithm>
#include <chrono>
#include <set>
#include <thread>

#include "evals/reasoning.h"
#include "tests/evals/endpoint_fixture.h"
#include "tests/evals/misbehaviours.h"
#include "tests/support/catch.h"

namespace tidemark {
namespace {

using namespace test;

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
  const ClosedPort port;
  OpenAiModel model(port.url() + "#m", Options());
  const Completion c = AskOne(model, "hello");
  CHECK(Contains(c.error, "onnect"));
  CHECK(Contains(c.error, "(3 attempts)"));
  CHECK(c.stop == StopReason::kError);
}

TEST_CASE("a proper reply gives text, counts and times") {
  const Environment environment;
  ScriptedEndpoint endpoint({{"slow",
                              [](Connection& c, int) {
                                c.Wait(0.05);
                                c.Send(kStreamHead + Piece("one "));
                                c.Wait(0.05);
                                c.Send(Piece("two") + Finish("length") + Usage(5, 9) + kDone);
                              },
                              ""},
                             {"uncounted", Sends(kStreamHead + Piece("a") + Piece("b") + Finish()), ""},
                             {"whole", SendsWhole(200, "application/json", WholeReply({{"content", "all"}}).dump()), ""}});
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
  CHECK(model.Identity()["model"] == "org/name");
  CHECK_FALSE(model.Identity().contains("url"));  // shards may ask different servers
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
  ScriptedEndpoint endpoint(ContentMisbehaviours());
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
  HttpServer server([&](const ServedRequest& request, Connection& c) {
    const std::string name = Json::parse(request.body)["messages"][0]["content"];
    ++waiting;
    // The first 64 wait for each other: with fewer at once this would not end.
    for (int i = 0; i < 2000 && waiting < 64; ++i) {
      if (!c.Wait(0.01)) return;
    }
    c.Send(kStreamHead + Piece("answer to ") + Piece(name) + Finish() + kDone);
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
  ScriptedEndpoint endpoint(HttpMisbehaviours());
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
  ScriptedEndpoint endpoint(
      {{"hangs", [](Connection& c, int) { c.WaitForever(); }, ""}, {"busy", Sends(HttpReply(503, "text/plain", "")), ""}});
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
    const HttpServer server([&](const ServedRequest& request, Connection& c) {
      if (request.method == "GET" && request.path == "/v1/models") c.Send(HttpReply(status, "application/json", body));
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
  const ClosedPort port;
  CHECK(Contains(ErrorOf([&] { OpenAiModel(port.url(), Options()); }), "#MODEL"));
}

}  // namespace
}  // namespace tidemark
