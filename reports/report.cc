#include "reports/report.h"

#include <cmath>

#include "embedded/report_schema.h"
#include "engine/core/error.h"
#include "engine/core/file.h"

namespace tidemark {
namespace {

using Json = nlohmann::ordered_json;

constexpr size_t kListedFailures = 1000;

// JSON has no NaN: the library would write null, and the reader would never know.
void CheckFinite(const Json& json, const std::string& path) {
  if (json.is_number_float()) TM_CHECK(std::isfinite(json.get<double>()), "report{} is {}", path, json.get<double>());
  if (!json.is_structured()) return;
  for (const auto& item : json.items()) CheckFinite(item.value(), path + "/" + item.key());
}

Json ToJson(const Metric& m) {
  TM_CHECK(m.n >= 0 && m.ci95_low <= m.value && m.value <= m.ci95_high, "{}: {} in [{}, {}], n = {}", m.name, m.value, m.ci95_low,
           m.ci95_high, m.n);
  Json json = {{"name", m.name}, {"value", m.value}, {"ci95_low", m.ci95_low}, {"ci95_high", m.ci95_high}, {"n", m.n}};
  if (m.range_low != 0 || m.range_high != 1) json["range"] = {m.range_low, m.range_high};
  if (!m.interval.empty()) json["interval"] = m.interval;
  if (m.runs) {
    json["runs"] = {{"values", m.runs->runs}, {"samples", m.runs->samples}};
    const auto add = [&](const char* key, const std::optional<double>& value) {
      if (value) json["runs"][key] = *value;
    };
    add("mean", m.runs->mean);
    add("stderr_sampling", m.runs->stderr_sampling);
    add("stderr_run_to_run", m.runs->stderr_run_to_run);
    add("stderr", m.runs->stderr_total);
  }
  return json;
}

Json ToJson(const TruncationBounds& bounds) {
  Json metrics = Json::array();
  for (const MetricBounds& m : bounds.metrics) {
    Json json = {{"name", m.name}};
    if (m.completed) json["completed"] = *m.completed;
    json["lowest"] = m.lowest;
    json["highest"] = m.highest;
    metrics.push_back(std::move(json));
  }
  Json json = {{"truncated", bounds.truncated}, {"failed", bounds.failed}};
  if (bounds.not_run > 0) json["not_run"] = bounds.not_run;
  if (bounds.ungraded > 0) json["ungraded"] = bounds.ungraded;
  json["metrics"] = std::move(metrics);
  return json;
}

Json ToJson(const TaskReport& task) {
  Json json;
  json["name"] = task.name;
  json["version"] = task.version;
  json["dataset"] = task.dataset;
  json["settings"] = task.settings;
  const SampleCounts& s = task.samples;
  json["samples"] = {{"total", s.total},
                     {"scored", s.scored},
                     {"failed", s.failed},
                     {"not_run", s.not_run},
                     {"unclosed_reasoning", s.unclosed_reasoning}};
  if (s.ungraded > 0) json["samples"]["ungraded"] = s.ungraded;
  json["tokens"] = {{"prompt", task.prompt_tokens}, {"completion", task.completion_tokens}};
  if (!task.stop_reasons.empty()) json["stop_reasons"] = task.stop_reasons;
  json["metrics"] = Json::array();
  for (const Metric& metric : task.metrics) json["metrics"].push_back(ToJson(metric));
  if (!task.bounds.metrics.empty()) json["bounds"] = ToJson(task.bounds);
  if (!task.early_stop.is_null()) json["early_stop"] = task.early_stop;
  if (!task.details.is_null()) json["details"] = task.details;
  return json;
}

Json ToJson(const Timings& timings, double wall_seconds) {
  Json json = timings.model;
  json["wall_seconds"] = wall_seconds;
  const auto add = [&json](const char* name, const std::vector<double>& values) {
    const Percentiles p = ComputePercentiles(values);
    if (p.n > 0) json[name] = {{"p50", p.p50}, {"p95", p.p95}, {"p99", p.p99}, {"n", p.n}};
  };
  add("time_to_first_token_seconds", timings.time_to_first_token_seconds);
  add("inter_token_seconds", timings.inter_token_seconds);
  return json;
}

Json ToJson(const std::vector<Failure>& failures) {
  std::map<std::string, int64_t> by_error;
  Json list = Json::array();
  for (const Failure& f : failures) {
    ++by_error[f.error];
    if (list.size() < kListedFailures) list.push_back({{"task", f.task}, {"id", f.id}, {"repeat", f.repeat}, {"error", f.error}});
  }
  return {{"count", failures.size()}, {"by_error", Json(by_error)}, {"samples", std::move(list)}};
}

}  // namespace

Json ToJson(const Report& report) {
  Json json;
  json["schema_version"] = kReportSchemaVersion;
  json["command"] = report.command;
  json["started_at"] = report.started_at;
  json["finished_at"] = report.finished_at;
  json["interrupted"] = report.interrupted;
  if (!report.run.empty()) json["run"] = report.run;
  json["model"] = report.model;
  json["settings"] = report.settings;
  json["environment"] = report.environment;
  json["tasks"] = Json::array();
  for (const TaskReport& task : report.tasks) json["tasks"].push_back(ToJson(task));
  json["timings"] = ToJson(report.timings, report.wall_seconds);
  json["memory"] = {{"peak_rss_bytes", report.peak_rss_bytes}};
  json["failures"] = ToJson(report.failures);
  if (report.benchmarks) json["benchmarks"] = *report.benchmarks;
  json["warnings"] = report.warnings;
  CheckFinite(json, "");
  return json;
}

std::string ReportText(const Report& report) {
  // Error texts may quote bytes of a file or of a reply that are not UTF-8.
  return ToJson(report).dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

void WriteReport(const std::filesystem::path& path, const Report& report) { WriteFileAtomically(path, ReportText(report)); }

std::string_view ReportSchema() { return embedded::report_schema(); }

}  // namespace tidemark
