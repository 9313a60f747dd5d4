// Results of earlier runs, read back: report.json and the rows of scores.jsonl. For comparing runs and checking claims.
#ifndef TIDEMARK_EVALS_STORED_RUN_H_
#define TIDEMARK_EVALS_STORED_RUN_H_

#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "reports/comparison.h"

namespace tidemark {

// The fields of a report's task that decide whether two runs may be compared.
struct StoredTask {
  std::string name;
  int64_t version = 0;
  std::string dataset_sha256;
  nlohmann::ordered_json protocol;  // settings.protocol; null: not recorded
  nlohmann::ordered_json json;      // all of it
  std::vector<ScoredRow> rows;      // empty unless read
};

struct StoredRun {
  std::filesystem::path report_path;
  nlohmann::ordered_json report;
  std::vector<StoredTask> tasks;
};

// report.json of a folder, or a report file itself. Throws Error: absent, not JSON, not a report of schema version 1.
StoredRun LoadReport(const std::filesystem::path& path);

// LoadReport, and the scores of every task: scores.jsonl beside the report, or in a folder of the task's name if there are
// several. Throws Error, with the command that makes them, if scores are absent or were written without tallies.
StoredRun LoadRun(const std::filesystem::path& folder);

// The same on texts that are at hand; place names them in errors. Fuzzed.
StoredRun ParseReport(std::string_view text, const std::string& place);
std::vector<ScoredRow> ParseScores(std::string_view text, const std::string& place);

// What keeps the tasks of two runs from being compared, one sentence each; empty: nothing. Other rows, another version of the
// task's rules or another protocol would make the difference one of the measurement and not of the model.
std::vector<std::string> WhyNotComparable(const StoredTask& baseline, const StoredTask& candidate);

// The baseline's tasks, with the headline metrics and means of each; one that the candidate does not have has no rows there, and
// is compared as one that failed. only: names of metrics, and the tasks that have one of them; empty: all, and a rate of missing
// answers is a diagnostic one.
std::vector<TaskPair> PairTasks(const StoredRun& baseline, const StoredRun& candidate, const std::vector<std::string>& only);

}  // namespace tidemark

#endif  // TIDEMARK_EVALS_STORED_RUN_H_
