// UTF-8 to code points and back (Unicode 15, section 3.9; table 3-7 says which byte sequences are well formed).
// Character classes and case mapping are ICU's business; this file knows only the encoding.
#ifndef TIDEMARK_ENGINE_CORE_UTF8_H_
#define TIDEMARK_ENGINE_CORE_UTF8_H_

#include <optional>
#include <string>
#include <string_view>

namespace tidemark {

inline constexpr char32_t kReplacementCharacter = 0xFFFD;

// Decodes the code point at text[pos] and moves pos past it. An ill-formed sequence gives nullopt and moves pos past its
// maximal well-formed prefix (at least one byte), as Python's "replace" handler and the W3C decoder do. pos < text.size().
std::optional<char32_t> NextCodePoint(std::string_view text, size_t& pos);

// All code points; each ill-formed sequence becomes one U+FFFD.
std::u32string DecodeUtf8(std::string_view text);

void AppendUtf8(char32_t c, std::string& out);
std::string EncodeUtf8(std::u32string_view text);

bool IsValidUtf8(std::string_view text);

// Length of the longest prefix of text that does not end inside a multi-byte character that could still be completed.
// Streaming output prints that many bytes and keeps the rest. Bytes that can never become valid count as complete.
size_t CompleteUtf8Prefix(std::string_view text);

}  // namespace tidemark

#endif  // TIDEMARK_ENGINE_CORE_UTF8_H_
