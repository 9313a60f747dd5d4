#include "datasets/rows.h"

#include <algorithm>
#include <set>

#include "datasets/csv.h"
#include "datasets/fetch.h"
#include "datasets/manifest.h"
#include "engine/core/error.h"
#include "engine/core/file.h"
#include "engine/core/sha256.h"
#include "engine/core/utf8.h"

namespace tidemark {
namespace {

using Json = nlohmann::ordered_json;

// Checks a line before anything is built from it: nesting (the parser's tree is destroyed recursively) and duplicate keys,
// which the tree would silently resolve.
class RowChecker : public nlohmann::json_sax<Json> {
 public:
  explicit RowChecker(int max_depth) : max_depth_(max_depth) {}
  const std::string& problem() const { return problem_; }

  bool null() override { return true; }
  bool boolean(bool) override { return true; }
  bool number_integer(int64_t) override { return true; }
  bool number_unsigned(uint64_t) override { return true; }
  bool number_float(double, const std::string&) override { return true; }
  bool string(std::string&) override { return true; }
  bool binary(binary_t&) override { return true; }
  bool start_object(size_t) override { return Enter(true); }
  bool start_array(size_t) override { return Enter(false); }
  bool end_object() override { return Leave(); }
  bool end_array() override { return Leave(); }
  bool key(std::string& name) override {
    if (keys_.back().insert(name).second) return true;
    problem_ = "key \"" + Printable(name) + "\" twice";
    return false;
  }
  bool parse_error(size_t position, const std::string&, const nlohmann::detail::exception&) override {
    problem_ = fmt::format("malformed JSON at column {}", position);
    return false;
  }

 private:
  bool Enter(bool object) {
    if (keys_.empty() && !object) {
      problem_ = "an array";
      return false;
    }
    keys_.emplace_back();
    if (static_cast<int>(keys_.size()) <= max_depth_) return true;
    problem_ = fmt::format("nesting deeper than {}", max_depth_);
    return false;
  }
  bool Leave() {
    keys_.pop_back();
    return true;
  }

  int max_depth_;
  std::vector<std::set<std::string>> keys_;  // of the objects that are open
  std::string problem_;
};

Json ParseLine(std::string_view line, const std::string& place, const RowLimits& limits) {
  if (line.size() > limits.max_line_bytes) {
    throw Error(place, fmt::format("a line of {} bytes", line.size()), fmt::format("at most {} bytes", limits.max_line_bytes));
  }
  // The JSON library takes a NUL for the end of the text.
  if (line.find('\0') != line.npos) throw Error(place, "a NUL byte", "one JSON object per line");
  if (!IsValidUtf8(line)) throw Error(place, "bytes that are not UTF-8", "UTF-8 text");
  RowChecker checker(limits.max_depth);
  if (!Json::sax_parse(line, &checker)) throw Error(place, checker.problem(), "one JSON object per line");
  Json row = Json::parse(line, nullptr, /*allow_exceptions=*/false);
  if (!row.is_object()) throw Error(place, row.is_discarded() ? "malformed JSON" : row.type_name(), "one JSON object per line");
  return row;
}

}  // namespace

std::vector<DatasetRow> ParseJsonLines(std::string_view text, const std::string& place, const RowLimits& limits) {
  if (text.substr(0, 3) == "\xEF\xBB\xBF") text.remove_prefix(3);
  std::vector<DatasetRow> rows;
  for (int64_t number = 1; !text.empty(); ++number) {
    const size_t end = text.find('\n');
    std::string_view line = text.substr(0, end);
    text.remove_prefix(end == text.npos ? text.size() : end + 1);
    if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
    if (line.find_first_not_of(" \t") == line.npos) continue;
    const std::string here = fmt::format("{}:{}", place, number);
    if (rows.size() == limits.max_rows) throw Error(here, "one row more", fmt::format("at most {} rows", limits.max_rows));
    rows.push_back({number, ParseLine(line, here, limits)});
  }
  return rows;
}

Dataset LoadDataset(std::string_view task, const std::string& which, std::string_view model) {
  constexpr std::string_view kSample = "sample";
  Dataset dataset;
  std::string content;
  const std::vector<DatasetEntry> manifest = ListDatasets();
  if (which.empty() || which == kSample || which.substr(0, kSample.size() + 1) == "sample:") {
    const std::string name = which.size() > kSample.size() ? which.substr(kSample.size() + 1) : "";
    const EmbeddedSet& set = FindEmbeddedSet(task, name, which.empty() ? model : std::string_view());
    dataset.name = "sample:" + std::string(set.name);
    dataset.prompt = set.prompt;
    content = set.rows();
  } else {
    const auto named = std::find_if(manifest.begin(), manifest.end(), [&](const DatasetEntry& e) { return e.name == which; });
    std::error_code ignored;
    const bool is_file = std::filesystem::exists(which, ignored);
    if (!is_file && named == manifest.end())
      throw Error(which, "no such file", "a file, \"sample\", or a name of `tidemark datasets list`");
    dataset.path = is_file ? which : VerifyDataset(*named, CacheDirectory()).string();
    dataset.name = std::filesystem::path(dataset.path).filename().string();
    content = ReadFile(dataset.path, uint64_t{1} << 30);
  }
  dataset.sha256 = Sha256Hex(content);
  std::string format = std::filesystem::path(dataset.path).extension() == ".csv" ? "csv" : "jsonl";
  for (const DatasetEntry& entry : manifest) {
    if (entry.sha256 != dataset.sha256) continue;
    dataset.name = entry.name;
    format = entry.format;
  }
  const std::string place = dataset.path.empty() ? "embedded sample rows" : dataset.path;
  dataset.rows = format == "csv" ? ParseCsv(content, place) : ParseJsonLines(content, place);
  if (dataset.rows.empty()) throw Error(dataset.path, "no rows", "at least one row");
  return dataset;
}

}  // namespace tidemark
