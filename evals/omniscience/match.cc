#include "evals/omniscience/match.h"

#include <algorithm>
#include <cmath>

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

// "18 characters and 2 check digits, so 20 in total": what follows the last "so", if a number does.
std::string_view AfterConclusion(std::string_view focus) {
  const Words words = SplitWords(focus);
  size_t tries = 8;  // more would only cost time
  for (size_t i = words.size(); i-- > 1 && tries > 0;) {
    if (!IsOneOf(words[i].text, {"so", "therefore", "thus", "hence", "i"}) || !BeginsClause(words, i)) continue;
    if (words[i].text == "i" && (i + 1 == words.size() || words[i + 1].text != "e")) continue;  // i.e.
    const std::string_view rest = focus.substr(words[i].begin);
    --tries;
    if (!FindQuantities(rest).empty()) return rest;
  }
  return focus;
}

// The number that is meant among those found; nullptr: none.
const Quantity* Choose(const std::vector<Quantity>& all, const std::vector<Quantity>& asked, const Quantity& gold,
                       const Words& words, std::string_view text) {
  std::vector<const Quantity*> candidates;
  const auto others = [&](auto unwanted) {
    return std::any_of(candidates.begin(), candidates.end(), [&](const Quantity* q) { return !unwanted(*q); });
  };
  for (const Quantity& q : all) {
    if (Negated(words, WordAt(words, q.begin))) continue;
    const bool given =
        q.value != gold.value && std::any_of(asked.begin(), asked.end(), [&](const Quantity& a) { return a.value == q.value; });
    if (!given) candidates.push_back(&q);
  }
  const auto is_one = [](const Quantity& q) { return q.spelled_one; };
  const auto is_year = [&](const Quantity& q) {
    const size_t at = WordAt(words, q.begin);
    const bool led =
        at > 0 && IsOneOf(words[at - 1].text, {"in", "since", "by", "of", "year", "from", "until", "before", "after"});
    return q.bare && !(gold.bare && gold.value >= 1000) && q.value >= 1000 && q.value <= 2100 &&
           (led || (q.begin > 0 && text[q.begin - 1] == '('));
  };
  if (others(is_one)) std::erase_if(candidates, [&](const Quantity* q) { return is_one(*q); });
  if (others(is_year)) std::erase_if(candidates, [&](const Quantity* q) { return is_year(*q); });
  if (candidates.empty()) return nullptr;
  if (!gold.unit.dimension.empty()) {
    for (const Dimension& dimension : {gold.unit.dimension, Dimension()}) {
      for (const Quantity* q : candidates) {
        if (q->unit.dimension == dimension) return q;
      }
    }
  }
  return candidates.front();
}

Verdict CompareNumbers(const Quantity& gold, const Quantity& answer, const Unit& asked, int digits) {
  const Unit unit = gold.unit.dimension.empty() ? asked : gold.unit;
  double value = answer.value;
  int answer_place = answer.place;
  bool converted = false;
  // 0.78 and 78 % are the same share.
  const auto is_share = [](double v) { return v > 0 && v < 1; };
  if (unit.dimension.kind == "percent" && answer.unit.dimension.empty() && is_share(value) && gold.value >= 1) {
    value *= 100;
    answer_place += 2;
  } else if (unit.dimension.empty() && answer.unit.dimension.kind == "percent" && is_share(gold.value)) {
    value /= 100;
    answer_place -= 2;
  }
  if (!unit.dimension.empty() && !answer.unit.dimension.empty()) {
    if (unit.dimension != answer.unit.dimension) return {Grade::kIncorrect, "number: another unit"};
    converted = unit.factor != answer.unit.factor || unit.offset != answer.unit.offset;
    if (converted) value = (InBase(answer) - unit.offset) / unit.factor;
    // Another prefix of the same unit only moves the decimal point.
    const double shift = std::log10(answer.unit.factor / unit.factor), whole = std::round(shift);
    if (converted && unit.offset == answer.unit.offset && std::fabs(shift - whole) < 1e-9) {
      converted = false;
      answer_place += static_cast<int>(whole);
    }
    // 65536 bytes are 64 KB: a prefix of data may count in steps of 1024.
    for (const auto& [ours, theirs] :
         {std::pair{unit.binary, answer.unit.factor}, {unit.factor, answer.unit.binary}, {unit.binary, answer.unit.binary}}) {
      if (ours <= 0 || theirs <= 0) continue;
      const double other = answer.value * theirs / ours;
      if (std::fabs(other - gold.value) < std::fabs(value - gold.value)) value = other;
    }
  }
  int place = gold.place;
  if (digits > 0 && gold.value != 0) place = static_cast<int>(std::floor(std::log10(std::fabs(gold.value)))) + 1 - digits;
  // "12.450" for 12,450: a point between groups of three, as much of Europe writes it.
  if (answer.place == -3 && gold.place >= 0 && value * 1000 == gold.value)
    return {Grade::kCorrect, "number: point before thousands"};
  const double difference = std::fabs(value - gold.value), slack = 1e-9 * std::fabs(gold.value);
  if (difference <= 0.5 * std::pow(10.0, place) + slack) {
    const bool finer = answer_place < place && difference > slack && !converted;
    if (finer && !gold.round && digits == 0) return {Grade::kPartial, "number: more precise"};
    return {Grade::kCorrect, "number"};
  }
  int coarse = answer_place;
  if (answer.round) {  // "300,000": its zeros may be rounding
    for (double v = answer.value; std::fmod(v, 10) == 0 && coarse < 300; v /= 10) ++coarse;
    coarse = std::max(coarse, answer_place);
  }
  // A rounding that calls itself one may keep two digits; others must look like the value.
  const double magnitude = gold.value == 0 ? 0 : std::floor(std::log10(std::fabs(gold.value)));
  const bool count = gold.unit.dimension.empty() && gold.place == 0 && std::fabs(gold.value) < 1e4;  // 210 is not 209 roughly put
  const bool near = !(count && !answer.approximate) &&
                    difference <= (answer.approximate && magnitude - coarse >= 1 ? 0.05 : 0.005) * std::fabs(gold.value);
  if (near && (converted || (coarse > place && difference <= 0.5 * std::pow(10.0, coarse) + slack)))
    return {Grade::kPartial, "number: less precise"};
  return {Grade::kIncorrect, "number: differs"};
}

bool LooksLikeYear(const std::string& text) {
  return text.size() == 4 && (text[0] == '1' || text[0] == '2') &&
         std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

}  // namespace

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
  for (size_t k = i; k-- > 0;) {
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

std::optional<Verdict> MatchNumber(const Gold& gold, std::string_view focus) {
  const std::string cleaned_gold = Clean(gold.answer), question = Clean(gold.question);
  const std::vector<Quantity> golds = FindQuantities(cleaned_gold), asked = FindQuantities(question);
  if (golds.empty()) return std::nullopt;
  const size_t equals = focus.find_last_of('=');
  if (equals != focus.npos && HasDigit(focus.substr(equals))) focus.remove_prefix(equals + 1);
  focus = AfterConclusion(focus);
  const std::vector<Quantity> all = FindQuantities(focus);
  const Words words = SplitWords(focus);
  const int power = PowerAskedFor(question);
  const Quantity* chosen = Choose(all, asked, golds.front(), words, focus);
  Verdict verdict{Grade::kIncorrect, "number: none given"};
  if (chosen != nullptr) {
    Quantity given = *chosen;
    if (power > 0 && given.power > 0 && golds.front().power == 0) {  // asked in millions, answered "28 million"
      given.value /= std::pow(10.0, power);
      given.place -= power;
    }
    if (power > 0 && given.power == 0 && golds.front().power > 0) {  // and the other way round
      given.value *= std::pow(10.0, power);
      given.place += power;
    }
    verdict = CompareNumbers(golds.front(), given, UnitAskedFor(question), gold.digits);
    // "At least 6 %" answers a question for a minimum.
    const bool bound_asked =
        HasAny(Joined(SplitWords(question)), {" minimum ", " maximum ", " limit ", " requirement ", " required ", " threshold ",
                                              " cap ", " at least ", " at most ", " must "});
    if (given.bound && !golds.front().bound && !bound_asked) verdict = {Grade::kIncorrect, "number: a bound"};
    const size_t index = static_cast<size_t>(chosen - all.data());
    const bool pair = (index + 1 < all.size() && all[index + 1].range_before && all[index + 1].value != chosen->value) ||
                      (chosen->range_before && all[index - 1].value != chosen->value);
    if (pair && golds.size() == 1) verdict = {Grade::kIncorrect, "number: two given"};
  }
  if (verdict.grade == Grade::kCorrect) return verdict;
  for (const std::string& alias : gold.aliases) {  // "23 pairs" for 46
    const Words part = ContentWords(Clean(alias));
    const Words content = ContentWords(focus);
    for (size_t i = 0; part.size() > 1 && i < content.size(); ++i) {
      if (Matches(content, i, part) && !Negated(content, i)) return Verdict{Grade::kCorrect, "number: alias"};
    }
  }
  return verdict;
}

std::optional<Verdict> MatchDate(const Gold& gold, std::string_view focus) {
  const std::vector<Date> golds = FindDates(SplitWords(Clean(gold.answer)));
  if (golds.empty()) return std::nullopt;
  const std::vector<Date> asked = FindDates(SplitWords(Clean(gold.question)));
  const Words words = SplitWords(focus);
  std::vector<Date> candidates;
  for (const Date& date : FindDates(words)) {
    const auto same = [&](const Date& a) { return a.year == date.year && a.month == date.month && a.day == date.day; };
    const bool given =
        std::any_of(asked.begin(), asked.end(), same) && CompareDates(golds.front(), date) == DateMatch::kDifferent;
    if (!given && !Negated(words, date.word)) candidates.push_back(date);
  }
  if (candidates.empty()) return Verdict{Grade::kIncorrect, "date: none given"};
  const Date& chosen = candidates.front();
  if (candidates.size() > 1) {
    const Date& next = candidates[1];
    const size_t end = chosen.word + chosen.words;
    const bool joined = next.word <= end + 1 &&
                        (next.word > end ? IsOneOf(words[end].text, {"or", "to", "and"}) : words[next.word].before != " ");
    const bool differ = CompareDates(chosen, next) == DateMatch::kDifferent;
    if (joined && differ && golds.size() == 1) return Verdict{Grade::kIncorrect, "date: two given"};
  }
  switch (CompareDates(golds.front(), chosen)) {
    case DateMatch::kEqual:
      return Verdict{Grade::kCorrect, "date"};
    case DateMatch::kCoarser:
      return Verdict{Grade::kPartial, "date: less precise"};
    case DateMatch::kFiner:
      return Verdict{Grade::kPartial, "date: more precise"};
    case DateMatch::kDifferent:
      break;
  }
  return Verdict{Grade::kIncorrect, "date: differs"};
}

// "-B", "--no-cache": an option of a command, where case counts.
bool IsOption(std::string_view text) {
  const size_t letter = text.find_first_not_of('-');
  return letter != text.npos && letter >= 1 && letter <= 2 && text.find(' ') == text.npos && !HasDigit(text);
}

// "3:1" and "3 to 1": the two numbers, or nothing.
std::optional<std::pair<double, double>> RatioIn(std::string_view text) {
  const Words words = SplitWords(text);
  std::vector<std::string> texts;
  for (const Word& w : words) texts.push_back(w.text);
  const auto value = [&](size_t i) -> std::optional<double> {
    double spelled = 0;
    if (i >= texts.size()) return std::nullopt;
    if (texts[i].size() <= 6 && texts[i].find_first_not_of("0123456789") == std::string::npos) return std::stod(texts[i]);
    return ParseNumberWords({texts[i]}, 0, spelled) == 1 ? std::optional<double>(spelled) : std::nullopt;
  };
  for (size_t i = 0; i + 1 < words.size(); ++i) {
    const size_t next = texts[i + 1] == "to" ? i + 2 : i + 1;
    const auto a = value(i), b = value(next);
    if (a && b && (next == i + 2 || words[next].before == ":" || words[next].before == " : ")) return std::pair{*a, *b};
  }
  return std::nullopt;
}

bool IsRatio(std::string_view gold) {
  const size_t colon = gold.find(':');
  return colon != gold.npos && colon > 0 && colon + 1 < gold.size() && gold.find_first_not_of("0123456789:") == gold.npos &&
         gold.find(':', colon + 1) == gold.npos;
}

// "32-34 °C", "1891 to 1894": both ends of the gold, if it is such a range and nothing else.
std::optional<std::pair<double, double>> RangeIn(std::string_view gold) {
  const std::string cleaned = Clean(gold);
  const std::vector<Quantity> q = FindQuantities(cleaned);
  if (q.size() != 2 || !q[1].range_before || q[0].begin > 1) return std::nullopt;
  const std::string_view between = std::string_view(cleaned).substr(q[0].end, q[1].begin - q[0].end);
  if (between.find("or") != between.npos || between.find("and") != between.npos || between.find('/') != between.npos)
    return std::nullopt;
  if (q[1].value <= q[0].value || SplitWords(std::string_view(cleaned).substr(q[1].end)).size() > 2) return std::nullopt;
  return std::pair{q[0].value, q[1].value};
}

// Both ends in a row: A; one of them alone: C.
Verdict MatchRange(const std::pair<double, double>& range, std::string_view focus, const std::vector<Quantity>& asked) {
  std::vector<double> given;
  for (const Quantity& q : FindQuantities(focus)) {
    const bool known = q.value != range.first && q.value != range.second &&
                       std::any_of(asked.begin(), asked.end(), [&](const Quantity& a) { return a.value == q.value; });
    if (!known) given.push_back(q.value);
  }
  for (size_t i = 0; i + 1 < given.size(); ++i) {
    if (given[i] == range.first && given[i + 1] == range.second) return {Grade::kCorrect, "range"};
  }
  const bool one = given.size() == 1 && (given[0] == range.first || given[0] == range.second);
  return one ? Verdict{Grade::kPartial, "range: one end"} : Verdict{Grade::kIncorrect, "range: differs"};
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
        IsOneOf(w, {"author",   "writer",    "composer",  "painter",       "architect", "director",   "engineer",
                    "founder",  "inventor",  "explorer",  "poet",          "actor",     "actress",    "singer",
                    "minister", "sculptor",  "historian", "lawyer",        "wife",      "husband",    "scholar",
                    "monarch",  "ruler",     "officer",   "man",           "woman",     "leader",     "designer",
                    "producer", "conductor", "musician",  "mathematician", "developer", "programmer", "researcher"}))
      return true;
    pos = end + 1;
    ++seen;
  }
  return false;
}

// "Cluj, 1932" lists a place and a year; "14 July, 1789" is one date.
bool ListsSeveral(const Gold& gold, const std::vector<Date>& dates) {
  if (std::any_of(dates.begin(), dates.end(), [](const Date& d) { return d.month > 0; })) return false;
  const std::vector<Words> items = GoldItems(gold, ContentWords(Clean(gold.question)));
  return std::any_of(items.begin(), items.end(), [](const Words& item) { return !HasDigit(item[0].text); });
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
  if (gold.answer.find_first_of("(){}[]<>=`_") != gold.answer.npos && !HasDigit(cleaned) && cleaned.find(' ') == cleaned.npos)
    return Kind::kCode;
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
  if (spelled.size() == 1 && spelled[0].begin == 0 && HasAny(question, {" how many "})) return Kind::kNumber;
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
  if (IsRatio(gold.answer)) {
    const auto given = RatioIn(focus), right = RatioIn(gold.answer);
    if (given && right) return given == right ? Verdict{Grade::kCorrect, "ratio"} : Verdict{Grade::kIncorrect, "ratio: differs"};
  }
  if (const auto range = RangeIn(gold.answer); range && (kind == Kind::kNumber || gold.kind.empty()))
    return MatchRange(*range, focus, FindQuantities(Clean(gold.question)));
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
