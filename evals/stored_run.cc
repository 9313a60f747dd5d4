#include "evals/stored_run.h"

#include <algorithm>
#include <set>

#include "datasets/rows.h"
#include "engine/core/error.h"
#include "engine/core/file.h"
#include "evals/run_record.h"
#include "evals/task.h"
#include "reports/json_text.h"

namespace tidemark {
namespace {

using Json = nlohmann::ordered_json;

// Counts wrong answers a second time: accuracy has them already.
constexpr std::string_view kNoAnswerRate = "no_answer_rate";

const Json& Field(const Json& json, const char* key, Json::value_t type, const std::string& place) {
  const auto found = json.is_object() ? json.find(key) : json.end();
  const bool is_integer = type == Json::value_t::number_integer;
  if (!json.is_object() || found == json.end() || !(is_integer ? found->is_number_integer() : found->type() == type)) {
    throw Error(place, fmt::format("no usable \"{}\"", key), "a report of this program, schema version 1",
                "name the folder of a run of `tidemark eval`, `judge` or `score` of this version");
  }
  return *found;
}

Tally ParseTally(const std::string& name, const Json& json, const std::string& place) {
  const auto fail = [&] {
    return Error(
        place, "metric \"" + Printable(name) + "\" is " + Printable(json.dump(-1, ' ', false, Json::error_handler_t::replace)),
        "[sum, count] with 0 <= sum <= count", "name the folder of a run of `tidemark eval`, `judge` or `score` of this version");
  };
  if (!json.is_array() || json.size() != 2 || !json[0].is_number() || !json[1].is_number()) throw fail();
  const Tally tally{json[0].get<double>(), json[1].get<double>()};
  if (!(tally.sum >= 0 && tally.sum <= tally.count && tally.count <= 1e9)) throw fail();
  return tally;
}

ScoredRow ParseScoredRow(const DatasetRow& row, const std::string& place) {
  ScoredRow scored;
  const auto id = row.json.find("id"), repeat = row.json.find("repeat"), is_scored = row.json.find("scored");
  const bool usable = id != row.json.end() && (id->is_number_integer() || id->is_string()) && repeat != row.json.end() &&
                      repeat->is_number_integer() && is_scored != row.json.end() && is_scored->is_boolean();
  if (!usable)
    throw Error(place, "no usable \"id\", \"repeat\" and \"scored\"", "a row of scores.jsonl",
                "name the folder of a run of `tidemark eval`, `judge` or `score` of this version");
  const auto number = repeat->get<int64_t>();
  if (number < 0 || number > 1'000'000)
    throw Error(place, fmt::format("repeat {}", number), "a small count",
                "name the folder of a run of `tidemark eval`, `judge` or `score` of this version");
  scored.id = *id;
  scored.repeat = static_cast<int>(number);
  scored.scored = is_scored->get<bool>();
  const auto metrics = row.json.find("metrics");
  if (metrics == row.json.end()) return scored;  // nothing tallied
  if (!metrics->is_object())
    throw Error(place, "no usable \"metrics\"", "an object of what the answer adds to each metric",
                "name the folder of a run of `tidemark eval`, `judge` or `score` of this version");
  for (const auto& [name, tally] : metrics->items()) scored.tallies.emplace(name, ParseTally(name, tally, place));
  return scored;
}

const Task* FindTaskOrNull(const std::string& name) {
  for (const Task& task : AllTasks()) {
    if (task.name == name) return &task;
  }
  return nullptr;
}

// Headline metrics and means; for a task that this build does not know, every metric of the report without a slash.
std::vector<ComparedMetric> MetricsOf(const StoredTask& stored) {
  std::vector<ComparedMetric> metrics;
  if (const Task* task = FindTaskOrNull(stored.name)) {
    for (const std::string_view name : task->headline) metrics.push_back({std::string(name), {std::string(name)}});
    for (const MeanMetric& mean : task->means)
      metrics.push_back({std::string(mean.name), {mean.parts.begin(), mean.parts.end()}});
    for (ComparedMetric& metric : metrics) {
      for (const MetricScale& scale : task->scales) {
        if (scale.name == metric.name) metric.low = scale.low, metric.high = scale.high;
      }
      const auto& lower = task->lower_is_better;
      metric.lower_is_better = std::find(lower.begin(), lower.end(), metric.name) != lower.end();
    }
    return metrics;
  }
  std::set<std::string> names;
  for (const ScoredRow& row : stored.rows) {
    for (const auto& [name, tally] : row.tallies) {
      if (name.find('/') == std::string::npos) names.insert(name);
    }
  }
  for (const std::string& name : names) metrics.push_back({name, {name}});
  return metrics;
}

// What decides the answers, of those settings that the other run recorded too: scores of stored answers do not know how these
// were made. Seeds and repeats may differ.
Json Settings(const StoredTask& task, const StoredTask& other) {
  const Json &own = task.json["settings"], &others = other.json["settings"];
  Json settings = Json::object();
  for (const auto& [key, value] : own.items()) {
    if (key != "seed" && key != "repeats" && key != "protocol" && others.contains(key)) settings[key] = value;
  }
  settings["protocol"] = task.protocol;
  // Which settings were chosen against a named protocol is bookkeeping: what they are is compared above. `score` knows none.
  if (settings["protocol"].is_object()) settings["protocol"].erase("changed");
  return settings;
}

// Which of the dataset's rows were asked.
std::string Part(const StoredTask& task) {
  std::string part;
  for (const char* key : {"limit", "shard"}) {
    if (!task.json.contains("dataset") || !task.json["dataset"].contains(key)) continue;
    const Json& value = task.json["dataset"][key];
    part += fmt::format("{}{} {}", part.empty() ? "" : ", ", key,
                        Printable(value.dump(-1, ' ', false, Json::error_handler_t::replace), 60));
  }
  return part.empty() ? "all" : part;
}

}  // namespace

StoredRun ParseReport(std::string_view text, const std::string& place) {
  StoredRun run;
  run.report_path = place;
  run.report = ParseJsonText(text, place);
  using Type = Json::value_t;
  if (Field(run.report, "schema_version", Type::number_integer, place) != 1) {
    throw Error(place, "another schema version", "a report of this program, schema version 1",
                "name the folder of a run of `tidemark eval`, `judge` or `score` of this version");
  }
  Field(run.report, "model", Type::object, place);
  for (const Json& json : Field(run.report, "tasks", Type::array, place)) {
    StoredTask task;
    task.name = Field(json, "name", Type::string, place).get<std::string>();
    task.version = Field(json, "version", Type::number_integer, place).get<int64_t>();
    task.dataset_sha256 = Field(Field(json, "dataset", Type::object, place), "sha256", Type::string, place).get<std::string>();
    Field(json, "metrics", Type::array, place);
    const Json& settings = Field(json, "settings", Type::object, place);
    if (settings.contains("protocol")) task.protocol = settings["protocol"];
    task.json = json;
    run.tasks.push_back(std::move(task));
  }
  return run;
}

std::vector<ScoredRow> ParseScores(std::string_view text, const std::string& place) {
  std::vector<ScoredRow> rows;
  std::set<std::pair<std::string, int>> seen;
  bool tallied = false;
  for (const DatasetRow& row : ParseJsonLines(text, place)) {
    const std::string line = fmt::format("{}:{}", place, row.line);
    rows.push_back(ParseScoredRow(row, line));
    const Json& id = rows.back().id;
    const std::string id_text = id.is_string() ? id.get<std::string>() : id.dump();
    if (!seen.emplace(id_text, rows.back().repeat).second) {
      throw Error(line, "id " + Printable(id_text) + " a second time", "one row per id and repeat",
                  "name the folder of a run of `tidemark eval`, `judge` or `score` of this version");
    }
    tallied = tallied || row.json.contains("metrics");
  }
  if (!rows.empty() && !tallied) {
    throw Error(place, "no row with \"metrics\"", "what each answer adds to each metric",
                "scores of an older version; `tidemark score` writes them anew from completions.jsonl");
  }
  return rows;
}

StoredRun LoadReport(const std::filesystem::path& path) {
  std::error_code error;
  const std::filesystem::path file = std::filesystem::is_directory(path, error) ? path / "report.json" : path;
  return ParseReport(ReadFile(file), file.string());
}

StoredRun LoadRun(const std::filesystem::path& folder) {
  StoredRun run = LoadReport(folder);
  const std::filesystem::path base = run.report_path.parent_path();
  for (StoredTask& task : run.tasks) {
    const bool is_name = task.name.find('/') == std::string::npos && task.name != "..";
    const auto path = run.tasks.size() > 1 && is_name ? base / task.name / "scores.jsonl" : base / "scores.jsonl";
    std::error_code error;
    if (!std::filesystem::exists(path, error)) {
      throw Error(path.string(), "no scores", "the folder of a finished run",
                  "`tidemark score --task " + Printable(task.name) + "` makes them from completions");
    }
    task.rows = ParseScores(ReadFile(path, uint64_t{2} << 30), path.string());
  }
  return run;
}

std::vector<std::string> WhyNotComparable(const StoredTask& baseline, const StoredTask& candidate) {
  std::vector<std::string> reasons;
  if (baseline.version != candidate.version) {
    reasons.push_back(fmt::format("{}: version {} of the task against {}", baseline.name, baseline.version, candidate.version));
  }
  if (baseline.dataset_sha256 != candidate.dataset_sha256) {
    reasons.push_back(fmt::format("{}: other rows (SHA-256 {:.12}... against {:.12}...)", baseline.name,
                                  Printable(baseline.dataset_sha256), Printable(candidate.dataset_sha256)));
  }
  const std::string part = Part(baseline), other = Part(candidate);
  if (part != other) reasons.push_back(fmt::format("{}: {} of the rows against {}", baseline.name, part, other));
  const std::string changes = DescribeChanges(Settings(baseline, candidate), Settings(candidate, baseline));
  if (!changes.empty()) reasons.push_back(fmt::format("{}: {}", baseline.name, changes));
  return reasons;
}

std::vector<TaskPair> PairTasks(const StoredRun& baseline, const StoredRun& candidate, const std::vector<std::string>& only) {
  static const StoredTask kMissing;
  std::vector<TaskPair> pairs;
  for (const StoredTask& a : baseline.tasks) {
    const auto found =
        std::find_if(candidate.tasks.begin(), candidate.tasks.end(), [&](const StoredTask& b) { return b.name == a.name; });
    const StoredTask& b = found == candidate.tasks.end() ? kMissing : *found;
    TaskPair pair{a.name, a.rows, b.rows, MetricsOf(a)};
    if (only.empty()) {
      for (ComparedMetric& metric : pair.metrics) metric.diagnostic = metric.name == kNoAnswerRate;
    } else {
      std::erase_if(pair.metrics,
                    [&](const ComparedMetric& m) { return std::find(only.begin(), only.end(), m.name) == only.end(); });
      if (pair.metrics.empty()) continue;  // excluded by name
    }
    pairs.push_back(std::move(pair));
  }
  return pairs;
}

}  // namespace tidemark
