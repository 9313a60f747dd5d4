#include "evals/ifeval/python_text.h"

#include <unicode/uchar.h>

namespace tidemark::python {
namespace {

constexpr char32_t kCapitalSigma = 0x3A3, kSigma = 0x3C3, kFinalSigma = 0x3C2;

bool IsCased(char32_t c) { return u_hasBinaryProperty(static_cast<UChar32>(c), UCHAR_CASED); }
bool IsCaseIgnorable(char32_t c) { return u_hasBinaryProperty(static_cast<UChar32>(c), UCHAR_CASE_IGNORABLE); }

// A capital sigma at text[i] ends a word if a cased letter precedes and none follows, case-ignorable characters aside. A run
// of ignorable characters lies between two sigmas at most, so all calls together stay linear.
bool IsFinalSigma(std::u32string_view text, size_t i) {
  size_t before = i;
  while (before > 0 && IsCaseIgnorable(text[before - 1])) --before;
  if (before == 0 || !IsCased(text[before - 1])) return false;
  size_t after = i + 1;
  while (after < text.size() && IsCaseIgnorable(text[after])) ++after;
  return after == text.size() || !IsCased(text[after]);
}

}  // namespace

bool IsSpace(char32_t c) {
  if (c < 0x80) return (c >= 9 && c <= 13) || (c >= 28 && c <= 32);
  return c == 0x85 || c == 0xA0 || c == 0x1680 || (c >= 0x2000 && c <= 0x200A) || c == 0x2028 || c == 0x2029 || c == 0x202F ||
         c == 0x205F || c == 0x3000;
}

bool IsAsciiSpace(char32_t c) { return (c >= 9 && c <= 13) || c == 32; }

bool IsDigit(char32_t c) { return c < 0x80 ? c >= '0' && c <= '9' : u_isdigit(static_cast<UChar32>(c)); }

bool IsWord(char32_t c) {
  if (c < 0x80) return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '_';
  const auto u = static_cast<UChar32>(c);
  if (u_isalpha(u)) return true;
  return u_getIntPropertyValue(u, UCHAR_NUMERIC_TYPE) != U_NT_NONE;
}

bool IsUpper(char32_t c) { return c < 0x80 ? c >= 'A' && c <= 'Z' : u_isUUppercase(static_cast<UChar32>(c)); }
bool IsLower(char32_t c) { return c < 0x80 ? c >= 'a' && c <= 'z' : u_isULowercase(static_cast<UChar32>(c)); }
bool IsTitle(char32_t c) { return c >= 0x80 && u_istitle(static_cast<UChar32>(c)); }

bool IsUpperText(std::u32string_view text) {
  bool cased = false;
  for (char32_t c : text) {
    if (IsLower(c) || IsTitle(c)) return false;
    cased = cased || IsUpper(c);
  }
  return cased;
}

bool IsLowerText(std::u32string_view text) {
  bool cased = false;
  for (char32_t c : text) {
    if (IsUpper(c) || IsTitle(c)) return false;
    cased = cased || IsLower(c);
  }
  return cased;
}

std::u32string Lower(std::u32string_view text) {
  std::u32string out;
  out.reserve(text.size());
  for (size_t i = 0; i < text.size(); ++i) {
    const char32_t c = text[i];
    if (c < 0x80) {
      out += c >= 'A' && c <= 'Z' ? c + 32 : c;
    } else if (c == kCapitalSigma) {
      out += IsFinalSigma(text, i) ? kFinalSigma : kSigma;
    } else if (c == 0x130) {  // the only code point whose full lower-case mapping is longer than one
      out += U"i\u0307";
    } else {
      out += static_cast<char32_t>(u_tolower(static_cast<UChar32>(c)));
    }
  }
  return out;
}

char32_t Fold(char32_t c) {
  if (c < 0x80) return c >= 'a' && c <= 'z' ? c - 32 : c;
  // re compares lower-case forms and adds the pairs that share an upper-case form; three pairs share one only in the full
  // mapping, which ICU's simple one does not show.
  const auto folded = static_cast<char32_t>(u_toupper(u_tolower(static_cast<UChar32>(c))));
  switch (folded) {
    case 0x1FD3:
      return 0x390;
    case 0x1FE3:
      return 0x3B0;
    case 0xFB06:
      return 0xFB05;
    default:
      return folded;
  }
}

std::u32string FoldText(std::u32string_view text) {
  std::u32string out(text);
  for (char32_t& c : out) c = Fold(c);
  return out;
}

std::u32string_view StripRight(std::u32string_view text) {
  while (!text.empty() && IsSpace(text.back())) text.remove_suffix(1);
  return text;
}

std::u32string_view Strip(std::u32string_view text) {
  while (!text.empty() && IsSpace(text.front())) text.remove_prefix(1);
  return StripRight(text);
}

std::u32string_view StripAny(std::u32string_view text, std::u32string_view characters) {
  while (!text.empty() && characters.find(text.front()) != characters.npos) text.remove_prefix(1);
  while (!text.empty() && characters.find(text.back()) != characters.npos) text.remove_suffix(1);
  return text;
}

std::vector<std::u32string_view> Split(std::u32string_view text, std::u32string_view separator) {
  std::vector<std::u32string_view> pieces;
  for (size_t start = 0;;) {
    const size_t end = text.find(separator, start);
    pieces.push_back(text.substr(start, end == text.npos ? end : end - start));
    if (end == text.npos) return pieces;
    start = end + separator.size();
  }
}

std::vector<std::u32string_view> SplitWords(std::u32string_view text) {
  std::vector<std::u32string_view> words;
  for (size_t i = 0; i < text.size();) {
    const size_t start = i;
    while (i < text.size() && !IsSpace(text[i])) ++i;
    if (i > start) words.push_back(text.substr(start, i - start));
    while (i < text.size() && IsSpace(text[i])) ++i;
  }
  return words;
}

bool Contains(std::u32string_view text, std::u32string_view part) { return text.find(part) != text.npos; }

bool StartsWith(std::u32string_view text, std::u32string_view prefix) { return text.substr(0, prefix.size()) == prefix; }

bool EndsWith(std::u32string_view text, std::u32string_view suffix) {
  return text.size() >= suffix.size() && text.substr(text.size() - suffix.size()) == suffix;
}

bool IsWordBoundary(std::u32string_view text, size_t pos) {
  const bool before = pos > 0 && IsWord(text[pos - 1]);
  const bool after = pos < text.size() && IsWord(text[pos]);
  return before != after;
}

}  // namespace tidemark::python
