// The datasets Tidemark knows: where the official rows come from and which bytes they are. Official rows are never part of the
// repository; the manifest (datasets/manifest.json, embedded) pins them by SHA-256, and rows of our own are embedded for every
// task as the default.
#ifndef TIDEMARK_DATASETS_MANIFEST_H_
#define TIDEMARK_DATASETS_MANIFEST_H_

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace tidemark {

struct DatasetEntry {
  std::string name;      // as typed: "ifeval"
  std::string task;      // the task that reads it
  std::string title;     // one line for people
  std::string revision;  // commit, or a branch name where only that is known; sha256 is what counts
  std::string url;       // https
  std::string file;      // name in the cache
  std::string format;    // "jsonl" or "csv"
  int64_t rows = 0;
  int64_t bytes = 0;
  std::string sha256;   // of the whole file, lower-case hexadecimal
  std::string licence;  // SPDX name
  std::string source;   // whom to credit
};

// The embedded manifest, in its order.
std::vector<DatasetEntry> ListDatasets();
// Throws Error with the known names.
DatasetEntry FindDataset(std::string_view name);
// Parses a manifest; place names it in errors. Throws Error: JSON, missing or wrong fields, a duplicate name.
std::vector<DatasetEntry> ParseManifest(std::string_view json, const std::string& place);

// $TIDEMARK_CACHE, else $XDG_CACHE_HOME/tidemark, else $HOME/.cache/tidemark. Throws Error if none is set.
std::filesystem::path CacheDirectory();

// Rows of our own inside the program, chosen by --dataset sample:NAME.
struct EmbeddedSet {
  std::string_view name;   // "omniscience"
  std::string_view task;   // the task that reads it
  std::string_view title;  // one line for people
  // The set that goes with the embedded default model, which knows nothing of the real world: chosen when neither a dataset nor
  // another model is named.
  bool default_model = false;
  std::string_view prompt = {};          // the form of the prompt it was made for; empty: the task's first
  std::string_view (*rows)() = nullptr;  // JSON Lines
};

// All sets; the first of a task is its default.
std::span<const EmbeddedSet> EmbeddedSets();

// The set that --dataset means. name empty: the set for the embedded model if `model` is "default" and the task has one,
// otherwise the task's first. Throws Error: no such set of this task, with the names there are.
const EmbeddedSet& FindEmbeddedSet(std::string_view task, std::string_view name, std::string_view model = {});

}  // namespace tidemark

#endif  // TIDEMARK_DATASETS_MANIFEST_H_
