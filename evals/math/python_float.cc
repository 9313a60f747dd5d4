// The grammar of float(), then the standard library's conversion. Source: CPython 3.11 Objects/floatobject.c.
#include "evals/math/python_float.h"

#include <cstdlib>
#include <limits>
#include <string>

#include "evals/ifeval/python_text.h"

namespace tidemark::math {
namespace {

bool IsDigit(char32_t c) { return c >= U'0' && c <= U'9'; }

// [0-9](_?[0-9])* appended without underscores; false: an underscore out of place.
bool TakeDigits(std::u32string_view text, size_t& at, std::string& out) {
  while (at < text.size()) {
    const bool underscore = text[at] == U'_';
    if (underscore && (at == 0 || !IsDigit(text[at - 1]) || at + 1 >= text.size() || !IsDigit(text[at + 1]))) return false;
    if (!underscore && !IsDigit(text[at])) return true;
    if (!underscore) out += static_cast<char>(text[at]);
    ++at;
  }
  return true;
}

std::string LowerAscii(std::u32string_view text) {
  std::string out;
  for (const char32_t c : text) out += c < 128 ? static_cast<char>(c >= U'A' && c <= U'Z' ? c + 32 : c) : '?';
  return out;
}

}  // namespace

std::optional<double> ReadPythonFloat(std::u32string_view text) {
  text = python::Strip(text);
  std::string number;
  size_t at = 0;
  if (!text.empty() && (text[0] == U'-' || text[0] == U'+')) {
    number += static_cast<char>(text[0]);
    at = 1;
  }
  const std::string word = LowerAscii(text.substr(at));
  const double sign = number == "-" ? -1 : 1;
  if (word == "inf" || word == "infinity") return sign * std::numeric_limits<double>::infinity();
  if (word == "nan") return std::numeric_limits<double>::quiet_NaN();
  const size_t before = number.size();
  if (!TakeDigits(text, at, number)) return std::nullopt;
  size_t digits = number.size() - before;
  if (at < text.size() && text[at] == U'.') {
    number += '.';
    ++at;
    const size_t point = number.size();
    if (!TakeDigits(text, at, number)) return std::nullopt;
    digits += number.size() - point;
  }
  if (digits == 0) return std::nullopt;
  if (at < text.size() && (text[at] == U'e' || text[at] == U'E')) {
    number += 'e';
    ++at;
    if (at < text.size() && (text[at] == U'-' || text[at] == U'+')) number += static_cast<char>(text[at++]);
    const size_t exponent = number.size();
    if (!TakeDigits(text, at, number) || number.size() == exponent) return std::nullopt;
  }
  if (at != text.size()) return std::nullopt;
  return std::strtod(number.c_str(), nullptr);
}

}  // namespace tidemark::math
