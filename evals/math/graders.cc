// The table of mathematics graders.
#include "evals/math/graders.h"

#include <array>

namespace tidemark::math {

std::span<const MathGrader> AllMathGraders() {
  static constexpr std::array<MathGrader, 4> kGraders = {{
      {"math_verify", "values, sets, intervals, matrices and relations compared as mathematics (Math-Verify 0.8)",
       GradeMathVerify},
      {"prm800k", "strings, then symbolic difference of each element; reduced fractions only (openai/prm800k)", GradePrm800k},
      {"hendrycks", "strings after normalisation (Hendrycks et al. 2021, lm-evaluation-harness)", GradeHendrycks},
      {"minerva", "strings without units, then symbolic difference (Lewkowycz et al. 2022, lm-evaluation-harness)", GradeMinerva},
  }};
  return kGraders;
}

}  // namespace tidemark::math
