// A task is data and two pure functions: a dataset row becomes a sample, a sample and its completion become a score. Adding
// one is a file in evals/tasks and a row in tasks.cc; running, journaling, intervals and reports come by themselves.
#ifndef TIDEMARK_EVALS_TASK_H_
#define TIDEMARK_EVALS_TASK_H_

#include <nlohmann/json.hpp>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "datasets/rows.h"
#include "engine/generate/options.h"
#include "evals/protocol.h"
#include "evals/text_model.h"
#include "reports/statistics.h"

namespace tidemark {

// One question, checked when it was made, so that scoring cannot fail on it.
struct Sample {
  nlohmann::ordered_json id;      // integer or text, as in the dataset
  std::vector<Message> messages;  // what the model is sent
  std::string prompt;             // text that stored responses may be matched by
  nlohmann::ordered_json data;    // what the task needs for scoring

  // "1000" for 1000 and for "1000": the id in requests and when matching.
  std::string IdText() const;
};

struct Score {
  // What this completion adds to each metric: value = sum of sums / sum of counts. An absent metric gets nothing.
  std::vector<std::pair<std::string, Tally>> tallies;
  bool unclosed_reasoning = false;  // the reasoning trace never ended: the answer was empty (spec 0.1)
  nlohmann::ordered_json verdicts;  // the task's columns of scores.jsonl, an object
  // Set by the runner, for single runs and the bounds under truncation. A failed sample has the tallies of an empty answer; they
  // are in no metric.
  int repeat = 0;
  bool truncated = false;  // the text ended at a limit, not by itself
  bool failed = false;     // an error instead of an answer
  bool ungraded = false;   // set by a task that asks a judge: it gave no grade, so the answer has no tallies
};

// The scores of one sample over its repeats; they are one cluster of the intervals.
using SampleScores = std::vector<Score>;

// A metric whose value is not a fraction: the ratio of its tallies, 0 to 1, is mapped to [low, high]. Also holds for the same
// name behind a slash ("domain/Law/omniscience_index").
struct MetricScale {
  std::string_view name;
  double low = 0, high = 1;
};

// What a metric is if every tally of it has count 0, so that its ratio has no denominator (no answer was wrong: a rate among
// wrong answers). Such a metric is reported with n = 0 and its whole range as interval; without this it is left out. Also holds
// behind a slash.
struct EmptyMetric {
  std::string_view name;
  double value = 0;
};

// A choice that a protocol may make: how the question is put, how the answer is found, who decides.
struct Choice {
  std::string_view name;
  std::string_view summary;  // one line for `list choices`
};

// A metric that is the plain mean of others, which are all tallied for every sample.
struct MeanMetric {
  std::string_view name;
  std::vector<std::string_view> parts;
};

struct Task {
  std::string_view name;
  int version = 1;                         // changes when the same completion may get another score
  std::string_view summary;                // one line for `list tasks`
  std::vector<std::string_view> headline;  // metrics reported first, in this order; the others follow by name
  std::vector<MeanMetric> means;           // reported after the headline
  std::vector<MetricScale> scales;
  std::vector<EmptyMetric> empties;
  std::vector<std::string_view> lower_is_better;  // headline metrics and means whose rise is a loss (a hallucination rate)
  // What TaskProtocol::prompt, extraction and grader may say; the first is the default. Empty: no choice, only "".
  std::vector<Choice> prompts, extractions, graders;
  bool own_prompt = false;  // a protocol may word the prompt itself (TaskProtocol::prompt_text)
  GenerateOptions options;  // defaults where a protocol says nothing

  // place names file and line. Throws Error: fields missing, of a wrong type, or naming something unknown.
  Sample (*make_sample)(const DatasetRow& row, const TaskProtocol& protocol, const std::string& place) = nullptr;
  // completion.error is empty. Never throws for any text.
  Score (*score)(const Sample& sample, const Completion& completion, const TaskProtocol& protocol) = nullptr;
  // What the report says beside the metrics (disagreements between graders, counts of extraction rules): an object; scores[i] are
  // those of samples[i], failed ones included. nullptr: nothing.
  nlohmann::ordered_json (*details)(std::span<const Sample> samples, std::span<const SampleScores> scores) = nullptr;
};

// evals/tasks/tasks.cc: the table.
std::span<const Task> AllTasks();
// Throws Error with the known names.
const Task& FindTask(std::string_view name);

// Every row of the dataset as a sample; limit > 0: the first rows only. Throws Error: a bad row, an id or a prompt twice.
std::vector<Sample> MakeSamples(const Task& task, const Dataset& dataset, const TaskProtocol& protocol, int64_t limit);

}  // namespace tidemark

#endif  // TIDEMARK_EVALS_TASK_H_
