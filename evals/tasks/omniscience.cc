// AA-Omniscience (Jackson et al. 2025, arXiv 2511.13029): short factual questions; a wrong answer costs as much as a right one
// gains, saying "I don't know" costs nothing. This task answers and grades by rules; `judge` grades the same answers with a
// model.
#include "evals/omniscience/match.h"
#include "evals/omniscience/rows.h"
#include "evals/reasoning.h"
#include "evals/task.h"

namespace tidemark {
namespace {

Score ScoreAnswer(const Sample& sample, const Completion& completion, const TaskProtocol& protocol) {
  const Answer answer =
      protocol.strip_reasoning ? StripReasoning(completion.text, {}, completion.reasoning_open) : Answer{completion.text};
  const omniscience::Verdict verdict = omniscience::GradeByMatch(omniscience::GoldOf(sample), answer.text);
  Score score;
  score.unclosed_reasoning = answer.unclosed;
  omniscience::AddTallies(sample, verdict.grade, score);
  score.verdicts = {
      {"grade", omniscience::GradeLetter(verdict.grade)}, {"rule", verdict.rule}, {"domain", sample.data["domain"]}};
  return score;
}

}  // namespace

Task MakeOmniscienceTask() {
  Task task = omniscience::MakeFrame();
  task.prompts = {{"omniscience", "a system message that names domain and topic, then the question"},
                  {"single-user", "both in one user message"},
                  {"question-only", "the question alone"},
                  {"file", "the texts of --prompts FILE"}};
  task.graders = {{"match", "rules: aliases, numbers, dates, identifiers, phrases of not knowing"}};
  task.options.max_new_tokens = 1024;
  task.score = &ScoreAnswer;
  return task;
}

}  // namespace tidemark
