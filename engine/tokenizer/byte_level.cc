#include "engine/tokenizer/byte_level.h"

#include <array>

#include "engine/core/utf8.h"

namespace tidemark {
namespace {

constexpr int kFirstMoved = 0x100;  // spelling of the first byte that does not stand for itself
constexpr int kMovedBytes = 68;

constexpr bool StandsForItself(int byte) { return (byte >= 0x21 && byte <= 0x7E) || (byte >= 0xA1 && byte != 0xAD); }

struct SpellingTable {
  std::array<char16_t, 256> code_point = {};
  std::array<unsigned char, kMovedBytes> moved = {};  // byte spelled kFirstMoved + index
};

constexpr SpellingTable MakeTable() {
  SpellingTable table;
  int next = 0;
  for (int byte = 0; byte < 256; ++byte) {
    if (StandsForItself(byte)) {
      table.code_point[byte] = static_cast<char16_t>(byte);
    } else {
      table.moved[next] = static_cast<unsigned char>(byte);
      table.code_point[byte] = static_cast<char16_t>(kFirstMoved + next++);
    }
  }
  return table;
}

constexpr SpellingTable kTable = MakeTable();

}  // namespace

std::optional<std::string> BytesOfSpelling(std::string_view spelling) {
  std::string bytes;
  bytes.reserve(spelling.size());
  for (size_t pos = 0; pos < spelling.size();) {
    const std::optional<char32_t> c = NextCodePoint(spelling, pos);
    if (!c) return std::nullopt;
    if (*c >= kFirstMoved && *c < kFirstMoved + kMovedBytes) {
      bytes += static_cast<char>(kTable.moved[*c - kFirstMoved]);
    } else if (*c < 0x100 && StandsForItself(static_cast<int>(*c))) {
      bytes += static_cast<char>(*c);
    } else {
      return std::nullopt;
    }
  }
  return bytes;
}

std::string SpellingOfBytes(std::string_view bytes) {
  std::string spelling;
  spelling.reserve(bytes.size() * 2);
  for (const char byte : bytes) AppendUtf8(kTable.code_point[static_cast<unsigned char>(byte)], spelling);
  return spelling;
}

}  // namespace tidemark
