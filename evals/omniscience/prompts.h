// How questions are put and how a judge is asked: our own wording by default, any other from a file.
#ifndef TIDEMARK_EVALS_OMNISCIENCE_PROMPTS_H_
#define TIDEMARK_EVALS_OMNISCIENCE_PROMPTS_H_

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace tidemark::omniscience {

// How a question is put. Placeholders: {domain} {topic} {subtopic} {question}.
struct AnswerPrompts {
  std::string system;  // empty: no system message
  std::string user;
};

const AnswerPrompts& OwnAnswerPrompts();
// How a judge is asked. Placeholders: {question} {target} {predicted_answer}.
const std::string& OwnGraderPrompt();

// A file of prompts is a JSON object with answer_system_prompt and answer_user_prompt, which a run of answers uses, and
// grader_prompt, which a judge uses, as the dataset's publisher has them. Each function asks for what its run uses and ignores
// all other members. Throws Error: not JSON, a text missing, {question} missing from the user prompt, one of its three
// placeholders missing from the grader prompt.
AnswerPrompts ParseAnswerPrompts(std::string_view json, const std::string& place);
std::string ParseGraderPrompt(std::string_view json, const std::string& place);

// Every {name} among the values replaced, in one pass: braces inside a value stay as they are.
std::string Fill(std::string_view text, const std::vector<std::pair<std::string_view, std::string_view>>& values);

}  // namespace tidemark::omniscience

#endif  // TIDEMARK_EVALS_OMNISCIENCE_PROMPTS_H_
