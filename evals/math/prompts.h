// How a mathematical problem is put to a model. The shapes are those of public harnesses, the words are ours: which marker a
// model is asked for decides which extraction rule finds its answer.
#ifndef TIDEMARK_EVALS_MATH_PROMPTS_H_
#define TIDEMARK_EVALS_MATH_PROMPTS_H_

#include <span>
#include <string>
#include <string_view>

namespace tidemark::math {

struct PromptForm {
  std::string_view name;     // as in a protocol
  std::string_view summary;  // one line
  std::string_view text;     // the user message, with {problem} once in it
};

// The table; the first is the default.
std::span<const PromptForm> AllPromptForms();

// The user message. form: a name of the table, or empty for the first; own_text: not empty: used instead of the form's.
std::string FormatPrompt(std::string_view form, std::string_view own_text, std::string_view problem);

}  // namespace tidemark::math

#endif  // TIDEMARK_EVALS_MATH_PROMPTS_H_
