// Runs tasks through a text model and keeps everything: run.json (what the run is), completions.jsonl (the journal, one line per
// finished sample, synced), scores.jsonl (one row per sample, in dataset order), report.json. A failed sample is a row, counted
// apart. A run that was ended in any way goes on where it was (RunOptions::resume) and gives the same report.
#ifndef TIDEMARK_EVALS_RUNNER_H_
#define TIDEMARK_EVALS_RUNNER_H_

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "datasets/rows.h"
#include "evals/run_record.h"
#include "evals/settings.h"
#include "evals/task.h"
#include "evals/text_model.h"
#include "reports/report.h"

namespace tidemark {

struct Progress {
  std::string_view task;
  int64_t total = 0, done = 0, failed = 0;  // samples; failed ones are done too
  int64_t resumed = 0;                      // of the done ones: finished by an earlier process
  double tok_per_s = 0;                     // generated tokens of the other finished samples per second of this task
  double eta_seconds = 0;                   // for what is left, at the rate of this process; 0: not known yet
  std::string_view metric;                  // the task's first headline metric
  std::optional<double> score;              // its value over the scored samples so far
  bool score_is_fraction = true;            // to be shown in percent
};

struct RunOptions {
  std::filesystem::path out;                  // must have been prepared (PrepareOutput)
  int repeats = 1;                            // completions per sample
  int64_t limit = 0;                          // > 0: the first rows only
  const std::atomic<bool>* cancel = nullptr;  // becomes true: end early, report what is finished
  std::function<void(const Progress&)> progress = {};
  bool write_completions = true;  // false: the completions are stored already
  bool resume = false;            // keep what `out` holds of the same run; a fresh directory is started
  bool retry_failed = false;      // with resume: ask failed samples again
  Shard shard = {};               // only this part of the samples
  std::string digest = {};        // RunDigest, which the lines of completions.jsonl carry; RunEvals sets it
  double stop_width = 0;          // > 0: end when the interval of the first headline metric is that narrow (early_stop.h)
};

// One task with its rows and how text is generated for it.
struct EvalJob {
  const Task* task = nullptr;
  Dataset dataset;
  GenerateOptions generate;
  TaskProtocol protocol = {};
  int repeats = 0;  // > 0: instead of RunOptions::repeats, since a protocol may repeat its tasks differently often
  nlohmann::ordered_json identity = nullptr;  // what else decides the scores (a judge and its prompts), for the run's digest
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
  kAll,          // scores.jsonl, report.json, completions.jsonl, run.json
  kScoresAlone,  // scores.jsonl and report.json; completions.jsonl may be what is being scored
};

// Creates the directory and removes nothing, so that it can be called before a model is loaded. Throws Error if it cannot be
// created or written, or if it holds results and overwrite is false.
void CheckOutput(const std::filesystem::path& out, bool overwrite, OutputFiles files = OutputFiles::kAll);

// CheckOutput, then removes results of an earlier run. The caller holds the directory's RunLock.
void PrepareOutput(const std::filesystem::path& out, bool overwrite, OutputFiles files = OutputFiles::kAll);

// Runs one task and writes completions.jsonl and scores.jsonl. Throws Error: a bad row, disk full (finished samples are kept),
// with resume a damaged journal or one of other samples. The caller holds the RunLock and, with resume, has compared run.json.
EvalOutcome RunEval(TextModel& model, const EvalJob& job, const RunOptions& options);
// The same, all of the job's samples (MakeSamples) being made already.
EvalOutcome RunEval(TextModel& model, const EvalJob& job, const RunOptions& options, std::vector<Sample> all_samples);

// Runs the jobs into options.out (with several, each into a folder of its task's name), completes `report` and writes
// report.json. The caller has filled in command and settings. An interrupted run skips the remaining jobs. With options.resume
// what is there is kept and `overwrite` is ignored; throws Error if it belongs to another run, naming what differs.
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

// Throws Error if there are fewer samples than shards.
void CheckShard(size_t samples, const Shard& shard, std::string_view task);

// A shard's samples. Throws Error if there are fewer samples than shards.
std::vector<Sample> TakeShard(std::vector<Sample> samples, const Shard& shard, std::string_view task);

// The options of one job of several: its own folder and repeats.
RunOptions JobOptions(const EvalJob& job, const RunOptions& options, size_t jobs);

// Puts an outcome into a report, and the fields that every report ends with (model, environment, peak memory, times).
void AddOutcome(Report& report, EvalOutcome outcome);
void FinishReport(Report& report, const TextModel* model, double wall_seconds);

}  // namespace tidemark

#endif  // TIDEMARK_EVALS_RUNNER_H_
