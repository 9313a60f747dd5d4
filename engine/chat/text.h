// Python's str on top of UTF-8: white space, case, code-point slicing and searching.
// Source: Python documentation, "Text Sequence Type"; Unicode properties and case mapping come from ICU.
#ifndef TIDEMARK_ENGINE_CHAT_TEXT_H_
#define TIDEMARK_ENGINE_CHAT_TEXT_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tidemark::jinja {

bool IsSpace(char32_t c);                               // str.isspace of one character
bool IsIdentifier(std::string_view s);                  // str.isidentifier
size_t CodePoints(std::string_view s);                  // len(s); s is valid UTF-8
size_t CodePointBytes(std::string_view s, size_t pos);  // bytes of the character that starts at pos

std::string_view LeftStrip(std::string_view s);  // Unicode white space
std::string_view RightStrip(std::string_view s);
// Any of the characters of `set` instead of white space.
std::string_view LeftStrip(std::string_view s, std::string_view set);
std::string_view RightStrip(std::string_view s, std::string_view set);

std::string Upper(std::string_view s);
std::string Lower(std::string_view s);
std::string CaseFold(std::string_view s);
std::string SwapCase(std::string_view s);
std::string Capitalize(std::string_view s);  // first character in title case, the rest lower
std::string TitleCase(std::string_view s);   // str.title: every run of cased letters
enum class CharClass { kAlpha, kDigit, kDecimal, kNumeric, kAlnum, kSpace };
bool All(std::string_view s, CharClass which);  // false for the empty string, as str.isalpha
bool IsUpper(std::string_view s);               // at least one cased letter and none of the other case
bool IsLower(std::string_view s);

std::string ReprText(std::string_view s);  // repr(str)
// The text between json.dumps' quotes, quotes included.
std::string JsonText(std::string_view s, bool ensure_ascii);
std::string EscapeHtml(std::string_view s);  // markupsafe.escape

// str.split: separator nullopt splits at runs of white space and drops empty parts; limit < 0: all.
std::vector<std::string> Split(std::string_view s, std::optional<std::string_view> separator, int64_t limit);
std::vector<std::string> RightSplit(std::string_view s, std::optional<std::string_view> separator, int64_t limit);
std::vector<std::string> SplitLines(std::string_view s, bool keep_ends);
// str.replace; limit < 0: all. An empty `from` inserts between characters.
std::string Replace(std::string_view s, std::string_view from, std::string_view to, int64_t limit);

}  // namespace tidemark::jinja

#endif  // TIDEMARK_ENGINE_CHAT_TEXT_H_
