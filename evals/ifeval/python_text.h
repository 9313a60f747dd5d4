// Python's view of text: what str methods and the re module of CPython 3 mean by whitespace, word, digit, case.
//
// The checkers' rules are written in these terms, so a verdict depends on them: a combining mark is no word character, 0x1C is
// whitespace, U+0130 lowers to two code points, and re.IGNORECASE compares single code points. Texts are sequences of code
// points. Character data comes from ICU; only characters assigned after CPython's own Unicode version can differ.
// Sources: CPython 3.11 Objects/unicodectype.c, Objects/unicodeobject.c, Modules/_sre, Lib/re/_casefix.py.
#ifndef TIDEMARK_EVALS_IFEVAL_PYTHON_TEXT_H_
#define TIDEMARK_EVALS_IFEVAL_PYTHON_TEXT_H_

#include <string>
#include <string_view>
#include <vector>

namespace tidemark::python {

// One code point. Space: str.isspace and \s. Digit: \d (Nd). Word: \w, letters, anything numeric, underscore.
bool IsSpace(char32_t c);
bool IsDigit(char32_t c);
bool IsWord(char32_t c);
// The properties Uppercase and Lowercase; title-case letters are neither.
bool IsUpper(char32_t c);
bool IsLower(char32_t c);
bool IsTitle(char32_t c);

// What [ \t\n\r\v\f] matches: string.whitespace.
bool IsAsciiSpace(char32_t c);

// str.isupper and str.islower: at least one cased code point and none of another case.
bool IsUpperText(std::u32string_view text);
bool IsLowerText(std::u32string_view text);

// str.lower(): full mapping, final sigma included.
std::u32string Lower(std::u32string_view text);

// Two code points match under re.IGNORECASE exactly when their folds are equal; the length never changes.
char32_t Fold(char32_t c);
std::u32string FoldText(std::u32string_view text);

// str.strip() and its halves; StripAny is str.strip(characters).
std::u32string_view Strip(std::u32string_view text);
std::u32string_view StripRight(std::u32string_view text);
std::u32string_view StripAny(std::u32string_view text, std::u32string_view characters);
inline bool IsBlank(std::u32string_view text) { return Strip(text).empty(); }

// str.split(separator), separator not empty: n separators give n + 1 pieces.
std::vector<std::u32string_view> Split(std::u32string_view text, std::u32string_view separator);
// str.split(): maximal runs of characters that are not whitespace.
std::vector<std::u32string_view> SplitWords(std::u32string_view text);

bool Contains(std::u32string_view text, std::u32string_view part);
bool StartsWith(std::u32string_view text, std::u32string_view prefix);
bool EndsWith(std::u32string_view text, std::u32string_view suffix);

// Is there a \b at position pos (0 .. size) of text?
bool IsWordBoundary(std::u32string_view text, size_t pos);

}  // namespace tidemark::python

#endif  // TIDEMARK_EVALS_IFEVAL_PYTHON_TEXT_H_
