#include "engine/chat/text.h"

#include <fmt/format.h>
#include <unicode/locid.h>
#include <unicode/uchar.h>
#include <unicode/unistr.h>

#include <algorithm>

#include "engine/core/utf8.h"

namespace tidemark::jinja {
namespace {

char32_t At(std::string_view s, size_t& pos) { return NextCodePoint(s, pos).value_or(kReplacementCharacter); }

icu::UnicodeString ToIcu(std::string_view s) {
  return icu::UnicodeString::fromUTF8(icu::StringPiece(s.data(), static_cast<int32_t>(s.size())));
}

std::string FromIcu(const icu::UnicodeString& s) {
  std::string out;
  s.toUTF8String(out);
  return out;
}

std::string TitleOf(char32_t c) {
  icu::UnicodeString s(static_cast<UChar32>(c));
  s.toTitle(nullptr, icu::Locale::getRoot(), U_TITLECASE_NO_LOWERCASE | U_TITLECASE_NO_BREAK_ADJUSTMENT);
  return FromIcu(s);
}

bool IsCased(char32_t c) { return u_hasBinaryProperty(static_cast<UChar32>(c), UCHAR_CASED); }

size_t LastCharacter(std::string_view s, size_t end) {
  size_t pos = end - 1;
  while (pos > 0 && (static_cast<unsigned char>(s[pos]) & 0xC0) == 0x80) --pos;
  return pos;
}

}  // namespace

bool IsSpace(char32_t c) {
  return (c >= 0x09 && c <= 0x0D) || (c >= 0x1C && c <= 0x20) || c == 0x85 || c == 0xA0 || c == 0x1680 ||
         (c >= 0x2000 && c <= 0x200A) || c == 0x2028 || c == 0x2029 || c == 0x202F || c == 0x205F || c == 0x3000;
}

bool IsIdentifier(std::string_view s) {
  bool first = true;
  for (size_t pos = 0; pos < s.size(); first = false) {
    const auto c = static_cast<UChar32>(At(s, pos));
    if (c == '_') continue;
    if (!u_hasBinaryProperty(c, first ? UCHAR_XID_START : UCHAR_XID_CONTINUE)) return false;
  }
  return !s.empty();
}

size_t CodePoints(std::string_view s) {
  return static_cast<size_t>(
      std::count_if(s.begin(), s.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }));
}

size_t CodePointBytes(std::string_view s, size_t pos) {
  const size_t start = pos;
  At(s, pos);
  return pos - start;
}

std::string_view LeftStrip(std::string_view s) {
  size_t start = 0;
  while (start < s.size()) {
    size_t pos = start;
    if (!IsSpace(At(s, pos))) break;
    start = pos;
  }
  return s.substr(start);
}

std::string_view RightStrip(std::string_view s) {
  while (!s.empty()) {
    const size_t start = LastCharacter(s, s.size());
    size_t pos = start;
    if (!IsSpace(At(s, pos))) break;
    s = s.substr(0, start);
  }
  return s;
}

std::string_view LeftStrip(std::string_view s, std::string_view set) {
  const std::u32string wanted = DecodeUtf8(set);
  while (!s.empty()) {
    size_t pos = 0;
    if (wanted.find(At(s, pos)) == std::u32string::npos) break;
    s = s.substr(pos);
  }
  return s;
}

std::string_view RightStrip(std::string_view s, std::string_view set) {
  const std::u32string wanted = DecodeUtf8(set);
  while (!s.empty()) {
    const size_t start = LastCharacter(s, s.size());
    size_t pos = start;
    if (wanted.find(At(s, pos)) == std::u32string::npos) break;
    s = s.substr(0, start);
  }
  return s;
}

std::string Upper(std::string_view s) { return FromIcu(ToIcu(s).toUpper(icu::Locale::getRoot())); }
std::string Lower(std::string_view s) { return FromIcu(ToIcu(s).toLower(icu::Locale::getRoot())); }
std::string CaseFold(std::string_view s) { return FromIcu(ToIcu(s).foldCase()); }

std::string SwapCase(std::string_view s) {
  std::string out;
  for (size_t pos = 0; pos < s.size();) {
    const size_t start = pos;
    const char32_t c = At(s, pos);
    const std::string_view one = s.substr(start, pos - start);
    out += u_isUUppercase(static_cast<UChar32>(c))   ? Lower(one)
           : u_isULowercase(static_cast<UChar32>(c)) ? Upper(one)
                                                     : std::string(one);
  }
  return out;
}

std::string Capitalize(std::string_view s) {
  if (s.empty()) return {};
  size_t pos = 0;
  const std::string head = TitleOf(At(s, pos));
  return head + Lower(s.substr(pos));
}

std::string TitleCase(std::string_view s) {
  std::string out;
  for (size_t pos = 0; pos < s.size();) {
    const size_t start = pos;
    const char32_t c = At(s, pos);
    if (!IsCased(c)) {
      out += s.substr(start, pos - start);
      continue;
    }
    out += TitleOf(c);
    const size_t rest = pos;
    for (size_t look = pos; look < s.size() && IsCased(At(s, look));) pos = look;
    out += Lower(s.substr(rest, pos - rest));
  }
  return out;
}

bool All(std::string_view s, CharClass which) {
  for (size_t pos = 0; pos < s.size();) {
    const char32_t c32 = At(s, pos);
    const auto c = static_cast<UChar32>(c32);
    const int32_t numeric = u_getIntPropertyValue(c, UCHAR_NUMERIC_TYPE);
    bool ok = false;
    switch (which) {
      case CharClass::kAlpha:
        ok = u_isalpha(c);
        break;
      case CharClass::kDecimal:
        ok = numeric == U_NT_DECIMAL;
        break;
      case CharClass::kDigit:
        ok = numeric == U_NT_DECIMAL || numeric == U_NT_DIGIT;
        break;
      case CharClass::kNumeric:
        ok = numeric != U_NT_NONE;
        break;
      case CharClass::kAlnum:
        ok = u_isalpha(c) || numeric != U_NT_NONE;
        break;
      case CharClass::kSpace:
        ok = IsSpace(c32);
        break;
    }
    if (!ok) return false;
  }
  return !s.empty();
}

namespace {
bool AllCased(std::string_view s, bool upper) {
  bool any = false;
  for (size_t pos = 0; pos < s.size();) {
    const auto c = static_cast<UChar32>(At(s, pos));
    const bool is_upper = u_isUUppercase(c);
    const bool is_lower = u_isULowercase(c);
    if (u_charType(c) == U_TITLECASE_LETTER || (upper ? is_lower : is_upper)) return false;
    any = any || (upper ? is_upper : is_lower);
  }
  return any;
}
}  // namespace

bool IsUpper(std::string_view s) { return AllCased(s, true); }
bool IsLower(std::string_view s) { return AllCased(s, false); }

namespace {
bool IsPrintable(char32_t c) {
  if (c == ' ') return true;
  switch (u_charType(static_cast<UChar32>(c))) {
    case U_CONTROL_CHAR:
    case U_FORMAT_CHAR:
    case U_SURROGATE:
    case U_PRIVATE_USE_CHAR:
    case U_UNASSIGNED:
    case U_LINE_SEPARATOR:
    case U_PARAGRAPH_SEPARATOR:
    case U_SPACE_SEPARATOR:
      return false;
    default:
      return true;
  }
}
}  // namespace

std::string ReprText(std::string_view s) {
  const bool has_single = s.find('\'') != std::string_view::npos;
  const char quote = has_single && s.find('"') == std::string_view::npos ? '"' : '\'';
  std::string out(1, quote);
  for (size_t pos = 0; pos < s.size();) {
    const size_t start = pos;
    const char32_t c = At(s, pos);
    if (c == static_cast<char32_t>(quote) || c == '\\') {
      out += '\\';
      out += static_cast<char>(c);
    } else if (c == '\n') {
      out += "\\n";
    } else if (c == '\r') {
      out += "\\r";
    } else if (c == '\t') {
      out += "\\t";
    } else if (IsPrintable(c)) {
      out += s.substr(start, pos - start);
    } else if (c < 0x100) {
      out += fmt::format("\\x{:02x}", static_cast<uint32_t>(c));
    } else if (c < 0x10000) {
      out += fmt::format("\\u{:04x}", static_cast<uint32_t>(c));
    } else {
      out += fmt::format("\\U{:08x}", static_cast<uint32_t>(c));
    }
  }
  return out + quote;
}

std::string JsonText(std::string_view s, bool ensure_ascii) {
  std::string out = "\"";
  for (size_t pos = 0; pos < s.size();) {
    const size_t start = pos;
    const char32_t c = At(s, pos);
    static constexpr std::string_view kShort = "\"\\\b\f\n\r\t";
    static constexpr std::string_view kLetters = "\"\\bfnrt";
    const size_t found = c < 0x80 ? kShort.find(static_cast<char>(c)) : std::string_view::npos;
    if (found != std::string_view::npos) {
      out += '\\';
      out += kLetters[found];
    } else if (c < 0x20 || (ensure_ascii && c > 0x7E && c < 0x10000)) {
      out += fmt::format("\\u{:04x}", static_cast<uint32_t>(c));
    } else if (ensure_ascii && c >= 0x10000) {
      const uint32_t v = static_cast<uint32_t>(c) - 0x10000;
      out += fmt::format("\\u{:04x}\\u{:04x}", 0xD800 + (v >> 10), 0xDC00 + (v & 0x3FF));
    } else {
      out += s.substr(start, pos - start);
    }
  }
  return out + '"';
}

std::string EscapeHtml(std::string_view s) {
  std::string out;
  for (const char c : s) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '\'':
        out += "&#39;";
        break;
      case '"':
        out += "&#34;";
        break;
      default:
        out += c;
    }
  }
  return out;
}

// ---- splitting

std::vector<std::string> Split(std::string_view s, std::optional<std::string_view> separator, int64_t limit) {
  std::vector<std::string> out;
  if (separator) {
    size_t start = 0;
    for (size_t hit; limit != 0 && (hit = s.find(*separator, start)) != std::string_view::npos; --limit) {
      out.emplace_back(s.substr(start, hit - start));
      start = hit + separator->size();
    }
    out.emplace_back(s.substr(start));
    return out;
  }
  s = LeftStrip(s);
  while (!s.empty()) {
    if (limit-- == 0) {
      out.emplace_back(RightStrip(s));
      return out;
    }
    size_t end = 0;
    for (size_t pos = 0; end < s.size(); end = pos) {
      if (IsSpace(At(s, pos))) break;
    }
    out.emplace_back(s.substr(0, end));
    s = LeftStrip(s.substr(end));
  }
  return out;
}

std::vector<std::string> RightSplit(std::string_view s, std::optional<std::string_view> separator, int64_t limit) {
  std::vector<std::string> out;
  if (separator) {
    for (size_t hit; limit != 0 && (hit = s.rfind(*separator)) != std::string_view::npos; --limit) {
      out.emplace_back(s.substr(hit + separator->size()));
      s = s.substr(0, hit);
    }
    out.emplace_back(s);
  } else {
    s = RightStrip(s);
    while (!s.empty()) {
      if (limit-- == 0) {
        out.emplace_back(LeftStrip(s));
        break;
      }
      size_t start = s.size();
      while (start > 0) {
        const size_t previous = LastCharacter(s, start);
        size_t pos = previous;
        if (IsSpace(At(s, pos))) break;
        start = previous;
      }
      out.emplace_back(s.substr(start));
      s = RightStrip(s.substr(0, start));
    }
  }
  std::reverse(out.begin(), out.end());
  return out;
}

std::vector<std::string> SplitLines(std::string_view s, bool keep_ends) {
  std::vector<std::string> out;
  size_t start = 0;
  for (size_t pos = 0; pos < s.size();) {
    const size_t here = pos;
    const char32_t c = At(s, pos);
    const bool breaks = (c >= 0x0A && c <= 0x0D) || (c >= 0x1C && c <= 0x1E) || c == 0x85 || c == 0x2028 || c == 0x2029;
    if (!breaks) continue;
    if (c == '\r' && pos < s.size() && s[pos] == '\n') ++pos;
    out.emplace_back(s.substr(start, (keep_ends ? pos : here) - start));
    start = pos;
  }
  if (start < s.size()) out.emplace_back(s.substr(start));
  return out;
}

std::string Replace(std::string_view s, std::string_view from, std::string_view to, int64_t limit) {
  std::string out;
  size_t pos = 0;
  if (from.empty()) {
    for (; limit != 0; --limit) {
      out += to;
      if (pos >= s.size()) return out;
      const size_t bytes = CodePointBytes(s, pos);
      out += s.substr(pos, bytes);
      pos += bytes;
    }
    out += s.substr(pos);
    return out;
  }
  for (size_t hit; limit != 0 && (hit = s.find(from, pos)) != std::string_view::npos; --limit) {
    out += s.substr(pos, hit - pos);
    out += to;
    pos = hit + from.size();
  }
  out += s.substr(pos);
  return out;
}

}  // namespace tidemark::jinja
