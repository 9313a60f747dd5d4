// The frame around single tasks: output directory, several tasks in one report, scoring of stored responses.
#include <chrono>
#include <set>
#include <span>

#include "engine/core/cpu.h"
#include "engine/core/error.h"
#include "engine/core/file.h"
#include "evals/models/replay_model.h"
#include "evals/runner.h"
#include "reports/environment.h"

namespace tidemark {
namespace {

using Clock = std::chrono::steady_clock;

double SecondsSince(Clock::time_point begin) { return std::chrono::duration<double>(Clock::now() - begin).count(); }

std::span<const char* const> ResultFiles(OutputFiles files) {
  static constexpr const char* kFiles[] = {"scores.jsonl", "report.json", "completions.jsonl"};
  return std::span(kFiles).first(files == OutputFiles::kAll ? 3 : 2);
}

// Rows of the file that belong to no sample and no repeat below `repeats`.
std::vector<const StoredResponse*> Unmatched(const StoredResponses& responses, const std::vector<Sample>& samples, int repeats) {
  std::set<const StoredResponse*> matched;
  for (const Sample& sample : samples) {
    const std::string id = sample.IdText();
    for (int r = 0; r < repeats; ++r) matched.insert(responses.Find(id, sample.prompt, r));
  }
  std::vector<const StoredResponse*> rest;
  for (const StoredResponse& row : responses.rows()) {
    if (matched.count(&row) == 0) rest.push_back(&row);
  }
  return rest;
}

std::string DescribeRows(const std::vector<const StoredResponse*>& rows) {
  constexpr size_t kShown = 3;
  std::string text;
  for (size_t i = 0; i < rows.size() && i < kShown; ++i) {
    const std::string what =
        rows[i]->id.empty() ? "prompt \"" + Printable(rows[i]->prompt, 40) + "\"" : "id " + Printable(rows[i]->id, 40);
    text += fmt::format("{}line {} ({})", i == 0 ? "" : ", ", rows[i]->line, what);
  }
  return text + (rows.size() > kShown ? ", ..." : "");
}

}  // namespace

void CheckOutput(const std::filesystem::path& out, bool overwrite, OutputFiles files) {
  std::error_code error;
  for (const char* name : ResultFiles(files)) {
    if (!overwrite && std::filesystem::exists(std::filesystem::symlink_status(out / name, error)))
      throw Error(out.string(), "results of an earlier run (" + std::string(name) + ")", "an empty or new directory",
                  "choose another --out, or pass --overwrite");
  }
  std::filesystem::create_directories(out, error);
  if (error) throw Error(out.string(), error.message(), "a writable directory", "choose another --out");
  // Better before the model runs than after: create and remove a file.
  const std::filesystem::path probe = out / ".tidemark_probe";
  WriteFileAtomically(probe, "");
  std::filesystem::remove(probe, error);
}

void PrepareOutput(const std::filesystem::path& out, bool overwrite, OutputFiles files) {
  CheckOutput(out, overwrite, files);
  for (const char* name : ResultFiles(files)) {
    std::error_code error;
    std::filesystem::remove(out / name, error);
    if (error) throw Error((out / name).string(), error.message(), "a file that can be replaced");
  }
}

void AddOutcome(Report& report, EvalOutcome outcome) {
  const auto append = [](auto& to, auto& from) { to.insert(to.end(), from.begin(), from.end()); };
  report.tasks.push_back(std::move(outcome.task));
  append(report.failures, outcome.failures);
  append(report.warnings, outcome.warnings);
  append(report.timings.time_to_first_token_seconds, outcome.timings.time_to_first_token_seconds);
  append(report.timings.inter_token_seconds, outcome.timings.inter_token_seconds);
  report.interrupted = report.interrupted || outcome.interrupted;
}

void FinishReport(Report& report, const TextModel* model, double wall_seconds) {
  if (model != nullptr) {
    report.model = model->Describe();
    report.timings.model = model->Timings();
  }
  if (report.environment.empty()) report.environment = CollectEnvironment(DetectCpu());
  report.wall_seconds = wall_seconds;
  report.finished_at = UtcNow();
  report.peak_rss_bytes = PeakResidentBytes();
}

Report RunEvals(TextModel& model, std::span<const EvalJob> jobs, const RunOptions& options, bool overwrite, Report report) {
  const auto begin = Clock::now();
  if (report.started_at.empty()) report.started_at = UtcNow();
  // All directories before the first job: the last one must not fail after hours of the others.
  const auto directory = [&](const EvalJob& job) { return jobs.size() > 1 ? options.out / job.task->name : options.out; };
  PrepareOutput(options.out, overwrite);
  for (const EvalJob& job : jobs) {
    if (jobs.size() > 1) PrepareOutput(directory(job), overwrite);
  }
  for (const EvalJob& job : jobs) {
    RunOptions own = options;
    own.out = directory(job);
    if (job.repeats > 0) own.repeats = job.repeats;
    AddOutcome(report, RunEval(model, job, own));
    if (report.interrupted) break;
  }
  FinishReport(report, &model, SecondsSince(begin));
  WriteReport(options.out / "report.json", report);
  return report;
}

Report ScoreFile(const EvalJob& job, const std::filesystem::path& completions, const ScoreOptions& options, Report report) {
  const auto begin = Clock::now();
  if (report.started_at.empty()) report.started_at = UtcNow();
  ReplayModel model(completions);
  int repeats = 1;
  for (const StoredResponse& row : model.responses().rows()) repeats = std::max(repeats, row.completion.repeat + 1);
  if (repeats > 1000) throw Error(completions.string(), fmt::format("repeat {}", repeats - 1), "repeats below 1000");
  if (model.responses().rows().empty()) throw Error(completions.string(), "no rows", "at least one response");
  const auto unmatched = Unmatched(model.responses(), MakeSamples(*job.task, job.dataset, job.protocol, options.limit), repeats);
  if (!unmatched.empty()) {
    const std::string found = fmt::format("{} responses to no row of the dataset: {}", unmatched.size(), DescribeRows(unmatched));
    if (!options.ignore_unmatched) {
      throw Error(completions.string(), found, "ids or prompts of " + job.dataset.name,
                  "another --dataset, or --ignore-unmatched");
    }
    report.warnings.push_back(found);
  }
  PrepareOutput(options.out, options.overwrite, OutputFiles::kScoresAlone);
  RunOptions run;
  run.out = options.out;
  run.repeats = repeats;
  run.limit = options.limit;
  run.write_completions = false;
  EvalOutcome outcome = RunEval(model, job, run);
  // How they were made is not known.
  outcome.task.settings =
      nlohmann::ordered_json{{"seed", job.generate.seed}, {"repeats", repeats}, {"protocol", outcome.task.settings["protocol"]}};
  AddOutcome(report, std::move(outcome));
  FinishReport(report, &model, SecondsSince(begin));
  WriteReport(options.out / "report.json", report);
  return report;
}

}  // namespace tidemark
