// Families "detectable_content", "combination", "startend" and "punctuation".
#include <optional>

#include "evals/ifeval/checkers.h"
#include "evals/ifeval/python_text.h"

namespace tidemark::ifeval {
namespace {

// Does text at pos read as the letters, a dot after each, at most one whitespace character after each dot but the last?
// last_dot: whether the last letter needs its dot, too.
bool IsDotted(std::u32string_view text, size_t pos, std::u32string_view letters, bool last_dot) {
  for (size_t k = 0; k < letters.size(); ++k) {
    if (k > 0 && pos < text.size() && python::IsSpace(text[pos])) ++pos;
    if (pos >= text.size() || text[pos++] != letters[k]) return false;
    const bool last = k + 1 == letters.size();
    if ((!last || last_dot) && (pos >= text.size() || text[pos++] != '.')) return false;
  }
  return true;
}

}  // namespace

// Shortest spans [...] within a line; an empty one and a Markdown link count.
bool NumberPlaceholders(std::u32string_view text, const Arguments& arguments, const IfevalTables&) {
  int64_t count = 0;
  for (size_t open = text.find(U'['); open != text.npos;) {
    // Nothing between here and the end of the line can match if there is no bracket to close it.
    const size_t close = text.find_first_of(U"]\n", open);
    if (close == text.npos) break;
    count += text[close] == ']';
    open = text.find(U'[', close + 1);
  }
  return count >= arguments.Integer("num_placeholders");
}

// Anywhere in the text. The data has the markers "P.S." and "P.P.S"; any other is looked for literally.
bool Postscript(std::u32string_view text, const Arguments& arguments, const IfevalTables&) {
  const std::u32string lowered = python::Lower(text);
  const std::u32string given = arguments.Text("postscript_marker");
  const std::u32string_view marker = python::Strip(given);
  if (marker != U"P.S." && marker != U"P.P.S") return python::Contains(lowered, python::Lower(marker));
  const bool twice = marker == U"P.P.S";
  for (size_t at = lowered.find(U"p."); at != lowered.npos; at = lowered.find(U"p.", at + 1)) {
    if (IsDotted(lowered, at, twice ? U"pps" : U"ps", !twice)) return true;
  }
  return false;
}

bool TwoResponses(std::u32string_view text, const Arguments&, const IfevalTables&) {
  const auto pieces = python::Split(text, U"******");
  std::vector<std::u32string_view> responses;
  for (size_t i = 0; i < pieces.size(); ++i) {
    const std::u32string_view piece = python::Strip(pieces[i]);
    if (!piece.empty()) {
      responses.push_back(piece);
    } else if (i != 0 && i + 1 != pieces.size()) {
      return false;
    }
  }
  return responses.size() == 2 && responses[0] != responses[1];
}

bool RepeatPrompt(std::u32string_view text, const Arguments& arguments, const IfevalTables&) {
  const std::u32string prompt = arguments.Text("prompt_to_repeat");
  return python::StartsWith(python::Lower(python::Strip(text)), python::Lower(python::Strip(prompt)));
}

bool EndPhrase(std::u32string_view text, const Arguments& arguments, const IfevalTables&) {
  const std::u32string phrase = arguments.Text("end_phrase");
  // No second trim after the quotation marks are gone.
  const std::u32string_view ending = python::StripAny(python::Strip(text), U"\"");
  return python::EndsWith(python::Lower(ending), python::Lower(python::Strip(phrase)));
}

bool Quotation(std::u32string_view text, const Arguments&, const IfevalTables&) {
  const std::u32string_view trimmed = python::Strip(text);
  return trimmed.size() > 1 && trimmed.front() == '"' && trimmed.back() == '"';
}

bool NoComma(std::u32string_view text, const Arguments&, const IfevalTables&) { return text.find(U',') == text.npos; }

}  // namespace tidemark::ifeval
