// What comes back from a chat-completions endpoint: a stream of chunks or one object, gathered into one value. Foreign bytes:
// nothing here throws, whatever they say.
#ifndef TIDEMARK_EVALS_MODELS_CHAT_REPLY_H_
#define TIDEMARK_EVALS_MODELS_CHAT_REPLY_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "engine/generate/options.h"

namespace tidemark {

struct ChatReply {
  std::string content;
  std::string reasoning;                 // of reasoning_content or reasoning
  int64_t pieces = 0;                    // chunks that carried text
  std::string finish_reason;             // as the server spells it; empty: none came (yet)
  StopReason stop = StopReason::kError;  // what it means
  std::optional<int64_t> prompt_tokens, completion_tokens;
  std::string model, fingerprint;  // as the server names them; empty: it did not
  std::string error;               // not empty: the reply is unusable, and why; the server's own words unscrubbed

  // The reasoning in front of the content between the markers that StripReasoning looks for. Without content the trace is left
  // open: the model never came to an answer, be it for want of tokens or by ending inside the trace.
  std::string Text() const;
};

// One event of a stream, not "[DONE]". True: it carried text. Sets error at the first thing wrong:
// not JSON, an error object, no choices (an empty list is how usage comes), text of another type or after finish_reason,
// a second finish_reason that differs, one that means no answer (content_filter, tool_calls, anything unknown).
bool AddChunk(std::string_view json, ChatReply& reply);

// The one object of a reply that is not streamed. It must have one choice with message.content: text, or null, and
// a finish_reason.
void AddWhole(std::string_view json, ChatReply& reply);

// The end of a stream; done: "[DONE]" came. Sets error if no finish_reason came, "[DONE]" or not: llama-cpp-python's server ends
// a request with "[DONE]" in the middle of its text when another one arrives (unless told --interrupt_requests false).
void EndStream(bool done, ChatReply& reply);

// What an error body says: error.message, message or detail of a JSON object, else the text itself. Not scrubbed, not shortened.
std::string ErrorText(std::string_view body);

}  // namespace tidemark

#endif  // TIDEMARK_EVALS_MODELS_CHAT_REPLY_H_
