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
#include <unordered_map>
#include <unordered_set>
#include <vector>

namespace tidemark {

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
  using Words = std::unordered_set<std::u32string>;

  void FirstPass(Token& token) const;
  void SecondPass(Token& first, const Token& second) const;
  enum class Starter { kNo, kYes, kUnknown };
  Starter OrthographicHeuristic(const Token& token) const;
  uint8_t OrthographicContext(const std::u32string& type) const;

  Words abbreviations_, starters_, collocations_;  // a collocation is both types with a blank between
  std::unordered_map<std::u32string, uint8_t> ortho_;
};

// One line of text split as Punkt does: words without the punctuation around them, but with their final dot.
std::vector<std::u32string_view> PunktTokens(std::u32string_view line);

}  // namespace tidemark

#endif  // TIDEMARK_EVALS_IFEVAL_PUNKT_H_
