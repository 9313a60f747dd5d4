// Which characters the pre-tokenizer patterns call letters, numbers and white space.
//
// The patterns use \p{L}, \p{N} and \s: general categories L* and N*, and the property White_Space (Unicode 15, UAX #44).
// ICU has the data; asking it per character would cost more than the rest of the split, so a two-stage table of one byte per
// character is built once per tokenizer (4352 blocks of 256 characters, equal blocks shared: about 60 KB).
#ifndef TIDEMARK_ENGINE_TOKENIZER_CHAR_CLASS_H_
#define TIDEMARK_ENGINE_TOKENIZER_CHAR_CLASS_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace tidemark {

// Bits; a newline is white space too, everything else has at most one bit.
enum CharClass : uint8_t { kCharOther = 0, kCharLetter = 1, kCharNumber = 2, kCharSpace = 4, kCharNewline = 8 };

class CharClassTable {
 public:
  CharClassTable();

  // c <= U+10FFFF.
  uint8_t operator[](char32_t c) const { return blocks_[(static_cast<size_t>(index_[c >> 8]) << 8) | (c & 0xFF)]; }

 private:
  std::array<uint16_t, 0x1100> index_;  // c / 256 -> block
  std::vector<uint8_t> blocks_;         // [distinct blocks * 256] bits of CharClass
};

// \w of the reference's added-token matcher: Alphabetic, a mark, a decimal number, connector punctuation or Join_Control (UTS
// #18).
bool IsWordCharacter(char32_t c);

}  // namespace tidemark

#endif  // TIDEMARK_ENGINE_TOKENIZER_CHAR_CLASS_H_
