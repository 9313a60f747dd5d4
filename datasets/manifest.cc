#include "datasets/manifest.h"

#include <algorithm>
#include <cstdlib>
#include <nlohmann/json.hpp>

#include "embedded/dataset_manifest.h"
#include "embedded/sample_ifeval.h"
#include "embedded/sample_math500.h"
#include "embedded/sample_omniscience.h"
#include "embedded/sample_tidemark_world.h"
#include "engine/core/error.h"

namespace tidemark {
namespace {

std::string Text(const nlohmann::json& row, const char* key, const std::string& place) {
  const auto it = row.find(key);
  if (it == row.end() || !it->is_string() || it->get_ref<const std::string&>().empty()) {
    throw Error(place, fmt::format("no text under \"{}\"", key), "a non-empty string");
  }
  return it->get<std::string>();
}

int64_t Count(const nlohmann::json& row, const char* key, const std::string& place) {
  const auto it = row.find(key);
  if (it == row.end() || !it->is_number_integer() || it->get<int64_t>() <= 0) {
    throw Error(place, fmt::format("no count under \"{}\"", key), "a positive integer");
  }
  return it->get<int64_t>();
}

DatasetEntry ParseEntry(const nlohmann::json& row, const std::string& place) {
  if (!row.is_object()) throw Error(place, row.type_name(), "an object");
  DatasetEntry e;
  e.name = Text(row, "name", place);
  e.task = Text(row, "task", place);
  e.title = Text(row, "title", place);
  e.revision = Text(row, "revision", place);
  e.url = Text(row, "url", place);
  e.file = Text(row, "file", place);
  e.format = Text(row, "format", place);
  e.rows = Count(row, "rows", place);
  e.bytes = Count(row, "bytes", place);
  e.sha256 = Text(row, "sha256", place);
  e.licence = Text(row, "licence", place);
  e.source = Text(row, "source", place);
  // The name becomes a path inside the cache directory and must stay there.
  if (e.file.find('/') != std::string::npos || e.file.front() == '.') throw Error(place, Printable(e.file), "a plain file name");
  if (e.sha256.size() != 64 || e.sha256.find_first_not_of("0123456789abcdef") != std::string::npos) {
    throw Error(place, Printable(e.sha256), "64 lower-case hexadecimal digits as \"sha256\"");
  }
  if (e.format != "jsonl" && e.format != "csv") throw Error(place, Printable(e.format), "format \"jsonl\" or \"csv\"");
  return e;
}

const char* Environment(const char* name) {
  const char* value = std::getenv(name);
  return value != nullptr && *value != '\0' ? value : nullptr;
}

}  // namespace

std::vector<DatasetEntry> ParseManifest(std::string_view json, const std::string& place) {
  const auto root = nlohmann::json::parse(json, nullptr, /*allow_exceptions=*/false);
  if (!root.is_object()) throw Error(place, "not a JSON object", "a dataset manifest");
  const auto list = root.find("datasets");
  if (list == root.end() || !list->is_array()) throw Error(place, "no list under \"datasets\"", "a list of datasets");
  std::vector<DatasetEntry> entries;
  for (size_t i = 0; i < list->size(); ++i) {
    entries.push_back(ParseEntry((*list)[i], fmt::format("{}: datasets[{}]", place, i)));
    const auto same = [&](const DatasetEntry& e) { return e.name == entries.back().name; };
    if (std::count_if(entries.begin(), entries.end(), same) > 1)
      throw Error(place, "\"" + entries.back().name + "\" twice", "one entry per name");
  }
  return entries;
}

std::vector<DatasetEntry> ListDatasets() { return ParseManifest(embedded::dataset_manifest(), "datasets/manifest.json"); }

DatasetEntry FindDataset(std::string_view name) {
  std::string known;
  for (const DatasetEntry& entry : ListDatasets()) {
    if (entry.name == name) return entry;
    known += (known.empty() ? "" : ", ") + entry.name;
  }
  throw Error("dataset", "\"" + Printable(name) + "\"", "one of " + known);
}

std::filesystem::path CacheDirectory() {
  if (const char* own = Environment("TIDEMARK_CACHE")) return own;
  if (const char* xdg = Environment("XDG_CACHE_HOME")) return std::filesystem::path(xdg) / "tidemark";
  if (const char* home = Environment("HOME")) return std::filesystem::path(home) / ".cache" / "tidemark";
  throw Error("cache directory", "neither TIDEMARK_CACHE nor HOME set", "a place for datasets", "set TIDEMARK_CACHE");
}

std::span<const EmbeddedSet> EmbeddedSets() {
  static constexpr EmbeddedSet kSets[] = {
      {"ifeval", "ifeval", "20 prompts of our own, all 25 instructions", false, "", &embedded::sample_ifeval},
      {"math500", "math500", "60 problems of our own: 36 within the embedded model's reach, 24 over every kind of answer", false,
       "", &embedded::sample_math500},
      {"omniscience", "omniscience", "132 questions of our own over six domains, a third unanswerable", false, "",
       &embedded::sample_omniscience},
      {"tidemark-world", "omniscience", "150 questions on the invented world of the embedded model", true, "question-only",
       &embedded::sample_tidemark_world},
  };
  return kSets;
}

const EmbeddedSet& FindEmbeddedSet(std::string_view task, std::string_view name, std::string_view model) {
  const EmbeddedSet* chosen = nullptr;
  std::string known;
  for (const EmbeddedSet& set : EmbeddedSets()) {
    if (set.task != task) continue;
    known += (known.empty() ? "sample:" : ", sample:") + std::string(set.name);
    const bool fits = name.empty() ? chosen == nullptr || (set.default_model && model == "default") : set.name == name;
    if (fits) chosen = &set;
  }
  if (chosen != nullptr) return *chosen;
  const std::string expected = known.empty() ? "a task with embedded rows" : known;
  throw Error("embedded rows", fmt::format("\"{}\" for task \"{}\"", Printable(name), Printable(task)), expected,
              "pass --dataset");
}

}  // namespace tidemark
