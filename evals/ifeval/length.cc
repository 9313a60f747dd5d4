// Family "length_constraints": sentences, words, paragraphs.
#include "evals/ifeval/checkers.h"
#include "evals/ifeval/python_text.h"

namespace tidemark::ifeval {

bool NumberSentences(std::u32string_view text, const Arguments& arguments, const IfevalTables& tables) {
  return arguments.Compare(static_cast<int64_t>(tables.punkt.Sentences(text).size()), "relation", "num_sentences");
}

// Words are maximal runs of \w: "don't" has two, "a_b" is one.
bool NumberWords(std::u32string_view text, const Arguments& arguments, const IfevalTables&) {
  int64_t words = 0;
  bool inside = false;
  for (char32_t c : text) {
    const bool word = python::IsWord(c);
    words += word && !inside;
    inside = word;
  }
  return arguments.Compare(words, "relation", "num_words");
}

// Pieces between "***" separators, each separator with at most one whitespace character on either side.
bool NumberParagraphs(std::u32string_view text, const Arguments& arguments, const IfevalTables&) {
  constexpr std::u32string_view kSeparator = U"***";
  int64_t paragraphs = 0;
  for (size_t begin = 0;;) {
    const size_t stars = text.find(kSeparator, begin);
    const bool is_last = stars == text.npos;
    size_t end = is_last ? text.size() : stars;
    if (!is_last && end > begin && python::IsSpace(text[end - 1])) --end;
    const bool blank = python::IsBlank(text.substr(begin, end - begin));
    // Python counts all pieces and takes blank outer ones off again; a blank one in the middle fails.
    if (blank && begin != 0 && !is_last) return false;
    paragraphs += !blank;
    if (is_last) break;
    begin = stars + kSeparator.size();
    if (begin < text.size() && python::IsSpace(text[begin])) ++begin;
  }
  return paragraphs == arguments.Integer("num_paragraphs");
}

// Paragraphs are separated by exactly two newlines. The wanted one is found by its place among all pieces, blank ones included,
// while the count leaves blank ones out: a quirk of the reference.
bool NthParagraphFirstWord(std::u32string_view text, const Arguments& arguments, const IfevalTables&) {
  const auto pieces = python::Split(text, U"\n\n");
  int64_t paragraphs = 0;
  for (std::u32string_view piece : pieces) paragraphs += !python::IsBlank(piece);
  const int64_t nth = arguments.Integer("nth_paragraph");
  if (paragraphs != arguments.Integer("num_paragraphs") || nth > paragraphs) return false;
  const auto words = python::SplitWords(pieces[nth - 1]);
  if (words.empty()) return false;
  std::u32string_view word = words[0];
  for (char32_t quote : {U'\'', U'"'}) {
    while (!word.empty() && word.front() == quote) word.remove_prefix(1);
  }
  std::u32string first_word;
  for (char32_t c : word.substr(0, word.find_first_of(U".,?!'\""))) first_word += python::Lower({&c, 1});
  return first_word == python::Lower(arguments.Text("first_word"));
}

}  // namespace tidemark::ifeval
