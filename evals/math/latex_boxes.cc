// Boxes, and missing braces. The searches for a closing delimiter never go back, so that all of this is linear.
#include "evals/math/latex_boxes.h"

#include <algorithm>
#include <vector>

#include "evals/math/latex_normalize.h"

namespace tidemark::math {
namespace {

bool IsDigit(char c) { return c >= '0' && c <= '9'; }
bool IsSpace(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }
bool IsWordCharacter(char c) { return IsDigit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }

std::string_view Strip(std::string_view s) {
  while (!s.empty() && IsSpace(s.front())) s.remove_prefix(1);
  while (!s.empty() && IsSpace(s.back())) s.remove_suffix(1);
  return s;
}

// "and", "or" as words, a comma, a semicolon.
bool HasSeparator(std::string_view s) {
  if (s.find_first_of(",;") != std::string_view::npos) return true;
  for (std::string_view word : {std::string_view("and"), std::string_view("or")}) {
    for (size_t at = s.find(word); at != std::string_view::npos; at = s.find(word, at + 1)) {
      const size_t end = at + word.size();
      if ((at == 0 || !IsWordCharacter(s[at - 1])) && (end == s.size() || !IsWordCharacter(s[end]))) return true;
    }
  }
  return false;
}

// The closing brace of the one at `open`, before `limit`; npos: none.
size_t ClosingBrace(std::string_view s, size_t open, size_t limit) {
  int depth = 1;
  for (size_t i = open + 1; i < limit; ++i) {
    if (s[i] == '{') ++depth;
    if (s[i] == '}' && --depth == 0) return i;
  }
  return std::string_view::npos;
}

size_t CountCodePoints(std::string_view s) {
  return static_cast<size_t>(
      std::count_if(s.begin(), s.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }));
}

size_t SkipSpace(std::string_view s, size_t at) { return at < s.size() && IsSpace(s[at]) ? at + 1 : at; }

// name( ... ) -> before{ ... }: up to the first closing bracket on the line.
std::string BraceBracket(const std::string& text, std::string_view name, std::string_view before) {
  std::string result;
  size_t at = 0;
  while (true) {
    const size_t found = text.find(name, at);
    if (found == std::string::npos) break;
    const size_t open = SkipSpace(text, found + name.size());
    if (open >= text.size() || text[open] != '(') {
      result.append(text, at, found + 1 - at);
      at = found + 1;
      continue;
    }
    const size_t close = text.find(')', open);
    if (close == std::string::npos) break;
    result.append(text, at, found - at);
    result.append(before).append("{").append(text, open + 1, close - open - 1).append("}");
    at = close + 1;
  }
  return result.append(text, at, std::string::npos);
}

// name 1 23 -> name{1}{23}: one digit, then all digits after at most one blank.
std::string BraceTwoNumbers(const std::string& text, std::string_view name) {
  std::string result;
  size_t at = 0;
  while (true) {
    const size_t found = text.find(name, at);
    if (found == std::string::npos) break;
    const size_t first = SkipSpace(text, found + name.size());
    size_t second = first < text.size() && IsDigit(text[first]) ? SkipSpace(text, first + 1) : text.size();
    size_t end = second;
    while (end < text.size() && IsDigit(text[end])) ++end;
    if (end == second) {
      result.append(text, at, found + 1 - at);
      at = found + 1;
      continue;
    }
    result.append(text, at, found - at).append(name).append("{").append(1, text[first]).append("}{");
    result.append(text, second, end - second).append("}");
    at = end;
  }
  return result.append(text, at, std::string::npos);
}

// \frac{...}2 -> \frac{...}{2}: the digit after the first brace that has one behind it.
std::string BraceSecondDigit(const std::string& text) {
  std::string result;
  size_t at = 0, close = 0;
  while (true) {
    const size_t found = text.find("\\frac", at);
    if (found == std::string::npos) break;
    const size_t open = SkipSpace(text, found + 5);
    if (open >= text.size() || text[open] != '{') {
      result.append(text, at, found + 1 - at);
      at = found + 1;
      continue;
    }
    // The search never goes back, so that many fractions stay linear.
    close = std::max(close, open + 1);
    size_t digit = 0;
    for (; close < text.size(); ++close) {
      if (text[close] != '}') continue;
      digit = SkipSpace(text, close + 1);
      if (digit < text.size() && IsDigit(text[digit])) break;
    }
    if (close >= text.size()) break;
    result.append(text, at, found - at).append("\\frac{").append(text, open + 1, close - open - 1);
    result.append("}{").append(1, text[digit]).append("}");
    at = digit + 1;
  }
  return result.append(text, at, std::string::npos);
}

// \frac1{...} and \sqrt2: braces around one digit. `closed`: only before a braced argument.
std::string BraceDigit(const std::string& text, std::string_view name, bool closed) {
  std::string result;
  size_t at = 0;
  while (true) {
    const size_t found = text.find(name, at);
    if (found == std::string::npos) break;
    const size_t digit = SkipSpace(text, found + name.size());
    bool match = digit < text.size() && IsDigit(text[digit]);
    if (match && closed) {
      const size_t open = SkipSpace(text, digit + 1);
      match = open < text.size() && text[open] == '{' && text.find('}', open) != std::string::npos;
      if (match) {
        const size_t close = text.find('}', open);
        result.append(text, at, found - at).append(name).append("{").append(1, text[digit]).append("}{");
        result.append(text, open + 1, close - open);
        at = close + 1;
        continue;
      }
    }
    if (!match) {
      result.append(text, at, found + 1 - at);
      at = found + 1;
      continue;
    }
    result.append(text, at, found - at).append(name).append("{").append(1, text[digit]).append("}");
    at = digit + 1;
  }
  return result.append(text, at, std::string::npos);
}

std::vector<std::string_view> Split(std::string_view text, std::string_view separator) {
  std::vector<std::string_view> parts;
  while (true) {
    const size_t found = text.find(separator);
    parts.push_back(text.substr(0, found));
    if (found == std::string_view::npos) return parts;
    text.remove_prefix(found + separator.size());
  }
}

std::string_view StripLeft(std::string_view s) {
  while (!s.empty() && IsSpace(s.front())) s.remove_prefix(1);
  return s;
}

// The bytes of the first code point.
size_t FirstCharacter(std::string_view s) {
  size_t length = std::min<size_t>(1, s.size());
  while (length < s.size() && (static_cast<unsigned char>(s[length]) & 0xC0) == 0x80) ++length;
  return length;
}

std::string BraceRoots(const std::string& text) {
  const std::vector<std::string_view> parts = Split(text, "\\sqrt");
  std::string result(parts[0]);
  for (size_t i = 1; i < parts.size(); ++i) {
    const std::string_view part = StripLeft(parts[i]);
    result += "\\sqrt";
    if (!part.empty() && part[0] != '{' && part[0] != '[') {
      const size_t first = FirstCharacter(part);
      result.append("{").append(part.substr(0, first)).append("}").append(part.substr(first));
    } else {
      result += part;
    }
  }
  return result;
}

std::string BraceFractions(std::string text) {
  const std::vector<std::string_view> parts = Split(text, "\\frac");
  std::string result(parts[0]);
  for (size_t i = 1; i < parts.size(); ++i) {
    const std::string_view part = StripLeft(parts[i]);
    result += "\\frac";
    if (!part.empty() && part[0] == '{') {
      result += part;
      continue;
    }
    const size_t first = FirstCharacter(part);
    const size_t second = FirstCharacter(part.substr(first));
    if (second == 0) return text;  // too short: leave the whole text alone
    result.append("{").append(part.substr(0, first)).append("}");
    const std::string_view b = part.substr(first, second);
    if (b != "{") {
      result.append("{").append(b).append("}");
    } else {
      result.append(b);
    }
    result.append(part.substr(first + second));
  }
  return result;
}

}  // namespace

std::string BoxedContent(std::string_view text, Boxes boxes) {
  std::vector<std::string> found;
  size_t limit = text.size();  // boxes are looked for before this place
  size_t last_start = std::string_view::npos;
  size_t boxed = text.rfind("\\boxed"), framed = text.rfind("\\fbox");
  while (true) {
    const auto before_limit = [&](std::string_view name, size_t& at) {
      if (at != std::string_view::npos && at + name.size() > limit) at = text.substr(0, limit).rfind(name);
    };
    before_limit("\\boxed", boxed);
    before_limit("\\fbox", framed);
    if (boxed == std::string_view::npos && framed == std::string_view::npos) break;
    const bool is_boxed = framed == std::string_view::npos || (boxed != std::string_view::npos && boxed > framed);
    const size_t start = is_boxed ? boxed : framed;
    size_t open = start + (is_boxed ? 6 : 5);
    while (open < limit && IsSpace(text[open])) ++open;
    if (open >= limit) break;
    const size_t close = text[open] == '{' ? ClosingBrace(text, open, limit) : std::string_view::npos;
    if (close == std::string_view::npos) {
      if (found.empty()) found.emplace_back(text.substr(open));
      break;
    }
    std::string content(Strip(text.substr(open + 1, close - open - 1)));
    if (boxes == Boxes::kLast && last_start != std::string_view::npos) {
      const std::string_view between = text.substr(close + 1, last_start - close - 1);
      const size_t length = CountCodePoints(between);
      const bool different = found.empty() || found.back() != content;
      if (!(length < 10 || (different && length < 70 && HasSeparator(between)))) break;
    }
    if (found.empty() || found.back() != content) found.push_back(std::move(content));
    last_start = start;
    limit = start;
  }
  if (found.empty()) return std::string(text);
  std::string joined;
  for (size_t i = found.size(); i-- > 0;) {
    joined += found[i];
    if (i > 0) joined += ",";
  }
  return joined;
}

std::string BraceArguments(std::string text) {
  text = BraceBracket(text, "^", "^");
  text = BraceBracket(text, "sqrt", "\\sqrt");
  text = BraceTwoNumbers(text, "\\frac");
  text = BraceTwoNumbers(text, "\\log_");
  text = BraceSecondDigit(text);
  text = BraceDigit(text, "\\frac", true);
  text = BraceDigit(text, "\\sqrt", false);
  for (size_t at = text.find(" sqrt"); at != std::string::npos; at = text.find(" sqrt", at + 1)) text[at] = '\\';
  text = BraceRoots(text);
  return BraceFractions(std::move(text));
}

}  // namespace tidemark::math
