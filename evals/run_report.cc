// The frame around single tasks: output directory, several tasks in one report, scoring of stored responses.
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <fstream>
#include <optional>
#include <set>
#include <span>

#include "engine/core/cpu.h"
#include "engine/core/error.h"
#include "engine/core/file.h"
#include "evals/journal.h"
#include "evals/models/replay_model.h"
#include "evals/responses.h"
#include "evals/run_record.h"
#include "evals/runner.h"
#include "reports/environment.h"

namespace tidemark {
namespace {

using Clock = std::chrono::steady_clock;

double SecondsSince(Clock::time_point begin) { return std::chrono::duration<double>(Clock::now() - begin).count(); }

std::span<const char* const> ResultFiles(OutputFiles files) {
  static constexpr const char* kFiles[] = {"scores.jsonl", "report.json", "completions.jsonl", "run.json"};
  return std::span(kFiles).first(files == OutputFiles::kAll ? 4 : 2);
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

// all_samples: those of each job.
RunRecord MakeRecord(const TextModel& model, std::span<const EvalJob> jobs, const RunOptions& options, const Report& report,
                     const std::vector<std::vector<Sample>>& all_samples) {
  RunRecord record;
  record.shard = options.shard;
  record.started_at = report.started_at;
  for (const char* key : {"version", "git_commit", "git_dirty"}) record.build[key] = report.environment["build"][key];
  record.knows_stop_reasons = model.KnowsStopReasons();
  record.model = model.Describe();
  record.settings = report.settings;
  record.parts["model"] = model.Identity();
  for (size_t i = 0; i < jobs.size(); ++i) {
    const EvalJob& job = jobs[i];
    const std::vector<Sample>& samples = all_samples[i];
    const RunOptions own = JobOptions(job, options, jobs.size());
    CheckShard(samples.size(), options.shard, job.task->name);  // before anything is written
    record.parts["tasks"][std::string(job.task->name)] = TaskIdentity(job, own, samples);
    record.tasks.push_back(DescribeTask(job, own));
    const TaskProtocol& p = job.protocol;
    record.choices.push_back({{"prompt", p.prompt}, {"extraction", p.extraction}, {"grader", p.grader}});
    if (!p.prompts_text.empty()) record.choices.back()["prompts_text"] = p.prompts_text;
  }
  return record;
}

// All directories before the first job: the last one must not fail after hours of the others.
// run.json goes last: while it is there, what is left belongs to it.
void StartAfresh(std::span<const EvalJob> jobs, const RunOptions& options, bool overwrite) {
  for (const EvalJob& job : jobs) {
    if (jobs.size() > 1) PrepareOutput(JobOptions(job, options, jobs.size()).out, overwrite);
  }
  PrepareOutput(options.out, overwrite);
}

// What a process that was killed while it wrote a file has left: FILE.PID.tmp.
void RemoveTemporaries(const std::filesystem::path& directory) {
  std::error_code ignored;
  std::vector<std::filesystem::path> found;
  for (const auto& entry : std::filesystem::directory_iterator(directory, ignored)) {
    const std::string name = entry.path().filename().string();
    for (const char* file : ResultFiles(OutputFiles::kAll)) {
      if (name.starts_with(std::string(file) + ".") && name.ends_with(".tmp")) found.push_back(entry.path());
    }
    if (name.starts_with(".tidemark_probe.")) found.push_back(entry.path());
  }
  for (const auto& path : found) std::filesystem::remove(path, ignored);
}

// The jobs in the order in which the run was started, since the report lists them so: the order of --task is no setting of the
// run. Unchanged: nothing is there, or it is another run (Continue says so).
std::vector<EvalJob> InFirstOrder(std::span<const EvalJob> jobs, const std::filesystem::path& out) {
  std::vector<EvalJob> ordered(jobs.begin(), jobs.end());
  const std::optional<RunRecord> before = ReadRunRecord(out);
  if (!before) return ordered;
  const auto rank = [&](const EvalJob& job) {
    const auto is_it = [&](const TaskReport& task) { return task.name == job.task->name; };
    return std::find_if(before->tasks.begin(), before->tasks.end(), is_it) - before->tasks.begin();
  };
  std::stable_sort(ordered.begin(), ordered.end(), [&](const EvalJob& a, const EvalJob& b) { return rank(a) < rank(b); });
  return ordered;
}

// The first line of a file with its end; empty: it has none, or an unusually long one.
std::string FirstLine(const std::filesystem::path& path) {
  constexpr size_t kMostBytes = size_t{1} << 20;
  std::ifstream file(path, std::ios::binary);
  std::string line;
  for (char c; line.size() < kMostBytes && file.get(c);) {
    line += c;
    if (c == '\n') return line;
  }
  return "";
}

// A journal that is not this run's would otherwise be found when the tasks before it are done, hours later. Its first line says
// whose it is; all of it is read once, in its turn, unless that line is not as a run writes it.
void CheckLaterJournals(const RunRecord& record, std::span<const EvalJob> jobs, const RunOptions& options) {
  for (size_t i = 1; i < jobs.size(); ++i) {
    const std::filesystem::path path = JobOptions(jobs[i], options, jobs.size()).out / "completions.jsonl";
    std::error_code absent;
    if (!std::filesystem::exists(path, absent)) continue;
    const std::string first = FirstLine(path);
    const bool says = !first.empty() && IsCheckedLine(std::string_view(first).substr(0, first.size() - 1));
    const std::string content = says ? first : ReadFile(path, kMostJournalBytes);
    CheckJournal(ParseJournal(content, path.string()), MakeOrigin(RunDigest(record.parts), jobs[i].task->name, record.shard),
                 path.string());
  }
}

// Checks that what is there belongs to this run, or that nothing is there, and takes over when the run was started.
void Continue(RunRecord& record, std::span<const EvalJob> jobs, const RunOptions& options, Report& report) {
  const std::optional<RunRecord> before = ReadRunRecord(options.out);
  if (before) {
    CheckSameRun(options.out, *before, record);
    record.started_at = before->started_at;
    if (before->build != record.build) {
      report.warnings.push_back(
          fmt::format("the run was started by another build: {}", DescribeChanges(before->build, record.build)));
    }
    record.build = before->build;
  }
  CheckLaterJournals(record, jobs, options);
  RemoveTemporaries(options.out);
  for (const EvalJob& job : jobs) {
    const std::filesystem::path directory = JobOptions(job, options, jobs.size()).out;
    std::error_code absent;
    if (!before && std::filesystem::exists(directory / "completions.jsonl", absent)) {
      throw Error(directory.string(), "completions.jsonl without run.json", "a run that says what it is",
                  "choose another --out, or replace it with --overwrite");
    }
    CheckOutput(directory, true);
    RemoveTemporaries(directory);
  }
}

}  // namespace

void CheckOutput(const std::filesystem::path& out, bool overwrite, OutputFiles files) {
  std::error_code error;
  for (const char* name : ResultFiles(files)) {
    if (!overwrite && std::filesystem::exists(std::filesystem::symlink_status(out / name, error)))
      throw Error(out.string(), "results of an earlier run (" + std::string(name) + ")", "an empty or new directory",
                  files == OutputFiles::kAll ? "choose another --out, go on with --resume, or replace them with --overwrite"
                                             : "choose another --out, or pass --overwrite");
  }
  std::filesystem::create_directories(out, error);
  if (error) throw Error(out.string(), error.message(), "a writable directory", "choose another --out");
  // Better before the model runs than after: create and remove a file.
  // Whoever has the lock may remove it first (RemoveTemporaries).
  const std::filesystem::path probe = out / fmt::format(".tidemark_probe.{}.tmp", getpid());
  const int fd = open(probe.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
  if (fd < 0) {
    throw Error(out.string(), std::strerror(errno), "a directory that can be written, with room",
                "check permissions and space, or choose another --out; nothing was changed");
  }
  close(fd);
  std::filesystem::remove(probe, error);
}

void PrepareOutput(const std::filesystem::path& out, bool overwrite, OutputFiles files) {
  CheckOutput(out, overwrite, files);
  for (const char* name : ResultFiles(files)) {
    std::error_code error;
    std::filesystem::remove(out / name, error);
    if (error)
      throw Error((out / name).string(), error.message(), "a file that can be replaced",
                  "check its permissions, or choose another --out");
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

RunOptions JobOptions(const EvalJob& job, const RunOptions& options, size_t jobs) {
  RunOptions own = options;
  if (jobs > 1) own.out = options.out / job.task->name;
  if (job.repeats > 0) own.repeats = job.repeats;
  return own;
}

Report RunEvals(TextModel& model, std::span<const EvalJob> given, const RunOptions& given_options, bool overwrite,
                Report report) {
  const auto begin = Clock::now();
  RunOptions options = given_options;
  const std::vector<EvalJob> first_order = options.resume ? InFirstOrder(given, options.out) : std::vector<EvalJob>();
  const std::span<const EvalJob> jobs = options.resume ? std::span(first_order) : given;
  for (const EvalJob& job : jobs) model.CheckTask(job.task->name);
  if (report.started_at.empty()) report.started_at = UtcNow();
  if (report.environment.empty()) report.environment = CollectEnvironment(DetectCpu());
  std::vector<std::vector<Sample>> samples;
  for (const EvalJob& job : jobs) samples.push_back(MakeSamples(*job.task, job.dataset, job.protocol, options.limit));
  RunRecord record = MakeRecord(model, jobs, options, report, samples);
  options.digest = RunDigest(record.parts);
  CheckOutput(options.out, overwrite || options.resume);
  const RunLock lock(options.out);
  if (!lock.warning().empty()) report.warnings.push_back(lock.warning());
  if (options.resume) {
    Continue(record, jobs, options, report);
  } else {
    StartAfresh(jobs, options, overwrite);
  }
  WriteRunRecord(options.out, record);
  report.started_at = record.started_at;
  report.run = RunToJson(record);
  for (size_t i = 0; i < jobs.size(); ++i) {
    AddOutcome(report, RunEval(model, jobs[i], JobOptions(jobs[i], options, jobs.size()), std::move(samples[i])));
    if (report.interrupted) break;
  }
  FinishReport(report, &model, SecondsSince(begin));
  WriteResult(options.out / "report.json", ReportText(report));
  return report;
}

Report ScoreFile(const EvalJob& job, const std::filesystem::path& completions, const ScoreOptions& options, Report report) {
  const auto begin = Clock::now();
  if (report.started_at.empty()) report.started_at = UtcNow();
  ReplayModel model(completions);
  model.CheckTask(job.task->name);
  int repeats = 1;
  for (const StoredResponse& row : model.responses().rows()) repeats = std::max(repeats, row.completion.repeat + 1);
  if (repeats > 1000)
    throw Error(completions.string(), fmt::format("repeat {}", repeats - 1), "repeats below 1000",
                "completions.jsonl of `tidemark eval`, or rows {\"prompt\" or \"key\" or \"id\", \"response\"}");
  if (model.responses().rows().empty())
    throw Error(completions.string(), "no rows", "at least one response",
                "completions.jsonl of `tidemark eval`, or rows {\"prompt\" or \"key\" or \"id\", \"response\"}");
  const auto unmatched = Unmatched(model.responses(), MakeSamples(*job.task, job.dataset, job.protocol, options.limit), repeats);
  if (!unmatched.empty()) {
    const std::string found = fmt::format("{} responses to no row of the dataset: {}", unmatched.size(), DescribeRows(unmatched));
    if (!options.ignore_unmatched) {
      throw Error(completions.string(), found, "ids or prompts of " + job.dataset.name,
                  "another --dataset, or --ignore-unmatched");
    }
    report.warnings.push_back(found);
  }
  CheckOutput(options.out, options.overwrite, OutputFiles::kScoresAlone);
  const RunLock lock(options.out);
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
  WriteResult(options.out / "report.json", ReportText(report));
  return report;
}

}  // namespace tidemark
