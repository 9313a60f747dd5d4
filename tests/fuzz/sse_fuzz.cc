// Streamed replies of an endpoint: any bytes, split anywhere, give the same events and the same reply as in one piece; the
// scrubbing of keys leaves none. The first byte says how the rest is split.
#include <cstdlib>
#include <string>
#include <vector>

#include "engine/core/utf8.h"
#include "evals/models/api_key.h"
#include "evals/models/chat_reply.h"
#include "evals/models/sse.h"

namespace {

using tidemark::ChatReply;

struct Outcome {
  std::vector<std::string> events;
  ChatReply reply;
  bool done = false, ok = true, too_large = false;
};

// step(i): bytes of the i-th piece, at least 1.
template <typename Step>
Outcome Read(std::string_view bytes, size_t limit, Step step) {
  Outcome out;
  tidemark::SseParser parser(limit);
  const auto on_event = [&](std::string_view data) {
    out.events.emplace_back(data);
    if (data == "[DONE]") return !(out.done = true);
    AddChunk(data, out.reply);
    return out.reply.error.empty();
  };
  for (size_t i = 0; !bytes.empty() && out.ok; ++i) {
    const size_t size = std::min(bytes.size(), step(i));
    out.ok = parser.Feed(bytes.substr(0, size), on_event);
    bytes.remove_prefix(size);
  }
  if (out.ok) out.ok = parser.End(on_event);
  out.too_large = parser.too_large();
  EndStream(out.done, out.reply);
  return out;
}

void Demand(bool condition) {
  if (!condition) __builtin_trap();
}

void CheckSame(const Outcome& a, const Outcome& b) {
  Demand(a.events == b.events && a.done == b.done && a.ok == b.ok && a.too_large == b.too_large);
  Demand(a.reply.error == b.reply.error && a.reply.Text() == b.reply.Text() && a.reply.pieces == b.reply.pieces);
  Demand(a.reply.finish_reason == b.reply.finish_reason && a.reply.completion_tokens == b.reply.completion_tokens);
}

void CheckReply(const ChatReply& reply, size_t size) {
  Demand(tidemark::IsValidUtf8(reply.content) && tidemark::IsValidUtf8(reply.reasoning));
  Demand(reply.content.size() + reply.reasoning.size() <= 2 * size);  // "\u0800" is three bytes of six, and so on
  Demand(reply.completion_tokens.value_or(0) >= 0 && reply.prompt_tokens.value_or(0) >= 0);
  Demand(!reply.error.empty() || !reply.finish_reason.empty());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  const size_t split = data[0];
  const size_t limit = split % 2 == 0 ? 1 << 16 : 64;
  const Outcome whole = Read(bytes, limit, [](size_t) { return SIZE_MAX; });
  CheckReply(whole.reply, size);
  CheckSame(whole, Read(bytes, limit, [](size_t) { return size_t{1}; }));
  CheckSame(whole, Read(bytes, limit, [split](size_t i) { return 1 + (split * (i + 1)) % 37; }));

  ChatReply reply;
  tidemark::AddWhole(bytes, reply);
  CheckReply(reply, size);
  tidemark::ErrorText(bytes);

  static const bool set = setenv("TIDEMARK_FUZZ_KEY", "aaaa/bbb", 1) == 0;
  Demand(set);
  const std::string scrubbed = tidemark::ApiKey::FromEnvironment("TIDEMARK_FUZZ_KEY").Scrub(std::string(bytes));
  Demand(scrubbed.find("aaaa/bbb") == scrubbed.npos && scrubbed.find("aaaa\\/bbb") == scrubbed.npos);
  return 0;
}
