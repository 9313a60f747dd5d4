// A tolerant reader of LaTeX that writes text at once. Sources: pylatexenc 2.11, latexwalker/_defaultspecs.py (which macro takes
// which arguments) and latex2text/_defaultspecs.py (what is written for it).
#include "evals/math/latex_text.h"

#include <algorithm>
#include <vector>

#include "evals/ifeval/python_text.h"
#include "evals/math/latex_macros.h"

namespace tidemark::math {
namespace {

using Text = std::u32string;
using View = std::u32string_view;

struct Raised {};  // internal: the library would raise

// The library recurses per brace and meets Python's recursion limit.
constexpr int kMaxDepth = 100;

template <typename Table>
auto* Find(const Table& table, View name) {
  const auto found = std::find_if(std::begin(table), std::end(table), [&](const auto& row) { return row.name == name; });
  return found == std::end(table) ? nullptr : &*found;
}

// nullopt: not a known symbol.
std::optional<Text> FindSymbol(View name) {
  if (const Symbol* blank = Find(kBlanks, name)) return Text(blank->text);
  const Text key = U";" + Text(name) + U" ";
  const size_t hit = kSymbols.find(key);
  if (hit == View::npos || name.find(U' ') != View::npos) return std::nullopt;
  const size_t start = hit + key.size();
  return Text(kSymbols.substr(start, kSymbols.find(U';', start) - start));
}

bool IsLetter(char32_t c) { return (c >= U'a' && c <= U'z') || (c >= U'A' && c <= U'Z'); }

bool IsMatrix(View name) {
  constexpr View kNames[] = {U"array", U"pmatrix", U"bmatrix", U"smallmatrix", U"psmallmatrix", U"bsmallmatrix"};
  return std::find(std::begin(kNames), std::end(kNames), name) != std::end(kNames);
}

bool IsEquation(View name) {
  if (!name.empty() && name.back() == U'*') name.remove_suffix(1);
  constexpr View kNames[] = {U"equation", U"eqnarray", U"align", U"multline", U"gather", U"dmath"};
  return std::find(std::begin(kNames), std::end(kNames), name) != std::end(kNames);
}

char32_t Styled(char32_t c, char32_t alphabet) {
  for (const Exception& e : kStyledElsewhere) {
    if (e.alphabet == alphabet && e.letter == c) return e.styled;
  }
  if (c >= U'A' && c <= U'Z') return alphabet + (c - U'A');
  if (c >= U'a' && c <= U'z') return alphabet + 26 + (c - U'a');
  return c;
}

void AddToEach(View text, char32_t combining, Text& out) {
  for (const char32_t c : text) {
    out += c;
    out += combining;
  }
}

using Arguments = std::vector<Text>;

Text Write(const Macro& macro, const Arguments* arguments) {
  if (arguments == nullptr) {
    switch (macro.form) {
      case Form::kRoot:
        throw Raised();
      case Form::kQuotient:
        return U"%s/%s";
      case Form::kPlain:
        return U"%s";
      case Form::kAccent:
      case Form::kNot:
        return Text(U" ") + macro.extra;
      default:
        return U"";
    }
  }
  const Text& last = arguments->back();
  Text out;
  switch (macro.form) {
    case Form::kVanish:
      break;
    case Form::kQuotient:
      return (*arguments)[0] + U"/" + last;
    case Form::kRoot:
      return U"√(" + last + U")";
    case Form::kAccent:
      AddToEach(python::Strip(last), macro.extra, out);
      break;
    case Form::kStyle:
      for (const char32_t c : last) out += Styled(c, macro.extra);
      break;
    case Form::kNot:
      if (last == U"=") return U"≠";
      if (last == U"∈") return U"∉";
      AddToEach(python::Strip(last), macro.extra, out);
      break;
    default:
      return last;
  }
  return out;
}

// Of an alignment: text so far of a cell, finished cells, finished rows.
struct Cells {
  std::vector<std::vector<Text>> rows{1};
  bool started = false;  // something stands in the open cell, be it a blank

  void EndCell(Text& text) {
    if (started) rows.back().emplace_back(python::Strip(text));
    started = false;
    text.clear();
  }
  void EndRow(Text& text) {
    EndCell(text);
    rows.emplace_back();
  }
};

Text WriteMatrix(const Cells& cells) {
  size_t width = 0;
  bool any = false;
  for (const auto& row : cells.rows) {
    for (const Text& cell : row) {
      width = std::max(width, cell.size());
      any = true;
    }
  }
  if (!any) throw Raised();
  Text out = U"[ ";
  for (size_t r = 0; r < cells.rows.size(); ++r) {
    if (r != 0) out += U"; ";
    for (size_t c = 0; c < cells.rows[r].size(); ++c) {
      if (c != 0) out += U' ';
      out += Text(width - cells.rows[r][c].size(), U' ') + cells.rows[r][c];
    }
  }
  return out + U" ]";
}

class Reader {
 public:
  explicit Reader(View text) : text_(text) {}

  Text All() { return Nodes(Stop::kNever, U"", nullptr); }

 private:
  enum class Stop { kNever, kBrace, kBracket, kEnvironment, kMath };

  bool AtEnd() const { return at_ >= text_.size(); }
  void SkipSpace() {
    while (!AtEnd() && python::IsSpace(text_[at_])) ++at_;
  }
  bool Looking(View part) const { return python::StartsWith(text_.substr(at_), part); }

  // Reads to the end of the context and past its closing mark. closed_ tells whether there was one.
  Text Nodes(Stop stop, View name, Cells* cells);
  Text Special(size_t& length) const;
  // After a backslash. Returns false at the mark that ends the context.
  bool Command(Stop stop, View name, Text& out);
  bool CommandIn(Stop stop, View name, Cells* cells, Text& out);
  Text Environment();
  Text Display(const Text& content) const;
  bool ReadArguments(std::string_view specification, Arguments& out);
  bool ReadArgument(Text& out);
  Text MacroName();
  View EnvironmentName();

  View text_;
  size_t at_ = 0;
  int depth_ = 0;
  bool closed_ = false, math_ = false;
  Text bare_space_;  // blanks after the last macro without arguments; mathematics keeps them before characters
};

// Ligatures and alignment marks.
Text Reader::Special(size_t& length) const {
  constexpr Symbol kSpecials[] = {{U"---", U"—"}, {U"--", U"–"}, {U"``", U"“"},     {U"''", U"”"},
                                  {U"!`", U"¡"},  {U"?`", U"¿"}, {U"~", U"\u00A0"}, {U"&", U"   "}};
  for (const Symbol& special : kSpecials) {
    if (!Looking(special.name)) continue;
    length = special.name.size();
    return Text(special.text);
  }
  length = 0;
  return U"";
}

// A command within an alignment, or anywhere. Returns false at the mark that ends the context.
bool Reader::CommandIn(Stop stop, View name, Cells* cells, Text& out) {
  if (cells == nullptr) return Command(stop, name, out);
  if (Looking(U"\\\\")) {
    Text line_break;
    Command(stop, name, line_break);
    cells->EndRow(out);
    return true;
  }
  const size_t written = out.size();
  const bool end = Looking(U"\\end");
  const bool more = Command(stop, name, out);
  if (!end || out.size() > written) cells->started = true;
  return more;
}

Text Reader::Nodes(Stop stop, View name, Cells* cells) {
  if (++depth_ > kMaxDepth) throw Raised();
  Text out, run;
  const auto flush = [&] {
    if (cells != nullptr && !run.empty()) cells->started = true;
    if (math_ && !run.empty()) out += bare_space_;
    if (!math_ || !python::IsBlank(run)) out += run;
    if (!run.empty()) bare_space_.clear();
    run.clear();
  };
  bool closed = false;
  while (!AtEnd() && !closed) {
    const char32_t c = text_[at_];
    size_t length = 0;
    if (c == U'\\') {
      flush();
      closed = !CommandIn(stop, name, cells, out);
    } else if (c == U'{') {
      flush();
      bare_space_.clear();
      if (cells != nullptr) cells->started = true;
      ++at_;
      out += Nodes(Stop::kBrace, U"", nullptr);
    } else if (c == U'}' || (c == U']' && stop == Stop::kBracket)) {
      flush();
      ++at_;
      closed = c == U']' || stop == Stop::kBrace;
    } else if (Text special = Special(length); length > 0) {
      flush();
      bare_space_.clear();
      at_ += length;
      if (cells != nullptr && c == U'&') {
        cells->EndCell(out);
      } else {
        if (cells != nullptr) cells->started = true;
        out += special;
      }
    } else {
      run += c;
      ++at_;
    }
  }
  flush();
  if (cells != nullptr) cells->EndCell(out);
  bare_space_.clear();
  closed_ = closed;
  --depth_;
  return out;
}

Text Reader::MacroName() {
  ++at_;  // the backslash
  Text name;
  while (!AtEnd() && IsLetter(text_[at_])) name += text_[at_++];
  if (name.empty() && !AtEnd()) name = Text(1, text_[at_++]);
  return name;
}

// "{name}" after \begin and \end; empty and nothing read where there is none.
View Reader::EnvironmentName() {
  if (AtEnd() || text_[at_] != U'{') return {};
  const size_t close = text_.find(U'}', at_);
  if (close == View::npos) return {};
  const View name = text_.substr(at_ + 1, close - at_ - 1);
  const auto allowed = [](char32_t c) { return IsLetter(c) || c == U'*' || (c >= U'0' && c <= U'9'); };
  if (!std::all_of(name.begin(), name.end(), allowed)) return {};
  at_ = close + 1;
  return name;
}

bool Reader::Command(Stop stop, View name, Text& out) {
  const Text macro_name = MacroName();
  const bool word = !macro_name.empty() && IsLetter(macro_name[0]);
  const size_t space = at_;
  bare_space_.clear();
  if (macro_name == U"begin" || macro_name == U"end") {
    const size_t before = at_;
    const View environment = EnvironmentName();
    if (environment.empty()) {
      out += U"\\" + macro_name;
      at_ = before;
    } else if (macro_name == U"begin") {
      at_ = before;
      out += Environment();
    } else if (stop == Stop::kEnvironment && environment == name) {
      return false;
    }
    return true;
  }
  if (macro_name == U"(" || macro_name == U"[") {
    const bool outer = math_;
    math_ = true;
    const View close = macro_name == U"(" ? View(U")") : View(U"]");
    const Text content(python::Strip(Nodes(Stop::kMath, close, nullptr)));
    math_ = outer;
    out += macro_name == U"(" ? content : Display(content);
    return true;
  }
  if (macro_name == U")" || macro_name == U"]") return !(stop == Stop::kMath && macro_name == name);
  if (macro_name == U"\\") {  // a line break takes a star, and a bracket that follows at once
    SkipSpace();
    if (AtEnd() || text_[at_] != U'*')
      at_ = space;
    else
      ++at_;
    Arguments length;
    if (!AtEnd() && text_[at_] == U'[' && !ReadArguments("[", length)) at_ = space;
    out += U"\n";
    return true;
  }
  if (word) SkipSpace();
  const Text blanks(text_.substr(space, at_ - space));
  if (const Macro* macro = Find(kMacros, macro_name)) {
    const size_t after = at_;
    Arguments arguments;
    const bool complete = ReadArguments(macro->arguments, arguments);
    if (!complete) at_ = after;
    bare_space_.clear();
    out += Write(*macro, complete ? &arguments : nullptr);
    return true;
  }
  out += FindSymbol(macro_name).value_or(U"");
  if (macro_name == U"item") out += U"\n  * ";
  bare_space_ = blanks;
  return true;
}

Text Reader::Display(const Text& content) const {
  Text out = U"\n    ";
  for (const char32_t c : content) {
    out += c;
    if (c == U'\n') out += U"    ";
  }
  return out + U"\n";
}

Text Reader::Environment() {
  const View name = EnvironmentName();
  Arguments ignored;
  const size_t before = at_;
  if ((name == U"array" && !ReadArguments("[{", ignored)) || (name == U"tabular" && !ReadArguments("{", ignored))) at_ = before;
  if (IsMatrix(name)) {
    Cells cells;
    Nodes(Stop::kEnvironment, name, &cells);
    return WriteMatrix(cells);
  }
  if (IsEquation(name)) {
    const bool outer = math_;
    math_ = true;
    const Text content(python::Strip(Nodes(Stop::kEnvironment, name, nullptr)));
    math_ = outer;
    return Display(content);
  }
  const Text content = Nodes(Stop::kEnvironment, name, nullptr);
  return name == U"center" ? U"\n" + content + U"\n" : content;
}

// False, with the position anywhere, when the text ends before the last argument: the macro then counts as having none.
bool Reader::ReadArguments(std::string_view specification, Arguments& out) {
  for (const char kind : specification) {
    const size_t before = at_;
    SkipSpace();
    Text value;
    if (kind == '{') {
      if (!ReadArgument(value)) return false;
    } else if (!AtEnd() && kind == '[' && text_[at_] == U'[') {
      ++at_;
      value = Nodes(Stop::kBracket, U"", nullptr);
      if (!closed_) return false;
    } else if (!AtEnd() && kind == '*' && text_[at_] == U'*') {
      ++at_;
    } else {
      at_ = before;
    }
    out.push_back(std::move(value));
  }
  return true;
}

bool Reader::ReadArgument(Text& out) {
  if (AtEnd()) return false;
  const char32_t c = text_[at_];
  size_t length = 0;
  if (c == U'{') {
    ++at_;
    out = Nodes(Stop::kBrace, U"", nullptr);
  } else if (c == U'}' || Looking(U"\\end")) {
    out.clear();            // an empty argument; what follows ends the group around it
  } else if (c == U'\\') {  // a macro without its arguments
    const Text name = MacroName();
    if (name.empty()) return false;
    if (const Macro* macro = Find(kMacros, name)) {
      out = Write(*macro, nullptr);
    } else if (name == U"\\") {
      out = U"\n";
    } else {
      out = FindSymbol(name).value_or(U"");
    }
    if (IsLetter(name[0])) SkipSpace();
  } else if (Text special = Special(length); length > 0) {
    at_ += length;
    out = std::move(special);
  } else {
    out = Text(1, c);
    ++at_;
  }
  return true;
}

}  // namespace

std::optional<Text> LatexToText(View latex) {
  try {
    return Reader(latex).All();
  } catch (const Raised&) {
    return std::nullopt;
  }
}

}  // namespace tidemark::math
