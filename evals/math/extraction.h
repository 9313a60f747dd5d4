// Which part of a response is its answer. Harnesses differ in this as much as in their graders, so each way is a named rule, and
// what fired is recorded beside every verdict. All rules take one pass over the text, whatever it holds.
#ifndef TIDEMARK_EVALS_MATH_EXTRACTION_H_
#define TIDEMARK_EVALS_MATH_EXTRACTION_H_

#include <span>
#include <string>
#include <string_view>

namespace tidemark::math {

// Rules fall back in steps ("boxed" looks for a phrase where there is no box); a step has a name of its own.
struct Extracted {
  std::string_view answer;  // view into the text, without delimiters; empty: no answer was found
  std::string_view step;    // "boxed", "boxed_bare", "final_answer", "answer", "math", "number", "dollars", "whole", "none"
};

struct ExtractionRule {
  std::string_view name;     // as in a protocol
  std::string_view summary;  // one line, with its source
  // text: the response after its reasoning, any bytes. Never throws; step is "none" exactly when answer is empty.
  Extracted (*extract)(std::string_view text) = nullptr;
};

// The table; the first is the default.
std::span<const ExtractionRule> AllExtractionRules();

// The text without white space at its ends, as Python's str.strip.
std::string_view StripSpace(std::string_view text);

}  // namespace tidemark::math

#endif  // TIDEMARK_EVALS_MATH_EXTRACTION_H_
