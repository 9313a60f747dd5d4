#include "engine/core/utf8.h"

#include <algorithm>

namespace tidemark {
namespace {

struct Lead {
  int length;               // bytes of the whole sequence; 0: not a lead byte
  unsigned char low, high;  // allowed range of the second byte (excludes overlong forms, surrogates, > U+10FFFF)
};

Lead ClassifyLead(unsigned char b) {
  if (b < 0x80) return {1, 0, 0};
  if (b >= 0xC2 && b <= 0xDF) return {2, 0x80, 0xBF};
  if (b == 0xE0) return {3, 0xA0, 0xBF};
  if (b == 0xED) return {3, 0x80, 0x9F};
  if (b >= 0xE1 && b <= 0xEF) return {3, 0x80, 0xBF};
  if (b == 0xF0) return {4, 0x90, 0xBF};
  if (b >= 0xF1 && b <= 0xF3) return {4, 0x80, 0xBF};
  if (b == 0xF4) return {4, 0x80, 0x8F};
  return {0, 0, 0};
}

// Bytes of the well-formed prefix of a sequence at text[pos] (1..length); the lead byte is known to be one.
int WellFormedBytes(std::string_view text, size_t pos, const Lead& lead) {
  int n = 1;
  while (n < lead.length && pos + n < text.size()) {
    const auto b = static_cast<unsigned char>(text[pos + n]);
    const bool ok = n == 1 ? b >= lead.low && b <= lead.high : b >= 0x80 && b <= 0xBF;
    if (!ok) break;
    ++n;
  }
  return n;
}

}  // namespace

std::optional<char32_t> NextCodePoint(std::string_view text, size_t& pos) {
  const auto first = static_cast<unsigned char>(text[pos]);
  const Lead lead = ClassifyLead(first);
  if (lead.length <= 1) {
    ++pos;
    return lead.length == 1 ? std::optional<char32_t>(first) : std::nullopt;
  }
  const int n = WellFormedBytes(text, pos, lead);
  const size_t start = pos;
  pos += n;
  if (n < lead.length) return std::nullopt;
  char32_t c = first & (0xFF >> (lead.length + 1));
  for (int i = 1; i < n; ++i) c = (c << 6) | (static_cast<unsigned char>(text[start + i]) & 0x3F);
  return c;
}

std::u32string DecodeUtf8(std::string_view text) {
  std::u32string out;
  out.reserve(text.size());
  for (size_t pos = 0; pos < text.size();) out += NextCodePoint(text, pos).value_or(kReplacementCharacter);
  return out;
}

void AppendUtf8(char32_t c, std::string& out) {
  if (c < 0x80) {
    out += static_cast<char>(c);
  } else if (c < 0x800) {
    out += static_cast<char>(0xC0 | (c >> 6));
    out += static_cast<char>(0x80 | (c & 0x3F));
  } else if (c < 0x10000) {
    out += static_cast<char>(0xE0 | (c >> 12));
    out += static_cast<char>(0x80 | ((c >> 6) & 0x3F));
    out += static_cast<char>(0x80 | (c & 0x3F));
  } else {
    out += static_cast<char>(0xF0 | (c >> 18));
    out += static_cast<char>(0x80 | ((c >> 12) & 0x3F));
    out += static_cast<char>(0x80 | ((c >> 6) & 0x3F));
    out += static_cast<char>(0x80 | (c & 0x3F));
  }
}

std::string EncodeUtf8(std::u32string_view text) {
  std::string out;
  out.reserve(text.size());
  for (char32_t c : text) AppendUtf8(c, out);
  return out;
}

bool IsValidUtf8(std::string_view text) {
  for (size_t pos = 0; pos < text.size();) {
    if (!NextCodePoint(text, pos)) return false;
  }
  return true;
}

size_t CompleteUtf8Prefix(std::string_view text) {
  // Only the last three bytes can begin a character that is still incomplete.
  for (size_t back = 1; back <= std::min<size_t>(3, text.size()); ++back) {
    const size_t pos = text.size() - back;
    const Lead lead = ClassifyLead(static_cast<unsigned char>(text[pos]));
    if (lead.length <= static_cast<int>(back)) {
      if (lead.length > 0) return text.size();
      continue;  // a continuation byte: look further back
    }
    return WellFormedBytes(text, pos, lead) == static_cast<int>(back) ? pos : text.size();
  }
  return text.size();
}

}  // namespace tidemark
