// Runs tasks through a text model and keeps everything: completions.jsonl (the journal, one line per finished sample, synced),
// scores.jsonl (one row per sample, in dataset order), report.json. A failed sample is a row, counted apart.
#ifndef TIDEMARK_EVALS_RUNNER_H_
#define TIDEMARK_EVALS_RUNNER_H_

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "datasets/rows.h"
#include "evals/task.h"
#include "evals/text_model.h"
#include "reports/report.h"

namespace tidemark {

struct Progress {
  std::string_view task;
  int64_t total = 0, done = 0, failed = 0;  // samples; failed ones are done too
  double tok_per_s = 0;                     // generated tokens of finished samples per second of this task
  double eta_seconds = 0;                   // 0: not known yet
};

struct RunOptions {
  std::filesystem::path out;                  // must have been prepared (PrepareOutput)
  int repeats = 1;                            // completions per sample
  int64_t limit = 0;                          // > 0: the first rows only
  const std::atomic<bool>* cancel = nullptr;  // becomes true: end early, report what is finished
  std::function<void(const Progress&)> progress = {};
  bool write_completions = true;  // false: the completions are stored already
};

// One task with its rows and how text is generated for it. generate.seed also seeds the bootstrap.
struct EvalJob {
  const Task* task = nullptr;
  Dataset dataset;
  GenerateOptions generate;
  TaskProtocol protocol = {};
  int repeats = 0;  // > 0: instead of RunOptions::repeats, since a protocol may repeat its tasks differently often
};

struct EvalOutcome {
  TaskReport task;
  std::vector<Failure> failures;
  std::vector<std::string> warnings;
  Timings timings;  // of the completions; Timings::model stays empty
  bool interrupted = false;
};

// Which files of an output directory a command writes, and hence replaces.
enum class OutputFiles {
  kAll,          // completions.jsonl, scores.jsonl, report.json
  kScoresAlone,  // without completions.jsonl, which may be what is being scored
};

// Creates the directory and removes nothing, so that it can be called before a model is loaded. Throws Error if it cannot be
// created or written, or if it holds results and overwrite is false.
void CheckOutput(const std::filesystem::path& out, bool overwrite, OutputFiles files = OutputFiles::kAll);

// CheckOutput, then removes results of an earlier run.
void PrepareOutput(const std::filesystem::path& out, bool overwrite, OutputFiles files = OutputFiles::kAll);

// Runs one task and writes completions.jsonl and scores.jsonl. Throws Error: a bad row, disk full (finished samples are kept).
EvalOutcome RunEval(TextModel& model, const EvalJob& job, const RunOptions& options);

// Runs the jobs into options.out (with several, each into a folder of its task's name), completes `report` and writes
// report.json. The caller has filled in command and settings. An interrupted run skips the remaining jobs.
Report RunEvals(TextModel& model, std::span<const EvalJob> jobs, const RunOptions& options, bool overwrite, Report report);

struct ScoreOptions {
  std::filesystem::path out;
  bool overwrite = false;
  int64_t limit = 0;              // > 0: the first rows only
  bool ignore_unmatched = false;  // responses that belong to no row: false: Error; true: counted in a warning
};

// Scores stored responses without a model: our completions.jsonl, or rows {"prompt" or "key" or "id", "response"}. A sample
// without a response is a failed one. Writes scores.jsonl and report.json. Throws Error as RunEval and for malformed responses.
Report ScoreFile(const EvalJob& job, const std::filesystem::path& completions, const ScoreOptions& options, Report report);

// Puts an outcome into a report, and the fields that every report ends with (model, environment, peak memory, times).
void AddOutcome(Report& report, EvalOutcome outcome);
void FinishReport(Report& report, const TextModel* model, double wall_seconds);

// Options as the report prints them.
nlohmann::ordered_json SettingsToJson(const GenerateOptions& options);

}  // namespace tidemark

#endif  // TIDEMARK_EVALS_RUNNER_H_
