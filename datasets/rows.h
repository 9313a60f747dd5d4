// JSON Lines: one JSON object per line. Rows keep their line number, so that every later complaint about a row can name it.
#ifndef TIDEMARK_DATASETS_ROWS_H_
#define TIDEMARK_DATASETS_ROWS_H_

#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace tidemark {

struct DatasetRow {
  int64_t line = 0;             // from 1
  nlohmann::ordered_json json;  // an object
};

struct RowLimits {
  size_t max_line_bytes = size_t{16} << 20;
  size_t max_rows = 10'000'000;
  int max_depth = 64;  // nesting of arrays and objects
};

// All rows of a text; blank lines are skipped, a byte-order mark and CRLF ends are accepted. Throws Error("PLACE:LINE", ...):
// a line over the limit, invalid UTF-8, malformed JSON, nesting over the limit, a duplicate key, not an object.
std::vector<DatasetRow> ParseJsonLines(std::string_view text, const std::string& place, const RowLimits& limits = {});

// A dataset as a run uses it: its rows and what the report says about it.
struct Dataset {
  std::string name;    // manifest name if the bytes are that dataset's, "sample:NAME" for embedded rows, else the file name
  std::string path;    // as given; empty for embedded rows
  std::string sha256;  // of the bytes
  std::string prompt;  // the form of the prompt that embedded rows were made for; empty: the task's first
  std::vector<DatasetRow> rows;
};

// which: empty for the task's embedded rows (those of the embedded model if `model` is "default", see EmbeddedSet), "sample" for
// its first set, "sample:NAME" for one; a path that exists; or a manifest name, which must be in the cache and whole. JSON Lines,
// or CSV where the manifest or the ending .csv says so. Throws Error, for a dataset not fetched yet with the command that fetches
// it.
Dataset LoadDataset(std::string_view task, const std::string& which, std::string_view model = {});

}  // namespace tidemark

#endif  // TIDEMARK_DATASETS_ROWS_H_
