#include "evals/omniscience/match.h"

#include <algorithm>

#include "evals/omniscience/date.h"
#include "evals/omniscience/match_rules.h"
#include "evals/omniscience/quantity.h"
#include "evals/omniscience/stance.h"

namespace tidemark::omniscience {
namespace {

bool SameWords(const Words& a, const Words& b) { return a.size() == b.size() && !a.empty() && Matches(a, 0, b); }

bool HasDigit(std::string_view text) { return text.find_first_of("0123456789") != text.npos; }

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
      const bool negated = words[begin].text == "not";
      if (!negated) from = begin;
    }
  }
  return from == 0 ? cleaned : cleaned.substr(words[from].begin);
}

}  // namespace

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
      return true;
    }
    if ((w == "instead" && next == "of") || (w == "cannot" && next == "be")) return true;
  }
  // "Many people think it is X, but ...": until a contrast or a new sentence.
  constexpr size_t kFurthest = 60;
  for (size_t k = i; k-- > (i > kFurthest ? i - kFurthest : 0);) {
    if (BeginsSentence(words, k + 1) || words[k + 1].text == "but") break;
    const std::string& w = words[k].text;
    if (IsOneOf(w, {"think", "believe", "assume", "thought", "believed", "assumed", "confused", "mistaken", "mistakenly",
                    "wrongly", "incorrectly", "mistake", "confuse"}) &&
        k > 0 && !IsOneOf(words[k - 1].text, {"i", "we"})) {
      return true;
    }
  }
  return false;
}

// "-B", "--no-cache": an option of a command, where case counts.
bool IsOption(std::string_view text) {
  const size_t letter = text.find_first_not_of('-');
  return letter != text.npos && letter >= 1 && letter <= 2 && text.find(' ') == text.npos && !HasDigit(text);
}

// "It depends on several factors.": a sentence without any candidate of the kind asked for, no number and no name.
bool ClaimsNothing(const Words& words, const Words& question, std::string_view focus) {
  if (words.size() < 4 || !words[0].capital || HasDigit(focus)) return false;
  if (!FindQuantities(focus).empty()) return false;
  return std::none_of(words.begin(), words.end(), [&](const Word& w) {
    const bool asked = std::any_of(question.begin(), question.end(), [&](const Word& q) { return q.text == w.text; });
    return &w != words.data() && w.capital && !asked && w.text != "i" && w.text != "im" && w.text != "id" && w.text != "ive";
  });
}

// "Which French sociologist", "the name of the engineer who": the question asks for a person, and the gold could be one.
bool AsksForPerson(const std::string& question, const Words& gold) {
  constexpr size_t kLongestName = 6;
  const bool name = !gold.empty() && gold.size() <= kLongestName && gold.front().capital && gold.back().capital;
  if (HasAny(question.substr(0, 8), {" who ", " whom ", " whose "})) return true;
  if (HasAny(question, {" last name ", " surname ", " which person ", " maiden name ", " by whom "})) return true;
  if (!name || !HasAny(question, {" which ", " what ", " name "})) return false;
  size_t pos = 1, seen = 0;
  while (pos < question.size() && seen < 10) {
    const size_t end = question.find(' ', pos);
    const std::string_view w = std::string_view(question).substr(pos, end - pos);
    const bool agent =
        w.size() >= 6 && (w.ends_with("ist") || w.ends_with("ician") || w.ends_with("opher") || w.ends_with("istrian"));
    if (agent || IsTitle(w) ||
        IsOneOf(w,
                {"author",     "writer",      "composer",   "painter",    "architect", "director",  "engineer",   "founder",
                 "inventor",   "explorer",    "poet",       "actor",      "actress",   "singer",    "minister",   "sculptor",
                 "historian",  "lawyer",      "wife",       "husband",    "scholar",   "monarch",   "ruler",      "officer",
                 "man",        "woman",       "leader",     "designer",   "producer",  "conductor", "musician",   "mathematician",
                 "developer",  "programmer",  "researcher", "navigator",  "commander", "conqueror", "editor",     "translator",
                 "astronomer", "banker",      "dancer",     "teacher",    "pilot",     "astronaut", "cosmonaut",  "surgeon",
                 "pioneer",    "playwright",  "settler",    "missionary", "diplomat",  "aviator",   "biographer", "cartographer",
                 "geographer", "photographer"}))
      return true;
    pos = end + 1;
    ++seen;
  }
  return false;
}

// "Cluj, 1932" lists a place and a year; "14 July, 1789" is one date.
bool ListsSeveral(const Gold& gold, const std::vector<Date>& dates) {
  if (std::any_of(dates.begin(), dates.end(), [](const Date& d) { return d.month > 0; })) return false;
  const std::vector<GoldItem> items = GoldItems(gold, ContentWords(Clean(gold.question)));
  return std::any_of(items.begin(), items.end(), [](const GoldItem& item) { return !HasDigit(item[0][0].text); });
}

// "O(n log n)", "len(x)": a name and right behind it brackets to the end.
bool IsCall(std::string_view text) {
  const size_t open = text.find('(');
  return open != text.npos && open > 0 && text.back() == ')' && text.substr(0, open).find(' ') == text.npos &&
         text.find(')') + 1 == text.size() && !HasDigit(text.substr(0, open));
}

Kind KindOf(const Gold& gold) {
  if (gold.kind == "identifier" && IsOption(gold.answer)) return Kind::kCode;
  constexpr std::pair<std::string_view, Kind> kKinds[] = {{"name", Kind::kName},     {"person", Kind::kPerson},
                                                          {"number", Kind::kNumber}, {"identifier", Kind::kIdentifier},
                                                          {"date", Kind::kDate},     {"code", Kind::kCode}};
  for (const auto& [name, kind] : kKinds) {
    if (gold.kind == name) return kind;
  }
  std::string cleaned = Clean(gold.answer);
  // "Treaty of Vienna (1738)" is a name.
  if (const size_t open = cleaned.find(" ("); open != cleaned.npos && cleaned.back() == ')' && !HasDigit(cleaned.substr(0, open)))
    cleaned.resize(open);
  const std::string question = Joined(SplitWords(Clean(gold.question))), own = Joined(SplitWords(cleaned));
  const bool asks_when = HasAny(question, {" year ", " when ", " date ", " decade "});
  const std::vector<Date> dates = FindDates(SplitWords(cleaned));
  if (IsOption(gold.answer)) return Kind::kCode;
  if (ListsSeveral(gold, dates)) return Kind::kName;
  if (!dates.empty() &&
      (dates.front().month > 0 || dates.front().year < 0 || (asks_when && (LooksLikeYear(cleaned) || dates.front().decade))))
    return Kind::kDate;
  const bool marks = cleaned.find_first_of("(){}[]<>=_") != cleaned.npos || gold.answer.find('`') != gold.answer.npos;
  if (IsCall(cleaned)) return Kind::kCode;
  if (marks && !HasDigit(cleaned) && cleaned.find(' ') == cleaned.npos) return Kind::kCode;
  if (HasDigit(cleaned)) {
    const std::vector<Quantity> numbers = FindQuantities(cleaned);
    const bool named =
        HasAny(own,
               {" section ", " article ", " version ", " rule ", " rfc ", " chapter ", " part ", " title ", " art ", " act "}) ||
        HasAny(question, {" section ", " article ", " version ", " rule ", " rfc ", " code ", " port ", " standard ", " chapter ",
                          " paragraph ", " clause ", " identifier ", " statute ", " subsection ", " release "});
    const bool amount = HasAny(question, {" how many ", " how much ", " percentage ", " amount "});
    const bool first = numbers.size() == 1 && numbers[0].begin <= 8;
    const bool alone = first && SplitWords(cleaned.substr(numbers[0].end)).size() <= 3;
    const bool measured = first && !numbers[0].unit.dimension.empty();  // "6% of the assets"
    if ((alone && (amount || !named)) || measured) return Kind::kNumber;
    if (named || !alone) return SplitWords(cleaned).size() <= 6 ? Kind::kIdentifier : Kind::kName;
    return Kind::kIdentifier;
  }
  const std::vector<Quantity> spelled = FindQuantities(cleaned);
  const bool measured =
      spelled.size() == 1 && !spelled[0].unit.dimension.empty() && spelled[0].end == cleaned.size();  // "six years"
  if (spelled.size() == 1 && spelled[0].begin == 0 && (measured || HasAny(question, {" how many "}))) return Kind::kNumber;
  return AsksForPerson(question, SplitWords(cleaned)) ? Kind::kPerson : Kind::kName;
}

namespace {

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
  if (kind == Kind::kNumber && gold.answer.size() == 3 && gold.answer.find_first_not_of("0123456789") == std::string::npos) {
    const std::string status = Fold(focus);  // "4xx" is the class of 404
    if (status.find(gold.answer.substr(0, 1) + "xx") != status.npos && FindQuantities(focus).empty())
      return {Grade::kPartial, "number: its class"};
  }
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
