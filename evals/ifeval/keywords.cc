// Family "keywords". Keywords are matched literally; the reference puts them into patterns unescaped, which is the same for
// keywords without metacharacters, and the data has no others.
#include <algorithm>

#include "evals/ifeval/checkers.h"
#include "evals/ifeval/python_text.h"

namespace tidemark::ifeval {

bool KeywordsExistence(std::u32string_view text, const Arguments& arguments, const IfevalTables&) {
  const std::u32string folded = python::FoldText(text);
  const auto keywords = arguments.TextList("keywords");
  return std::all_of(keywords.begin(), keywords.end(),
                     [&](const std::u32string& keyword) { return python::Contains(folded, python::FoldText(keyword)); });
}

bool KeywordsFrequency(std::u32string_view text, const Arguments& arguments, const IfevalTables&) {
  const std::u32string folded = python::FoldText(text);
  const std::u32string keyword = python::FoldText(python::Strip(arguments.Text("keyword")));
  int64_t count = 0;
  for (size_t at = folded.find(keyword); at != folded.npos; at = folded.find(keyword, at + keyword.size())) ++count;
  return arguments.Compare(count, "relation", "frequency");
}

bool KeywordsForbidden(std::u32string_view text, const Arguments& arguments, const IfevalTables&) {
  const std::u32string folded = python::FoldText(text);
  for (const std::u32string& word : arguments.TextList("forbidden_words")) {
    const std::u32string pattern = python::FoldText(word);
    for (size_t at = folded.find(pattern); at != folded.npos; at = folded.find(pattern, at + 1)) {
      // Boundaries are those of the text as written; folding keeps positions.
      if (python::IsWordBoundary(text, at) && python::IsWordBoundary(text, at + pattern.size())) return false;
    }
  }
  return true;
}

// Any character counts as it is written. Some copies of the reference replace what is not a letter by a random one.
bool LetterFrequency(std::u32string_view text, const Arguments& arguments, const IfevalTables&) {
  const std::u32string letter = python::Lower(arguments.Text("letter"));
  const std::u32string lowered = python::Lower(text);
  const int64_t count = letter.size() == 1 ? std::count(lowered.begin(), lowered.end(), letter[0]) : 0;
  return arguments.Compare(count, "let_relation", "let_frequency");
}

}  // namespace tidemark::ifeval
