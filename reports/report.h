// The report: what ran, where, what came out and how far it can be trusted. Plain values, and one way to write them.
// The shape is reports/schema.json (JSON Schema 2020-12, also embedded); "schema_version" changes when a field changes meaning.
#ifndef TIDEMARK_REPORTS_REPORT_H_
#define TIDEMARK_REPORTS_REPORT_H_

#include <cstdint>
#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "reports/intervals.h"
#include "reports/statistics.h"

namespace tidemark {

inline constexpr int kReportSchemaVersion = 1;

// A number with its 95 % interval; n is how many things it is a mean of (samples or instructions).
struct Metric {
  std::string name;
  double value = 0;
  double ci95_low = 0;
  double ci95_high = 0;
  int64_t n = 0;
  double range_low = 0, range_high = 1;  // what the value can be; 0 to 1: a fraction, shown in percent
  std::string interval = {};             // how the interval was made: "wilson", "cluster_wilson" or "anytime"
  std::optional<RunSpread> runs = {};    // headline metrics and means of several runs
};

// What a metric would be if every sample that is truncated or without a score (failed, not run, ungraded) had counted 0, or 1,
// in it; and its value without them (absent: none completed). In the unit of the metric.
struct MetricBounds {
  std::string name;
  std::optional<double> completed;
  double lowest = 0, highest = 0;
};
struct TruncationBounds {
  int64_t truncated = 0;  // scored, but the text ended at a limit
  int64_t failed = 0;
  int64_t not_run = 0;                // the run was interrupted before
  int64_t ungraded = 0;               // answered, but the judge gave no grade
  std::vector<MetricBounds> metrics;  // headline metrics and means
};

// A sample that could not be scored.
struct Failure {
  std::string task;
  nlohmann::ordered_json id;  // as in the dataset
  int repeat = 0;
  std::string error;
};

struct SampleCounts {
  int64_t total = 0;               // samples asked for, repeats counted
  int64_t scored = 0;              // in the metrics
  int64_t ungraded = 0;            // answered, but the judge gave no grade; not in the metrics
  int64_t failed = 0;              // an error instead of an answer; not in the metrics
  int64_t not_run = 0;             // the run was interrupted before
  int64_t unclosed_reasoning = 0;  // scored, but the reasoning never ended, so the answer counts as empty
};

struct TaskReport {
  std::string name;
  int version = 0;
  nlohmann::ordered_json dataset;   // name, path, sha256, rows, limit
  nlohmann::ordered_json settings;  // how text was generated
  SampleCounts samples;
  int64_t prompt_tokens = 0;
  int64_t completion_tokens = 0;
  std::map<std::string, int64_t> stop_reasons;  // empty: not known
  std::vector<Metric> metrics;
  TruncationBounds bounds;
  nlohmann::ordered_json early_stop;  // metric, width, certain, asked, of; null: all samples were to be asked
  nlohmann::ordered_json details;     // what the task adds beside its metrics; null: nothing
};

struct Timings {
  nlohmann::ordered_json model = nlohmann::ordered_json::object();  // TextModel::Timings(): load, pack, prefill, decode
  std::vector<double> time_to_first_token_seconds;                  // one per completion
  std::vector<double> inter_token_seconds;                          // of all completions
};

struct Report {
  std::vector<std::string> command;  // the program's arguments
  std::string started_at, finished_at;
  double wall_seconds = 0;
  bool interrupted = false;
  nlohmann::ordered_json run = nlohmann::ordered_json::object();          // digest and its parts; empty: not known
  nlohmann::ordered_json model = nlohmann::ordered_json::object();        // TextModel::Describe()
  nlohmann::ordered_json settings = nlohmann::ordered_json::object();     // flags that hold for all tasks
  nlohmann::ordered_json environment = nlohmann::ordered_json::object();  // CollectEnvironment()
  std::vector<TaskReport> tasks;
  Timings timings;
  int64_t peak_rss_bytes = 0;
  std::vector<Failure> failures;
  std::optional<nlohmann::ordered_json> benchmarks;  // Google Benchmark's own JSON: {"context": ..., "benchmarks": [...]}
  std::vector<std::string> warnings;
};

// As reports/schema.json. At most 1000 failures are listed, all are counted. A non-finite number anywhere is our bug: TM_CHECK.
nlohmann::ordered_json ToJson(const Report& report);

// Indented by two.
std::string ReportText(const Report& report);
// The same into a file, atomically. Throws Error: disk full, unwritable directory.
void WriteReport(const std::filesystem::path& path, const Report& report);

// Text of reports/schema.json.
std::string_view ReportSchema();

}  // namespace tidemark

#endif  // TIDEMARK_REPORTS_REPORT_H_
