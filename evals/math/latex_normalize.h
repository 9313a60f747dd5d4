// The rewriting that Math-Verify does before it reads a formula (latex2sympy2_extended 1.11, NormalizationConfig with
// basic_latex, units, malformed_operators and nits): typewriter variants of one command become one command, units at the end go,
// \frac12 and \sqrt2 get their braces. Everything is linear in the length of the text.
#ifndef TIDEMARK_EVALS_MATH_LATEX_NORMALIZE_H_
#define TIDEMARK_EVALS_MATH_LATEX_NORMALIZE_H_

#include <string>
#include <string_view>

namespace tidemark::math {

enum class Boxes {
  kAll,   // the contents of all \boxed{} and \fbox{}, joined with commas
  kLast,  // the last one, and those before it that clearly belong to the same answer
};

// The contents of the boxes in text; without any box the text itself. An unbalanced last box counts up to the end of the text.
std::string BoxedContent(std::string_view text, Boxes boxes);

// BoxedContent and all rewritings. Empty when the content is longer than max_bytes.
std::string NormalizeLatex(std::string_view text, Boxes boxes, size_t max_bytes);

}  // namespace tidemark::math

#endif  // TIDEMARK_EVALS_MATH_LATEX_NORMALIZE_H_
