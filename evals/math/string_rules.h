// What the string graders share: Python's idea of a few text operations, and the normalisation of Hendrycks et al.
#ifndef TIDEMARK_EVALS_MATH_STRING_RULES_H_
#define TIDEMARK_EVALS_MATH_STRING_RULES_H_

#include <optional>
#include <string>
#include <string_view>

namespace tidemark::math {

// Answers longer than this are not looked at: no reference answer has more than 200 characters.
inline constexpr size_t kMaxAnswerBytes = 20000;

// str.replace; before is not empty.
std::u32string ReplaceAll(std::u32string_view text, std::u32string_view before, std::u32string_view after);
size_t Count(std::u32string_view text, std::u32string_view part);

// The inside of \text{...} when that is the whole text: one line, not empty.
std::optional<std::u32string> WholeText(std::u32string_view text);

enum class IntegerText {
  kNone,       // int(text) raises ValueError
  kOther,      // int(text) works but prints differently ("+3", "007", " 3")
  kCanonical,  // str(int(text)) == text
};
IntegerText ReadInteger(std::u32string_view text);

// The normalisation of the MATH dataset's own grader. nullopt: the reference stops with an exception. lenient_division: a
// quotient of something else than integers stays as it is (PRM800K's copy) instead of raising (lm-evaluation-harness's copy).
// Source: hendrycks/math modeling/math_equivalence.py as copied in lm_eval/tasks/hendrycks_math/utils.py and in
// openai/prm800k prm800k/grading/math_normalize.py.
std::optional<std::u32string> HendrycksNormalize(std::u32string text, bool lenient_division);

}  // namespace tidemark::math

#endif  // TIDEMARK_EVALS_MATH_STRING_RULES_H_
