// How servers misbehave, as data: what one does with a connection, and what must become of the sample. A request whose only
// message names a row gets that behaviour; any other gets a proper answer.
#ifndef TIDEMARK_TESTS_EVALS_MISBEHAVIOURS_H_
#define TIDEMARK_TESTS_EVALS_MISBEHAVIOURS_H_

#include <ctime>
#include <functional>
#include <map>
#include <mutex>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "evals/models/endpoint_options.h"
#include "tests/support/http_server.h"

namespace tidemark::test {

using Json = nlohmann::ordered_json;

inline const std::string kStreamHead =
    "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream; charset=utf-8\r\nConnection: close\r\n\r\n";

inline const std::string kChunkedHead =
    "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n";

inline std::string Event(const Json& json) { return "data: " + json.dump() + "\n\n"; }
inline Json ChunkOf(const Json& delta, const Json& finish = nullptr) {
  return {{"id", "c1"},
          {"object", "chat.completion.chunk"},
          {"model", "served-model"},
          {"system_fingerprint", "fp_1"},
          {"choices", {{{"index", 0}, {"delta", delta}, {"finish_reason", finish}}}}};
}
inline std::string Piece(const std::string& text) { return Event(ChunkOf({{"content", text}})); }
inline std::string Finish(const std::string& reason = "stop") { return Event(ChunkOf(Json::object(), reason)); }
inline std::string Usage(int prompt, int completion) {
  return Event({{"choices", Json::array()}, {"usage", {{"prompt_tokens", prompt}, {"completion_tokens", completion}}}});
}
inline const std::string kDone = "data: [DONE]\n\n";

// "one two" in two pieces, with counts.
inline std::string ProperStream(const std::string& first, const std::string& second) {
  return kStreamHead + Event(ChunkOf({{"role", "assistant"}, {"content", ""}})) + Piece(first) + Piece(second) + Finish() +
         Usage(11, 7) + kDone;
}
inline Json WholeReply(const Json& message, const Json& finish = "stop") {
  return {{"model", "served-model"},
          {"choices", {{{"index", 0}, {"message", message}, {"finish_reason", finish}}}},
          {"usage", {{"prompt_tokens", 11}, {"completion_tokens", 7}}}};
}

struct Misbehaviour {
  std::string name;
  std::function<void(Connection&, int attempt)> act;  // attempt: of this sample, from 1
  std::string error;                                  // part of what the sample's error must say; empty: it gets its answer
  int attempts = 1;                                   // how often the server must have been asked, of at most 3
  std::string text = "right";                         // of an answer
  std::function<void(EndpointOptions&)> options = {};
};

inline std::function<void(Connection&, int)> Sends(std::string bytes) {
  return [bytes = std::move(bytes)](Connection& c, int) { c.Send(bytes); };
}
inline std::function<void(Connection&, int)> SendsWhole(int status, std::string type, std::string body, std::string extra = {}) {
  return Sends(HttpReply(status, type, body, extra));
}
// `bytes` until attempt n, which answers properly.
inline std::function<void(Connection&, int)> UntilAttempt(int n, std::string bytes) {
  return [n, bytes = std::move(bytes)](Connection& c, int attempt) { c.Send(attempt < n ? bytes : ProperStream("ri", "ght")); };
}
inline std::string HttpDate(int seconds_from_now) {
  const std::time_t t = std::time(nullptr) + seconds_from_now;
  std::tm utc{};
  gmtime_r(&t, &utc);
  char text[64];
  std::strftime(text, sizeof(text), "%a, %d %b %Y %H:%M:%S GMT", &utc);
  return text;
}

// Before the reply's body: connections and HTTP itself.
inline std::vector<Misbehaviour> HttpMisbehaviours() {
  const std::string json = "application/json", error = R"({"error": {"message": "the server says so", "code": 1}})";
  const std::string busy = HttpReply(429, json, error), wait = HttpReply(429, json, error, "Retry-After: 1\r\n");
  return {
      {"closes at once", Sends(""), "mpty reply", 3},
      {"resets at once", [](Connection& c, int) { c.Reset(); }, "(3 attempts)", 3},
      {"closes in the headers", Sends("HTTP/1.1 200 OK\r\nContent-Ty"), "(3 attempts)", 3},
      {"closes once, then answers", UntilAttempt(2, ""), "", 2},
      {"no HTTP", Sends("220 mail.example ESMTP ready\r\n\r\n"), "HTTP/0.9"},
      {"malformed status line", Sends("HTTP/1.1 banana\r\n\r\nhello"), "HTTP", 1},
      {"endless headers",
       [](Connection& c, int) {
         c.Send("HTTP/1.1 200 OK\r\n");
         while (c.Send("X-Padding: " + std::string(1000, 'x') + "\r\n")) continue;
       },
       "bytes of headers"},
      {"400", SendsWhole(400, json, error), "HTTP 400: the server says so"},
      {"401", SendsWhole(401, json, error), "HTTP 401: the server says so"},
      {"404", SendsWhole(404, json, R"({"detail": "no such model"})"), "HTTP 404: no such model"},
      {"422 in HTML", SendsWhole(422, "text/html", "<h1>Unprocessable\x01</h1>"), "HTTP 422: <h1>Unprocessable"},
      {"422 for a field it does not know", SendsWhole(422, json, R"({"detail": "Unexpected fields: {'top_k'}"})"),
       "Unexpected fields: {'top_k'} (if it refuses a field it does not know: --extension-fields"},
      {"413 and nothing", SendsWhole(413, json, ""), "HTTP 413"},
      {"408 always", SendsWhole(408, json, error), "HTTP 408: the server says so (3 attempts)", 3},
      {"429 always", Sends(busy), "HTTP 429: the server says so (3 attempts)", 3},
      {"500 in endless HTML",
       [](Connection& c, int) {
         c.Send("HTTP/1.1 500 Oops\r\nContent-Type: text/html\r\n\r\n");
         while (c.Send("<p>" + std::string(5000, 'x'))) continue;
       },
       "HTTP 500: <p>xxx", 3},
      {"503 always", SendsWhole(503, "text/plain", "overloaded"), "HTTP 503: overloaded (3 attempts)", 3},
      {"429, then an answer", UntilAttempt(2, busy), "", 2},
      {"500 twice, then an answer", UntilAttempt(3, HttpReply(500, json, error)), "", 3},
      {"429 with Retry-After in seconds", UntilAttempt(2, wait), "", 2, "right",
       [](EndpointOptions& o) { o.max_retry_wait_seconds = 0.2; }},
      {"429 with Retry-After as a date", UntilAttempt(2, HttpReply(429, json, error, "Retry-After: " + HttpDate(3600) + "\r\n")),
       "", 2, "right", [](EndpointOptions& o) { o.max_retry_wait_seconds = 0.2; }},
      {"429 with a senseless Retry-After", UntilAttempt(2, HttpReply(429, json, error, "Retry-After: soon\r\n")), "", 2},
      {"redirects", SendsWhole(307, json, "", "Location: http://elsewhere.example/v1\r\n"),
       "HTTP 307: a redirect, which is not followed, to http://elsewhere.example/v1"},
      {"redirects nowhere", SendsWhole(302, json, ""), "to no named place"},
      {"204", Sends("HTTP/1.1 204 No Content\r\n\r\n"), "HTTP 204 with an empty body"},
      {"200 and nothing", SendsWhole(200, "text/event-stream", ""), "HTTP 200 with an empty body"},
      {"hangs before the headers", [](Connection& c, int) { c.WaitForever(); }, "no byte of the reply within 0.25 s", 1, "",
       [](EndpointOptions& o) { o.first_byte_seconds = 0.25; }},
      {"hangs in the headers",
       [](Connection& c, int) {
         c.Send("HTTP/1.1 200 OK\r\nContent-Ty");
         c.WaitForever();
       },
       "no byte of the reply within 0.25 s", 1, "", [](EndpointOptions& o) { o.first_byte_seconds = 0.25; }},
  };
}

// In the body: framing, sizes, times.
inline std::vector<Misbehaviour> BodyMisbehaviours() {
  const std::string& chunked = kChunkedHead;
  const auto small = [](EndpointOptions& o) { o.max_reply_bytes = 100000; };
  return {
      {"hangs in the stream",
       [](Connection& c, int) {
         c.Send(kStreamHead + Piece("ri"));
         c.WaitForever();
       },
       "nothing new for 0.25 s", 1, "", [](EndpointOptions& o) { o.idle_seconds = 0.25; }},
      {"drips",
       [](Connection& c, int) {
         c.Send(kStreamHead + Piece("ri"));
         while (c.Wait(0.02) && c.Send(":\n")) continue;
       },
       "not finished within 0.4 s", 1, "", [](EndpointOptions& o) { o.total_seconds = 0.4; }},
      {"goes on for ever",
       [](Connection& c, int) {
         c.Send(kStreamHead);
         while (c.Send(Piece("and so on and "))) continue;
       },
       "larger than 100000 bytes", 1, "", small},
      {"one line for ever",
       [](Connection& c, int) {
         c.Send(kStreamHead + "data: ");
         while (c.Send(std::string(5000, 'x'))) continue;
       },
       "event of the stream is larger than 1048576 bytes"},
      {"an event of many lines for ever",
       [](Connection& c, int) {
         c.Send(kStreamHead);
         while (c.Send("data: " + std::string(5000, 'x') + "\n")) continue;
       },
       "event of the stream is larger than 1048576 bytes"},
      {"huge whole reply",
       [](Connection& c, int) {
         c.Send("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\n\r\n[");
         while (c.Send(std::string(50000, '['))) continue;
       },
       "larger than 8388608 bytes"},
      {"ends after some text", Sends(kStreamHead + Piece("ri")), "neither a finish_reason nor [DONE]"},
      {"ends in a chunk", Sends(kStreamHead + Piece("ri") + "data: {\"choi"), "neither a finish_reason nor [DONE]"},
      {"[DONE] after some text", Sends(kStreamHead + Piece("ri") + kDone), "[DONE] without a finish_reason"},
      {"[DONE] alone", Sends(kStreamHead + kDone), "[DONE] without a finish_reason"},
      {"comments alone", Sends(kStreamHead + ": ping\n\n: ping\n\n"), "neither a finish_reason nor [DONE]"},
      {"resets after some text",
       [](Connection& c, int) {
         c.Send(kChunkedHead + "5\r\n");
         c.Reset();
       },
       "(3 attempts)", 3},
      {"chunk length is no number", Sends(chunked + "zz\r\n" + Piece("ri") + "\r\n0\r\n\r\n"), "(3 attempts)", 3},
      {"chunked body ends early", Sends(chunked + "1000\r\n" + Piece("ri")), "the reply broke off"},
      {"too short for its length",
       Sends("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 5000\r\n\r\n{\"choices\": []}"),
       "(3 attempts)", 3},
      {"too long for its length",
       Sends("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 9\r\nConnection: close\r\n\r\n{\"choices\": "
             "[]}"),
       "not a JSON object: {\"choices"},
      {"gzip",
       Sends("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nContent-Encoding: gzip\r\nConnection: close\r\n\r\n"
             "\x1f\x8b garbage"),
       "content-encoding gzip"},
      {"gzip without saying so", Sends(kStreamHead + "\x1f\x8b\x08 garbage\n\n"), "neither a finish_reason nor [DONE]"},
      {"HTML", SendsWhole(200, "text/html", "<h1>Welcome to nginx!</h1>"), "content type \"text/html\""},
      {"no content type", Sends("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\ndata: [DONE]\n\n"), "content type \"\""},
  };
}

// In what the chunks say; and streams that are unusual but right.
inline std::vector<Misbehaviour> ContentMisbehaviours() {
  const std::string json = "application/json";
  const auto stream = [](const std::string& events) { return Sends(kStreamHead + events + kDone); };
  const auto whole = [&](const Json& body) { return SendsWhole(200, json, body.dump()); };
  const auto delta = [](const Json& d) { return Event(ChunkOf(d)); };
  Json two = ChunkOf({{"content", "a"}});
  two["choices"].push_back(two["choices"][0]);
  Json stopped = ChunkOf(Json::object(), "stop");
  stopped["choices"][0]["stop_reason"] = "END";
  return {
      {"garbled chunk", stream(Piece("ri") + "data: {\"choices\": [{\"delta\": {\"cont\n\n"), "not a JSON object: {\"choices"},
      {"a chunk that is a number", stream("data: 1e999\n\n"), "not a JSON object"},
      {"invalid UTF-8", stream("data: {\"choices\": [{\"delta\": {\"content\": \"\xc3(\"}}]}\n\n"), "not valid UTF-8"},
      {"half a surrogate pair", stream("data: {\"choices\": [{\"delta\": {\"content\": \"\\ud83d\"}}]}\n\n"),
       "not a JSON object"},
      {"nested deeply", stream("data: " + std::string(100000, '[') + "\n\n"), "nested too deeply"},
      {"an error in the stream", stream(Piece("ri") + Event({{"error", {{"message", "out of memory"}, {"code", 500}}}})),
       "the server reports an error: out of memory"},
      {"an error in a whole 200", whole({{"error", "out of memory"}}), "the server reports an error: out of memory"},
      {"chunks of another API", stream(Event({{"type", "content_block_delta"}})), "no \"choices\""},
      {"choices is a text", stream(Event({{"choices", "none"}})), "no \"choices\""},
      {"two choices", stream(Event(two)), "2 choices instead of one"},
      {"a choice without delta", stream(Event({{"choices", {{{"index", 0}}}}})), "without \"delta\""},
      {"content is a number", stream(delta({{"content", 7}})), "\"content\" is not a text but: 7"},
      {"text after its end", stream(Piece("right") + Finish() + Piece("more")), "text after finish_reason"},
      {"two different ends", stream(Piece("right") + Finish() + Finish("length")), "two finish reasons"},
      {"content filter", stream(Piece("ri") + Finish("content_filter")), "content filter"},
      {"a tool call", stream(Finish("tool_calls")), "finish_reason \"tool_calls\""},
      {"an unknown end", stream(Piece("ri") + Finish("abort")), "finish_reason \"abort\""},
      {"text for JSON", SendsWhole(200, json, "I am not JSON"), "not a JSON object: I am not JSON"},
      {"an empty whole reply", SendsWhole(200, json, ""), "HTTP 200 with an empty body"},
      {"empty choices", whole({{"choices", Json::array()}}), "an empty list of choices"},
      {"no content", whole(WholeReply({{"role", "assistant"}})), "without message.content"},
      {"no message", whole({{"choices", {{{"text", "of another API"}}}}}), "without message.content"},
      {"no finish_reason", whole(WholeReply({{"content", "right"}}, nullptr)), "without a finish_reason"},
      {"counts that are none",
       stream(Piece("right") + Finish() +
              Event({{"choices", Json::array()}, {"usage", {{"prompt_tokens", -5}, {"completion_tokens", 1e300}}}})),
       ""},
      {"the same end twice", stream(Piece("right") + Finish() + Finish()), ""},
      {"no [DONE]", Sends(kStreamHead + Piece("right") + Finish()), ""},
      {"[DONE] without line end", Sends(kStreamHead + Piece("right") + Finish() + "data: [DONE]"), ""},
      {"garbage after [DONE]", Sends(kStreamHead + Piece("right") + Finish() + kDone + "garbage\n\ndata: {\n\n"), ""},
      {"hangs after [DONE]",
       [](Connection& c, int) {
         c.Send(kStreamHead + Piece("right") + Finish() + kDone);
         c.WaitForever();
       },
       ""},
      {"CRLF, comments, several lines",
       Sends(kStreamHead +
             "\xEF\xBB\xBF: hello\r\n\r\nevent: x\r\nid: 7\r\ndata: {\"choices\": [{\"delta\":\r\n"
             "data:{\"content\": \"right\"}}]}\r\n\r\n: ping\r\n\r\nretry: 5\r\n" +
             Finish() + kDone),
       ""},
      {"carriage returns alone",
       Sends(kStreamHead +
             "data: {\"choices\": [{\"delta\": {\"content\": \"right\"}, \"finish_reason\": \"stop\"}]}\r\rdata: [DONE]\r\r"),
       ""},
      {"a whole reply to a stream's request", whole(WholeReply({{"content", "right"}})), ""},
      {"content null", whole(WholeReply({{"content", nullptr}})), "", 1, ""},
      {"ends at once", stream(Finish()), "", 1, ""},
      {"reasoning_content", stream(delta({{"reasoning_content", "hm"}}) + Piece("right") + Finish()), "", 1,
       "<think>hm</think>right"},
      {"reasoning", stream(delta({{"reasoning", "hm"}}) + Piece("right") + Finish()), "", 1, "<think>hm</think>right"},
      {"reasoning under two names", stream(delta({{"reasoning", "hm"}, {"reasoning_content", "hm"}}) + Piece("right") + Finish()),
       "", 1, "<think>hm</think>right"},
      {"reasoning without an end", stream(delta({{"reasoning_content", "hm"}, {"content", nullptr}}) + Finish("length")), "", 1,
       "<think>hm"},
      {"a stop string that vLLM names", stream(Piece("right") + Event(stopped)), ""},
  };
}

inline std::vector<Misbehaviour> AllMisbehaviours() {
  std::vector<Misbehaviour> all = HttpMisbehaviours();
  for (auto* rows : {&BodyMisbehaviours, &ContentMisbehaviours}) {
    for (Misbehaviour& row : rows()) all.push_back(std::move(row));
  }
  return all;
}

// Serves the rows by name and counts how often each was asked for.
class ScriptedEndpoint {
 public:
  explicit ScriptedEndpoint(std::vector<Misbehaviour> rows)
      : rows_(std::move(rows)), server_([this](const ServedRequest& r, Connection& c) { Serve(r, c); }) {}

  std::string url() const { return server_.url(); }
  const std::vector<Misbehaviour>& rows() const { return rows_; }
  int Asked(const std::string& name) {
    const std::lock_guard<std::mutex> lock(mutex_);
    return asked_[name];
  }
  // The body and headers of the last request for `name`.
  ServedRequest Last(const std::string& name) {
    const std::lock_guard<std::mutex> lock(mutex_);
    return last_[name];
  }

 private:
  void Serve(const ServedRequest& request, Connection& connection) {
    const std::string name = Json::parse(request.body)["messages"].back()["content"];
    int attempt = 0;
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      attempt = ++asked_[name];
      last_[name] = request;
    }
    for (const Misbehaviour& row : rows_) {
      if (row.name == name) return row.act(connection, attempt);
    }
    connection.Send(ProperStream("echo ", name));
  }

  std::vector<Misbehaviour> rows_;
  std::mutex mutex_;
  std::map<std::string, int> asked_;
  std::map<std::string, ServedRequest> last_;
  HttpServer server_;  // last: its threads use the rest
};

}  // namespace tidemark::test

#endif  // TIDEMARK_TESTS_EVALS_MISBEHAVIOURS_H_
