// Whatever answers prompts: our engine, a file of stored completions, an endpoint. A failed request is a Completion with
// an error, never an exception: one bad sample must not end a run.
#ifndef TIDEMARK_EVALS_TEXT_MODEL_H_
#define TIDEMARK_EVALS_TEXT_MODEL_H_

#include <atomic>
#include <functional>
#include <memory>
#include <nlohmann/json.hpp>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/generate/options.h"

namespace tidemark {

struct Message {
  std::string role;  // "system", "user", "assistant"
  std::string content;
};

struct Request {
  std::string id;  // sample id, unique within a run together with repeat
  int repeat = 0;
  std::vector<Message> messages;  // rendered through the model's chat template
  GenerateOptions options;
  std::string prompt = {};  // Sample::prompt, which the messages embed: stored responses without an id are found by it
};

struct Completion {
  std::string id;
  int repeat = 0;
  std::string text;             // as generated, reasoning trace included
  bool reasoning_open = false;  // the prompt ended inside a reasoning trace (the template opened it), so text starts in one
  StopReason stop = StopReason::kError;
  std::string error;  // not empty: the sample failed
  int64_t prompt_tokens = 0;
  int64_t completion_tokens = 0;
  double time_to_first_token_seconds = 0;
  std::vector<double> inter_token_seconds;
};

class TextModel {
 public:
  virtual ~TextModel() = default;

  using OnDone = std::function<void(const Completion&)>;  // as each request ends, one call at a time, in order of completion
  // Completions in request order. Never throws because of one request; what on_done throws (disk full) passes through.
  // cancel: end early, the rest are kCancelled.
  virtual std::vector<Completion> Complete(std::span<const Request> requests, const OnDone& on_done,
                                           const std::atomic<bool>* cancel) = 0;

  // Whether every Completion::stop is what really ended the text; false: the report leaves stop reasons out.
  virtual bool KnowsStopReasons() const { return true; }

  // Throws Error if it cannot answer that task: stored answers are those to another.
  virtual void CheckTask(std::string_view /*task*/) const {}

  // What the report says about the model: path, size, sha256, format mix, parameters, backends, tokenizer, template hash...
  virtual nlohmann::ordered_json Describe() const = 0;
  // The part of it that decides what text comes out, for the digest of a run: two models with equal identities answer alike.
  // Must be the same before and after Complete, and on another machine; so no paths, counts, threads or times.
  virtual nlohmann::ordered_json Identity() const { return Describe(); }
  // Load and pack seconds, prefill and decode tokens per second so far; keys as in reports/schema.json "timings".
  virtual nlohmann::ordered_json Timings() const { return nlohmann::ordered_json::object(); }
};

}  // namespace tidemark

#endif  // TIDEMARK_EVALS_TEXT_MODEL_H_
