#include "datasets/csv.h"

#include <algorithm>
#include <set>

#include "engine/core/error.h"
#include "engine/core/utf8.h"

namespace tidemark {
namespace {

struct Record {
  int64_t line = 0;
  std::vector<std::string> fields;
};

// Reads records one after another; line_ counts line ends, those inside quotes too.
class Reader {
 public:
  Reader(std::string_view text, const std::string& place, const RowLimits& limits)
      : text_(text), place_(place), limits_(limits) {}

  // false: no record is left.
  bool Next(Record& record) {
    while (pos_ < text_.size() && (text_[pos_] == '\n' || text_.substr(pos_, 2) == "\r\n")) EndLine();
    if (pos_ == text_.size()) return false;
    record.line = line_;
    record.fields.clear();
    begin_ = pos_;
    for (;;) {
      record.fields.push_back(Field());
      if (pos_ == text_.size()) return true;
      if (text_[pos_] == ',') {
        ++pos_;
        continue;
      }
      EndLine();
      return true;
    }
  }

 private:
  [[noreturn]] void Fail(const std::string& found, const std::string& expected) const {
    throw Error(fmt::format("{}:{}", place_, line_), found, expected);
  }

  void EndLine() {
    pos_ += text_[pos_] == '\r' ? 2 : 1;
    ++line_;
  }

  bool AtEnd() const {
    return pos_ == text_.size() || text_[pos_] == ',' || text_[pos_] == '\n' || text_.substr(pos_, 2) == "\r\n";
  }

  void CheckSize() const {
    if (pos_ - begin_ > limits_.max_line_bytes) {
      Fail(fmt::format("a record over {} bytes", limits_.max_line_bytes), "a shorter record");
    }
  }

  std::string Field() {
    std::string field;
    if (pos_ < text_.size() && text_[pos_] == '"') {
      ++pos_;
      for (;; ++pos_) {
        CheckSize();
        if (pos_ == text_.size()) Fail("a quoted field that does not end", "a closing quote");
        if (text_[pos_] == '"') {
          if (text_.substr(pos_, 2) != "\"\"") break;
          ++pos_;
        }
        if (text_[pos_] == '\n') ++line_;
        field += text_[pos_];
      }
      ++pos_;
      if (!AtEnd()) Fail("text after a closing quote", "a comma or a line end");
      return field;
    }
    for (; !AtEnd(); ++pos_) {
      CheckSize();
      if (text_[pos_] == '"') Fail("a quote inside an unquoted field", "the field in quotes, its quotes doubled");
      field += text_[pos_];
    }
    return field;
  }

  std::string_view text_;
  const std::string& place_;
  const RowLimits& limits_;
  size_t pos_ = 0, begin_ = 0;
  int64_t line_ = 1;
};

}  // namespace

std::vector<DatasetRow> ParseCsv(std::string_view text, const std::string& place, const RowLimits& limits) {
  if (!IsValidUtf8(text)) throw Error(place, "bytes that are not UTF-8", "UTF-8 text");
  if (text.substr(0, 3) == "\xEF\xBB\xBF") text.remove_prefix(3);
  Reader reader(text, place, limits);
  std::vector<DatasetRow> rows;
  Record header, record;
  if (!reader.Next(header)) return rows;
  std::set<std::string> names;
  for (const std::string& name : header.fields) {
    const std::string here = fmt::format("{}:{}", place, header.line);
    if (name.empty()) throw Error(here, "a column without a name", "names in the first record");
    if (!names.insert(name).second) throw Error(here, "column \"" + Printable(name) + "\" twice", "distinct columns");
  }
  while (reader.Next(record)) {
    const std::string here = fmt::format("{}:{}", place, record.line);
    if (rows.size() == limits.max_rows) throw Error(here, "one row more", fmt::format("at most {} rows", limits.max_rows));
    if (record.fields.size() != header.fields.size()) {
      throw Error(here, fmt::format("{} fields", record.fields.size()), fmt::format("{} fields", header.fields.size()));
    }
    DatasetRow row;
    row.line = record.line;
    row.json = nlohmann::ordered_json::object();
    for (size_t i = 0; i < record.fields.size(); ++i) row.json[header.fields[i]] = std::move(record.fields[i]);
    rows.push_back(std::move(row));
  }
  return rows;
}

}  // namespace tidemark
