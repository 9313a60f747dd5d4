// A model where it is deployed: any server with OpenAI's chat completions (llama.cpp's server, vLLM, SGLang, transformers serve
// and others). The server applies its own chat template and samples by itself; what was asked of it is in Describe().
//
// Reasoning is told apart from the answer by its own field, or inline by its markers. A server that prints no control tokens
// (llama-cpp-python) drops the markers where they are such tokens, and the trace then counts as answer.
#ifndef TIDEMARK_EVALS_MODELS_OPENAI_MODEL_H_
#define TIDEMARK_EVALS_MODELS_OPENAI_MODEL_H_

#include <set>
#include <string>

#include "evals/models/api_key.h"
#include "evals/models/chat_request.h"
#include "evals/models/http_pool.h"
#include "evals/models/models.h"

namespace tidemark {

class ChatAttempt;

class OpenAiModel : public TextModel {
 public:
  // spec: "URL#MODEL", or "URL" for a server with one model, which is then asked for its name. Throws Error: a bad URL or key
  // variable (see ParseEndpoint, ApiKey); without a name also a server that does not answer or has not exactly one model.
  OpenAiModel(const std::string& spec, const ModelOptions& options);

  // At most `concurrency` requests at once; another starts as one ends. A request that waits for its next attempt keeps its
  // place, so that a server that says 429 gets fewer requests, not others. Whatever goes wrong with one is its
  // Completion::error, with no text. finish_reason "stop" is kEos unless the server names the stop string (vLLM does).
  std::vector<Completion> Complete(std::span<const Request> requests, const OnDone& on_done,
                                   const std::atomic<bool>* cancel) override;
  nlohmann::ordered_json Describe() const override;
  // URL, model and what is sent; not how patiently, nor what the server said of itself.
  nlohmann::ordered_json Identity() const override;
  // requests, retries, client_tokens and client_tok_per_s: all tokens of answers over the seconds spent in Complete.
  nlohmann::ordered_json Timings() const override;

 private:
  struct Slot;

  HttpOptions MakeHttpOptions() const;
  std::string AskForModel() const;
  std::string Clean(std::string text) const;  // scrubbed, printable, short
  double WaitBefore(int attempt, double retry_after, uint64_t stream) const;
  bool Fill(Slot& slot, HttpPool& pool, std::span<const Request> requests, size_t& next, std::vector<Completion>& completions,
            const OnDone& on_done);
  void StartAttempt(Slot& slot, HttpPool& pool);
  bool EndAttempt(Slot& slot, Completion& completion);
  void TakeReply(const ChatAttempt& attempt, Completion& completion);

  Endpoint endpoint_;
  EndpointOptions options_;
  ApiKey key_;
  int concurrency_;
  // What Describe and Timings tell.
  std::set<std::string> fields_sent_, server_models_, fingerprints_;
  int64_t attempts_ = 0, retries_ = 0, tokens_ = 0, counted_by_server_ = 0, counted_here_ = 0;
  double seconds_ = 0;
};

}  // namespace tidemark

#endif  // TIDEMARK_EVALS_MODELS_OPENAI_MODEL_H_
