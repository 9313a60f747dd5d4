#include "evals/outcome.h"

#include <utility>

#include "engine/core/error.h"
#include "evals/journal.h"
#include "evals/loops.h"
#include "evals/metrics.h"
#include "evals/run_record.h"

namespace tidemark {
namespace {

using Json = nlohmann::ordered_json;

Json ScoreRow(const Sample& sample, int repeat, const Score& score, const std::string& error) {
  Json row;
  row["id"] = sample.id;
  row["repeat"] = repeat;
  row["scored"] = error.empty();
  for (const auto& [name, value] : score.verdicts.items()) row[name] = value;
  row["unclosed_reasoning"] = score.unclosed_reasoning;
  for (const auto& [name, tally] : score.tallies) row["metrics"][name] = {tally.sum, tally.count};
  if (!error.empty()) row["error"] = error;
  return row;
}

void CountCompletion(const Completion& c, EvalOutcome& outcome) {
  TaskReport& task = outcome.task;
  task.prompt_tokens += c.prompt_tokens;
  task.completion_tokens += c.completion_tokens;
  ++task.stop_reasons[EndedInLoop(c) ? "loop" : std::string(StopReasonName(c.stop))];
  if (c.time_to_first_token_seconds > 0) outcome.timings.time_to_first_token_seconds.push_back(c.time_to_first_token_seconds);
  auto& gaps = outcome.timings.inter_token_seconds;
  gaps.insert(gaps.end(), c.inter_token_seconds.begin(), c.inter_token_seconds.end());
}

void CountScore(const EvalJob& job, const Sample& sample, const Answered& answer, EvalOutcome& outcome) {
  SampleCounts& counts = outcome.task.samples;
  CountCompletion(answer.completion, outcome);
  if (answer.score.failed) {
    ++counts.failed;
    outcome.failures.push_back({std::string(job.task->name), sample.id, answer.completion.repeat, answer.completion.error});
  } else {
    ++(answer.score.ungraded ? counts.ungraded : counts.scored);
    counts.unclosed_reasoning += answer.score.unclosed_reasoning ? 1 : 0;
  }
}

void AddWarnings(const TaskReport& task, std::vector<std::string>& warnings) {
  const SampleCounts& s = task.samples;
  const auto warn = [&](int64_t count, const char* what) {
    if (count > 0) warnings.push_back(fmt::format("{}: {} of {} samples {}", task.name, count, s.total, what));
  };
  warn(s.failed, "failed and are not in the metrics");
  warn(s.not_run,
       "were not run because the run was interrupted; what finishes first are rather the short answers, so the metrics lean "
       "towards "
       "them, and only the bounds count the others");
  warn(s.ungraded, "were answered, but the judge gave no grade (nor in a second reply); they are in no metric");
  warn(s.unclosed_reasoning, "never ended their reasoning within the token budget; their answer counts as empty");
}

// Those that were not run could have been anything, as the failed ones.
TruncationBounds BoundsOfAll(const Task& task, std::vector<SampleScores> scores, const std::vector<SampleScores>& not_run) {
  int64_t count = 0;
  for (size_t i = 0; i < scores.size(); ++i) {
    scores[i].insert(scores[i].end(), not_run[i].begin(), not_run[i].end());
    count += static_cast<int64_t>(not_run[i].size());
  }
  TruncationBounds bounds = ComputeBounds(task, scores);
  bounds.not_run = count;
  bounds.failed -= count;
  return bounds;
}

}  // namespace

Answered ScoreCompletion(const EvalJob& job, const Sample& sample, Completion completion) {
  if (completion.stop == StopReason::kError && completion.error.empty()) completion.error = "the model gave no reason";
  const bool failed = !completion.error.empty();
  // A failed sample still gets its row, with the verdicts of an empty answer, but no tally.
  Score score = job.task->score(sample, failed ? Completion{} : completion, job.protocol);
  score.repeat = completion.repeat;
  score.failed = failed;
  score.truncated = !failed && (completion.stop == StopReason::kLength || completion.stop == StopReason::kContext);
  return {std::move(completion), std::move(score)};
}

EvalOutcome MakeOutcome(const EvalJob& job, const RunOptions& options, std::span<const Sample> samples, const Answers& answers,
                        bool knows_stop_reasons, std::string& score_rows) {
  TM_CHECK(!samples.empty() && answers.size() == samples.size() * static_cast<size_t>(options.repeats), "{} answers",
           answers.size());
  EvalOutcome outcome;
  outcome.task = DescribeTask(job, options);
  outcome.task.samples.total = static_cast<int64_t>(answers.size());
  std::vector<SampleScores> scores(samples.size()), not_run(samples.size());
  score_rows.clear();
  for (size_t i = 0; i < answers.size(); ++i) {
    const size_t which = i / static_cast<size_t>(options.repeats);
    const int repeat = static_cast<int>(i % static_cast<size_t>(options.repeats));
    if (answers[i]) {
      CountScore(job, samples[which], *answers[i], outcome);
      score_rows += JsonLine(ScoreRow(samples[which], repeat, answers[i]->score, answers[i]->completion.error));
      scores[which].push_back(answers[i]->score);
    } else {
      ++outcome.task.samples.not_run;
      Score score = job.task->score(samples[which], Completion{}, job.protocol);
      score.repeat = repeat;
      score.failed = true;
      score_rows += JsonLine(ScoreRow(samples[which], repeat, score, "not run: interrupted"));
      not_run[which].push_back(std::move(score));
    }
  }
  if (!knows_stop_reasons) outcome.task.stop_reasons.clear();
  outcome.interrupted = outcome.task.samples.not_run > 0;
  outcome.task.metrics = ComputeMetrics(*job.task, scores, outcome.warnings);
  if (job.task->details != nullptr) outcome.task.details = job.task->details(samples, scores);
  outcome.task.bounds = BoundsOfAll(*job.task, std::move(scores), not_run);
  AddWarnings(outcome.task, outcome.warnings);
  return outcome;
}

}  // namespace tidemark
