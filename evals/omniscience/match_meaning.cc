// Golds that are no name: yes and no, and short definitions in other words.
#include <algorithm>
#include <optional>

#include "evals/omniscience/match_rules.h"

namespace tidemark::omniscience {
namespace {

bool Negates(const Words& words, size_t i) {
  const std::string& w = words[i].text;
  if (w == "no") return i + 1 < words.size() && words[i + 1].before == " ";  // "no longer", not "No, ..."
  return IsOneOf(
      w, {"not",   "never",  "cannot", "cant", "isnt",    "arent",   "wasnt", "werent", "doesnt",     "dont",       "didnt",
          "hasnt", "havent", "hadnt",  "wont", "neither", "without", "nor",   "unable", "impossible", "prohibited", "forbidden"});
}

// +1: yes, -1: no, 0: neither.
int PolarWord(const Words& words, size_t i) {
  const std::string& w = words[i].text;
  if (IsOneOf(w, {"yes", "yeah", "true", "correct", "affirmative"})) return i > 0 && Negates(words, i - 1) ? -1 : 1;
  if (IsOneOf(w, {"nope", "false", "incorrect", "untrue", "negative"})) return i > 0 && Negates(words, i - 1) ? 1 : -1;
  if (w == "no") return i + 1 == words.size() || words[i + 1].before != " " ? -1 : 0;
  return 0;
}

bool IsContent(const Word& w) { return !IsFunctionWord(w.text) && w.text.size() > 1; }

std::vector<const Word*> ContentOf(const Words& words, size_t begin, size_t end) {
  std::vector<const Word*> content;
  for (size_t i = begin; i < end; ++i) {
    if (IsContent(words[i])) content.push_back(&words[i]);
  }
  return content;
}

bool Negative(const Words& words, size_t begin, size_t end) {
  bool negative = false;
  for (size_t i = begin; i < end; ++i) negative = negative != Negates(words, i);
  return negative;
}

size_t SentenceEnd(const Words& words, size_t begin) {
  size_t end = begin + 1;
  while (end < words.size() && !BeginsSentence(words, end)) ++end;
  return end;
}

// All words of a short gold in its order, nothing between them but small words: "lacked standing" for "lack of standing".
bool SaysShort(const Words& words, const std::vector<const Word*>& gold) {
  for (size_t at = 0; at < words.size(); ++at) {
    if (!SameRoot(words[at].stem, gold[0]->stem)) continue;
    size_t next = 1, i = at + 1;
    for (; i < words.size() && next < gold.size() && !BeginsClause(words, i); ++i) {
      if (SameRoot(words[i].stem, gold[next]->stem)) {
        ++next;
      } else if (!IsFunctionWord(words[i].text) || IsOneOf(words[i].text, {"or", "and", "not", "no", "without"})) {
        break;
      }
    }
    const bool more = i < words.size() && words[i].text == "or";
    if (next == gold.size() && !more && !Negated(words, at)) return true;
  }
  return false;
}

}  // namespace

std::optional<Verdict> MatchPolar(const Gold& gold, std::string_view focus) {
  const Words answer = SplitWords(Clean(gold.answer)), words = SplitWords(focus);
  if (answer.empty() || words.empty()) return std::nullopt;
  const int right = PolarWord(answer, 0);
  if (right == 0 || (answer.size() > 1 && !BeginsClause(answer, 1))) return std::nullopt;
  const Words question = SplitWords(Clean(gold.question));
  int given = 0;
  const size_t end = SentenceEnd(words, 0);
  for (size_t i = 0; i < end && given == 0; ++i) given = PolarWord(words, i);
  if (given == 0) {  // "It cannot be exercised before its expiry."
    size_t shared = 0;
    for (const Word* w : ContentOf(words, 0, end)) {
      shared += std::any_of(question.begin(), question.end(), [&](const Word& q) { return SameRoot(q.stem, w->stem); }) ? 1 : 0;
    }
    const bool asked_negatively = Negative(question, 0, question.size());
    if (shared >= 1 && !asked_negatively) given = Negative(words, 0, end) ? -1 : 1;
  }
  if (given == 0) return Verdict{Grade::kIncorrect, "yes or no: neither"};
  return given == right ? Verdict{Grade::kCorrect, "yes or no"} : Verdict{Grade::kIncorrect, "yes or no: the other"};
}

bool SaysInOtherWords(const std::string& gold, const Words& words) {
  constexpr size_t kLong = 5;
  const Words own = ContentWords(Clean(gold));
  const std::vector<const Word*> content = ContentOf(own, 0, own.size());
  if (content.size() < 2 || std::any_of(own.begin() + 1, own.end(), [](const Word& w) { return w.capital; })) return false;
  if (content.size() < kLong) return SaysShort(words, content);
  for (size_t begin = 0; begin < words.size(); begin = SentenceEnd(words, begin)) {
    const size_t end = SentenceEnd(words, begin);
    const std::vector<const Word*> said = ContentOf(words, begin, end);
    if (said.size() > 4 * content.size()) continue;
    size_t found = 0;
    for (const Word* w : content) {
      found += std::any_of(said.begin(), said.end(), [&](const Word* s) { return SameRoot(s->stem, w->stem); }) ? 1 : 0;
    }
    if (5 * found >= 4 * content.size() && Negative(words, begin, end) == Negative(own, 0, own.size())) return true;
  }
  return false;
}

}  // namespace tidemark::omniscience
