// The parser of event streams: the cases of the standard, and that no split of the bytes changes anything.
#include "evals/models/sse.h"

#include <vector>

#include "tests/support/catch.h"

namespace tidemark {
namespace {

std::vector<std::string> Events(const std::string& bytes, size_t piece, size_t limit = 100) {
  std::vector<std::string> events;
  SseParser parser(limit);
  const auto take = [&](std::string_view data) {
    events.emplace_back(data);
    return data != "stop";
  };
  bool ok = true;
  for (size_t at = 0; at < bytes.size() && ok; at += piece) ok = parser.Feed(std::string_view(bytes).substr(at, piece), take);
  if (ok) ok = parser.End(take);
  if (parser.too_large()) events.push_back("TOO LARGE");
  if (!ok) CHECK_FALSE(parser.Feed("data: after the end\n\n", take));
  return events;
}

TEST_CASE("events of a stream, however it is split") {
  struct Case {
    std::string bytes;
    std::vector<std::string> events;
  };
  const std::string x60(60, 'x');
  const Case cases[] = {
      {"", {}},
      {"data: a\n\ndata: b\n\n", {"a", "b"}},
      {"data:a\n\ndata:  b\n\n", {"a", " b"}},
      {"data: a\ndata: b\ndata\ndata:\n\n", {"a\nb\n\n"}},
      {"data\n\n", {""}},
      {": comment\n\n\n\ndata: a\n: inside\n\n", {"a"}},
      {"event: e\nid: 1\nretry: 2\nother: x\ndata: a\n\nevent: e\n\n", {"a"}},
      {"data: a\r\n\r\ndata: b\r\r data: c\n\ndata: d\n\r\n", {"a", "b", "d"}},
      {"\xEF\xBB\xBF"
       "data: a\n\n\xEF\xBB\xBF"
       "data: b\n\n",
       {"a"}},
      {"data: a\n\ndata: torn", {"a"}},
      {"data: a\n\ndata: whole line\n", {"a", "whole line"}},
      {"data: a\n\ndata: [DONE]", {"a", "[DONE]"}},
      {"data: stop\n\ndata: b\n\n", {"stop"}},
      {"data: " + x60 + x60 + "\n\ndata: b\n\n", {"TOO LARGE"}},
      {"data: a\n\ndata: " + x60 + "\ndata: " + x60 + "\n\n", {"a", "TOO LARGE"}},
      {"data: a\n\n:" + x60 + x60, {"a", "TOO LARGE"}},
  };
  for (const Case& c : cases) {
    INFO(c.bytes);
    for (size_t piece = 1; piece <= c.bytes.size() + 1; ++piece) CHECK(Events(c.bytes, piece) == c.events);
  }
}

}  // namespace
}  // namespace tidemark
