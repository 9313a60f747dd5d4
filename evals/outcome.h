// From the answers of a task to its part of the report: scores, counts, metrics, failures. The same whether the answers come
// from a model just now, from the journal of an interrupted run, or from the journals of several shards.
#ifndef TIDEMARK_EVALS_OUTCOME_H_
#define TIDEMARK_EVALS_OUTCOME_H_

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "evals/runner.h"
#include "evals/task.h"

namespace tidemark {

// A completion and its score. Nothing where the run ended before.
struct Answered {
  Completion completion;
  Score score;
};
using Answers = std::vector<std::optional<Answered>>;  // sample i, repeat r at i * repeats + r

// Scores a completion; one that failed gets the score of an empty answer.
Answered ScoreCompletion(const EvalJob& job, const Sample& sample, Completion completion);

// Everything that a report says about the task. score_rows becomes the text of scores.jsonl, in the order of the samples.
EvalOutcome MakeOutcome(const EvalJob& job, const RunOptions& options, std::span<const Sample> samples, const Answers& answers,
                        bool knows_stop_reasons, std::string& score_rows);

}  // namespace tidemark

#endif  // TIDEMARK_EVALS_OUTCOME_H_
