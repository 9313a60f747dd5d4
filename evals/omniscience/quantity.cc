#include "evals/omniscience/quantity.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <optional>
#include <span>

#include "evals/omniscience/text.h"

namespace tidemark::omniscience {
namespace {

constexpr size_t kMostQuantities = 256;

struct Magnitude {
  std::string_view name;
  int power;
};
constexpr Magnitude kMagnitudes[] = {{"thousand", 3}, {"million", 6},   {"mio", 6},     {"mn", 6},       {"billion", 9},
                                     {"bn", 9},       {"trillion", 12}, {"hundred", 2}, {"millions", 6}, {"billions", 9}};

// Reads digits with group separators and one decimal point at text[pos].
struct Digits {
  std::string text;  // plain form for strtod
  int fraction = 0;  // digits after the point
  size_t end = 0;
};

size_t DigitRun(std::string_view text, size_t at) {
  size_t n = 0;
  while (at + n < text.size() && IsDigit(text[at + n])) ++n;
  return n;
}

std::optional<Digits> ReadDigits(std::string_view text, size_t pos) {
  Digits d;
  size_t run = DigitRun(text, pos);
  d.text = text.substr(pos, run);
  d.end = pos + run;
  if (run >= 1 && run <= 3) {  // groups of three, all with the same separator
    const char separator = d.end < text.size() ? text[d.end] : '\0';
    const bool groups = separator == ',' || separator == ' ' || separator == '\'' || separator == '.';
    size_t count = 0, at = d.end;
    while (groups && at < text.size() && text[at] == separator && DigitRun(text, at + 1) == 3) {
      at += 4;
      ++count;
    }
    if (count >= (separator == '.' ? 2u : 1u)) {  // one point is a decimal point
      for (size_t i = d.end; i < at; ++i) {
        if (text[i] != separator) d.text += text[i];
      }
      d.end = at;
    }
  }
  const char mark = d.end < text.size() ? text[d.end] : '\0';
  const size_t fraction = mark == '.' || mark == ',' ? DigitRun(text, d.end + 1) : 0;
  if (fraction > 0) {
    if (d.end + 1 + fraction < text.size() && text[d.end + 1 + fraction] == '.' && DigitRun(text, d.end + 2 + fraction) > 0)
      return std::nullopt;  // 1.2.3
    d.text += '.';
    d.text += text.substr(d.end + 1, fraction);
    d.fraction = static_cast<int>(fraction);
    d.end += 1 + fraction;
  }
  if (d.text.empty() || d.text.size() > 60) return std::nullopt;
  return d;
}

// "e23", "x 10^23", "* 10^-3" at text[pos]: the exponent, and pos moved past it.
std::optional<int> ReadExponent(std::string_view text, size_t& pos) {
  size_t at = pos;
  if (at < text.size() && text[at] == 'e') {
    ++at;
  } else {
    while (at < text.size() && text[at] == ' ') ++at;
    if (text.substr(at, 2) == "\xC3\x97" || text.substr(at, 2) == "\xC2\xB7") {
      at += 2;
    } else if (at < text.size() && (text[at] == 'x' || text[at] == '*')) {
      ++at;
    } else {
      return std::nullopt;
    }
    while (at < text.size() && text[at] == ' ') ++at;
    if (text.substr(at, 2) != "10") return std::nullopt;
    at += 2;
    if (at < text.size() && text[at] == '^') ++at;
    if (at < text.size() && text[at] == '(') ++at;
    if (at < text.size() && text[at] == '{') ++at;
  }
  const bool minus = at < text.size() && text[at] == '-';
  if (at < text.size() && (text[at] == '-' || text[at] == '+')) ++at;
  const size_t run = DigitRun(text, at);
  if (run == 0 || run > 3) return std::nullopt;
  const int exponent = std::atoi(std::string(text.substr(at, run)).c_str());
  pos = at + run;
  if (pos < text.size() && (text[pos] == ')' || text[pos] == '}')) ++pos;
  return minus ? -exponent : exponent;
}

bool EndsWithAny(std::string_view text, std::initializer_list<std::string_view> ends) {
  return std::any_of(ends.begin(), ends.end(),
                     [&](std::string_view e) { return text.size() >= e.size() && text.substr(text.size() - e.size()) == e; });
}

// The magnitude that stands at text[at] as a word of its own.
const Magnitude* MagnitudeAt(std::string_view text, size_t at, std::span<const Magnitude> table) {
  for (const Magnitude& m : table) {
    const size_t end = at + m.name.size();
    if (text.substr(at, m.name.size()) == m.name && (end == text.size() || !IsWordByte(text[end]))) return &m;
  }
  return nullptr;
}

// "$4.5b", "4.5bn", "4.5 billion": nullptr if none follows. A lone letter is a magnitude only of money, elsewhere it is a unit.
const Magnitude* MagnitudeAfter(std::string_view text, std::string_view original, const Quantity& q) {
  static constexpr Magnitude kOfMoney[] = {{"k", 3}, {"m", 6}, {"b", 9}, {"t", 12}};
  const bool money = EndsWithAny(text.substr(0, q.begin), {"$", "\xE2\x82\xAC", "\xC2\xA3"});
  if (const Magnitude* letter = MagnitudeAt(text, q.end, kOfMoney); money && letter != nullptr) return letter;
  const bool gap = q.end < text.size() && (text[q.end] == ' ' || text[q.end] == '-');
  const size_t at = q.end + (gap ? 1 : 0);
  if (original.substr(at, 2) == "mN" || original.substr(at, 2) == "MN") return nullptr;  // newtons
  return MagnitudeAt(text, at, kMagnitudes);
}

// Two symbols with a space between them, behind which the phrase ends: the length of both, otherwise 0. In the middle of a phrase
// the second is more often a word.
size_t ProductLength(std::string_view text, size_t at, size_t length) {
  const size_t begin = at + length + 1;
  if (length == 0 || length > 4 || begin >= text.size() || text[begin - 1] != ' ') return 0;
  size_t end = begin;
  while (end < text.size() && IsAsciiLetter(text[end])) ++end;
  const bool over = end == text.size() || std::string_view(".,;)\n").find(text[end]) != std::string_view::npos;
  return end > begin && end - begin <= 2 && over ? end - at : 0;
}

// Magnitude word and unit after a number, sign, currency and bound before it. `text` is the original in ASCII lower case.
void ReadSurroundings(std::string_view text, std::string_view original, Quantity& q) {
  const auto skip_space = [&](size_t at) { return at < text.size() && (text[at] == ' ' || text[at] == '-') ? at + 1 : at; };
  if (const Magnitude* m = MagnitudeAfter(text, original, q)) {
    q.value *= std::pow(10.0, m->power);
    q.place += m->power;
    q.power = m->power;
    q.end = text.find(m->name, q.end) + m->name.size();
    q.bare = false;
  }
  size_t length = 0;
  const size_t at = skip_space(q.end);
  q.unit = UnitAt(original, at, length);
  if (length > 0) q.end = at + length;
  if (const size_t product = ProductLength(original, at, length); product > 0) {  // "J s", "kW h"
    const std::string dotted = std::string(original.substr(at, length)) + "\xC2\xB7" +
                               std::string(original.substr(at + length + 1, product - length - 1));
    size_t read = 0;
    const Unit unit = UnitAt(dotted, 0, read);
    if (read == dotted.size()) q.unit = unit, q.end = at + product;
  }
  std::string_view before = text.substr(0, q.begin);
  const auto trim = [&] {
    while (!before.empty() && (before.back() == ' ' || before.back() == '~' || before.back() == '(')) before.remove_suffix(1);
  };
  trim();
  for (const auto& [sign, name] : {std::pair{"$", "$"},
                                   {"\xE2\x82\xAC", "euro"},
                                   {"\xC2\xA3", "gbp"},
                                   {"\xC2\xA5", "yen"},
                                   {" usd", "usd"},
                                   {" eur", "eur"}}) {
    if (!EndsWithAny(before, {sign})) continue;
    before.remove_suffix(std::string_view(sign).size());
    size_t ignored = 0;
    q.unit = UnitAt(name, 0, ignored);
  }
  trim();
  if (EndsWithAny(before, {"minus"})) q.value = -q.value;
  q.bound = EndsWithAny(before, {"more than", "less than", "fewer than", "at least", "at most", " over", " under", " above",
                                 " below", "up to", "greater than", "<", ">"});
  q.approximate = EndsWithAny(before, {"about", "around", "approximately", "roughly", "approx", "approx.", "nearly", "almost",
                                       "circa", "ca.", "some"}) ||
                  EndsWithAny(text.substr(0, q.begin), {"~", "~ ", "\xE2\x89\x88 ", "\xE2\x89\x88"});
  if (q.unit.dimension.empty() == false || length > 0) q.bare = false;
}

// "5730 ± 40 years": what follows the sign is no value of its own, and its unit is the value's.
void ReadTolerance(std::string_view text, std::string_view original, Quantity& q) {
  size_t at = q.end;
  const auto skip = [&] {
    while (at < text.size() && text[at] == ' ') ++at;
  };
  skip();
  const std::string_view rest = text.substr(at);
  const size_t sign = rest.starts_with("\xC2\xB1") ? 2 : rest.starts_with("+/-") ? 3 : 0;
  if (sign == 0) return;
  at += sign;
  skip();
  const auto digits = at < text.size() && IsDigit(text[at]) ? ReadDigits(text, at) : std::nullopt;
  if (!digits) return;
  q.end = digits->end;
  size_t length = 0;
  at = q.end;
  skip();
  const Unit unit = UnitAt(original, at, length);
  if (length == 0) return;
  if (q.unit.dimension.empty()) q.unit = unit;
  q.end = at + length;
}

std::optional<Quantity> ReadNumeral(std::string_view text, std::string_view original, size_t pos) {
  const auto digits = ReadDigits(text, pos);
  if (!digits) return std::nullopt;
  Quantity q;
  q.begin = pos;
  q.end = digits->end;
  q.value = std::strtod(digits->text.c_str(), nullptr);
  q.place = -digits->fraction;
  q.bare =
      digits->fraction == 0 && digits->text.size() >= 3 && digits->text.size() <= 4 && digits->end - pos == digits->text.size();
  q.round = digits->fraction == 0 && digits->text.back() == '0' && q.value != 0;
  if (const auto exponent = ReadExponent(text, q.end)) {
    q.value *= std::pow(10.0, *exponent);
    q.place += *exponent;
    q.bare = q.round = false;
  }
  // A letter right behind belongs to an identifier, unless it begins a unit or a magnitude.
  size_t unit = 0;
  if (q.bare && q.round && text.substr(q.end, 2) == "'s") return std::nullopt;  // a decade
  if (q.end < text.size() && IsWordByte(text[q.end]) && MagnitudeAfter(text, original, q) == nullptr) {
    UnitAt(original, q.end, unit);
    // "12A", "5B", "3T": a number of a section or a model more often than a quantity.
    const bool letter = unit == 1 && std::string_view("ABJMNT").find(original[q.end]) != std::string_view::npos;
    if (unit == 0 || letter) return std::nullopt;
  }
  if (pos > 0 && text[pos - 1] == '-' && (pos == 1 || text[pos - 2] == ' ' || text[pos - 2] == '(' || text[pos - 2] == '=')) {
    q.value = -q.value;
    q.begin = pos - 1;
  }
  if (text.substr(q.end, 1) == "/" && DigitRun(text, q.end + 1) > 0 && q.place == 0) {  // a fraction
    const auto below = ReadDigits(text, q.end + 1);
    if (!below || text.substr(below->end, 1) == "/") return std::nullopt;  // a date
    const double divisor = std::strtod(below->text.c_str(), nullptr);
    if (divisor == 0) return std::nullopt;
    q.value /= divisor;
    q.place = -6;
    q.bare = q.round = false;
    q.end = below->end;
  }
  if (!std::isfinite(q.value)) return std::nullopt;
  ReadSurroundings(text, original, q);
  ReadTolerance(text, original, q);
  return q;
}

// "or", "to", a dash or a slash alone between two numbers.
bool JoinsNumbers(std::string_view between) {
  while (!between.empty() && between.front() == ' ') between.remove_prefix(1);
  while (!between.empty() && between.back() == ' ') between.remove_suffix(1);
  return IsOneOf(between, {"or", "to", "-", "/", "and", ", or", "or maybe", "or perhaps", "or possibly", "and perhaps"});
}

}  // namespace

std::vector<Quantity> FindQuantities(std::string_view cleaned) {
  std::string text(cleaned);  // ASCII lower case: units and magnitudes are ASCII, bytes keep their place
  for (char& c : text) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  std::vector<Quantity> found;
  const Words words = SplitWords(cleaned);
  std::vector<std::string> texts;
  for (const Word& w : words) texts.push_back(w.text);
  size_t done = 0;
  for (size_t i = 0; i < words.size() && found.size() < kMostQuantities; ++i) {
    if (words[i].begin < done) continue;
    std::optional<Quantity> q;
    if (IsDigit(text[words[i].begin])) {
      const size_t at = words[i].begin;
      const bool inside = at > 0 && (text[at - 1] == '_' || (text[at - 1] == '.' && at > 1 && IsWordByte(text[at - 2])) ||
                                     (text[at - 1] == '-' && at > 1 && IsWordByte(text[at - 2]) && !IsDigit(text[at - 2])));
      if (!inside) q = ReadNumeral(text, cleaned, at);
      // A dotted identifier is skipped as a whole.
      if (!q) {
        done = at;
        while (done < text.size() && (IsWordByte(text[done]) || ((text[done] == '.' || text[done] == '/') &&
                                                                 done + 1 < text.size() && IsDigit(text[done + 1]))))
          ++done;
        continue;
      }
    } else {
      double value = 0;
      size_t n = ParseYearWords(words, i, value);
      const bool year = n > 0;
      const size_t part = year ? 0 : ParsePart(words, i, value);
      if (n == 0) n = part > 0 ? part : ParseNumberWords(texts, i, value);
      if (n == 0) continue;
      q.emplace();
      q->value = value;
      q->bare = year;
      q->spelled_part = part > 0;
      if (part > 0) q->place = -6;
      q->begin = words[i].begin;
      q->end = words[i + n - 1].end;
      q->spelled_one = n == 1 && texts[i] == "one";
      q->round = value >= 100 && std::fmod(value, 10) == 0;
      ReadSurroundings(text, cleaned, *q);
    }
    q->range_before = !found.empty() && q->begin > found.back().end &&
                      JoinsNumbers(std::string_view(text).substr(found.back().end, q->begin - found.back().end));
    done = std::max(q->end, q->begin + 1);
    found.push_back(*q);
  }
  return found;
}

Unit UnitAskedFor(std::string_view cleaned_question) {
  for (const std::string_view lead : {" in ", "ow many ", "ow much "}) {
    for (size_t at = cleaned_question.find(lead); at != cleaned_question.npos; at = cleaned_question.find(lead, at + 1)) {
      size_t length = 0;
      const Unit unit = UnitAt(cleaned_question, at + lead.size(), length, false);
      const std::string_view name = cleaned_question.substr(at + lead.size(), length);
      // One letter is rarely a unit in a question, two capitals are a place more often than a unit but for bytes, and some
      // symbols are words too.
      const bool capitals = length == 2 && std::none_of(name.begin(), name.end(), [](char c) { return c < 'A' || c > 'Z'; });
      const bool place = capitals && unit.dimension.powers.back() == 0;
      if (length > 1 && !place && !IsOneOf(name, {"us", "am", "pm"})) return unit;
    }
  }
  return {};
}

int PowerAskedFor(std::string_view cleaned_question) {
  const std::string text = Fold(cleaned_question);
  for (const Magnitude& m : kMagnitudes) {
    if (text.find(fmt::format("in {}s of ", m.name)) != text.npos || text.find(fmt::format("in {} ", m.name)) != text.npos)
      return m.power;
  }
  return 0;
}

double InBase(const Quantity& q) { return q.value * q.unit.factor + q.unit.offset; }

}  // namespace tidemark::omniscience
