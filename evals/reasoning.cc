#include "evals/reasoning.h"

#include "engine/core/error.h"

namespace tidemark {

Answer StripReasoning(std::string_view completion, const ReasoningMarkers& markers, bool opened_by_prompt) {
  TM_CHECK(!markers.open.empty() && !markers.close.empty(), "empty reasoning marker");
  const size_t close = completion.rfind(markers.close);
  if (close != completion.npos) return {completion.substr(close + markers.close.size()), true, false};
  const bool opened = opened_by_prompt || completion.find(markers.open) != completion.npos;
  return {opened ? std::string_view() : completion, opened, opened};
}

}  // namespace tidemark
