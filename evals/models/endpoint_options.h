// How requests reach an endpoint: what the flags of `openai:URL#MODEL` set.
#ifndef TIDEMARK_EVALS_MODELS_ENDPOINT_OPTIONS_H_
#define TIDEMARK_EVALS_MODELS_ENDPOINT_OPTIONS_H_

#include <cstddef>
#include <string>

namespace tidemark {

// Which sampling fields beyond OpenAI's own (top_k, min_p, repetition_penalty, repeat_penalty, repeat_last_n, ignore_eos) a
// request carries. A field that is not sent has the server's default, which need not be "off": llama.cpp's server starts with
// top_k 40 and min_p 0.05, llama-cpp-python's with a penalty of 1.1 (half of the greedy answers of our default rows change),
// vLLM and SGLang with the model's generation_config.json.
enum class ExtensionFields {
  kAll,      // each that could matter, "off" included, so that no default of the server comes in
  kChanged,  // those that differ from "off"
  kNone,     // none: for servers that refuse unknown fields; a request that needs one fails
};

struct EndpointOptions {
  std::string api_key_env;  // name of the variable that holds the key; empty: TIDEMARK_API_KEY, if it is set
  std::string ca_file;      // certificates to trust instead of the system's; empty: the system's
  int concurrency = 0;      // requests at once; 0: GeneratorOptions::max_batch
  bool stream = true;
  bool reasoning_open = false;  // the server's template ends the prompt inside a reasoning trace and returns it inline
  std::string max_tokens_field = "max_tokens";  // or "max_completion_tokens"
  ExtensionFields extension_fields = ExtensionFields::kAll;

  // Limits in seconds, each of one attempt.
  double connect_seconds = 10;
  double first_byte_seconds = 600;  // from sending the request to the first byte of the reply's body; streams alone
  double idle_seconds = 120;        // without any byte, after the first; streams alone
  double total_seconds = 3600;

  int attempts = 5;                    // of one sample, the first included
  double backoff_seconds = 0.5;        // before the second attempt; doubles with each further one, times 0.5 to 1 at random
  double max_retry_wait_seconds = 60;  // most before any attempt, whatever Retry-After says
  size_t max_reply_bytes = size_t{64} << 20;
};

}  // namespace tidemark

#endif  // TIDEMARK_EVALS_MODELS_ENDPOINT_OPTIONS_H_
