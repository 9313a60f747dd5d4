// Names and other short texts: is the gold what the answer commits itself to?
#include <algorithm>
#include <utility>

#include "evals/omniscience/name_rules.h"
#include "evals/omniscience/quantity.h"

namespace tidemark::omniscience {
namespace {

constexpr size_t kMostOccurrences = 32;  // of a gold in one answer: more would only cost time

// The answer gives part of the gold and nothing that is not in it.
bool PartOfGold(const Words& words, const Words& gold, const Words& question, bool person) {
  size_t shared = 0;
  for (size_t i = 0; i < words.size(); ++i) {
    const Word& w = words[i];
    if (i > 0 && words[i - 1].capital && IsRegnalNumber(w) && !Contains(gold, w.text)) return false;  // "I" of "Elizabeth I"
    if (Contains(gold, w.text) && !IsFiller(w.text)) {
      shared += Contains(question, w.text) ? 0 : 1;
    } else if (!IsFiller(w.text) && !Contains(question, w.text) && !IsGeneric(w.text)) {
      return false;
    }
  }
  return shared > 0 && shared < gold.size() && !(person && gold.size() < 2);
}

// Numbers as one word in figures: "Twenty Thousand Leagues" and "20,000 Leagues" are "20000 Leagues".
Words InFigures(const Words& words) {
  Words out;
  std::vector<std::string> texts;
  for (const Word& w : words) texts.push_back(w.text);
  for (size_t i = 0; i < words.size();) {
    const bool group = words[i].before == "," && words[i].text.size() == 3 && HasDigit(words[i].text) && !out.empty() &&
                       HasDigit(out.back().text);
    if (group) {
      out.back().text = out.back().stem = out.back().text + words[i++].text;
      continue;
    }
    out.push_back(words[i]);
    double value = 0;
    const size_t year = ParseYearWords(words, i, value);
    const size_t n = year > 0 ? year : IsOneOf(texts[i], {"one", "first", "second"}) ? 0 : ParseNumberWords(texts, i, value);
    if (n > 0 && value < 1e9) out.back().text = out.back().stem = std::to_string(static_cast<long long>(value));
    i += std::max<size_t>(n, 1);
  }
  return out;
}

// The surname alone: the last word of a gold of several.
std::vector<Words> Surnames(const std::vector<Words>& forms) {
  std::vector<Words> surnames;
  for (const Words& form : forms) {
    if (form.size() > 1 && form.back().text.size() >= 3 && form.back().capital &&
        std::none_of(form.begin(), form.end(), IsRegnalNumber))
      surnames.push_back({form.back()});
  }
  return surnames;
}

// A part of the gold and nothing else. nullopt: it is not that.
std::optional<Verdict> MatchPart(const Gold& gold, const Words& words, const Words& question, bool person) {
  for (const std::string& text : AllGolds(gold)) {
    const Words full = ContentWords(Clean(text));
    if (!PartOfGold(words, full, question, person)) continue;
    const std::vector<std::string> variants = Variants(text);
    // "California" for "San Francisco, California" says too little.
    const size_t place = variants.size() > 1 && text.find(", ") != text.npos ? ContentWords(Clean(variants.back())).size() : 0;
    const auto in_place = [&](const Word& w) {
      return std::any_of(full.begin(), full.begin() + static_cast<std::ptrdiff_t>(std::min(place, full.size())),
                         [&](const Word& g) { return g.text == w.text && !IsFiller(g.text); });
    };
    if (place > 0 && std::none_of(words.begin(), words.end(), in_place)) return Verdict{Grade::kIncorrect, "name: its region"};
    // What is missing may be in the question: the first name of somebody's wife.
    const bool presumed = std::all_of(full.begin(), full.end(),
                                      [&](const Word& w) { return Contains(words, w.text) || Contains(question, w.text); });
    const bool surname = person && (presumed || Contains(words, full.back().text));
    // "C" where the question asks which vitamin.
    const Words head = HeadOf(question);
    const bool kind_left_out = std::any_of(variants.begin(), variants.end(), [&](const std::string& variant) {
      const Words whole = ContentWords(Clean(variant));
      const auto known = [&](const Word& w) { return Contains(words, w.text) || Contains(head, w.text) || IsFiller(w.text); };
      const auto given = [&](const Word& w) { return Contains(words, w.text) && !IsFiller(w.text) && !Contains(head, w.text); };
      return std::all_of(whole.begin(), whole.end(), known) && std::any_of(whole.begin(), whole.end(), given);
    });
    if (!person && kind_left_out) return Verdict{Grade::kCorrect, "name: its kind left out"};
    return surname ? Verdict{Grade::kCorrect, "name: surname"} : Verdict{Grade::kPartial, "name: part of it"};
  }
  return std::nullopt;
}

}  // namespace

Verdict MatchName(const Gold& gold, std::string_view focus, bool person) {
  const bool figures = !FindQuantities(Clean(gold.answer)).empty();
  const Words question = ContentWords(Clean(gold.question));
  const Words words = figures ? InFigures(ContentWords(focus)) : ContentWords(focus);
  const bool case_name = HasAny(Joined(ContentWords(Clean(gold.answer))), {" v ", " vs "});  // of persons, so it may be misspelt
  std::vector<Words> forms = Forms(gold, question, person);
  if (figures) std::transform(forms.begin(), forms.end(), forms.begin(), InFigures);
  // Before the forms: a list with one item too many contains the right one word for word.
  const std::optional<Verdict> list = MatchList(gold, GoldItems(gold, question), focus, question, person);
  if (list && (list->grade == Grade::kCorrect || list->rule == "list: something else in it")) return *list;
  if (list && list->grade == Grade::kPartial && gold.aliases.empty()) return *list;
  const NameReading answer = ReadForNames(words, question, person);
  bool mentioned = false, another = false;
  const size_t full = forms.size();
  const std::vector<Words> surnames = person && !list ? Surnames(forms) : std::vector<Words>();
  std::vector<Words> all = forms;
  all.insert(all.end(), surnames.begin(), surnames.end());
  for (size_t f = 0; f < all.size(); ++f) {
    size_t seen = 0;
    for (size_t at = 0; at < words.size() && seen < kMostOccurrences; ++at) {
      const bool equal = Matches(words, at, all[f]);
      const size_t taken = equal ? all[f].size() : (person && f < full) || case_name ? NamedAt(words, at, all[f]) : 0;
      if (taken == 0) continue;
      if (person && all[f].size() == 1 && OfAnotherBearer(words, at, forms, question)) {
        another = true;
        continue;
      }
      size_t begin = at;  // of the whole name, of which a surname is the end
      while (f >= full && begin > 0 && words[begin - 1].capital && !BeginsClause(words, begin) &&
             !IsFunctionWord(words[begin - 1].text))
        --begin;
      mentioned = true;
      ++seen;
      if (Claims(answer, begin, at + taken - begin, all)) return {Grade::kCorrect, equal ? "name" : "name: another writing"};
    }
  }
  if (list && list->grade == Grade::kPartial) return *list;
  if (mentioned) return {Grade::kIncorrect, "name: mentioned, not claimed"};
  if (another) return {Grade::kIncorrect, "name: of another bearer"};
  if (const auto part = MatchPart(gold, words, question, person)) return *part;
  for (const std::string& text : AllGolds(gold)) {
    if (!person && SaysInOtherWords(text, words)) return {Grade::kCorrect, "name: in other words"};
  }
  return list ? *list : Verdict{Grade::kIncorrect, "name: differs"};
}

}  // namespace tidemark::omniscience
