// Family "detectable_format".
#include <algorithm>

#include "evals/ifeval/checkers.h"
#include "evals/ifeval/python_json.h"
#include "evals/ifeval/python_text.h"

namespace tidemark::ifeval {
namespace {

size_t LineEnd(std::u32string_view text, size_t pos) { return std::min(text.find(U'\n', pos), text.size()); }

// Matches of: line start, any whitespace (newlines too, so blank lines join the next line), the mark, then the rest of the line.
// not_doubled: one more character must follow the mark, anything but the mark itself; a newline will do, and then the next
// line belongs to the match.
int64_t CountBullets(std::u32string_view text, char32_t mark, bool not_doubled) {
  int64_t count = 0;
  for (size_t line = 0; line < text.size();) {
    size_t at = line;
    while (at < text.size() && python::IsSpace(text[at])) ++at;
    if (at == text.size()) break;
    const bool matches = text[at] == mark && (!not_doubled || (at + 1 < text.size() && text[at + 1] != mark));
    count += matches;
    const size_t end = LineEnd(text, matches && not_doubled ? at + 2 : at);
    line = end + 1;
  }
  return count;
}

// Leftmost spans: `stars` asterisks, no newline or asterisk, `stars` asterisks; those with something between count.
int64_t CountHighlights(std::u32string_view text, std::u32string_view stars) {
  int64_t count = 0;
  for (size_t open = text.find(stars); open != text.npos;) {
    const size_t inner = open + stars.size();
    const size_t close = text.find_first_of(U"*\n", inner);
    if (close == text.npos) break;
    if (text.substr(close, stars.size()) == stars) {
      count += !python::IsBlank(text.substr(inner, close - inner));
      open = text.find(stars, close + stars.size());
    } else {
      open = text.find(stars, open + 1);
    }
  }
  return count;
}

std::u32string_view WithoutPrefix(std::u32string_view text, std::u32string_view prefix) {
  return python::StartsWith(text, prefix) ? text.substr(prefix.size()) : text;
}

}  // namespace

bool NumberBulletLists(std::u32string_view text, const Arguments& arguments, const IfevalTables&) {
  return CountBullets(text, U'*', true) + CountBullets(text, U'-', false) == arguments.Integer("num_bullets");
}

bool ConstrainedResponse(std::u32string_view text, const Arguments&, const IfevalTables&) {
  return python::Contains(text, U"My answer is yes.") || python::Contains(text, U"My answer is no.") ||
         python::Contains(text, U"My answer is maybe.");
}

bool HighlightedSections(std::u32string_view text, const Arguments& arguments, const IfevalTables&) {
  return CountHighlights(text, U"*") + CountHighlights(text, U"**") >= arguments.Integer("num_highlights");
}

// The splitter, at most one whitespace character, digits; anywhere, also inside a sentence.
bool MultipleSections(std::u32string_view text, const Arguments& arguments, const IfevalTables&) {
  const std::u32string given = arguments.Text("section_spliter");
  const std::u32string_view splitter = python::Strip(given);
  int64_t count = 0;
  for (size_t at = text.find(splitter); at != text.npos;) {
    size_t digits = at + splitter.size();
    if (digits < text.size() && python::IsSpace(text[digits])) ++digits;
    size_t end = digits;
    while (end < text.size() && python::IsDigit(text[end])) ++end;
    count += end > digits;
    at = text.find(splitter, end > digits ? end : at + 1);
  }
  return count >= arguments.Integer("num_sections");
}

bool JsonFormat(std::u32string_view text, const Arguments&, const IfevalTables&) {
  text = python::Strip(text);
  for (std::u32string_view fence : {U"```json", U"```Json", U"```JSON", U"```"}) text = WithoutPrefix(text, fence);
  if (python::EndsWith(text, U"```")) text.remove_suffix(3);
  return python::IsJson(python::Strip(text));
}

// A line with << and, at least one character later, >>; the outermost pair, stripped of all angle brackets, is not blank.
bool Title(std::u32string_view text, const Arguments&, const IfevalTables&) {
  for (size_t line = 0; line < text.size();) {
    const size_t end = LineEnd(text, line);
    const std::u32string_view content = text.substr(line, end - line);
    line = end + 1;
    const size_t open = content.find(U"<<"), close = content.rfind(U">>");
    if (open == content.npos || close == content.npos || close < open + 3) continue;
    std::u32string_view title = content.substr(open, close + 2 - open);
    while (!title.empty() && title.front() == '<') title.remove_prefix(1);
    while (!title.empty() && title.back() == '>') title.remove_suffix(1);
    if (!python::IsBlank(title)) return true;
  }
  return false;
}

}  // namespace tidemark::ifeval
