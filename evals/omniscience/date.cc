#include "evals/omniscience/date.h"

#include <algorithm>
#include <optional>

#include "evals/omniscience/quantity.h"

namespace tidemark::omniscience {
namespace {

constexpr size_t kMostDates = 64;

int Month(std::string_view word) {
  static constexpr std::string_view kMonths[] = {"january", "february", "march",     "april",   "may",      "june",
                                                 "july",    "august",   "september", "october", "november", "december"};
  for (int m = 0; m < 12; ++m) {
    const std::string_view name = kMonths[m];
    if (word == name || (word.size() >= 3 && word.size() <= 4 && name.substr(0, word.size()) == word)) return m + 1;
  }
  return 0;
}

// A whole number of at most four digits, an ordinal suffix allowed if `ordinal`.
std::optional<int> Number(std::string_view word, bool ordinal) {
  if (ordinal && word.size() > 2) {
    const std::string_view suffix = word.substr(word.size() - 2);
    if (IsOneOf(suffix, {"st", "nd", "rd", "th"})) word.remove_suffix(2);
  }
  if (word.empty() || word.size() > 4) return std::nullopt;
  int value = 0;
  for (const char c : word) {
    if (c < '0' || c > '9') return std::nullopt;
    value = 10 * value + (c - '0');
  }
  return value;
}

int Day(const Words& words, size_t& i) {
  if (const auto n = Number(words[i].text, true)) {
    if (*n < 1 || *n > 31 || words[i].text.size() > 4) return 0;
    ++i;
    return *n;
  }
  std::vector<std::string> texts;
  for (size_t k = i; k < std::min(words.size(), i + 2); ++k) texts.push_back(words[k].text);
  double value = 0;
  const size_t n = ParseNumberWords(texts, 0, value);
  if (n == 0 || value < 1 || value > 31) return 0;
  i += n;
  return static_cast<int>(value);
}

bool IsEra(std::string_view word) { return IsOneOf(word, {"bc", "bce"}); }

// A year at words[i], an era behind it included.
int Year(const Words& words, size_t& i) {
  if (i >= words.size()) return 0;
  double spelled = 0;
  if (const size_t taken = ParseYearWords(words, i, spelled); taken > 0) {
    i += taken;
    return static_cast<int>(spelled);
  }
  const auto n = Number(words[i].text, false);
  if (!n || *n == 0) return 0;
  const bool bc = i + 1 < words.size() && IsEra(words[i + 1].text) && words[i + 1].before == " ";
  const bool ad = (i > 0 && words[i - 1].text == "ad") || (i + 1 < words.size() && IsOneOf(words[i + 1].text, {"ad", "ce"}));
  if (words[i].text.size() < 3 && !bc && !ad) return 0;
  i += bc ? 2 : 1;
  return bc ? -*n : *n;
}

bool Near(const Words& words, size_t i) {  // belongs to what stands before it
  return i < words.size() && (words[i].before == " " || words[i].before == ", " || words[i].before == "-" ||
                              words[i].before == "." || words[i].before == ". ");
}

// 1789-07-14, 14/07/1789, 14.7.1789
std::optional<Date> Digits(const Words& words, size_t i) {
  if (i + 2 >= words.size()) return std::nullopt;
  const std::string& gap = words[i + 1].before;
  if ((gap != "-" && gap != "/" && gap != ".") || words[i + 2].before != gap) return std::nullopt;
  const auto a = Number(words[i].text, false), b = Number(words[i + 1].text, false), c = Number(words[i + 2].text, false);
  if (!a || !b || !c) return std::nullopt;
  Date date;
  date.word = i;
  date.words = 3;
  if (words[i].text.size() == 4 && *b >= 1 && *b <= 12 && *c >= 1 && *c <= 31) {
    date.year = *a, date.month = *b, date.day = *c;
    return date;
  }
  if (words[i + 2].text.size() != 4 || *a < 1 || *b < 1 || std::max(*a, *b) > 31 || std::min(*a, *b) > 12) return std::nullopt;
  date.year = *c;
  const bool month_first = *b > 12;
  date.month = month_first ? *a : *b;
  date.day = month_first ? *b : *a;
  date.swappable = *a <= 12 && *b <= 12;
  return date;
}

// "15th", "fifteenth", "twenty-first" with "century" behind it.
bool BeforeCentury(const Words& words, size_t i) {
  return (i + 1 < words.size() && words[i + 1].text == "century") || (i + 2 < words.size() && words[i + 2].text == "century");
}

// 07/1944
std::optional<Date> MonthAndYear(const Words& words, size_t i) {
  if (i + 1 >= words.size() || words[i + 1].before != "/" || words[i].text.size() != 2 || words[i + 1].text.size() != 4)
    return std::nullopt;
  const auto month = Number(words[i].text, false), year = Number(words[i + 1].text, false);
  if (!month || !year || *month < 1 || *month > 12) return std::nullopt;
  Date date;
  date.word = i, date.words = 2;
  date.year = *year, date.month = *month;
  return date;
}

std::optional<Date> DateAt(const Words& words, size_t i) {
  if (const auto digits = Digits(words, i)) return digits;
  if (const auto month = MonthAndYear(words, i)) return month;
  Date date;
  date.word = i;
  size_t at = i;
  if (const int month = Month(words[i].text); month > 0 && words[i].capital) {  // July 14, 1789; July 1789
    date.month = month;
    at = i + 1;
    if (at < words.size() && words[at].text == "the") ++at;
    if (Near(words, at)) {
      if (const int day = Day(words, at)) date.day = day;
    }
    if (at < words.size() && IsOneOf(words[at].text, {"of", "in"})) ++at;
    if (Near(words, at)) date.year = Year(words, at);
    if (date.day == 0 && date.year == 0) return std::nullopt;
  } else if (const int day = BeforeCentury(words, i) ? 0 : Day(words, at)) {  // 14 July 1789; the 14th of July
    if (at < words.size() && words[at].text == "of") ++at;
    if (at < words.size() && words[at].text == "day") return std::nullopt;
    const int then = at < words.size() && Near(words, at) ? Month(words[at].text) : 0;
    if (then > 0 && words[at].capital) {
      date.day = day;
      date.month = then;
      ++at;
      if (at < words.size() && words[at].text == "in") ++at;
      if (Near(words, at)) date.year = Year(words, at);
    } else {
      at = i;
      date.year = Year(words, at);
    }
  } else {
    at = i;
    const std::string& w = words[i].text;
    const bool decade = w.size() == 5 && w.back() == 's' && Number(w.substr(0, 4), false) && w[3] == '0';
    std::vector<std::string> texts;
    for (size_t k = i; k < std::min(words.size(), i + 2); ++k) texts.push_back(words[k].text);
    double nth = 0;
    size_t spelled = ParseNumberWords(texts, 0, nth);
    if (w.size() > 2 && IsOneOf(std::string_view(w).substr(w.size() - 2), {"st", "nd", "rd", "th"})) {
      if (const auto n = Number(w, true)) nth = *n, spelled = 1;
    }
    const bool century =
        spelled > 0 && i + spelled < words.size() && words[i + spelled].text == "century" && nth >= 1 && nth <= 30;
    if (century) {
      date.year = std::max(1, 100 * static_cast<int>(nth) - 100);
      date.century = true;
      at += spelled + 1;
    } else if (decade) {
      date.year = *Number(w.substr(0, 4), false);
      date.decade = true;
      ++at;
    } else {
      date.year = Year(words, at);
    }
  }
  if (date.year == 0 && date.day == 0) return std::nullopt;
  date.words = at - i;
  return date;
}

bool Agrees(const Date& gold, const Date& answer, int month, int day, bool& coarser, bool& finer) {
  const auto part = [&](int g, int a) {
    if (g == 0) finer = finer || a != 0;
    if (a == 0) coarser = coarser || g != 0;
    return g == 0 || a == 0 || g == a;
  };
  if (answer.century != gold.century) {
    const Date& whole = answer.century ? answer : gold;
    const Date& single = answer.century ? gold : answer;
    (answer.century ? coarser : finer) = true;
    return single.year >= whole.year && single.year <= whole.year + 100;
  }
  if (answer.decade != gold.decade) {
    const Date& whole = answer.decade ? answer : gold;
    const Date& single = answer.decade ? gold : answer;
    (answer.decade ? coarser : finer) = true;
    return single.year >= whole.year && single.year < whole.year + 10;
  }
  const bool year = part(gold.year, answer.year), months = part(gold.month, month), days = part(gold.day, day);
  return year && months && days;
}

}  // namespace

std::vector<Date> FindDates(const Words& words) {
  std::vector<Date> dates;
  for (size_t i = 0; i < words.size() && dates.size() < kMostDates;) {
    const auto date = DateAt(words, i);
    if (date) dates.push_back(*date);
    i += date ? std::max<size_t>(date->words, 1) : 1;
  }
  return dates;
}

DateMatch CompareDates(const Date& gold, const Date& answer) {
  for (const bool swap : {false, true}) {
    if (swap && !answer.swappable) break;
    bool coarser = false, finer = false;
    const int month = swap ? answer.day : answer.month, day = swap ? answer.month : answer.day;
    if (!Agrees(gold, answer, month, day, coarser, finer)) continue;
    if (coarser) return DateMatch::kCoarser;
    return finer ? DateMatch::kFiner : DateMatch::kEqual;
  }
  return DateMatch::kDifferent;
}

}  // namespace tidemark::omniscience
