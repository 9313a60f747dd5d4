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

// "True" as a verdict: nothing behind it in its clause, or what the verdict is on ("true that", "a true statement"), but not
// "the correct response".
bool IsVerdict(const Words& words, size_t i) {
  if (i + 1 == words.size() || BeginsClause(words, i + 1)) return true;
  const std::string& next = words[i + 1].text;
  return (IsFunctionWord(next) && next != "answer") || IsOneOf(next, {"statement", "claim", "assertion"});
}

// "Absolutely", "of course", "not at all" at the beginning of a sentence: +1, -1; 0: none.
int PolarOpening(const Words& words, size_t i) {
  if (!BeginsClause(words, i)) return 0;
  const auto is = [&](size_t k, std::initializer_list<std::string_view> list) {
    return k < words.size() && IsOneOf(words[k].text, list);
  };
  size_t next = i;
  if (is(i, {"absolutely", "indeed", "certainly", "definitely", "surely", "naturally", "sure"})) next = i + 1;
  if (is(i, {"of"}) && is(i + 1, {"course"})) next = i + 2;
  if (next == i)
    return is(i, {"not", "never"}) &&
                   (i + 1 == words.size() || BeginsClause(words, i + 1) || is(i + 1, {"at", "any", "anymore", "really"}))
               ? -1
               : 0;
  if (is(next, {"not"})) return -1;
  return next >= words.size() || BeginsClause(words, next) ? 1 : 0;
}

// +1: yes, -1: no, 0: neither.
int PolarWord(const Words& words, size_t i) {
  const std::string& w = words[i].text;
  const bool negated = i > 0 && Negates(words, i - 1);
  if (IsOneOf(w, {"yes", "yeah"})) return negated ? -1 : 1;
  if (w == "nope") return negated ? 1 : -1;
  if (IsOneOf(w, {"true", "correct", "affirmative"}) && IsVerdict(words, i)) return negated ? -1 : 1;
  if (IsOneOf(w, {"false", "incorrect", "untrue", "negative"}) && IsVerdict(words, i)) return negated ? 1 : -1;
  if (w == "no") return i + 1 == words.size() || words[i + 1].before != " " ? -1 : 0;
  return PolarOpening(words, i);
}

// "It does not.", "They can.": a pronoun and an auxiliary make the clause, and the rest is as in the question. 0: it is none.
int PolarEllipsis(const Words& words, size_t end) {
  if (words[0].text == "thats" && end >= 2) return words[1].text == "right" ? 1 : Negates(words, 1) ? -1 : 0;  // "that's not so"
  if (end < 2 || !IsOneOf(words[0].text, {"it", "he", "she", "they", "one", "you", "we", "this", "that", "there"})) return 0;
  const std::string& verb = words[1].text;
  const auto over_at = [&](size_t i) {  // "the case" and "so" say no more
    while (i < end && !BeginsClause(words, i) && IsOneOf(words[i].text, {"the", "case", "so", "right"})) ++i;
    return i >= end || BeginsClause(words, i);
  };
  const bool over = over_at(2);
  if (Negates(words, 1) && verb != "no") return over ? -1 : 0;
  if (!IsOneOf(verb, {"is", "are", "was", "were", "does", "do", "did", "can", "could", "may", "might", "must", "has", "have",
                      "had", "will", "would", "should"}))
    return 0;
  if (over) return 1;
  return Negates(words, 2) && words[2].text != "no" && over_at(3) ? -1 : 0;
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
  if (HasAny(Joined(words), {" yes and no ", " yes or no "})) return Verdict{Grade::kIncorrect, "yes or no: both"};
  if (given == 0) given = PolarEllipsis(words, end);
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
