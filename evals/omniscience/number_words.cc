// Numbers in words. Parts of quantity.h.
#include <algorithm>
#include <utility>

#include "evals/omniscience/quantity.h"
#include "evals/omniscience/text.h"

namespace tidemark::omniscience {

size_t ParseNumberWords(const std::vector<std::string>& words, size_t i, double& value) {
  static constexpr std::string_view kSmall[] = {"zero",     "one",     "two",     "three",     "four",     "five",    "six",
                                                "seven",    "eight",   "nine",    "ten",       "eleven",   "twelve",  "thirteen",
                                                "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen"};
  static constexpr std::string_view kOrdinal[] = {"zeroth",    "first",     "second",      "third",      "fourth",
                                                  "fifth",     "sixth",     "seventh",     "eighth",     "ninth",
                                                  "tenth",     "eleventh",  "twelfth",     "thirteenth", "fourteenth",
                                                  "fifteenth", "sixteenth", "seventeenth", "eighteenth", "nineteenth"};
  static constexpr std::string_view kTens[] = {"twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"};
  static constexpr std::string_view kTenth[] = {"twentieth", "thirtieth",  "fortieth",  "fiftieth",
                                                "sixtieth",  "seventieth", "eightieth", "ninetieth"};
  double total = 0, group = 0;
  bool any = false, tens_open = false, small_open = true;
  size_t n = 0;
  for (; i + n < words.size() && n < 16; ++n) {
    const std::string& w = words[i + n];
    const auto find = [&w](const auto& list) { return std::find(std::begin(list), std::end(list), w) - std::begin(list); };
    const auto small = find(kSmall), ordinal = find(kOrdinal), tens = find(kTens), tenth = find(kTenth);
    const bool last = ordinal < std::ssize(kOrdinal) || tenth < std::ssize(kTenth);
    if (small < std::ssize(kSmall) || ordinal < std::ssize(kOrdinal)) {
      const auto v = std::min(small, ordinal);
      if (!small_open && !(tens_open && v >= 1 && v <= 9)) break;
      group += static_cast<double>(v);
      small_open = tens_open = false;
    } else if (tens < std::ssize(kTens) || tenth < std::ssize(kTenth)) {
      if (!small_open) break;
      group += 20.0 + 10.0 * static_cast<double>(std::min(tens, tenth));
      tens_open = true;
      small_open = false;
    } else if (w == "hundred" && any) {
      group = std::max(group, 1.0) * 100;
      small_open = true;
    } else if ((w == "thousand" || w == "million" || w == "billion" || w == "trillion") && any) {
      total += std::max(group, 1.0) * (w == "thousand" ? 1e3 : w == "million" ? 1e6 : w == "billion" ? 1e9 : 1e12);
      group = 0;
      small_open = true;
    } else if (w == "dozen") {
      group = std::max(group, 1.0) * 12;
      any = true;
      ++n;
      break;
    } else if (!(w == "and" && any && small_open)) {
      break;
    }
    any = true;
    if (last) {
      ++n;
      break;
    }
  }
  while (n > 0 && words[i + n - 1] == "and") --n;
  value = total + group;
  return any ? n : 0;
}

size_t ParseYearWords(const Words& words, size_t i, double& value) {
  if (i + 1 >= words.size() || words[i + 1].before != " ") return 0;
  double first = 0, second = 0;
  if (ParseNumberWords({words[i].text}, 0, first) != 1 || first < 11 || first > 20 || words[i].text.ends_with("th")) return 0;
  std::vector<std::string> rest;
  for (size_t k = i + 1; k < std::min(words.size(), i + 3); ++k) {
    if (k > i + 1 && words[k].before != " " && words[k].before != "-") break;
    rest.push_back(words[k].text);
  }
  const bool oh = rest.size() == 2 && IsOneOf(rest[0], {"oh", "o"});  // "nineteen oh five"
  const size_t n = ParseNumberWords(rest, oh ? 1 : 0, second) + (oh ? 1 : 0);
  const std::string& last = words[i + n].text;
  if (n == (oh ? 1 : 0) || second < (oh ? 1 : 10) || second > (oh ? 9 : 99) || last.ends_with("th") || last.ends_with("st"))
    return 0;
  value = 100 * first + second;
  return n + 1;
}

size_t ParsePart(const Words& words, size_t i, double& value) {
  static constexpr std::pair<std::string_view, int> kParts[] = {{"half", 2},   {"third", 3},  {"quarter", 4},
                                                                {"fourth", 4}, {"fifth", 5},  {"sixth", 6},
                                                                {"eighth", 8}, {"tenth", 10}, {"hundredth", 100}};
  const bool half = words[i].text == "half", a = words[i].text == "a";
  double count = 1;
  if (!half && !a && ParseNumberWords({words[i].text}, 0, count) != 1) return 0;
  if (count < 1 || count > 9) return 0;
  const size_t at = half ? i : i + 1;
  if (at >= words.size() || (at > i && words[at].before != " " && words[at].before != "-")) return 0;
  for (const auto& [name, parts] : kParts) {
    const std::string& text = words[at].text;
    const bool plural = text.size() == name.size() + 1 && text.starts_with(name) && text.ends_with('s');
    if (text != name && !plural) continue;
    if (name != "half" && plural != (count > 1)) return 0;
    const bool joined = at + 1 < words.size() && (words[at + 1].before == "-" || words[at + 1].text == "a");
    const bool ordered = i > 0 && half &&
                         IsOneOf(words[i - 1].text, {"first", "second", "other", "latter", "last", "former", "and", "upper",
                                                     "lower", "northern", "southern", "one", "a"});
    if (joined || ordered || (i > 0 && words[i - 1].text == "and")) return 0;
    value = count / parts;
    return at + 1 - i;
  }
  return 0;
}

}  // namespace tidemark::omniscience
