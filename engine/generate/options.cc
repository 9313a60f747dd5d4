#include "engine/generate/options.h"

namespace tidemark {

std::string_view StopReasonName(StopReason reason) {
  switch (reason) {
    case StopReason::kEos:
      return "eos";
    case StopReason::kStopString:
      return "stop_string";
    case StopReason::kStopId:
      return "stop_id";
    case StopReason::kLength:
      return "length";
    case StopReason::kContext:
      return "context";
    case StopReason::kCancelled:
      return "cancelled";
    case StopReason::kError:
      return "error";
  }
  return "unknown";
}

std::optional<StopReason> FindStopReason(std::string_view name) {
  for (const StopReason reason : {StopReason::kEos, StopReason::kStopString, StopReason::kStopId, StopReason::kLength,
                                  StopReason::kContext, StopReason::kCancelled, StopReason::kError}) {
    if (StopReasonName(reason) == name) return reason;
  }
  return std::nullopt;
}

std::string_view SamplerOrderName(SamplerOrder order) { return order == SamplerOrder::kHf ? "hf" : "llama.cpp"; }

}  // namespace tidemark
