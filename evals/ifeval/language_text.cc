#include "evals/ifeval/language_text.h"

#include <algorithm>

namespace tidemark {
namespace {

bool IsAlnum(char32_t c) { return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z'); }
bool IsDomain(char32_t c) { return IsAlnum(c) || c == '-' || c == '_'; }
bool IsMail(char32_t c) { return IsDomain(c) || c == '.'; }
bool IsUrl(char32_t c) {
  return IsAlnum(c) || (c < 0x80 && std::u32string_view(U"-_.?&~;+=/#").find(c) != std::u32string_view::npos);
}

// How many characters from pos on belong to the class, limit at most.
template <typename Class>
size_t Run(std::u32string_view text, size_t pos, size_t limit, Class belongs) {
  const size_t end = std::min(text.size(), pos + limit);
  size_t i = pos;
  while (i < end && belongs(text[i])) ++i;
  return i - pos;
}

// End of the domain that starts at pos, or pos if there is none. The first part takes all it can and gives back one character
// if nothing is left for the second.
size_t DomainEnd(std::u32string_view text, size_t pos) {
  constexpr size_t kPart = 255;
  const size_t first = Run(text, pos, kPart, IsDomain);
  if (first == 0) return pos;
  const size_t second = Run(text, pos + first, kPart, IsMail);
  if (second > 0) return pos + first + second;
  return first > 1 ? pos + first : pos;
}

}  // namespace

std::u32string BlankUrls(std::u32string_view text) {
  constexpr size_t kMaxTail = 2076;
  std::u32string out;
  size_t copied = 0;
  for (size_t i = text.find(U"http"); i != text.npos; i = text.find(U"http", i)) {
    size_t tail = i + 4;
    if (text.substr(tail, 1) == U"s") ++tail;
    const bool scheme = text.substr(tail, 3) == U"://";
    const size_t length = scheme ? Run(text, tail + 3, kMaxTail, IsUrl) : 0;
    if (length == 0) {
      ++i;
      continue;
    }
    out.append(text, copied, i - copied);
    out += U' ';
    i = copied = tail + 3 + length;
  }
  return out.append(text, copied);
}

std::u32string BlankMailAddresses(std::u32string_view text) {
  constexpr size_t kMaxName = 64;
  std::u32string out;
  size_t copied = 0;
  for (size_t at = text.find(U'@'); at != text.npos; at = text.find(U'@', at)) {
    size_t start = at;
    while (start > copied && at - start < kMaxName && IsMail(text[start - 1])) --start;
    const size_t end = start < at ? DomainEnd(text, at + 1) : at + 1;
    if (end == at + 1) {
      ++at;
      continue;
    }
    out.append(text, copied, start - copied);
    out += U' ';
    at = copied = end;
  }
  return out.append(text, copied);
}

char32_t NormalizeByBlock(char32_t c) {
  if (c < 0x80) return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ? c : U' ';
  if (c == 0x219) return 0x15F;
  if (c == 0x21B) return 0x163;
  if (c == 0x6CC) return 0x64A;
  if (c >= 0x1EA0 && c <= 0x1EFF) return 0x1EC3;
  if (c >= 0x2000 && c <= 0x206F) return U' ';
  if (c >= 0x3040 && c <= 0x309F) return 0x3042;
  if (c >= 0x30A0 && c <= 0x30FF) return 0x30A2;
  if ((c >= 0x3100 && c <= 0x312F) || (c >= 0x31A0 && c <= 0x31BF)) return 0x3105;
  if (c >= 0xAC00 && c <= 0xD7AF) return 0xAC00;
  return c;
}

}  // namespace tidemark
