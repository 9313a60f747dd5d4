#include "evals/omniscience/match.h"

#include <algorithm>

#include "evals/omniscience/match_rules.h"
#include "evals/omniscience/quantity.h"
#include "evals/omniscience/stance.h"

namespace tidemark::omniscience {

bool LooksLikeYear(const std::string& text) {
  return text.size() == 4 && (text[0] == '1' || text[0] == '2') &&
         std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

std::vector<std::string> AllGolds(const Gold& gold) {
  std::vector<std::string> all = {gold.answer};
  all.insert(all.end(), gold.aliases.begin(), gold.aliases.end());
  std::erase_if(all, [](const std::string& text) { return text.empty(); });
  return all;
}

size_t WordAt(const Words& words, size_t at) {
  size_t i = 0;
  while (i < words.size() && words[i].end <= at) ++i;
  return i;
}

namespace {

bool SameWords(const Words& a, const Words& b) { return a.size() == b.size() && !a.empty() && Matches(a, 0, b); }

// words[i] takes back what stands before it: "Wait, ...", "... - no, ...", "or rather".
bool TakesBack(const Words& words, size_t i) {
  const std::string &w = words[i].text, &next = words[i + 1].text;
  const bool pause = words[i + 1].before.find_first_of(",-:;.") != std::string::npos;
  if (BeginsSentence(words, i)) {
    if (IsOneOf(w, {"actually", "correction", "wait", "scratch"}) || (w == "on" && IsOneOf(next, {"second", "reflection"})))
      return true;
    if (w == "sorry" && (pause || IsOneOf(next, {"it", "its", "i", "that"}))) return true;
    if (w == "my" && next == "mistake") return true;
    if (w == "let" && next == "me" && i + 2 < words.size() && words[i + 2].text == "correct") return true;
  }
  if (!BeginsClause(words, i)) return false;
  return IsOneOf(w, {"wait", "correction", "scratch"}) ||
         (w == "no" && (pause || IsOneOf(next, {"wait", "sorry", "actually"}))) ||
         (w == "i" && IsOneOf(next, {"mean", "meant", "misspoke"})) || (w == "or" && next == "rather") ||
         (w == "sorry" && words[i - 1].text == "no");
}

// Nothing stands behind "the answer is" at words[i] but how sure or how simple it is: "my answer is final".
bool SaysNoAnswer(const Words& words, size_t i) {
  size_t k = i;
  for (; k < words.size() && (k == i || !BeginsSentence(words, k)); ++k) {
    if (!IsOneOf(words[k].text, {"correct", "right",           "final", "accurate", "definitive", "certain", "sure",   "clear",
                                 "simple",  "straightforward", "known", "well",     "very",       "quite",   "indeed", "also",
                                 "as",      "follows",         "below", "above",    "here",       "this",    "that"}))
      return false;
  }
  return true;
}

// The part of the answer that counts: after the last correction ("Actually, ..."), and after the last "the answer is".
std::string_view Focus(std::string_view cleaned, const Words& question) {
  const Words words = SplitWords(cleaned);
  const auto tells = [&](const Word& w) {
    return !IsFunctionWord(w.text) &&
           std::none_of(question.begin(), question.end(), [&](const Word& q) { return q.text == w.text; });
  };
  size_t last = words.size();  // of the words that say something
  while (last > 0 && !tells(words[last - 1])) --last;
  size_t from = 0;
  for (size_t i = 1; i + 1 < words.size(); ++i) {
    if (!TakesBack(words, i)) continue;
    const size_t begin = words[i].text == "no" ? i : i + 1;  // "No" may be the answer
    if (begin < last) from = begin;
  }
  for (size_t i = from; i + 2 < words.size(); ++i) {
    if (words[i].text == "answer" && (words[i + 1].text == "is" || words[i + 1].before.find(':') != std::string::npos)) {
      const size_t begin = words[i + 1].text == "is" ? i + 2 : i + 1;
      if (words[begin].text != "not" && !SaysNoAnswer(words, begin)) from = begin;
    }
  }
  return from == 0 ? cleaned : cleaned.substr(words[from].begin);
}

// "It depends on several factors.": a sentence without any candidate of the kind asked for, no number and no name.
bool ClaimsNothing(const Words& words, const Words& question, std::string_view focus) {
  if (words.size() < 4 || !words[0].capital || HasDigit(focus)) return false;
  if (!FindQuantities(focus).empty() || SaysNone(words, question)) return false;
  return std::none_of(words.begin(), words.end(), [&](const Word& w) {
    const bool asked = std::any_of(question.begin(), question.end(), [&](const Word& q) { return q.text == w.text; });
    return &w != words.data() && w.capital && !asked && w.text != "i" && w.text != "im" && w.text != "id" && w.text != "ive";
  });
}

Verdict GradeCleaned(const Gold& gold, std::string_view cleaned, const Stance& stance) {
  if (stance.empty) return {Grade::kNotAttempted, "empty"};
  const Words words = ContentWords(cleaned);
  const bool restates = SameWords(words, ContentWords(Clean(gold.question)));
  if (!gold.answerable) {
    if (stance.denies) return {Grade::kCorrect, "says that there is no such thing"};
    if (stance.unknowable && gold.kind == "unknowable") return {Grade::kCorrect, "says that nobody can know"};
    if (stance.abstains || stance.only_hedges) return {Grade::kNotAttempted, "abstains"};
    if (restates) return {Grade::kNotAttempted, "repeats the question"};
    return {Grade::kIncorrect, "answers the unanswerable"};
  }
  const Kind kind = KindOf(gold);
  if (kind == Kind::kName || kind == Kind::kPerson) {
    for (const std::string& text : AllGolds(gold)) {
      if (SameWords(words, ContentWords(Clean(text)))) return {Grade::kCorrect, "equal"};
    }
  }
  if (stance.abstains) return {Grade::kNotAttempted, "abstains"};
  if (restates) return {Grade::kNotAttempted, "repeats the question"};
  const std::string_view focus = Focus(cleaned, SplitWords(Clean(gold.question)));
  if (const auto verdict = MatchTwoNumbers(gold, kind, focus)) return *verdict;
  if (kind == Kind::kNumber && GivesClass(gold, focus)) return {Grade::kPartial, "number: its class"};
  const bool figure = kind == Kind::kNumber || kind == Kind::kDate || (kind == Kind::kIdentifier && HasDigit(gold.answer));
  // A refusal in words that no list foresees is no wrong answer. Names in lower case cannot be told from other words.
  if (figure && HasDigit(gold.answer) && ClaimsNothing(SplitWords(focus), SplitWords(Clean(gold.question)), focus))
    return {Grade::kNotAttempted, "claims nothing"};
  if (const auto verdict = MatchPolar(gold, focus)) return *verdict;
  if (kind == Kind::kNumber) {
    if (const auto verdict = MatchNumber(gold, focus)) return *verdict;
  }
  if (kind == Kind::kDate) {
    if (const auto verdict = MatchDate(gold, focus)) return *verdict;
  }
  if (kind == Kind::kIdentifier) return MatchIdentifier(gold, focus);
  if (kind == Kind::kCode) return MatchCode(gold, focus);
  return MatchName(gold, focus, kind == Kind::kPerson);
}

}  // namespace

Verdict GradeByMatch(const Gold& gold, std::string_view answer) {
  const std::string cleaned = Clean(answer);
  const Stance stance = ReadStance(cleaned, Clean(gold.question));
  const Verdict verdict = GradeCleaned(gold, cleaned, stance);
  if (verdict.grade == Grade::kIncorrect && stance.defers) return {Grade::kNotAttempted, "asks back or sends elsewhere"};
  return verdict;
}

}  // namespace tidemark::omniscience
