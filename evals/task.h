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
  GenerateOptions options;                 // defaults of the task's protocol

  // place names file and line. Throws Error: fields missing, of a wrong type, or naming something unknown.
  Sample (*make_sample)(const DatasetRow& row, const std::string& place) = nullptr;
  // completion.error is empty. Never throws for any text.
  Score (*score)(const Sample& sample, const Completion& completion) = nullptr;
};

// evals/tasks/tasks.cc: the table.
std::span<const Task> AllTasks();
// Throws Error with the known names.
const Task& FindTask(std::string_view name);

// Every row of the dataset as a sample; limit > 0: the first rows only. Throws Error: a bad row, an id or a prompt twice.
std::vector<Sample> MakeSamples(const Task& task, const Dataset& dataset, int64_t limit);

}  // namespace tidemark

#endif  // TIDEMARK_EVALS_TASK_H_
