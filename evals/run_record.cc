#include "evals/run_record.h"

#include <algorithm>
#include <charconv>
#include <map>

#include "engine/core/error.h"
#include "engine/core/file.h"
#include "engine/core/sha256.h"
#include "evals/journal.h"
#include "evals/runner.h"
#include "evals/settings.h"

namespace tidemark {
namespace {

using Json = nlohmann::ordered_json;

constexpr int kFormat = 2;  // 2: the lines of completions.jsonl say their run; those of format 1 do not
constexpr const char* kFile = "run.json";
constexpr uint64_t kMostBytes = uint64_t{64} << 20;
constexpr auto kReplace = Json::error_handler_t::replace;

// Every message as it is sent to the chat template, in order.
std::string HashPrompts(std::span<const Sample> samples) {
  Sha256 hash;
  for (const Sample& sample : samples) {
    Json messages = Json::array();
    for (const Message& message : sample.messages) messages.push_back({message.role, message.content});
    hash.Update(Json{sample.IdText(), messages}.dump(-1, ' ', false, kReplace) + "\n");
  }
  return hash.HexDigest();
}

// Every leaf under its path.
void Flatten(const Json& json, const std::string& path, std::map<std::string, std::string>& leaves) {
  if (json.is_object() && (!json.empty() || path.empty())) {
    for (const auto& [key, value] : json.items()) Flatten(value, path.empty() ? key : path + "/" + key, leaves);
  } else {
    leaves[path] = json.dump(-1, ' ', false, kReplace);
  }
}

Json ShardToJson(const Shard& shard) { return {{"index", shard.index}, {"count", shard.count}}; }

// A member that must be there; the file is ours, but anyone may have edited it.
const Json& Member(const Json& json, const char* key, Json::value_t type, const std::string& place) {
  const auto it = json.find(key);
  if (it == json.end() || it->type() != type)
    throw Error(place, fmt::format("no valid \"{}\"", key), "a run.json of this program",
                "was run.json edited? start again in another --out");
  return *it;
}

Shard ShardFromJson(const Json& json, const std::string& place) {
  const Shard shard{Member(json, "index", Json::value_t::number_unsigned, place).get<int64_t>(),
                    Member(json, "count", Json::value_t::number_unsigned, place).get<int64_t>()};
  if (shard.index < 1 || shard.index > shard.count)
    throw Error(place, "shard " + json.dump(), "1 <= index <= count", "was run.json edited? start again in another --out");
  return shard;
}

RunRecord FromJson(const Json& json, const std::string& place) {
  using Type = Json::value_t;
  if (!json.is_object())
    throw Error(place, "not a JSON object", "a run.json of this program", "was run.json edited? start again in another --out");
  if (const Json format = json.value("format", Json()); format != kFormat) {
    throw Error(place, "format " + Printable(format.dump()), fmt::format("format {}", kFormat),
                "another version wrote it: go on with that one, or start again in another --out");
  }
  RunRecord record;
  record.parts = Member(json, "parts", Type::object, place);
  if (json.contains("shard")) record.shard = ShardFromJson(json["shard"], place);
  record.started_at = Member(json, "started_at", Type::string, place);
  record.build = Member(json, "build", Type::object, place);
  record.knows_stop_reasons = Member(json, "knows_stop_reasons", Type::boolean, place);
  record.model = Member(json, "model", Type::object, place);
  record.settings = Member(json, "settings", Type::object, place);
  for (const Json& row : Member(json, "tasks", Type::array, place)) {
    TaskReport task;
    task.name = Member(row, "name", Type::string, place);
    task.version = Member(row, "version", Type::number_unsigned, place).get<int>();
    task.dataset = Member(row, "dataset", Type::object, place);
    task.settings = Member(row, "settings", Type::object, place);
    record.tasks.push_back(std::move(task));
    record.choices.push_back(Member(row, "choices", Type::object, place));
  }
  if (RunDigest(record.parts) != json.value("digest", "")) {
    throw Error(place, "parts that do not give its digest", "an unchanged run.json",
                "was run.json edited? start again in another --out");
  }
  return record;
}

}  // namespace

Shard ParseShard(std::string_view text) {
  Shard shard;
  const char* const end = text.data() + text.size();
  const auto index = std::from_chars(text.data(), end, shard.index);
  const bool slash = index.ec == std::errc() && index.ptr != end && *index.ptr == '/';
  const auto count = slash ? std::from_chars(index.ptr + 1, end, shard.count) : index;
  const bool ok = slash && count.ec == std::errc() && count.ptr == end && shard.index >= 1 && shard.index <= shard.count &&
                  shard.count <= 1'000'000;
  if (!ok)
    throw Error("--shard", "\"" + Printable(text) + "\"", "INDEX/COUNT such as 1/4, from 1 to COUNT",
                "shard 1/4 is the first of four");
  return shard;
}

std::string RunDigest(const Json& parts) {
  return Sha256Hex(nlohmann::json(parts).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace));
}

Json RunToJson(const RunRecord& record) {
  Json json = {{"digest", RunDigest(record.parts)}};
  if (!record.shard.whole()) json["shard"] = ShardToJson(record.shard);
  json["parts"] = record.parts;
  return json;
}

TaskReport DescribeTask(const EvalJob& job, const RunOptions& options) {
  TaskReport task;
  task.name = job.task->name;
  task.version = job.task->version;
  task.dataset["name"] = job.dataset.name;
  if (!job.dataset.path.empty()) task.dataset["path"] = job.dataset.path;
  task.dataset["sha256"] = job.dataset.sha256;
  task.dataset["rows"] = job.dataset.rows.size();
  if (options.limit > 0) task.dataset["limit"] = options.limit;
  if (!options.shard.whole()) task.dataset["shard"] = ShardToJson(options.shard);
  task.settings = SettingsToJson(job.generate);
  task.settings["repeats"] = options.repeats;
  if (options.stop_width > 0) task.settings["stop_when_certain"] = options.stop_width;
  task.settings["protocol"] = ProtocolToJson(*job.task, job.protocol);
  return task;
}

Json TaskIdentity(const EvalJob& job, const RunOptions& options, std::span<const Sample> samples) {
  const TaskReport task = DescribeTask(job, options);
  Json json = {{"version", task.version},
               {"dataset_sha256", job.dataset.sha256},
               {"samples", samples.size()},  // the limit, in effect
               {"prompts_sha256", HashPrompts(samples)},
               {"settings", task.settings}};
  if (!job.identity.is_null()) json["judge"] = job.identity;
  return json;
}

void WriteRunRecord(const std::filesystem::path& directory, const RunRecord& record) {
  Json json = {{"format", kFormat}, {"digest", RunDigest(record.parts)}};
  if (!record.shard.whole()) json["shard"] = ShardToJson(record.shard);
  json["started_at"] = record.started_at;
  json["build"] = record.build;
  json["knows_stop_reasons"] = record.knows_stop_reasons;
  json["parts"] = record.parts;
  json["tasks"] = Json::array();
  TM_CHECK(record.choices.size() == record.tasks.size(), "{} of {}", record.choices.size(), record.tasks.size());
  for (size_t i = 0; i < record.tasks.size(); ++i) {
    const TaskReport& task = record.tasks[i];
    json["tasks"].push_back({{"name", task.name},
                             {"version", task.version},
                             {"dataset", task.dataset},
                             {"settings", task.settings},
                             {"choices", record.choices[i]}});
  }
  json["model"] = record.model;
  json["settings"] = record.settings;
  WriteResult(directory / kFile, json.dump(2, ' ', false, kReplace) + "\n");
}

std::optional<RunRecord> ReadRunRecord(const std::filesystem::path& directory) {
  const std::filesystem::path path = directory / kFile;
  std::error_code absent;
  if (!std::filesystem::exists(path, absent)) return std::nullopt;
  const Json json = Json::parse(ReadFile(path, kMostBytes), nullptr, /*allow_exceptions=*/false);
  try {
    return FromJson(json, path.string());
  } catch (const Json::exception&) {
    throw Error(path.string(), "a field of another type", "a run.json of this program",
                "was run.json edited? start again in another --out");
  }
}

bool HasRunRecord(const std::filesystem::path& directory) {
  std::error_code absent;
  if (!std::filesystem::exists(directory / kFile, absent)) return false;
  try {
    const Json json = Json::parse(ReadFile(directory / kFile, kMostBytes), nullptr, /*allow_exceptions=*/false);
    return json.is_object() && json.value("format", Json()).is_number() && json.value("digest", Json()).is_string();
  } catch (const Error&) {
    return false;  // what cannot be read says nothing
  }
}

std::string DescribeChanges(const Json& was, const Json& is) {
  constexpr size_t kShown = 5, kMostBytesShown = 100;
  std::map<std::string, std::string> before, after;
  Flatten(was, "", before);
  Flatten(is, "", after);
  for (const auto& [path, value] : before) after.try_emplace(path, "absent");
  std::vector<std::string> causes, hashes;
  for (const auto& [path, value] : after) {
    const auto it = before.find(path);
    const std::string old = it == before.end() ? "absent" : it->second;
    if (old == value) continue;
    (path.ends_with("sha256") ? hashes : causes)
        .push_back(
            fmt::format("{} is {}, was {}", Printable(path), Printable(value, kMostBytesShown), Printable(old, kMostBytesShown)));
  }
  // A hash differs because something else does; only where nothing else is known to is it the news.
  const std::vector<std::string>& changes = causes.empty() ? hashes : causes;
  const size_t shown = std::min(changes.size(), kShown);
  std::string text = fmt::format("{}", fmt::join(changes.begin(), changes.begin() + static_cast<std::ptrdiff_t>(shown), "; "));
  if (changes.size() > shown) text += fmt::format("; and {} more", changes.size() - shown);
  return text;
}

void CheckSameRun(const std::filesystem::path& directory, const RunRecord& was, const RunRecord& is) {
  Json before = was.parts, after = is.parts;
  before["shard"] = fmt::format("{}/{}", was.shard.index, was.shard.count);
  after["shard"] = fmt::format("{}/{}", is.shard.index, is.shard.count);
  const std::string changes = DescribeChanges(before, after);
  if (!changes.empty()) {
    throw Error(directory.string(), "a run with other settings: " + changes, "the settings it was started with",
                "give the same flags, or choose another --out");
  }
}

}  // namespace tidemark
