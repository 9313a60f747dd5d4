#include "evals/math/graders.h"

namespace tidemark::math {

std::span<const MathGrader> AllMathGraders() {
  static constexpr MathGrader kGraders[] = {
      {"math_verify", "mathematical equality by the rules of Math-Verify 0.9, decided exactly (huggingface/Math-Verify)",
       &GradeMathVerify},
      {"hendrycks", "equal strings after Hendrycks' normalisation (MATH; lm-eval hendrycks_math)", &GradeHendrycks},
      {"prm800k", "PRM800K: the Hendrycks rule, else its own normalisation and element-wise equality (openai/prm800k)",
       &GradePrm800k},
      {"minerva", "Minerva's normalisation, then equality of the parsed expressions (lm-eval minerva_math)", &GradeMinerva},
  };
  return kGraders;
}

}  // namespace tidemark::math
