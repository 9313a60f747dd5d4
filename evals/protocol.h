// How a task is run, as data: the form of the prompt, the rule that finds the answer, the grader, the treatment of reasoning.
// Sampling, token budget and repeats stand in GenerateOptions and RunOptions; a named protocol (a JSON file) sets them all.
#ifndef TIDEMARK_EVALS_PROTOCOL_H_
#define TIDEMARK_EVALS_PROTOCOL_H_

#include <string>

namespace tidemark {

// The choices of a protocol for one task. Names are those the task offers (Task::prompts and so on); empty: the task's first.
struct TaskProtocol {
  std::string name = "greedy";  // of the whole protocol, for reports
  std::string prompt, extraction, grader;
  std::string prompts_text,
      prompts_sha256;           // content of --prompts FILE and its hash; a task that knows the prompt "file" reads it
  bool strip_reasoning = true;  // score what follows the last closing marker; false: the whole completion (older harnesses)
};

}  // namespace tidemark

#endif  // TIDEMARK_EVALS_PROTOCOL_H_
