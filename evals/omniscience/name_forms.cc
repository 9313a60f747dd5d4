// The ways to write a gold that is a name.
#include <algorithm>
#include <utility>

#include "evals/omniscience/name_rules.h"

namespace tidemark::omniscience {
namespace {

std::string_view Trim(std::string_view text) {
  const size_t begin = text.find_first_not_of(' ');
  return begin == text.npos ? std::string_view() : text.substr(begin, text.find_last_not_of(' ') - begin + 1);
}

// "S.D.N.Y." is SDNY and the other way round.
void AddAcronym(const Words& words, std::vector<Words>& forms) {
  const auto letter = [](const Word& w) { return w.text.size() == 1 && w.capital; };
  const auto dotted = [](const Word& w) { return w.before.empty() || w.before == "." || w.before == ". "; };
  if (words.size() >= 2 && std::all_of(words.begin(), words.end(), letter) && std::all_of(words.begin(), words.end(), dotted)) {
    Word whole = words.front();
    for (size_t i = 1; i < words.size(); ++i) whole.text += words[i].text;
    whole.stem = whole.original = whole.text;
    forms.push_back({whole});
  }
  const std::string& acronym = words.front().original;
  const bool capitals = std::all_of(acronym.begin(), acronym.end(), [](char c) { return c >= 'A' && c <= 'Z'; });
  if (words.size() != 1 || !capitals || acronym.size() < 2 || acronym.size() > 8) return;
  Words letters;
  for (const char c : words.front().text) {
    Word w = words.front();
    w.text = w.stem = w.original = std::string(1, c);
    letters.push_back(w);
  }
  forms.push_back(std::move(letters));
}

// "Schenck v. United States" is "Schenck v. U.S." and Schenck, if the first party is no public one.
void AddCaseName(const Words& words, std::vector<Words>& forms) {
  const auto v = std::find_if(words.begin(), words.end(), [](const Word& w) { return IsOneOf(w.text, {"v", "vs", "versus"}); });
  if (v == words.begin() || v == words.end() || v + 1 == words.end()) return;
  const Words first(words.begin(), v), second(v + 1, words.end());
  const auto is_public = [](const Words& party) {
    return IsOneOf(party.front().text,
                   {"united", "state", "people", "commonwealth", "r", "us", "u", "regina", "rex", "re", "city", "in"});
  };
  if (second.size() == 2 && second[0].text == "united" && second[1].text == "states") {
    Words shorter = first;
    for (const std::string_view letter : {"v", "u", "s"}) {
      Word w = *v;
      w.text = w.stem = w.original = letter;
      shorter.push_back(w);
    }
    forms.push_back(shorter);
  }
  if (!is_public(first) && first.front().text.size() >= 4) forms.push_back(first);
}

// What a name may be written with or without: the form of a company, "Mount".
bool IsClass(std::string_view w) {
  return IsOneOf(w, {"mount", "mt", "corporation", "corp", "inc", "incorporated", "ltd", "limited", "plc", "gmbh", "llc"});
}

// "Everest" for Mount Everest, "Microsoft" for Microsoft Corporation; empty: there is nothing to leave out.
Words WithoutClass(Words words) {
  const size_t size = words.size();
  while (words.size() > 1 && IsClass(words.back().text)) words.pop_back();
  if (words.size() > 1 && IsClass(words.front().text)) words.erase(words.begin());
  const bool name = words.size() < size && words.front().capital && words.front().text.size() >= 4;
  return name ? words : Words();
}

}  // namespace

std::vector<std::string> Variants(const std::string& gold) {
  std::vector<std::string> all = {gold};
  const auto add = [&all](std::string_view text) {
    text = Trim(text);
    if (text.size() > 1 && text.find_first_not_of("0123456789") != text.npos)
      all.emplace_back(text);  // not "2001" of "2001: ..."
  };
  const size_t open = gold.find(" ("), close = gold.find(')');
  if (open != gold.npos && close != gold.npos && open < close) {
    add(gold.substr(0, open));
    add(std::string_view(gold).substr(open + 2, close - open - 2));
  }
  if (const size_t colon = gold.find(": "); colon != gold.npos) {
    add(std::string_view(gold).substr(0, colon));
    add(std::string_view(gold).substr(colon + 2));
  }
  if (const size_t comma = gold.find(", "); comma != gold.npos && gold.find(',', comma + 1) == gold.npos) {
    const Words rest = SplitWords(gold.substr(comma + 2)), first = SplitWords(gold.substr(0, comma));
    const auto capital = [](const Word& w) { return w.capital; };
    if (!first.empty() && first[0].capital && std::all_of(rest.begin(), rest.end(), capital)) add(gold.substr(0, comma));
  }
  return all;
}

Words HeadOf(const Words& question) {
  Words head;
  size_t i = 0;
  while (i < question.size() && !IsOneOf(question[i].text, {"which", "what"})) ++i;
  for (++i; i < question.size() && head.size() < 3; ++i) {
    if (!IsFiller(question[i].text)) head.push_back(question[i]);
  }
  return head;
}

std::vector<Words> Forms(const Gold& gold, const Words& question, bool person) {
  std::vector<Words> forms;
  const Words head = HeadOf(question);
  const auto add_person = [&](Words words) {
    while (words.size() > 1 && IsTitle(words.front().text)) words.erase(words.begin());
    if (words.size() < forms.back().size()) forms.push_back(words);
    const auto number = std::find_if(words.begin(), words.end(), IsRegnalNumber);  // "Henry IV" of Henry IV of France
    if (number > words.begin() && number < words.end() - 1) forms.emplace_back(words.begin(), number + 1);
  };
  for (const std::string& text : AllGolds(gold)) {
    for (const std::string& variant : Variants(text)) {
      Words words = ContentWords(Clean(variant));
      if (words.empty()) continue;
      forms.push_back(words);
      if (person) add_person(words);
      AddAcronym(words, forms);
      AddCaseName(words, forms);
      if (Words bare = WithoutClass(words); !person && !bare.empty()) forms.push_back(std::move(bare));
      const auto asked = [&](const Word& w) { return Contains(head, w.text) || (IsFiller(w.text) && !IsRegnalNumber(w)); };
      while (!words.empty() && asked(words.back())) words.pop_back();
      while (!words.empty() && asked(words.front())) words.erase(words.begin());
      const bool telling = std::any_of(words.begin(), words.end(), [](const Word& w) { return w.text.size() >= 3; });
      if (telling && words.size() < forms.back().size()) forms.push_back(std::move(words));
    }
  }
  return forms;
}

bool IsGeneric(std::string_view w) {
  return IsClass(w) ||
         IsOneOf(w,
                 {"organ",        "gland",    "city",    "country",   "river",     "planet",  "particle", "particles", "element",
                  "metal",        "atom",     "atoms",   "number",    "symbol",    "command", "clause",   "keyword",   "function",
                  "method",       "score",    "scale",   "law",       "award",     "prize",   "language", "languages", "family",
                  "bone",         "standard", "theorem", "unit",      "bond",      "bonds",   "itself",   "today",     "again",
                  "respectively", "only",     "all",     "here",      "system",    "test",    "colour",   "color",     "sir",
                  "dr",           "mr",       "mrs",     "professor", "president", "king",    "queen",    "emperor",   "lord",
                  "saint",        "because",  "when",    "where",     "while",     "since",   "with",     "although",  "whose",
                  "whom",         "if",       "then",    "first",     "in",        "now",     "s",        "side",      "writ",
                  "person",       "company",  "state",   "place",     "town",      "village", "species",  "disease",   "tool",
                  "manager",      "package",  "means",   "stands",    "denotes",   "refers",  "equals",   "or",        "during",
                  "between",      "near"});
}

}  // namespace tidemark::omniscience
