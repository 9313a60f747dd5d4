#include "engine/core/error.h"

#include <cstdio>
#include <cstdlib>
#include <string_view>

#include "engine/core/utf8.h"

namespace tidemark {
namespace {

std::string Compose(const std::string& place, const std::string& found, const std::string& expected, const std::string& hint) {
  std::string out = place;
  const auto add = [&out](const char* separator, const char* label, const std::string& text) {
    if (text.empty()) return;
    if (!out.empty()) out += separator;
    out += label;
    out += text;
  };
  add(": ", "found ", found);
  add(found.empty() ? ": " : ", ", "expected ", expected);
  if (!hint.empty()) out += " (" + hint + ")";
  return out;
}

}  // namespace

Error::Error(std::string place, std::string found, std::string expected, std::string hint)
    : std::runtime_error(Compose(place, found, expected, hint)),
      place_(std::move(place)),
      found_(std::move(found)),
      expected_(std::move(expected)),
      hint_(std::move(hint)) {}

std::string Printable(std::string_view text, size_t max_bytes) {
  std::string out;
  size_t pos = 0;
  while (pos < text.size()) {
    if (out.size() >= max_bytes) return out + "...";
    const size_t start = pos;
    const std::optional<char32_t> c = NextCodePoint(text, pos);
    if (!c || *c < 0x20 || (*c >= 0x7f && *c < 0xa0)) {
      for (size_t i = start; i < pos; ++i) out += fmt::format("\\x{:02x}", static_cast<unsigned char>(text[i]));
    } else {
      out += text.substr(start, pos - start);
    }
  }
  return out;
}

namespace internal {

void CheckFailed(const char* condition, const char* file, int line, const std::string& message) {
  std::fprintf(stderr, "%s:%d: check failed: %s: %s\n", file, line, condition, message.c_str());
  std::abort();
}

}  // namespace internal
}  // namespace tidemark
