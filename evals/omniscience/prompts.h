// How questions are put and how a judge is asked: our own wording by default, any other from a file.
#ifndef TIDEMARK_EVALS_OMNISCIENCE_PROMPTS_H_
#define TIDEMARK_EVALS_OMNISCIENCE_PROMPTS_H_

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace tidemark::omniscience {

// Templates with placeholders {domain} {topic} {subtopic} {question} for the answer, {question} {target} {predicted_answer} for
// the judge.
struct PromptTexts {
  std::string answer_system;  // empty: no system message
  std::string answer_user;
  std::string grader;
};

const PromptTexts& OwnPrompts();

// A JSON object with answer_system_prompt, answer_user_prompt and grader_prompt, as the dataset's publisher has them; other
// members are ignored. Throws Error: not JSON, one of them missing or not a text, a needed placeholder missing.
PromptTexts ParsePrompts(std::string_view json, const std::string& place);

// Every {name} among the values replaced, in one pass: braces inside a value stay as they are.
std::string Fill(std::string_view text, const std::vector<std::pair<std::string_view, std::string_view>>& values);

}  // namespace tidemark::omniscience

#endif  // TIDEMARK_EVALS_OMNISCIENCE_PROMPTS_H_
