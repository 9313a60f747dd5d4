#include "evals/origin.h"

#include "engine/core/error.h"

namespace tidemark {
namespace {

// Of the run's digest, and of a line's check. 64 bits: enough that chance makes no two settings on one disk share them, short
// enough to be read and searched for.
constexpr size_t kDigits = 16;

std::string TextOf(const nlohmann::ordered_json& row, const char* key) {
  const auto it = row.find(key);
  return it != row.end() && it->is_string() ? it->get<std::string>() : std::string();
}

bool AreDigits(const std::string& text) {
  return text.size() == kDigits && text.find_first_not_of("0123456789abcdef") == text.npos;
}

std::optional<RunRecord> RecordIn(const std::filesystem::path& directory) {
  try {
    return ReadRunRecord(directory);
  } catch (const Error& e) {
    throw Error(e.place(), e.found(), e.expected(), "copy completions.jsonl to another folder to use it without its run.json");
  }
}

}  // namespace

Origin MakeOrigin(std::string_view digest, std::string_view task, const Shard& shard) {
  TM_CHECK(digest.size() >= kDigits, "a digest of {} digits", digest.size());
  Origin origin{std::string(digest.substr(0, kDigits)), std::string(task), ""};
  if (!shard.whole()) origin.shard = fmt::format("{}/{}", shard.index, shard.count);
  return origin;
}

nlohmann::ordered_json OriginToJson(const Origin& origin) {
  nlohmann::ordered_json json = {{"run", origin.run}, {"task", origin.task}};
  if (!origin.shard.empty()) json["shard"] = origin.shard;
  return json;
}

Origin OriginOf(const nlohmann::ordered_json& row) {
  const std::string run = TextOf(row, "run");
  if (!AreDigits(run) || !AreDigits(TextOf(row, "check"))) return {};
  return {run, TextOf(row, "task"), TextOf(row, "shard")};
}

std::string Describe(const Origin& origin) {
  if (origin.run.empty()) return "no run named";
  const std::string shard = origin.shard.empty() ? "" : ", shard " + Printable(origin.shard, 20);
  return fmt::format("run {}, task {}{}", Printable(origin.run, 20), Printable(origin.task, 40), shard);
}

std::optional<Origin> ExpectedOrigin(const std::filesystem::path& completions) {
  if (completions.filename() != "completions.jsonl") return std::nullopt;
  std::error_code error;
  const std::filesystem::path folder = std::filesystem::absolute(completions, error).lexically_normal().parent_path();
  if (error) return std::nullopt;
  if (const std::optional<RunRecord> record = RecordIn(folder)) {
    if (record->tasks.size() != 1) return std::nullopt;  // its answers are in the folders of its tasks
    return MakeOrigin(RunDigest(record->parts), record->tasks[0].name, record->shard);
  }
  if (!HasRunRecord(folder.parent_path())) return std::nullopt;  // whoever owns that folder may use the name for something else
  const std::optional<RunRecord> above = RecordIn(folder.parent_path());
  if (!above || above->tasks.size() < 2) return std::nullopt;
  for (const TaskReport& task : above->tasks) {
    if (folder.filename() == task.name) return MakeOrigin(RunDigest(above->parts), task.name, above->shard);
  }
  return std::nullopt;
}

void CheckOrigin(const Origin& found, const Origin& expected, const std::string& place, const std::string& hint) {
  if (found == expected) return;
  if (found.run.empty()) throw Error(place, "a line that does not say its run", "lines of " + Describe(expected), hint);
  const char* other = found.run != expected.run ? "run" : found.task != expected.task ? "task" : "shard";
  throw Error(place, fmt::format("a line of another {}: {}", other, Describe(found)), "lines of " + Describe(expected), hint);
}

}  // namespace tidemark
