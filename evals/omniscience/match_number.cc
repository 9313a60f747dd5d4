// Numbers, ratios, ranges and dates.
#include <algorithm>
#include <cmath>

#include "evals/omniscience/date.h"
#include "evals/omniscience/match_rules.h"
#include "evals/omniscience/quantity.h"

namespace tidemark::omniscience {
namespace {

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
                       const Words& words, std::string_view text, const Words& question) {
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
  // "Half" is a number only where a share may be meant.
  const auto is_part = [&](const Quantity& q) {
    return q.spelled_part && gold.unit.dimension.kind != "percent" && gold.place >= 0;
  };
  if (others(is_part)) std::erase_if(candidates, [&](const Quantity* q) { return is_part(*q); });
  if (others(is_one)) std::erase_if(candidates, [&](const Quantity* q) { return is_one(*q); });
  if (others(is_year)) std::erase_if(candidates, [&](const Quantity* q) { return is_year(*q); });
  if (candidates.empty()) return nullptr;
  std::vector<const Quantity*> alike;  // of one dimension
  std::vector<size_t> places;
  for (const Quantity* q : candidates) {
    if (q->unit.dimension != candidates.front()->unit.dimension) continue;
    alike.push_back(q);
    places.push_back(WordAt(words, q->begin));
  }
  if (const auto k = InClauseAskedFor(places, words, question)) return alike[*k];
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
    const bool finer = answer_place < place && !answer.spelled_part && difference > slack && !converted;
    if (finer && !gold.round && digits == 0 && difference >= 0.5 * std::pow(10.0, place) - slack)
      return {Grade::kIncorrect, "number: differs"};  // 7.5 is no closer look at 8
    if (finer && !gold.round && digits == 0) return {Grade::kPartial, "number: more precise"};
    return {Grade::kCorrect, "number"};
  }
  int coarse = answer_place;
  if (answer.round) {  // "300,000": its zeros may be rounding
    for (double v = answer.value; std::fmod(v, 10) == 0 && coarse < 300; v /= 10) ++coarse;
    coarse = std::max(coarse, answer_place);
  }
  if (answer_place > place && difference <= 0.5 * std::pow(10.0, answer_place)) coarse = answer_place;  // its zeros count
  // A rounding that calls itself one may keep two digits; others must look like the value.
  const double magnitude = gold.value == 0 ? 0 : std::floor(std::log10(std::fabs(gold.value)));
  const bool count = gold.unit.dimension.empty() && gold.place == 0 && std::fabs(gold.value) < 1e4;  // 210 is not 209 roughly put
  const bool near = !(count && !answer.approximate) &&
                    difference <= (answer.approximate && magnitude - coarse >= 1 ? 0.05 : 0.005) * std::fabs(gold.value);
  if (near && (converted || (coarse > place && difference <= 0.5 * std::pow(10.0, coarse) + slack)))
    return {Grade::kPartial, "number: less precise"};
  return {Grade::kIncorrect, "number: differs"};
}

}  // namespace

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
  const Quantity* chosen = Choose(all, asked, golds.front(), words, focus, SplitWords(question));
  if (chosen == nullptr && golds.front().value == 0 && SaysNone(words, SplitWords(question)))
    return Verdict{Grade::kCorrect, "number: none"};
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

namespace {

// "Signed on 13 December 2007, it entered into force on 1 December 2009": the date whose clause repeats most of what the question
// asks about it, names aside; the first of equals.
size_t DateAskedFor(const std::vector<Date>& dates, const Words& words, const Words& question) {
  size_t best = 0, most = 0;
  for (size_t k = 0; k < dates.size(); ++k) {
    size_t shared = 0;
    for (size_t i = dates[k].word; i-- > 0;) {
      const bool asked =
          !words[i].capital && !IsFunctionWord(words[i].text) &&
          std::any_of(question.begin(), question.end(), [&](const Word& q) { return SameRoot(q.stem, words[i].stem); });
      shared += asked ? 1 : 0;
      if (BeginsClause(words, i) || words[i].text == "and" || i + 30 < dates[k].word) break;
    }
    if (shared > most) best = k, most = shared;
  }
  return best;
}

}  // namespace

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
  const size_t index = DateAskedFor(candidates, words, SplitWords(Clean(gold.question)));
  const Date& chosen = candidates[index];
  if (index + 1 < candidates.size()) {
    const Date& next = candidates[index + 1];
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

namespace {

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

using Range = std::pair<Quantity, Quantity>;

// "32-34 °C": the unit stands behind the second number and holds for both.
Range WithOneUnit(Quantity low, Quantity high) {
  if (low.unit.dimension.empty()) low.unit = high.unit;
  if (low.power == 0 && high.power > 0 && low.value < high.value / std::pow(10.0, high.power) + 1) {  // "2 to 3 million"
    low.value *= std::pow(10.0, high.power);
    low.place += high.power;
  }
  return {low, high};
}

// "32-34 °C", "1891 to 1894": both ends of the gold, if it is such a range and nothing else.
std::optional<Range> RangeIn(std::string_view gold) {
  const std::string cleaned = Clean(gold);
  const std::vector<Quantity> q = FindQuantities(cleaned);
  if (q.size() != 2 || !q[1].range_before || q[0].begin > 1) return std::nullopt;
  const std::string_view between = std::string_view(cleaned).substr(q[0].end, q[1].begin - q[0].end);
  if (between.find("or") != between.npos || between.find("and") != between.npos || between.find('/') != between.npos)
    return std::nullopt;
  if (q[1].value <= q[0].value || SplitWords(std::string_view(cleaned).substr(q[1].end)).size() > 2) return std::nullopt;
  return WithOneUnit(q[0], q[1]);
}

// Both ends in a row: A; one of them alone, or both but for rounding: C.
Verdict MatchRange(const Range& range, std::string_view focus, std::string_view question) {
  const std::vector<Quantity> asked = FindQuantities(question);
  const Unit unit = UnitAskedFor(question);
  const Words words = SplitWords(focus);
  const auto compare = [&](const Quantity& end, const Quantity& q) { return CompareNumbers(end, q, unit, 0).grade; };
  const auto either = [&](const Quantity& q) { return q.value == range.first.value || q.value == range.second.value; };
  std::vector<Quantity> given;
  for (const Quantity& q : FindQuantities(focus)) {
    const bool known =
        !either(q) && std::any_of(asked.begin(), asked.end(), [&](const Quantity& a) { return a.value == q.value; });
    if (!known && !Negated(words, WordAt(words, q.begin))) given.push_back(q);
  }
  for (size_t i = 0; i + 1 < given.size(); ++i) {
    const Range pair = WithOneUnit(given[i], given[i + 1]);
    const Grade low = compare(range.first, pair.first), high = compare(range.second, pair.second);
    if (low == Grade::kCorrect && high == Grade::kCorrect) return {Grade::kCorrect, "range"};
    if (low != Grade::kIncorrect && high != Grade::kIncorrect) return {Grade::kPartial, "range: roughly"};
  }
  const bool one = given.size() == 1 &&
                   (compare(range.first, given[0]) == Grade::kCorrect || compare(range.second, given[0]) == Grade::kCorrect);
  return one ? Verdict{Grade::kPartial, "range: one end"} : Verdict{Grade::kIncorrect, "range: differs"};
}

}  // namespace

std::optional<Verdict> MatchTwoNumbers(const Gold& gold, Kind kind, std::string_view focus) {
  if (IsRatio(gold.answer)) {
    const auto given = RatioIn(focus), right = RatioIn(gold.answer);
    if (given && right) return given == right ? Verdict{Grade::kCorrect, "ratio"} : Verdict{Grade::kIncorrect, "ratio: differs"};
  }
  const auto range = RangeIn(gold.answer);
  if (!range || (kind != Kind::kNumber && !gold.kind.empty())) return std::nullopt;
  return MatchRange(*range, focus, Clean(gold.question));
}

}  // namespace tidemark::omniscience
