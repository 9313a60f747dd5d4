// Forms of words and LaTeX in running text.
#include <algorithm>
#include <array>
#include <utility>

#include "evals/omniscience/text.h"

namespace tidemark::omniscience {
namespace {

void Replace(std::string& text, std::string_view from, std::string_view to) {
  for (size_t at = text.find(from); at != text.npos; at = text.find(from, at + to.size())) text.replace(at, from.size(), to);
}

void ReplaceEnd(std::string& text, std::string_view from, std::string_view to) {
  if (text.ends_with(from)) text.replace(text.size() - from.size(), from.size(), to);
}

struct Command {
  std::string_view name, plain;
};
// Commands that stand for a character, or for nothing ("\text{m}" is "m"). Others keep their name: "\alpha", "\log".
constexpr Command kCommands[] = {{"times", "\xC3\x97"},
                                 {"cdot", "\xC2\xB7"},
                                 {"pm", "\xC2\xB1"},
                                 {"approx", "~"},
                                 {"sim", "~"},
                                 {"circ", "\xC2\xB0"},
                                 {"degree", "\xC2\xB0"},
                                 {"quad", " "},
                                 {"qquad", " "},
                                 {"left", ""},
                                 {"right", ""},
                                 {"text", ""},
                                 {"textbf", ""},
                                 {"textit", ""},
                                 {"mathrm", ""},
                                 {"mathbf", ""},
                                 {"mathit", ""},
                                 {"mathsf", ""},
                                 {"mathcal", ""},
                                 {"mathtt", ""},
                                 {"texttt", ""},
                                 {"operatorname", ""},
                                 {"emph", ""},
                                 {"ldots", "..."},
                                 {"dots", "..."},
                                 {"to", "->"},
                                 {"leq", "<="},
                                 {"geq", ">="},
                                 {"le", "<="},
                                 {"ge", ">="},
                                 {"mu", "\xCE\xBC"},
                                 {"boxed", "answer: "},
                                 {"ce", ""},
                                 {"mbox", ""},
                                 {"displaystyle", ""},
                                 {"lt", "<"},
                                 {"gt", ">"}};

const Command* FindCommand(std::string_view name) {
  const auto found = std::find_if(std::begin(kCommands), std::end(kCommands), [&](const Command& c) { return c.name == name; });
  return found == std::end(kCommands) ? nullptr : found;
}

// Whether the dollar sign at text[at] opens a formula, and where that ends: "$x_1$", not "$5 and $6".
size_t FormulaEnd(std::string_view text, size_t at) {
  constexpr size_t kLongest = 400;
  const std::string_view window = text.substr(at + 1, kLongest);
  const size_t end = window.find('$');
  if (end == window.npos || end == 0) return text.npos;
  const std::string_view inside = window.substr(0, end);
  if (inside.find('\n') != inside.npos || inside.find_first_of("\\^_{=") == inside.npos) return text.npos;
  return at + 1 + end;
}

}  // namespace

std::string Stem(std::string_view folded) {
  std::string text(folded);
  if (text.size() < 4 || !std::all_of(text.begin(), text.end(), [](char c) { return c >= 'a' && c <= 'z'; })) return text;
  if (text.ends_with("ies") && text.size() > 4) {
    ReplaceEnd(text, "ies", "y");
  } else if (text.ends_with("sses") || text.ends_with("xes") || text.ends_with("ches") || text.ends_with("shes")) {
    text.resize(text.size() - 2);
  } else if (text.ends_with('s') && !text.ends_with("ss") && !text.ends_with("us") && !text.ends_with("is")) {
    text.pop_back();
  }
  Replace(text, "ae", "e");
  Replace(text, "oe", "e");
  if (text.size() > 4) Replace(text, "our", "or");
  Replace(text, "isation", "ization");
  for (const std::string_view end : {"is", "ys"}) {
    for (const std::string_view more : {"e", "ed", "ing"}) {
      const std::string british = std::string(end) + std::string(more);
      if (text.size() > british.size() + 2) ReplaceEnd(text, british, std::string(1, end[0]) + "z" + std::string(more));
    }
  }
  if (text.size() > 5 && text.ends_with('e')) text.pop_back();  // thiamine, thiamin
  if (text.ends_with("tr") || text.ends_with("br")) text.insert(text.size() - 1, "e");
  if (text.ends_with("tre") || text.ends_with("bre")) std::swap(text[text.size() - 1], text[text.size() - 2]);
  return text;
}

bool SameRoot(std::string_view a, std::string_view b) {
  if (a == b) return true;
  const auto letters = [](std::string_view w) {
    return std::all_of(w.begin(), w.end(), [](char c) { return c >= 'a' && c <= 'z'; });
  };
  size_t common = 0;
  while (common < std::min(a.size(), b.size()) && a[common] == b[common]) ++common;
  if (common < 3 || !letters(a) || !letters(b)) return false;
  const auto is_ending = [](std::string_view end) {
    return end.empty() ||
           IsOneOf(end, {"s",    "es",   "d",    "ed",   "ing",  "e",     "er",   "ers",  "or",   "ors",  "y",    "ies",
                         "ied",  "al",   "ally", "ly",   "ion",  "ation", "ment", "ive",  "ance", "ence", "ant",  "ent",
                         "able", "ible", "ity",  "ous",  "ness", "n",     "en",   "ic",   "ical", "ting", "ted",  "ning",
                         "ned",  "ling", "led",  "ring", "red",  "ding",  "ded",  "ping", "ped",  "ist",  "ship", "ian"});
  };
  for (size_t cut = common; cut + 1 >= common && cut >= 3; --cut) {
    if (is_ending(a.substr(cut)) && is_ending(b.substr(cut))) return true;
  }
  return false;
}

namespace {

// Walks a text once; see WithoutLatex.
struct LatexReader {
  std::string_view text;
  std::string out{};
  size_t formula_end = 0;      // of the formula in dollar signs that we are in
  int depth = 0;               // of \( and \[
  std::vector<bool> braces{};  // open ones: whether LaTeX's
  size_t argument = 0;         // where the argument of the last command begins

  // The dollar sign at text[i].
  void Dollar(size_t& i, bool inside) {
    if (i == formula_end && i > 0) return;
    const size_t end = inside ? text.npos : FormulaEnd(text, i);
    if (end != text.npos) {
      formula_end = end;
    } else if (text.substr(i, 2) == "$$") {
      ++i;
    } else {
      out += '$';
    }
  }

  // A backslash and no letter behind it.
  void Escape(size_t& i) {
    const char next = text[i + 1];
    if (next == '(' || next == '[') {
      ++depth, ++i;
    } else if (next == ')' || next == ']') {
      depth = std::max(0, depth - 1), ++i;
    } else if (next == ',' || next == ';' || next == ':' || next == ' ') {
      out += ' ', ++i;
    } else if (next == '!') {
      ++i;
    } else if (std::string_view("%$_&#").find(next) != std::string_view::npos) {
      out += next, ++i;
    } else {
      out += '\\';
    }
  }

  // A backslash and letters.
  void Name(size_t& i, bool inside) {
    size_t end = i + 1;
    while (end < text.size() && IsAsciiLetter(text[end])) ++end;
    const std::string_view name = text.substr(i + 1, end - i - 1);
    const Command* command = FindCommand(name);
    const bool fraction = name == "frac" || name == "dfrac" || name == "tfrac";
    if (fraction && end < text.size() && text[end] == '{') {
      const size_t close = text.find('}', end);
      const bool two = close != text.npos && text.substr(close + 1, 1) == "{" && close - end < 40;
      if (two) out += std::string(text.substr(end + 1, close - end - 1)) + "/";
      argument = two ? close + 1 : end;
      i = argument - 1;
    } else if (command != nullptr && (inside || command->plain.empty() || name == "boxed" || name == "times")) {
      if (name == "circ" && out.ends_with('^')) out.pop_back();
      out += command->plain;
      argument = end;
      i = end - 1;
    } else if (inside) {
      if (!out.empty() && (IsAsciiLetter(out.back()) || (out.back() >= '0' && out.back() <= '9'))) out += ' ';
      out += name;
      i = end - 1;
    } else {
      out += '\\';
    }
  }

  void Brace(size_t i, bool inside) {
    if (text[i] == '{') {
      braces.push_back(inside || (argument == i && i > 0));
      // "^{\circ}" leaves its sign behind.
      if (braces.back() && text.substr(i, 6) == "{\\circ" && out.ends_with('^')) out.pop_back();
      if (!braces.back()) out += '{';
      return;
    }
    if (braces.empty() || !braces.back()) out += '}';
    if (!braces.empty()) braces.pop_back();
  }

  void Read() {
    for (size_t i = 0; i < text.size(); ++i) {
      const char c = text[i];
      const bool inside = i < formula_end || depth > 0;
      if (c == '$') {
        Dollar(i, inside);
      } else if (c == '\\' && i + 1 < text.size()) {
        IsAsciiLetter(text[i + 1]) ? Name(i, inside) : Escape(i);
      } else if (c == '{' || c == '}') {
        Brace(i, inside);
      } else if (!inside || (c != '_' && c != '~')) {
        out += c;
      } else if (c == '~') {
        out += ' ';
      }
    }
  }
};

}  // namespace

std::string WithoutLatex(std::string_view text) {
  if (text.find_first_of("\\$") == text.npos) return std::string(text);
  LatexReader reader{text};
  reader.Read();
  return std::move(reader.out);
}

}  // namespace tidemark::omniscience
