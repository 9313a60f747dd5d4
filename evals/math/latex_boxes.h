// Parts of the normalisation: boxes, and braces for arguments that were written without them.
#ifndef TIDEMARK_EVALS_MATH_LATEX_BOXES_H_
#define TIDEMARK_EVALS_MATH_LATEX_BOXES_H_

#include <string>

namespace tidemark::math {

// \frac12, \frac1{2}, \sqrt2, \sqrt\pi, sqrt(2), x^(2), \log_28 with their braces.
std::string BraceArguments(std::string text);

}  // namespace tidemark::math

#endif  // TIDEMARK_EVALS_MATH_LATEX_BOXES_H_
