// The four graders of mathematics that are in use. They disagree on the same answer, so a report shows all of them; each is a
// pure function and a row of a table.
#ifndef TIDEMARK_EVALS_MATH_GRADERS_H_
#define TIDEMARK_EVALS_MATH_GRADERS_H_

#include <span>
#include <string>
#include <string_view>

namespace tidemark::math {

// What a grader may look at. answer: what the protocol's extraction rule found, without delimiters ("\frac{4}{3}"); empty:
// nothing was found. text: the whole response after its reasoning, for graders with an extraction of their own.
struct MathResponse {
  std::string_view answer;
  std::string_view text;
};

enum class Outcome {
  kCorrect,
  kWrong,
  kUnreadable,    // the grader's own parser refuses the answer: wrong, counted apart
  kTooExpensive,  // the comparison's time or memory was spent: wrong, counted apart
};

struct Grade {
  Outcome outcome = Outcome::kWrong;
  std::string why;  // one short line for people: "equal as numbers, exact", "unreduced fraction"
  bool correct() const { return outcome == Outcome::kCorrect; }
};

struct MathGrader {
  std::string_view name;     // "math_verify", "hendrycks", "prm800k", "minerva"
  std::string_view summary;  // one line, with its source
  // gold: the dataset's answer as bare LaTeX. Never throws; at most 1 second and 64 MiB for any input.
  Grade (*grade)(std::string_view gold, const MathResponse& response) = nullptr;
};

// evals/math/graders.cc: the table; the first is the primary one.
std::span<const MathGrader> AllMathGraders();

// One file each.
Grade GradeMathVerify(std::string_view gold, const MathResponse& response);  // evals/math/math_verify.cc
Grade GradeHendrycks(std::string_view gold, const MathResponse& response);   // evals/math/hendrycks.cc
Grade GradePrm800k(std::string_view gold, const MathResponse& response);     // evals/math/prm800k.cc
Grade GradeMinerva(std::string_view gold, const MathResponse& response);     // evals/math/minerva.cc

}  // namespace tidemark::math

#endif  // TIDEMARK_EVALS_MATH_GRADERS_H_
