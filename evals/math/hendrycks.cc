// The string rule of Hendrycks et al. (2021), as lm-evaluation-harness runs it: both sides are normalised, then compared; where
// the normalisation of either side stops with an exception, the untouched strings are compared.
// Source: lm_eval 0.4.13 lm_eval/tasks/hendrycks_math/utils.py, is_equiv.
#include "engine/core/utf8.h"
#include "evals/math/graders.h"
#include "evals/math/string_rules.h"

namespace tidemark::math {

Grade GradeHendrycks(std::string_view gold, const MathResponse& response) {
  if (gold.size() > kMaxAnswerBytes || response.answer.size() > kMaxAnswerBytes) return {Outcome::kTooExpensive, "too long"};
  const auto candidate = HendrycksNormalize(DecodeUtf8(response.answer), false);
  const auto wanted = HendrycksNormalize(DecodeUtf8(gold), false);
  if (!candidate || !wanted) {
    const bool same = gold == response.answer;
    return {same ? Outcome::kCorrect : Outcome::kWrong, same ? "identical strings" : "not normalisable, strings differ"};
  }
  if (*candidate == *wanted) return {Outcome::kCorrect, "equal strings after normalisation"};
  return {Outcome::kWrong, "strings differ after normalisation"};
}

}  // namespace tidemark::math
