// How text is generated: sampling, limits, stops, seed. A plain value that goes into requests and, printed, into reports.
#ifndef TIDEMARK_ENGINE_GENERATE_OPTIONS_H_
#define TIDEMARK_ENGINE_GENERATE_OPTIONS_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/core/token.h"

namespace tidemark {

// The two orders in use differ in results, so the order is always named in the report.
enum class SamplerOrder {
  kHf,        // repetition penalty -> temperature -> top_k -> top_p -> min_p -> draw (transformers)
  kLlamaCpp,  // repetition penalty -> top_k -> top_p -> min_p -> temperature -> draw (llama.cpp's chain)
};

struct SamplingOptions {
  SamplerOrder order = SamplerOrder::kHf;
  double temperature = 0.0;         // 0: greedy (argmax, lowest id on ties)
  int top_k = 0;                    // 0: off
  double top_p = 1.0;               // 1: off
  double min_p = 0.0;               // 0: off
  double repetition_penalty = 1.0;  // 1: off; applies to greedy decoding too
  int penalty_window = -1;          // last tokens the penalty looks at, prompt included; -1: all, 0: off
};

struct GenerateOptions {
  SamplingOptions sampling;
  int max_new_tokens = 256;
  std::vector<std::string> stop_strings;  // generation ends when one appears; it is cut from the text
  std::vector<TokenId> stop_ids;          // besides the model's own end-of-turn tokens
  bool ignore_eos = false;                // for timing runs
  uint64_t seed = 0;
};

enum class StopReason { kEos, kStopString, kStopId, kLength, kContext, kCancelled, kError };
std::string_view StopReasonName(StopReason reason);  // "eos", "stop_string", "stop_id", "length", "context", "cancelled", "error"
std::optional<StopReason> FindStopReason(std::string_view name);
std::string_view SamplerOrderName(SamplerOrder order);  // "hf", "llama.cpp", as typed after --sampler-order

}  // namespace tidemark

#endif  // TIDEMARK_ENGINE_GENERATE_OPTIONS_H_
