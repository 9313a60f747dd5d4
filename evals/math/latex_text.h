// LaTeX as plain text: "\frac{\sqrt{3}}{2}" is "√(3)/2". What the PRM800K grader sees of an answer.
#ifndef TIDEMARK_EVALS_MATH_LATEX_TEXT_H_
#define TIDEMARK_EVALS_MATH_LATEX_TEXT_H_

#include <optional>
#include <string>
#include <string_view>

namespace tidemark::math {

// As LatexNodes2Text().latex_to_text of pylatexenc 2.11 with its default settings, for the macros that occur in mathematics:
// arguments are taken where the library knows them, unknown macros vanish and leave their braces' contents, unbalanced input is
// tolerated. Comments (%) and dollar signs must be gone already. nullopt: the library raises (a root without an argument, an
// empty matrix, nesting of hundreds).
std::optional<std::u32string> LatexToText(std::u32string_view latex);

}  // namespace tidemark::math

#endif  // TIDEMARK_EVALS_MATH_LATEX_TEXT_H_
