#include "evals/ifeval/word_tokens.h"

#include "evals/ifeval/python_text.h"

namespace tidemark {
namespace {

using Text = std::u32string;
using View = std::u32string_view;

constexpr View kClosingQuotes = U"»”’";

bool In(char32_t c, View set) { return set.find(c) != set.npos; }

// One global replacement. match(text, i, out) either appends the replacement of the match that starts at i and returns its
// length, or returns 0; then text[i] is copied. Matches do not overlap, leftmost first, as in re.sub.
template <typename Match>
Text Rewrite(const Text& text, Match match) {
  Text out;
  out.reserve(text.size() + text.size() / 4 + 8);
  for (size_t i = 0; i < text.size();) {
    const size_t length = match(text, i, out);
    if (length == 0) out += text[i];
    i += length == 0 ? 1 : length;
  }
  return out;
}

void AppendSpaced(View part, Text& out) { (((out += U' ') += part) += U' '); }

Text SpaceOutAny(const Text& text, View set) {
  return Rewrite(text, [set](const Text& t, size_t i, Text& out) -> size_t {
    if (!In(t[i], set)) return 0;
    AppendSpaced(View(t).substr(i, 1), out);
    return 1;
  });
}

Text SpaceOutString(const Text& text, View part, View replacement) {
  return Rewrite(text, [=](const Text& t, size_t i, Text& out) -> size_t {
    if (View(t).substr(i, part.size()) != part) return 0;
    AppendSpaced(replacement, out);
    return part.size();
  });
}

// Runs of c, at least `least` of them.
Text SpaceOutRuns(const Text& text, char32_t c, size_t least) {
  return Rewrite(text, [=](const Text& t, size_t i, Text& out) -> size_t {
    size_t end = i;
    while (end < t.size() && t[end] == c) ++end;
    if (end - i < least) return 0;
    AppendSpaced(View(t).substr(i, end - i), out);
    return end - i;
  });
}

// Does text at pos begin with one of the words, as re.IGNORECASE compares?
bool StartsWithFold(View text, size_t pos, View word) {
  if (pos > text.size() || text.size() - pos < word.size()) return false;
  for (size_t k = 0; k < word.size(); ++k) {
    if (python::Fold(text[pos + k]) != python::Fold(word[k])) return false;
  }
  return true;
}

Text OpeningQuotes(Text text) {
  text = SpaceOutAny(SpaceOutRuns(text, U'`', 1), U"«“‘„");
  if (!text.empty() && text[0] == '"') text.replace(0, 1, U"``");
  text = SpaceOutString(text, U"``", U"``");
  text = Rewrite(text, [](const Text& t, size_t i, Text& out) -> size_t {
    if (!In(t[i], U" ([{<") || i + 1 >= t.size()) return 0;
    const size_t quote = t[i + 1] == '"' ? 1 : View(t).substr(i + 1, 2) == U"''" ? 2 : 0;
    if (quote == 0) return 0;
    out += t[i];
    AppendSpaced(U"``", out);
    return 1 + quote;
  });
  // An apostrophe before a one-letter word that is not a clitic.
  return Rewrite(text, [](const Text& t, size_t i, Text& out) -> size_t {
    if (t[i] != '\'' || i + 1 >= t.size() || !python::IsWord(t[i + 1])) return 0;
    for (View clitic : {U"re", U"ve", U"ll", U"m", U"t", U"s", U"d", U"n"}) {
      if (StartsWithFold(t, i + 1, clitic)) return 0;
    }
    if (!python::IsWordBoundary(t, i + 2)) return 0;
    ((out += U'\'') += U' ') += t[i + 1];
    return 2;
  });
}

// A dot after something other than a dot, then only closers and whitespace to the end: " . closers " replaces it all.
// closers_apart: a blank between the dot and the closers.
Text DetachFinalDot(Text text, View closers, bool closers_apart) {
  const size_t blank_begin = python::StripRight(text).size();
  size_t dot_end = blank_begin;
  while (dot_end > 0 && In(text[dot_end - 1], closers)) --dot_end;
  if (dot_end < 2 || text[dot_end - 1] != '.' || text[dot_end - 2] == '.') return text;
  // The greedy run of closers may take blanks that StripRight has counted as the tail.
  size_t closers_end = dot_end;
  while (closers_end < text.size() && In(text[closers_end], closers)) ++closers_end;
  Text out = text.substr(0, dot_end - 1);
  out += closers_apart ? U" . " : U" .";
  out += View(text).substr(dot_end, closers_end - dot_end);
  return out += U' ';
}

Text Punctuation(Text text) {
  text = DetachFinalDot(std::move(text), U"])}>\"'»”’ ", true);
  text = Rewrite(text, [](const Text& t, size_t i, Text& out) -> size_t {
    if (!In(t[i], U":,") || i + 1 >= t.size() || python::IsDigit(t[i + 1])) return 0;
    AppendSpaced(View(t).substr(i, 1), out);
    out += t[i + 1];
    return 2;
  });
  text = Rewrite(text, [](const Text& t, size_t i, Text& out) -> size_t {
    const bool at_end = i + 1 == t.size() || (i + 2 == t.size() && t[i + 1] == '\n');
    if (!at_end || !In(t[i], U":,")) return 0;
    AppendSpaced(View(t).substr(i, 1), out);
    return 1;
  });
  text = SpaceOutAny(SpaceOutRuns(text, U'.', 2), U";@#$%&");
  text = DetachFinalDot(std::move(text), U"])}>\"'", false);
  text = SpaceOutAny(text, U"?!");
  text = Rewrite(text, [](const Text& t, size_t i, Text& out) -> size_t {
    if (t[i] == '\'' || View(t).substr(i + 1, 2) != U"' ") return 0;
    out += t[i];
    AppendSpaced(U"'", out);
    return 3;
  });
  return SpaceOutAny(text, U"*");
}

// A clitic between a character that is neither apostrophe nor blank and a blank; length of the clitic at t[i], or 0.
size_t ShortClitic(const Text& t, size_t i) {
  if (t[i] != '\'' || i + 1 >= t.size()) return 0;
  if (In(t[i + 1], U"sSmMdD")) return View(t).substr(i + 2, 1) == U" " ? 2 : 0;
  return t[i + 1] == ' ' ? 1 : 0;
}

size_t LongClitic(const Text& t, size_t i) {
  for (View clitic : {U"'ll ", U"'LL ", U"'re ", U"'RE ", U"'ve ", U"'VE ", U"n't ", U"N'T "}) {
    if (View(t).substr(i, clitic.size()) == clitic) return 3;
  }
  return 0;
}

template <typename Clitic>
Text DetachClitics(const Text& text, Clitic clitic) {
  return Rewrite(text, [clitic](const Text& t, size_t i, Text& out) -> size_t {
    if (In(t[i], U"' ") || i + 1 >= t.size()) return 0;
    const size_t length = clitic(t, i + 1);
    if (length == 0) return 0;
    out += t[i];
    AppendSpaced(View(t).substr(i + 1, length), out);
    return length + 2;
  });
}

Text ClosingQuotes(Text text) {
  text = SpaceOutString(SpaceOutString(SpaceOutAny(text, kClosingQuotes), U"''", U"''"), U"\"", U"''");
  text = Rewrite(text, [](const Text& t, size_t i, Text& out) -> size_t {
    size_t end = i;
    while (end < t.size() && python::IsSpace(t[end])) ++end;
    if (end > i) out += U' ';
    return end - i;
  });
  return DetachClitics(DetachClitics(text, ShortClitic), LongClitic);
}

// A contraction written as one word and the place where it is cut. Before it: a word boundary, or a blank that is replaced
// with it; after it: a word boundary, or whitespace.
struct Contraction {
  View first, second;
  bool after_blank = false;
  bool before_space = false;
};

Text SplitContraction(const Text& text, const Contraction& c) {
  return Rewrite(text, [&c](const Text& t, size_t i, Text& out) -> size_t {
    const size_t start = c.after_blank ? i + 1 : i, middle = start + c.first.size(), end = middle + c.second.size();
    if (!StartsWithFold(t, start, c.first) || !StartsWithFold(t, middle, c.second)) return 0;
    if (c.after_blank ? t[i] != ' ' : !python::IsWordBoundary(t, i)) return 0;
    if (c.before_space ? end >= t.size() || !python::IsSpace(t[end]) : !python::IsWordBoundary(t, end)) return 0;
    AppendSpaced(View(t).substr(start, c.first.size()), out);
    (out += View(t).substr(middle, c.second.size())) += U' ';
    return end - i;
  });
}

constexpr Contraction kContractions[] = {
    {U"can", U"not"},     {U"d", U"'ye"},        {U"gim", U"me"},  {U"gon", U"na"},
    {U"got", U"ta"},      {U"lem", U"me"},       {U"more", U"'n"}, {U"wan", U"na", false, true},
    {U"'t", U"is", true}, {U"'t", U"was", true},
};

}  // namespace

std::vector<std::u32string> WordTokens(std::u32string_view sentence) {
  Text text = Punctuation(OpeningQuotes(Text(sentence)));
  text = SpaceOutAny(text, U"][(){}<>");
  text = SpaceOutString(text, U"--", U"--");
  text = ClosingQuotes(U' ' + text + U' ');
  for (const Contraction& contraction : kContractions) text = SplitContraction(text, contraction);
  std::vector<std::u32string> tokens;
  for (View token : python::SplitWords(text)) tokens.emplace_back(token);
  return tokens;
}

}  // namespace tidemark
