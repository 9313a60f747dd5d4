#include "evals/merge.h"

#include <algorithm>
#include <chrono>
#include <map>
#include <memory>
#include <optional>

#include "engine/core/error.h"
#include "engine/core/file.h"
#include "evals/journal.h"
#include "evals/outcome.h"
#include "evals/responses.h"
#include "evals/runner.h"
#include "reports/environment.h"

namespace tidemark {
namespace {

using Json = nlohmann::ordered_json;
using Paths = std::span<const std::filesystem::path>;

RunRecord ReadShard(const std::filesystem::path& directory) {
  std::error_code absent;
  if (!std::filesystem::is_directory(directory, absent)) {
    throw Error(directory.string(), "no such folder", "the --out of `tidemark eval --shard I/N`",
                "name the --out folders of all shards of one run");
  }
  const std::optional<RunRecord> record = ReadRunRecord(directory);
  const char* const hint = "answers are merged, then scored or judged; scores and grades of parts are not merged";
  if (!record) throw Error(directory.string(), "no run.json", "the --out of `tidemark eval --shard I/N`", hint);
  if (record->shard.whole()) throw Error(directory.string(), "a whole run", "a shard of one (eval --shard I/N)", hint);
  return *record;
}

std::string Name(const Shard& shard) { return fmt::format("{}/{}", shard.index, shard.count); }

// The records in the order of their shards, each of which is there once.
std::vector<std::pair<std::filesystem::path, RunRecord>> ReadShards(Paths directories) {
  if (directories.empty())
    throw Error("merge", "no directories", "those of all shards", "name the --out folders of all shards of one run");
  std::map<int64_t, std::pair<std::filesystem::path, RunRecord>> by_index;
  for (const std::filesystem::path& directory : directories) {
    const RunRecord record = ReadShard(directory);
    const auto& [first_directory, first] = by_index.empty() ? std::pair(directory, record) : by_index.begin()->second;
    const std::string changes = DescribeChanges(first.parts, record.parts);
    if (!changes.empty() || first.shard.count != record.shard.count) {
      const std::string what = changes.empty()
                                   ? "shard " + Name(record.shard) + ", not one of " + std::to_string(first.shard.count)
                                   : "other settings: " + changes;
      throw Error(directory.string(), what, "a shard of the same run as " + first_directory.string(),
                  "name the --out folders of all shards of one run");
    }
    const auto [it, added] = by_index.try_emplace(record.shard.index, directory, record);
    if (!added) {
      throw Error(directory.string(), "shard " + Name(record.shard) + " a second time", "each shard once",
                  "the other one is " + it->second.first.string());
    }
  }
  const int64_t count = by_index.begin()->second.second.shard.count;
  std::string missing;
  for (int64_t i = 1; i <= count; ++i) {
    if (by_index.count(i) == 0 && missing.size() < 60) missing += (missing.empty() ? "" : ", ") + Name({i, count});
  }
  if (!missing.empty())
    throw Error("merge", "no shard " + missing, fmt::format("all {} shards", count),
                "name the --out folders of all shards of one run");
  std::vector<std::pair<std::filesystem::path, RunRecord>> shards;
  for (auto& [index, shard] : by_index) shards.push_back(std::move(shard));
  return shards;
}

// Shards may have asked different servers of the same model.
Json MergeDescriptions(const std::vector<std::pair<std::filesystem::path, RunRecord>>& shards) {
  Json model = shards.front().second.model, urls = Json::array();
  for (const auto& [directory, record] : shards) {
    const Json url = record.model.value("url", Json());
    if (url.is_string() && std::find(urls.begin(), urls.end(), url) == urls.end()) urls.push_back(url);
  }
  if (urls.size() > 1) {
    model.erase("url");
    model["urls"] = urls;
  }
  return model;
}

Dataset LoadRows(const TaskReport& task, const std::string& elsewhere) {
  const std::string name = task.dataset.value("name", ""), path = task.dataset.value("path", "");
  std::error_code absent;
  // Embedded rows have no path, and a name that says which of them they are.
  const bool moved = !path.empty() && !std::filesystem::exists(path, absent);
  Dataset dataset = LoadDataset(task.name, !elsewhere.empty() ? elsewhere : path.empty() || moved ? name : path);
  dataset.name = name;  // as the shards had it, for the report
  dataset.path = path;
  return dataset;
}

// The job as it was run; TaskIdentity tells whether that worked.
EvalJob Rebuild(const TaskReport& task, const Json& choices, const Json& identity, const std::string& dataset,
                RunOptions& options, std::vector<Sample>& samples) {
  const std::string place = "task " + task.name;
  EvalJob job;
  job.task = &FindTask(task.name);
  job.dataset = LoadRows(task, dataset);
  job.generate = SettingsFromJson(task.settings, place);
  job.protocol = ProtocolFromJson(task.settings.value("protocol", Json::object()), place);
  // The report names what was used; no choice is more than that, since rows may have a form of their own.
  job.protocol.prompt = choices.value("prompt", "");
  job.protocol.extraction = choices.value("extraction", "");
  job.protocol.grader = choices.value("grader", "");
  job.protocol.prompts_text = choices.value("prompts_text", "");
  job.identity = identity.value("judge", Json());
  options.repeats = std::clamp(task.settings.value("repeats", 1), 1, 1000);
  options.limit = task.dataset.value("limit", int64_t{0});
  samples = MakeSamples(*job.task, job.dataset, job.protocol, options.limit);
  const std::string changes = DescribeChanges(identity, TaskIdentity(job, options, samples));
  if (!changes.empty()) {
    throw Error(place, "not what the shards were run with: " + changes, "the same rows and the same version of the task",
                job.dataset.path.empty() ? "" : "is " + job.dataset.path + " another file now? see --dataset");
  }
  return job;
}

// run.json may have been edited: what its digest does not cover can be of any type.
EvalJob RebuildChecked(const TaskReport& task, const Json& choices, const Json& identity, const std::string& dataset,
                       RunOptions& options, std::vector<Sample>& samples) {
  try {
    return Rebuild(task, choices, identity, dataset, options, samples);
  } catch (const Json::exception&) {
    throw Error("run.json", "a field of another type", "a run.json of this program", "was it edited? run the shard again");
  }
}

// A shard's line as the run without --shard writes it.
std::string OfWholeRun(std::string_view line) {
  Json row = Json::parse(line);
  row.erase("shard");
  row.erase("check");
  return CheckedLine(row);
}

// One task over all shards: answers and journal lines in the order of the samples.
class Collector {
 public:
  Collector(const EvalJob& job, const RunOptions& options, const std::vector<Sample>& samples)
      : job_(job), options_(options), samples_(samples) {
    answers_.resize(samples.size() * static_cast<size_t>(options.repeats));
    lines_.resize(answers_.size());
    for (size_t i = 0; i < samples.size(); ++i) index_.emplace(samples[i].IdText(), i);
  }

  // digest: of the run, which the shard's lines must carry.
  void Add(const std::filesystem::path& directory, const Shard& shard, std::string_view digest) {
    const std::filesystem::path path = directory / "completions.jsonl";
    const std::string content = ReadFile(path, kMostJournalBytes);
    const JournalContent journal = ParseJournal(content, path.string());
    CheckJournal(journal, MakeOrigin(digest, job_.task->name, shard), path.string());
    for (size_t i = 0; i < journal.rows.size(); ++i) {
      const StoredResponse& row = journal.rows[i];
      const auto it = index_.find(row.id);
      const bool ours = it != index_.end() && row.completion.repeat < options_.repeats && Owns(shard, it->second);
      if (!ours) {
        throw Error(fmt::format("{}:{}", path.string(), row.line),
                    fmt::format("id {}, repeat {}", Printable(row.id), row.completion.repeat), "samples of shard " + Name(shard),
                    "completions.jsonl was edited or copied from another shard");
      }
      const size_t slot = Slot(it->second, row.completion.repeat);
      answers_[slot] = ScoreCompletion(job_, samples_[it->second], row.completion);
      lines_[slot] = OfWholeRun(journal.lines[i]);
    }
    int64_t total = 0, missing = 0;
    for (size_t i = 0; i < answers_.size(); ++i) {
      if (!Owns(shard, i / static_cast<size_t>(options_.repeats))) continue;
      ++total;
      missing += answers_[i] ? 0 : 1;
    }
    if (missing > 0) {
      throw Error(directory.string(), fmt::format("shard {} without {} of its {} samples", Name(shard), missing, total),
                  "a finished shard", "finish it with --resume");
    }
  }

  const Answers& answers() const { return answers_; }
  std::string Completions() const {
    std::string text;
    for (const std::string& line : lines_) text += line;
    return text;
  }

 private:
  static bool Owns(const Shard& shard, size_t sample) {
    return static_cast<int64_t>(sample % static_cast<size_t>(shard.count)) == shard.index - 1;
  }
  size_t Slot(size_t sample, int repeat) const {
    return sample * static_cast<size_t>(options_.repeats) + static_cast<size_t>(repeat);
  }

  const EvalJob& job_;
  const RunOptions& options_;
  const std::vector<Sample>& samples_;
  std::map<std::string, size_t> index_;
  Answers answers_;
  std::vector<std::string> lines_;
};

// One task, ready to be written. The collector refers to the other members.
struct Merged {
  EvalJob job;
  RunOptions run;
  std::vector<Sample> samples;
  std::optional<Collector> collector;
};

// CheckOutput's hint is that of a run; a merge has nothing to go on with.
void CheckFree(const std::filesystem::path& out, bool overwrite) {
  try {
    CheckOutput(out, overwrite);
  } catch (const Error& e) {
    throw Error(e.place(), e.found(), e.expected(), "choose another --out, or replace what is there with --overwrite");
  }
}

}  // namespace

Report MergeShards(Paths directories, const MergeOptions& options, Report report) {
  const auto begin = std::chrono::steady_clock::now();
  const auto shards = ReadShards(directories);
  RunRecord record = shards.front().second;
  record.shard = {};
  record.model = MergeDescriptions(shards);
  for (const auto& [directory, shard] : shards) {
    record.started_at = std::min(record.started_at, shard.started_at);
    if (shard.build != record.build) {
      report.warnings.push_back(
          fmt::format("{} was run by another build: {}", directory.string(), DescribeChanges(record.build, shard.build)));
    }
    std::error_code error;
    if (std::filesystem::equivalent(directory, options.out, error)) {
      throw Error("--out", options.out.string(), "another directory than those of the shards", "choose another --out");
    }
  }
  if (!options.dataset.empty() && record.tasks.size() > 1) {
    throw Error("--dataset", fmt::format("{} tasks", record.tasks.size()), "one task when a dataset is named",
                "leave --dataset out, or merge the tasks one by one");
  }
  // Every shard is read and checked before the first write: a merge that fails must leave nothing in its way.
  const std::string digest = RunDigest(record.parts);
  const Json identities = record.parts.value("tasks", Json::object());
  std::vector<std::unique_ptr<Merged>> all;
  for (size_t i = 0; i < record.tasks.size(); ++i) {
    auto merged = std::make_unique<Merged>();
    const TaskReport& task = record.tasks[i];
    merged->job = RebuildChecked(task, record.choices[i], identities.value(task.name, Json::object()), options.dataset,
                                 merged->run, merged->samples);
    const std::filesystem::path folder = record.tasks.size() > 1 ? task.name : "";
    merged->run.out = options.out / folder;
    merged->collector.emplace(merged->job, merged->run, merged->samples);
    for (const auto& [directory, shard] : shards) merged->collector->Add(directory / folder, shard.shard, digest);
    all.push_back(std::move(merged));
  }
  CheckFree(options.out, options.overwrite);
  const RunLock lock(options.out);
  PrepareOutput(options.out, options.overwrite);
  for (size_t i = 0; i < all.size(); ++i) {
    const Merged& merged = *all[i];
    if (all.size() > 1) PrepareOutput(merged.run.out, options.overwrite);
    std::string rows;
    EvalOutcome outcome =
        MakeOutcome(merged.job, merged.run, merged.samples, merged.collector->answers(), record.knows_stop_reasons, rows);
    record.tasks[i] = outcome.task;  // without the shard
    WriteResult(merged.run.out / "completions.jsonl", merged.collector->Completions());
    WriteResult(merged.run.out / "scores.jsonl", rows);
    AddOutcome(report, std::move(outcome));
  }
  WriteRunRecord(options.out, record);
  report.started_at = record.started_at;
  report.run = RunToJson(record);
  report.model = record.model;
  report.settings = record.settings;
  FinishReport(report, nullptr, std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count());
  WriteResult(options.out / "report.json", ReportText(report));
  return report;
}

}  // namespace tidemark
