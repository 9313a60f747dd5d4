// Sentence boundaries by Punkt (Kiss and Strunk 2006, "Unsupervised Multilingual Sentence Boundary Detection"), English model.
//
// Every . ? ! with something after it is a candidate. The word before it and the token after it are split into Punkt tokens;
// a first pass marks tokens by type (abbreviation, ellipsis, sentence end), a second one corrects the marks by what follows:
// known collocations, how the next word is spelled elsewhere (orthographic masks), frequent sentence starters, initials and
// ordinals. Behaviour of NLTK 3.9.1 (nltk/tokenize/punkt.py), quirks included.
#ifndef TIDEMARK_EVALS_IFEVAL_PUNKT_H_
#define TIDEMARK_EVALS_IFEVAL_PUNKT_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace tidemark {

// A set of words in one allocation: UTF-8, sorted by bytes, found by bisection. Built in a fraction of a hash table's time.
class SortedWords {
 public:
  static constexpr size_t kAbsent = static_cast<size_t>(-1);
  void Append(std::string_view word);  // words come in ascending order
  // The word's place in the order, or kAbsent.
  size_t Find(std::u32string_view word) const;
  bool Contains(std::u32string_view word) const { return Find(word) != kAbsent; }

 private:
  std::string_view Word(size_t i) const { return std::string_view(bytes_).substr(begins_[i], begins_[i + 1] - begins_[i]); }

  std::string bytes_;
  std::vector<uint32_t> begins_ = {0};  // and the end of the last word
};

class Punkt {
 public:
  // bytes: the table written by tables/build_punkt_table.py. Throws Error if it is malformed.
  explicit Punkt(std::string_view bytes);

  // The sentences of text, views into it, closing quotes and brackets kept with the sentence they end. Linear time.
  std::vector<std::u32string_view> Sentences(std::u32string_view text) const;

  // Does context (a word, a terminator, the next token) hold a sentence break before its last token?
  bool HasBreak(std::u32string_view context) const;

 private:
  struct Token;

  void FirstPass(Token& token) const;
  void SecondPass(Token& first, const Token& second) const;
  enum class Starter { kNo, kYes, kUnknown };
  Starter OrthographicHeuristic(const Token& token) const;
  uint8_t OrthographicContext(const std::u32string& type) const;

  SortedWords abbreviations_, starters_, collocations_;  // a collocation is both types with a blank between
  SortedWords ortho_words_;
  std::vector<uint8_t> ortho_masks_;  // of ortho_words_, in their order
};

// One line of text split as Punkt does: words without the punctuation around them, but with their final dot.
std::vector<std::u32string_view> PunktTokens(std::u32string_view line);

}  // namespace tidemark

#endif  // TIDEMARK_EVALS_IFEVAL_PUNKT_H_
