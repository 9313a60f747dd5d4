// The printable spelling of bytes in byte-level BPE vocabularies, and back.
//
// GPT-2 writes each byte of a token as one printable character, so that a vocabulary is a text file: bytes that print in
// Latin-1 (0x21-0x7E, 0xA1-0xAC, 0xAE-0xFF) stand for themselves, the other 68 become U+0100, U+0101, ... in byte order
// (the space is "Ġ", U+0120). Source: openai/gpt-2 src/encoder.py, bytes_to_unicode.
#ifndef TIDEMARK_ENGINE_TOKENIZER_BYTE_LEVEL_H_
#define TIDEMARK_ENGINE_TOKENIZER_BYTE_LEVEL_H_

#include <optional>
#include <string>
#include <string_view>

namespace tidemark {

// The bytes that a spelling stands for; nullopt if one of its characters is none of the 256.
std::optional<std::string> BytesOfSpelling(std::string_view spelling);

// The spelling of bytes; inverse of BytesOfSpelling.
std::string SpellingOfBytes(std::string_view bytes);

}  // namespace tidemark

#endif  // TIDEMARK_ENGINE_TOKENIZER_BYTE_LEVEL_H_
