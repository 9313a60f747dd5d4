// What goes to a chat-completions endpoint: its address, and the JSON of one request.
#ifndef TIDEMARK_EVALS_MODELS_CHAT_REQUEST_H_
#define TIDEMARK_EVALS_MODELS_CHAT_REQUEST_H_

#include <nlohmann/json.hpp>
#include <string>

#include "evals/models/endpoint_options.h"
#include "evals/text_model.h"

namespace tidemark {

struct Endpoint {
  std::string base;   // "http://127.0.0.1:8080/v1", without a slash at its end
  std::string model;  // empty: none was named
};

// "URL#MODEL" or "URL". A URL whose path has no version segment (v1, v4, v1beta...) gets /v1; "/chat/completions" at its end and
// slashes are dropped. Throws Error, which never quotes what may be a secret: not http or https, no host, a user or password, a
// query.
Endpoint ParseEndpoint(const std::string& text);

// The request's seed for the server: differs between repeats of a sample, is the same whenever the sample is asked again, and
// fits 31 bits, which every server takes.
int64_t EndpointSeed(const Request& request);

// The body of POST /chat/completions. temperature and top_p are always sent, seed only when sampling (temperature > 0).
// repetition_penalty (vLLM, SGLang, transformers) and repeat_penalty with repeat_last_n (llama.cpp, whose default window is 64
// tokens) say the same in two dialects. Throws Error for what no endpoint takes: stop ids; or that ExtensionFields forbids.
nlohmann::ordered_json ChatRequestJson(const Request& request, const std::string& model, const EndpointOptions& options);

}  // namespace tidemark

#endif  // TIDEMARK_EVALS_MODELS_CHAT_REQUEST_H_
