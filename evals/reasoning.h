// Reasoning traces: benchmarks score the answer, not the thoughts before it.
#ifndef TIDEMARK_EVALS_REASONING_H_
#define TIDEMARK_EVALS_REASONING_H_

#include <string>
#include <string_view>

namespace tidemark {

struct ReasoningMarkers {
  std::string open = "<think>";
  std::string close = "</think>";
};

struct Answer {
  std::string_view text;       // view into the completion; empty if the trace was not closed
  bool has_reasoning = false;  // a marker was there (or the prompt had opened a trace)
  bool unclosed = false;       // thinking ran out of tokens: no answer; to be counted beside every score
};

// The answer: what follows the last closing marker, untrimmed. No closing marker: "" and unclosed if a trace was opened, the
// whole completion otherwise. An opening marker after the last closing one is text like any other.
// opened_by_prompt: the prompt itself ended with an opening marker, so the completion starts inside a trace.
Answer StripReasoning(std::string_view completion, const ReasoningMarkers& markers = {}, bool opened_by_prompt = false);

}  // namespace tidemark

#endif  // TIDEMARK_EVALS_REASONING_H_
