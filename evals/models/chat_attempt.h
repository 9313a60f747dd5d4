// One attempt at one completion: the exchange with the server, what it has said so far and when, and what became of it.
#ifndef TIDEMARK_EVALS_MODELS_CHAT_ATTEMPT_H_
#define TIDEMARK_EVALS_MODELS_CHAT_ATTEMPT_H_

#include <string>
#include <vector>

#include "evals/models/chat_reply.h"
#include "evals/models/endpoint_options.h"
#include "evals/models/http_pool.h"
#include "evals/models/sse.h"

namespace tidemark {

class ChatAttempt {
 public:
  // body: ChatRequestJson. Does not move: the exchange points to it.
  ChatAttempt(const std::string& base, const std::string& body, const EndpointOptions& options);
  ChatAttempt(const ChatAttempt&) = delete;
  ChatAttempt& operator=(const ChatAttempt&) = delete;

  HttpExchange& exchange() { return exchange_; }

  // To be called once, when the exchange has ended. Afterwards error(), Retryable(), reply() hold.
  void Conclude();

  // Not empty: the attempt failed. May quote the server at any length: to be scrubbed and shortened.
  const std::string& error() const { return reply_.error; }
  // Another attempt may succeed: status 408, 429 or 5xx, or the connection failed before any text came. A reply that was late is
  // not asked for again: the server is likely still at work on it.
  bool Retryable() const;
  const ChatReply& reply() const { return reply_; }

  // As seen here, of a streamed reply: from sending the request to the first text (0: none came or not streamed), and between
  // the pieces of text after it.
  double TimeToFirstText() const;
  const std::vector<double>& gaps() const { return gaps_; }

 private:
  enum class Mode { kUnknown, kStream, kWhole, kErrorBody };

  bool Take(std::string_view bytes);
  bool TakeEvent(std::string_view data);
  Mode ChooseMode();
  bool Fail(std::string error);
  void ConcludeStatus();

  size_t max_reply_bytes_;
  HttpExchange exchange_;
  SseParser sse_;
  Mode mode_ = Mode::kUnknown;
  std::string body_;  // of a whole reply or an error
  size_t received_ = 0;
  ChatReply reply_;
  HttpClock::time_point first_text_, last_text_;
  std::vector<double> gaps_;
};

}  // namespace tidemark

#endif  // TIDEMARK_EVALS_MODELS_CHAT_ATTEMPT_H_
