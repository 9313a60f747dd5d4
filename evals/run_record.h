// run.json: what a run is, written before its first sample. A resumed run must be the same, shards of a run must agree, and one
// digest names it: the SHA-256 of everything that decides its texts and scores.
#ifndef TIDEMARK_EVALS_RUN_RECORD_H_
#define TIDEMARK_EVALS_RUN_RECORD_H_

#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "evals/task.h"
#include "reports/report.h"

namespace tidemark {

struct EvalJob;
struct RunOptions;

// Part index of count of a run, from 1. A sample belongs to one part with all its repeats: row i to part i % count + 1.
struct Shard {
  int64_t index = 1, count = 1;

  bool whole() const { return count == 1; }
  bool operator==(const Shard&) const = default;
};

// "3/8". Throws Error naming the flag.
Shard ParseShard(std::string_view text);

struct RunRecord {
  // {"model": TextModel::Identity(), "tasks": {NAME: {version, dataset, limit, prompts, settings, ...}}}. Not in it: paths,
  // threads, batch size, the shard, and the build; they change neither texts nor scores, or must not (build: a warning).
  nlohmann::ordered_json parts;
  Shard shard;
  std::string started_at;         // of the first process
  nlohmann::ordered_json build;   // version and commit of the first process
  std::vector<TaskReport> tasks;  // name, version, dataset, settings: what the report says, without results
  std::vector<nlohmann::ordered_json>
      choices;  // of each task: prompt, extraction and grader as asked for ("" is no choice), text of --prompts
  bool knows_stop_reasons = true;        // TextModel::KnowsStopReasons
  nlohmann::ordered_json model = {};     // TextModel::Describe, for the report of merged shards
  nlohmann::ordered_json settings = {};  // Report::settings, for the same
};

// SHA-256 of the canonical JSON of the parts: keys sorted by bytes, no blanks, numbers as the JSON library prints them.
std::string RunDigest(const nlohmann::ordered_json& parts);

// The report's "run": digest, parts, and the shard if it is one.
nlohmann::ordered_json RunToJson(const RunRecord& record);

// Name, version, dataset and settings of a task's report.
TaskReport DescribeTask(const EvalJob& job, const RunOptions& options);

// What of a task decides its texts and scores. samples: all of the task (not only a shard's).
nlohmann::ordered_json TaskIdentity(const EvalJob& job, const RunOptions& options, std::span<const Sample> samples);

void WriteRunRecord(const std::filesystem::path& directory, const RunRecord& record);
// Nothing if there is no run.json. Throws Error: malformed, or of another version.
std::optional<RunRecord> ReadRunRecord(const std::filesystem::path& directory);

// Whether there is a run.json that this program wrote, in whatever version: an object with a number "format" and a text "digest".
bool HasRunRecord(const std::filesystem::path& directory);

// "tasks/ifeval/settings/temperature is 0.7, was 0", at most a few of them; empty: equal.
std::string DescribeChanges(const nlohmann::ordered_json& was, const nlohmann::ordered_json& is);

// Throws Error naming the settings that differ.
void CheckSameRun(const std::filesystem::path& directory, const RunRecord& was, const RunRecord& is);

}  // namespace tidemark

#endif  // TIDEMARK_EVALS_RUN_RECORD_H_
