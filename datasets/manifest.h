// The datasets Tidemark knows: where the official rows come from and which bytes they are. Official rows are never part of the
// repository; the manifest (datasets/manifest.json, embedded) pins them by SHA-256, and 20 rows of our own per task are
// embedded as the default.
#ifndef TIDEMARK_DATASETS_MANIFEST_H_
#define TIDEMARK_DATASETS_MANIFEST_H_

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace tidemark {

struct DatasetEntry {
  std::string name;      // as typed: "ifeval"
  std::string task;      // the task that reads it
  std::string title;     // one line for people
  std::string revision;  // commit, or a branch name where the publisher has only that; sha256 is what counts
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

// The embedded sample rows of a task ("ifeval") in the official format. Throws Error if the task has none.
std::string_view SampleRows(std::string_view task);

}  // namespace tidemark

#endif  // TIDEMARK_DATASETS_MANIFEST_H_
