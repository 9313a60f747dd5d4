// Each rewriting is a small matcher at one place of the text; Rewrite applies it from left to right. See the header.
#include "evals/math/latex_normalize.h"

#include <algorithm>
#include <array>
#include <vector>

#include "evals/math/latex_boxes.h"

namespace tidemark::math {
namespace {

bool IsDigit(char c) { return c >= '0' && c <= '9'; }
bool IsLetter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool IsWordCharacter(char c) { return IsDigit(c) || IsLetter(c) || c == '_' || static_cast<unsigned char>(c) >= 0x80; }
bool IsSpace(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

bool StartsWith(std::string_view s, size_t at, std::string_view prefix) {
  return s.substr(std::min(at, s.size()), prefix.size()) == prefix;
}

size_t SkipSpaces(std::string_view s, size_t at) {
  while (at < s.size() && IsSpace(s[at])) ++at;
  return at;
}

std::string ReplaceAll(std::string text, std::string_view from, std::string_view to) {
  if (text.find(from) == std::string::npos) return text;
  std::string result;
  size_t at = 0;
  while (true) {
    const size_t found = text.find(from, at);
    result.append(text, at, found - at);
    if (found == std::string::npos) return result;
    result += to;
    at = found + from.size();
  }
}

// Rewrites every leftmost match: match(text, at, replacement) returns the end of the match at `at`, or 0 for none.
template <typename Match>
std::string Rewrite(std::string_view text, Match match) {
  std::string result, replacement;
  size_t at = 0;
  while (at < text.size()) {
    replacement.clear();
    const size_t end = match(text, at, replacement);
    if (end > at) {
      result += replacement;
      at = end;
    } else {
      result += text[at++];
    }
  }
  return result;
}

constexpr std::array<std::string_view, 15> kLeftDelimiters = {"\\{",    "{",        "\\|",      "|",        "[",
                                                              "(",      "\\rbracl", "\\lgroup", "\\lbrace", "\\lbrack",
                                                              "\\vert", "\\lvert",  "\\lceil",  "\\lfloor", "\\langle"};
constexpr std::array<std::string_view, 13> kRightDelimiters = {
    "\\}", "}", "\\|", "|", "]", ")", "\\rbrack", "\\rgroup", "\\rbrace", "\\vert", "\\rvert", "\\rceil", "\\rfloor"};
constexpr std::array<std::string_view, 2> kLeftCorners = {"\\llcorner", "\\ulcorner"};
constexpr std::array<std::string_view, 3> kRightCorners = {"\\rangle", "\\lrcorner", "\\urcorner"};

// \left( -> (, also \mleft(; nothing happens where a blank stands between.
size_t MatchSizedDelimiter(std::string_view s, size_t at, std::string& replacement) {
  if (s[at] != '\\') return 0;
  size_t name = at + 1;
  if (name < s.size() && s[name] == 'm') ++name;
  const auto take = [&](size_t from, const auto& delimiters) -> size_t {
    for (std::string_view delimiter : delimiters) {
      if (StartsWith(s, from, delimiter)) {
        replacement = delimiter;
        return from + delimiter.size();
      }
    }
    return 0;
  };
  if (StartsWith(s, name, "left")) {
    const size_t end = take(name + 4, kLeftDelimiters);
    return end ? end : take(name + 4, kLeftCorners);
  }
  if (StartsWith(s, name, "right")) {
    const size_t end = take(name + 5, kRightDelimiters);
    return end ? end : take(name + 5, kRightCorners);
  }
  return 0;
}

// (n)_{k} is a falling factorial, n!/(n-k)!.
size_t MatchFallingFactorial(std::string_view s, size_t at, std::string& replacement) {
  if (s[at] != '(') return 0;
  const auto allowed = [](char c) {
    return IsDigit(c) || IsLetter(c) || c == '+' || c == '-' || c == '*' || c == '/' || c == '\\' || c == ' ';
  };
  size_t n = at + 1;
  while (n < s.size() && allowed(s[n])) ++n;
  if (n == at + 1 || !StartsWith(s, n, ")_{")) return 0;
  size_t k = n + 3;
  while (k < s.size() && allowed(s[k])) ++k;
  if (k == n + 3 || k >= s.size() || s[k] != '}') return 0;
  const std::string upper(s.substr(at + 1, n - at - 1)), lower(s.substr(n + 3, k - n - 3));
  replacement = "\\frac{(" + upper + ")!}{((" + upper + ")-(" + lower + "))!}";
  return k + 1;
}

size_t MatchRemovable(std::string_view s, size_t at, std::string&) {
  const char c = s[at];
  if (c == '$') return at + 1;
  if ((c == '"' || c == '\'') && (at == 0 || s[at - 1] != '\\')) return at + 1;
  if (c != '\\') return 0;
  if (StartsWith(s, at, "\\mathrm{th}")) return at + 11;
  if (StartsWith(s, at, "\\!")) return SkipSpaces(s, at + 2);
  if (StartsWith(s, at, "\\text")) {
    const size_t open = SkipSpaces(s, at + 5);
    if (open < s.size() && s[open] == '{') {
      const size_t close = SkipSpaces(s, open + 1);
      if (close < s.size() && s[close] == '}') return close + 1;
    }
  }
  if (StartsWith(s, at, "\\$")) return at + 2;
  if (StartsWith(s, at, "\\displaystyle")) return at + 13;
  return 0;
}

// The end of "word" after any blanks, as a whole word; 0: not here. Words that are glued to a letter before them do not count.
size_t MatchWholeWord(std::string_view s, size_t at, std::string_view word) {
  const size_t start = SkipSpaces(s, at);
  if (!StartsWith(s, start, word)) return 0;
  if (start > 0 && IsWordCharacter(s[start - 1])) return 0;
  const size_t end = start + word.size();
  return end < s.size() && IsWordCharacter(s[end]) ? 0 : end;
}

// ", and", "or": a comma. 0: none.
size_t MatchConjunction(std::string_view s, size_t at) {
  if (at > 0 && IsLetter(s[at - 1])) return 0;
  const size_t start = SkipSpaces(s, s[at] == ',' ? at + 1 : at);
  const size_t end = StartsWith(s, start, "and") ? start + 3 : StartsWith(s, start, "or") ? start + 2 : 0;
  return end == 0 || (end < s.size() && IsLetter(s[end])) ? 0 : end;
}

size_t MatchTextConjunction(std::string_view s, size_t at) {
  size_t start = SkipSpaces(s, s[at] == ',' ? at + 1 : at);
  if (!StartsWith(s, start, "\\text{")) return 0;
  start = SkipSpaces(s, start + 6);
  size_t end = StartsWith(s, start, "and") ? start + 3 : StartsWith(s, start, "or") ? start + 2 : 0;
  if (end == 0) return 0;
  end = SkipSpaces(s, end);
  return end < s.size() && s[end] == '}' ? end + 1 : 0;
}

// { , } -> ","
size_t MatchBracedComma(std::string_view s, size_t at) {
  size_t next = SkipSpaces(s, at);
  if (next >= s.size() || s[next] != '{') return 0;
  next = SkipSpaces(s, next + 1);
  if (next >= s.size() || s[next] != ',') return 0;
  next = SkipSpaces(s, next + 1);
  return next < s.size() && s[next] == '}' ? next + 1 : 0;
}

size_t MatchSynonymCommand(std::string_view s, size_t at, std::string& replacement) {
  for (std::string_view math : {"\\mathrm", "\\mathit", "\\mathbf"}) {
    if (StartsWith(s, at, math)) return replacement = "\\text", at + math.size();
  }
  for (std::string_view text : {"\\textnormal", "\\textbf", "\\textit", "\\textrm"}) {
    if (StartsWith(s, at, text)) return replacement = "\\text", at + text.size();
  }
  for (std::string_view fraction : {"\\dfrac", "\\tfrac", "\\cfrac"}) {
    if (StartsWith(s, at, fraction)) return replacement = "\\frac", at + fraction.size();
  }
  return 0;
}

// The replacements of one pass, in the order in which they are tried at a place.
size_t MatchSynonym(std::string_view s, size_t at, std::string& replacement) {
  const char c = s[at];
  if (!IsSpace(c) && std::string_view("\\{~,aoipb").find(c) == std::string_view::npos) return 0;
  if (const size_t end = MatchSynonymCommand(s, at, replacement)) return end;
  if (IsSpace(c) && StartsWith(s, at + 1, ".")) return replacement = " 0.", at + 2;
  if (StartsWith(s, at, "{.")) return replacement = "{0.", at + 2;
  if (StartsWith(s, at, "~=")) return replacement = "\\approx", at + 2;
  if (const size_t end = MatchBracedComma(s, at)) return replacement = ",", end;
  if (const size_t end = MatchConjunction(s, at)) return replacement = ",", end;
  if (const size_t end = MatchTextConjunction(s, at)) return replacement = ",", end;
  if (c == '\\' && at + 1 < s.size() && IsSpace(s[at + 1]) && (at == 0 || s[at - 1] != '\\')) return replacement = " ", at + 2;
  if (StartsWith(s, at, "infinity")) return replacement = "\\infty", at + 8;
  if (StartsWith(s, at, "\\ldots")) return replacement = " ", at + 6;
  if (StartsWith(s, at, ",\\ldots")) return replacement = " ", at + 7;
  for (std::string_view word : {"percentage", "percent", "pct"}) {
    if (const size_t end = MatchWholeWord(s, at, word)) return replacement = "\\%", end;
    if (StartsWith(s, at, "\\text{") && StartsWith(s, at + 6, word) && StartsWith(s, at + 6 + word.size(), "}")) {
      return replacement = "%", at + 7 + word.size();
    }
  }
  if (StartsWith(s, at, "inf") && !StartsWith(s, at + 3, "inity") && (at == 0 || s[at - 1] != '\\')) {
    return replacement = "\\infty", at + 3;
  }
  if (StartsWith(s, at, " sqrt")) return replacement = "\\sqrt", at + 5;
  return 0;
}

// Rules that skip blanks look at every blank of a run; a run longer than this says nothing more.
std::string ShortenBlanks(std::string_view text) {
  constexpr size_t kLongestRun = 64;
  std::string result;
  size_t run = 0;
  for (char c : text) {
    run = IsSpace(c) ? run + 1 : 0;
    if (run <= kLongestRun) result += c;
  }
  return result;
}

std::string UnifyCommands(std::string text) {
  text = ReplaceAll(std::move(text), "\\mathrm{T}", "T");
  text = ReplaceAll(std::move(text), "\\mathrm{d}", "d");
  text = ReplaceAll(std::move(text), "{\\rm d}", "d");
  text = ReplaceAll(std::move(text), "\\left[\\begin{matrix}", "\\begin{bmatrix}");
  text = ReplaceAll(std::move(text), "\\end{matrix}\\right]", "\\end{bmatrix}");
  text = Rewrite(text, MatchSizedDelimiter);
  text = Rewrite(text, MatchFallingFactorial);
  text = Rewrite(text, MatchRemovable);
  text = Rewrite(text, MatchSynonym);
  for (char& c : text) {
    if (c == '\n' || c == '\t') c = ' ';
  }
  if (text.find("matrix") == std::string::npos) {
    text = Rewrite(text, [](std::string_view s, size_t at, std::string& replacement) -> size_t {
      if (!StartsWith(s, at, "\\\\") || at + 2 >= s.size() || !IsLetter(s[at + 2])) return 0;
      replacement = "\\";
      return at + 2;
    });
  }
  return text;
}

// Unit words that may follow a number at the end; "?" is any character. With an "s" or "es" behind them they count as well.
constexpr std::string_view kUnits[] = {
    "integerpoint",
    "feet",
    "sue",
    "digit",
    "pound",
    "meal",
    "edge",
    "student",
    "children ticket",
    "multiple",
    "east",
    "degree",
    "mph",
    "kmph",
    "ft",
    "m square",
    " m east",
    "sq m",
    "deg",
    "mile",
    "q ?",
    "monkey",
    "prime",
    "ratio",
    "profit of rs",
    "rd",
    "o",
    "gm",
    "p ? m",
    "lb",
    "tile",
    "per",
    "dm",
    "lt",
    "gain",
    "ab",
    "way",
    "west",
    "a ?",
    "b ?",
    "c ?",
    "d ?",
    "e ?",
    "f ?",
    "g ?",
    "h ?",
    "t",
    "h",
    "no change",
    "men",
    "soldier",
    "pie",
    "bc",
    "excess",
    "st",
    "inches",
    "noon",
    "cent",
    "by",
    "gal",
    "kmh",
    "c",
    "acre",
    "rise",
    "a ? m",
    "th",
    "π r 2",
    "sq",
    "mark",
    "l",
    "toy",
    "coin",
    "sq ? m",
    "gallon",
    "° f",
    "profit",
    "minw",
    "yr",
    "women",
    "am",
    "pm",
    "hr",
    "cu cm",
    "square",
    "are",
    "rupee",
    "rounds",
    "cubic",
    "cc",
    "mtr",
    "s",
    "ohm",
    "number",
    "day",
    "hour",
    "minute",
    "min",
    "second",
    "man",
    "woman",
    "sec",
    "cube",
    "mt",
    "sq inch",
    "mp",
    "∏ cm ³",
    "hectare",
    "more",
    "unit",
    "cu ? m",
    "cm 2",
    "rs ?",
    "rs",
    "kg",
    "g",
    "month",
    "km",
    "m",
    "cm",
    "mm",
    "apple",
    "liter",
    "loss",
    "yard",
    "pure",
    "year",
    "increase",
    "decrease",
    "d",
    "less",
    "Surface",
    "litre",
    "pi sq m",
    "s ?",
    "metre",
    "meter",
    "inch",
};

bool MatchesUnit(std::string_view s, std::string_view unit) {
  if (s.size() != unit.size()) return false;
  for (size_t i = 0; i < s.size(); ++i) {
    if (unit[i] != '?' && unit[i] != s[i]) return false;
  }
  return true;
}

bool IsUnit(std::string_view s) {
  for (std::string_view unit : kUnits) {
    if (MatchesUnit(s, unit)) return true;
    if (s.size() == unit.size() + 1 && s.back() == 's' && MatchesUnit(s.substr(0, unit.size()), unit)) return true;
    if (s.size() == unit.size() + 2 && s.substr(unit.size()) == "es" && MatchesUnit(s.substr(0, unit.size()), unit)) return true;
  }
  return false;
}

// Cuts a unit word at the end that follows a digit, a brace or a blank; that character stays.
std::string CutUnitWord(std::string text) {
  size_t end = text.size();
  while (end > 0 && IsSpace(text[end - 1])) --end;
  constexpr size_t kLongestUnit = 24;
  for (size_t at = end > kLongestUnit ? end - kLongestUnit : 0; at < end; ++at) {
    const char c = text[at];
    if (!IsDigit(c) && c != '}' && !IsSpace(c)) continue;
    const std::string_view view(text);
    const size_t word = SkipSpaces(view, at + 1);
    // A unit may itself begin with a blank, and a wildcard may stand for one at the end.
    for (size_t start = word > at + 1 ? word - 1 : word; start <= word; ++start) {
      for (size_t stop = end; stop <= std::min(end + 1, text.size()); ++stop) {
        if (start < stop && IsUnit(view.substr(start, stop - start))) return text.substr(0, at + 1);
      }
    }
  }
  return text;
}

std::string Strip(std::string_view text) {
  size_t begin = 0, end = text.size();
  while (begin < end && IsSpace(text[begin])) ++begin;
  while (end > begin && IsSpace(text[end - 1])) --end;
  return std::string(text.substr(begin, end - begin));
}

// "5 \text{ cm}^2" -> "5": everything from the first \text{ or \mbox{ when the text ends in a brace, or in one and an exponent.
std::string CutTextUnit(const std::string& text) {
  const size_t start = std::min(text.find("\\text{"), text.find("\\mbox{"));
  if (start == std::string::npos) return Strip(text);
  size_t end = text.size();
  if (end >= 4 && text[end - 1] == '}' && IsDigit(text[end - 2]) && text[end - 3] == '^' && text[end - 4] == '{' && end >= 5 &&
      text[end - 5] == '}' && end - 5 > start + 5) {
    end -= 4;
  } else if (end >= 3 && IsDigit(text[end - 1]) && text[end - 2] == '^' && text[end - 3] == '}') {
    end -= 2;
  }
  if (text[end - 1] != '}' || end - 1 < start + 6) return Strip(text);
  const std::string rest = Strip(std::string_view(text).substr(0, start));
  return rest.empty() ? text : rest;
}

std::string CutUnits(std::string text) {
  text = CutTextUnit(text);
  for (int i = 0; i < 2; ++i) {
    std::string cut = CutUnitWord(text);
    if (!cut.empty()) text = std::move(cut);
  }
  return text;
}

}  // namespace

std::string NormalizeLatex(std::string_view text, Boxes boxes, size_t max_bytes) {
  std::string result = BoxedContent(text, boxes);
  if (result.size() > max_bytes) return "";
  result = UnifyCommands(ShortenBlanks(result));
  result = CutUnits(std::move(result));
  if (!result.empty() && result[0] == '.') result.insert(0, "0");
  if (result == "0.5") result = "\\frac{1}{2}";
  return Strip(BraceArguments(std::move(result)));
}

}  // namespace tidemark::math
