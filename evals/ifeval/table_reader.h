// Reads the compact embedded tables (layouts: tables/build_langdetect_table.py, tables/build_punkt_table.py).
#ifndef TIDEMARK_EVALS_IFEVAL_TABLE_READER_H_
#define TIDEMARK_EVALS_IFEVAL_TABLE_READER_H_

#include <cstdint>
#include <string>
#include <string_view>

#include "engine/core/error.h"

namespace tidemark {

// A cursor over the bytes of one table. Every read past the end throws Error naming the table.
class TableReader {
 public:
  TableReader(std::string_view name, std::string_view bytes, std::string_view magic) : name_(name), bytes_(bytes) {
    if (Bytes(magic.size()) != magic) Fail("another file type", std::string(magic));
  }

  std::string_view Bytes(uint64_t n) {
    if (n > bytes_.size() - pos_) Fail("the end of the table", "more data");
    const std::string_view part = bytes_.substr(pos_, n);
    pos_ += n;
    return part;
  }

  uint8_t Byte() { return static_cast<uint8_t>(Bytes(1)[0]); }

  // Unsigned LEB128 of at most 32 bits.
  uint32_t Varint() {
    uint64_t value = 0;
    for (int shift = 0; shift < 35; shift += 7) {
      const uint8_t b = Byte();
      value |= static_cast<uint64_t>(b & 0x7F) << shift;
      if (b < 0x80 && value <= UINT32_MAX) return static_cast<uint32_t>(value);
    }
    Fail("an overlong number", "at most 32 bits");
  }

  // A count of things that take at least one byte each, so that it can be reserved without trust in the file.
  uint32_t Count() {
    const uint32_t n = Varint();
    if (n > bytes_.size() - pos_) Fail("a count beyond the end", "at most the bytes left");
    return n;
  }

  std::u32string String() {
    std::u32string out(Count(), U'\0');
    for (char32_t& c : out) c = Varint();
    return out;
  }

  void ExpectEnd() const {
    if (pos_ != bytes_.size()) Fail("trailing bytes", "the end of the table");
  }

  [[noreturn]] void Fail(std::string found, std::string expected) const {
    throw Error("table " + std::string(name_) + " at byte " + std::to_string(pos_), std::move(found), std::move(expected));
  }

 private:
  std::string_view name_, bytes_;
  size_t pos_ = 0;
};

}  // namespace tidemark

#endif  // TIDEMARK_EVALS_IFEVAL_TABLE_READER_H_
