// What the clause around a name or number does with it: denies it, says that others wrongly believe it, is about what was asked.
#include <algorithm>
#include <utility>

#include "evals/omniscience/match_rules.h"

namespace tidemark::omniscience {
namespace {

// "No doubt it's Oslo", "none other than Oslo": words[k] negates, but not what follows.
bool NegatesDoubt(const Words& words, size_t k) {
  const std::string& w = words[k].text;
  if (w == "than") {
    return k >= 2 && words[k - 1].text == "other" &&
           IsOneOf(words[k - 2].text, {"none", "no", "nobody", "nothing", "anything", "anybody", "anyone"});
  }
  for (size_t i = k + 1; i < std::min(words.size(), k + 3) && IsOneOf(w, {"no", "not", "without", "never"}); ++i) {
    if (IsOneOf(words[i].text, {"doubt", "question", "doubting"})) return true;
  }
  return w == "no" && k + 2 < words.size() && words[k + 1].text == "other" && words[k + 2].text == "than";
}

bool IsOpinion(std::string_view w) {
  return IsOneOf(
      w, {"think",    "thinks",     "thought",    "believe",   "believes",  "believed", "assume",     "assumed",  "assuming",
          "suppose",  "supposed",   "say",        "said",      "claim",     "claimed",  "guess",      "imagine",  "expect",
          "consider", "considered", "attributed", "credited",  "attribute", "credit",   "identified", "regarded", "called",
          "given",    "cited",      "named",      "described", "reported",  "listed"});
}

// What stands at words[i] is said to be what others think, and something else is set against it: "Many people think it is X,
// but ...", "it was long believed to be X; in fact ...".
bool OthersThink(const Words& words, size_t i, size_t verb) {
  constexpr size_t kBack = 6, kAhead = 30;
  bool others = verb + 1 < words.size() && words[verb + 1].text == "to";  // "is thought to be"
  for (size_t k = verb; k-- > 0 && verb - k <= kBack && !others;) {
    others = IsOneOf(words[k].text, {"many", "most", "some", "people", "everyone", "everybody", "others", "often", "commonly",
                                     "popularly", "widely", "long", "once"});
    if (BeginsSentence(words, k)) break;
  }
  if (!others) return false;
  for (size_t k = i + 1; k < std::min(words.size(), i + kAhead); ++k) {
    if (IsOneOf(words[k].text,
                {"but", "however", "actually", "really", "yet", "wrong", "mistaken", "incorrect", "fact", "though"}))
      return true;
  }
  return false;
}

// words[k] before words[i] says that what follows is an error: "often confused with X", "wrongly attributed to X".
bool CallsItAnError(const Words& words, size_t k, size_t i) {
  const std::string& w = words[k].text;
  if (IsOneOf(w, {"confused", "confuse", "mistaken", "mistake", "mistook"})) {
    for (size_t n = k + 1; n <= i; ++n) {
      if (BeginsClause(words, n)) return false;  // "often mistaken for a star, X is ..."
    }
    for (size_t n = k + 1; n < std::min(i, k + 4); ++n) {
      if (IsOneOf(words[n].text, {"for", "with"})) return true;
    }
    return false;
  }
  if (!IsOneOf(w, {"wrongly", "mistakenly", "incorrectly", "erroneously", "falsely"})) return false;
  return IsOpinion(words[k + 1].text) || (k > 0 && IsOpinion(words[k - 1].text)) ||
         (k + 2 < words.size() && IsOpinion(words[k + 2].text));
}

}  // namespace

bool Negated(const Words& words, size_t i) {
  constexpr size_t kReach = 4;
  if (i >= words.size()) return false;  // a gold of punctuation alone stands behind the last word
  for (size_t back = 1; back <= std::min(i, kReach); ++back) {
    if (BeginsClause(words, i - back + 1)) break;
    const std::string& w = words[i - back].text;
    const std::string& next = words[i - back + 1].text;
    if (w == "not" && IsOneOf(next, {"only", "just", "merely"})) continue;
    if (IsOneOf(w, {"not", "isnt", "wasnt", "arent", "werent", "never", "neither", "nor", "without", "except", "unlike", "than",
                    "excluding", "no"})) {
      if (NegatesDoubt(words, i - back)) break;
      return true;
    }
    if ((w == "instead" && next == "of") || (w == "cannot" && next == "be")) return true;
  }
  // What others wrongly believe: until a contrast or a new sentence.
  constexpr size_t kFurthest = 60;
  for (size_t k = i; k-- > (i > kFurthest ? i - kFurthest : 0);) {
    if (BeginsSentence(words, k + 1) || words[k + 1].text == "but") break;
    if (CallsItAnError(words, k, i) || (IsOpinion(words[k].text) && OthersThink(words, i, k))) return true;
  }
  return false;
}

// "Venus has no moons", "None": the number nought in words.
bool SaysNone(const Words& words, const Words& question) {
  for (size_t i = 0; i < words.size(); ++i) {
    if (IsOneOf(words[i].text, {"none", "nil"}) && (i + 1 == words.size() || BeginsClause(words, i + 1))) return true;
    if (words[i].text != "no" || i + 1 >= words.size() || words[i + 1].before != " ") continue;
    const std::string& thing = words[i + 1].stem;
    if (!IsFunctionWord(thing) &&
        std::any_of(question.begin(), question.end(), [&](const Word& q) { return SameRoot(q.stem, thing); }))
      return true;
  }
  return false;
}

std::optional<size_t> InClauseAskedFor(const std::vector<size_t>& places, const Words& words, const Words& question) {
  const auto is_subject = [](const Word& w) {
    return w.original.size() > 1 && (LooksLikeYear(w.text) || (w.capital && !IsFunctionWord(w.text)));
  };
  const auto about = [&](size_t at) {  // subjects named in the question, and others
    size_t begin = at, end = at + 1;
    const auto parts = [&](size_t i) { return BeginsClause(words, i) || IsOneOf(words[i].text, {"and", "while", "whereas"}); };
    while (begin > 0 && begin < words.size() && !parts(begin)) --begin;
    while (end < words.size() && !parts(end)) ++end;
    std::pair<size_t, size_t> counts;
    for (size_t i = begin; i < std::min(end, words.size()); ++i) {
      if (is_subject(words[i]) && i != at) ++(Contains(question, words[i].text) ? counts.first : counts.second);
    }
    return counts;
  };
  if (places.empty()) return std::nullopt;
  const auto first = about(places.front());
  if (first.first > 0 || first.second == 0) return std::nullopt;
  for (size_t k = 0; k < places.size(); ++k) {
    const auto counts = about(places[k]);
    if (counts.first > 0 && counts.second == 0) return k;
  }
  return std::nullopt;
}

}  // namespace tidemark::omniscience
