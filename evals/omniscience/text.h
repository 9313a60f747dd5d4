// Text as the match judge reads it: markup removed, words folded (case, diacritics, compatibility forms), the separators between
// words kept, because a comma, a full stop and a hyphen change what a word belongs to.
#ifndef TIDEMARK_EVALS_OMNISCIENCE_TEXT_H_
#define TIDEMARK_EVALS_OMNISCIENCE_TEXT_H_

#include <initializer_list>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace tidemark::omniscience {

struct Word {
  std::string text;           // folded, no possessive s: "Königsberg's" is "konigsberg"; "1990's" is "1990s"
  std::string stem;           // text as Stem gives it
  std::string original;       // as written
  std::string before;         // what separates it from the previous word, spaces as one ' '
  bool capital = false;       // begins with an upper-case letter
  size_t begin = 0, end = 0;  // bytes of the cleaned text
};
using Words = std::vector<Word>;

// Without Markdown emphasis, code quotes and headings; typographic quotes, dashes, minus signs and spaces become ASCII; raised
// digits become "^digits". At most kMostBytes are read.
inline constexpr size_t kMostBytes = 1 << 15;
std::string Clean(std::string_view text);

// What LaTeX writes, in plain characters: "$6.02 \times 10^{23}$" is "6.02 x 10^23", "\boxed{x}" is "answer: x". Dollar signs
// of money and backslashes of code stay.
std::string WithoutLatex(std::string_view text);

// A folded word without plural s, in American spelling: "colours" is "color", "haemoglobin" "hemoglobin".
std::string Stem(std::string_view folded);

// Two forms of one word: "lack" and "lacked", "survivor" and "surviving".
bool SameRoot(std::string_view a, std::string_view b);

// Unicode case folding, compatibility decomposition, marks removed; a few letters that do not decompose (o with stroke and the
// like) become their base letter.
std::string Fold(std::string_view text);

// Maximal runs of letters, marks and digits; an apostrophe between letters belongs to the word and is dropped from its text.
// Greek letters beside Latin ones are a word of their own, and a single one is its name: "TNFα" is "tnf" "alpha".
Words SplitWords(std::string_view cleaned);

// SplitWords without articles: "the", and "a" or "an" in lower case or before a lower-case word ("vitamin A" keeps its A).
Words ContentWords(std::string_view cleaned);

// A sentence, or another unit after which a thought is over, begins at words[i]: full stop, semicolon, line end and so on before.
bool BeginsSentence(const Words& words, size_t i);
// The same for a clause: also a comma, colon, bracket, dash, or the word "but".
bool BeginsClause(const Words& words, size_t i);

// Folded words joined by single spaces, with a space at both ends and " | " between sentences: for phrase searches.
std::string Joined(const Words& words);
bool HasAny(std::string_view joined, std::span<const std::string_view> phrases);
bool HasAny(std::string_view joined, std::initializer_list<std::string_view> phrases);
bool IsOneOf(std::string_view word, std::initializer_list<std::string_view> list);
bool Contains(const Words& words, std::string_view text);  // a word with this text

// Bytes of ASCII.
inline bool IsDigit(char c) { return c >= '0' && c <= '9'; }
inline bool IsAsciiLetter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
// A letter (of any script), a digit or an underscore.
inline bool IsWordByte(char c) { return IsAsciiLetter(c) || IsDigit(c) || static_cast<unsigned char>(c) >= 0xC3 || c == '_'; }
bool HasDigit(std::string_view text);
bool HasDigit(const Words& words);

// Words [at, at + part.size()) equal part; words that are not both capitalised are compared by stem.
bool Matches(const Words& words, size_t at, const Words& part);

// Words that carry no answer: "the answer is", "it was", "sure".
bool IsFiller(std::string_view word);

// Prepositions, conjunctions, pronouns, auxiliaries and common adverbs: no part of a name or a term.
bool IsFunctionWord(std::string_view word);

}  // namespace tidemark::omniscience

#endif  // TIDEMARK_EVALS_OMNISCIENCE_TEXT_H_
