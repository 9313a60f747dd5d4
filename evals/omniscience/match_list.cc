// Golds of several parts ("Danube, Inn and Ilz"): which parts does the answer enumerate, and does it enumerate anything else?
#include <algorithm>
#include <optional>

#include "evals/omniscience/match_rules.h"

namespace tidemark::omniscience {
namespace {

bool Joins(std::string_view word) { return IsOneOf(word, {"and", "or", "plus"}); }

// A new member of an enumeration begins at words[i].
bool BeginsMember(const Words& words, size_t i) {
  return BeginsClause(words, i) || Joins(words[i].text) || Joins(words[i - 1].text) ||
         words[i].before.find_first_of("&/+") != std::string::npos;
}

// Between words[i - 1] and words[i] an enumeration goes on: a comma, "and", a line end before a bullet; not a full stop.
bool Enumerates(const Words& words, size_t i) {
  const std::string& gap = words[i].before;
  if (Joins(words[i].text) || Joins(words[i - 1].text)) return gap.find_first_of(".:()") == gap.npos;
  return gap.find_first_of(",;&/+\n") != gap.npos && gap.find_first_of(".:()") == gap.npos;
}

struct Span {
  size_t begin = 0, end = 0;
};

// Members: words between separators, without the joining words.
std::vector<Span> Members(const Words& words) {
  std::vector<Span> members;
  constexpr size_t kMost = 256;
  for (size_t i = 0; i < words.size() && members.size() < kMost; ++i) {
    if (i == 0 || BeginsMember(words, i)) members.push_back({i, i});
    if (Joins(words[i].text)) {
      if (members.back().begin == i) members.back() = {i + 1, i + 1};
      continue;
    }
    members.back().end = i + 1;
  }
  std::erase_if(members, [](const Span& s) { return s.end <= s.begin; });
  return members;
}

// The text before the explanation in each line of a list ("1. Atomicity - all or nothing"): nothing if there are no two such
// lines.
std::vector<Words> LineHeads(std::string_view focus) {
  std::vector<Words> heads;
  size_t pos = 0;
  while (pos < focus.size() && heads.size() < 64) {
    const size_t stop = std::min(focus.find('\n', pos), focus.size());
    std::string_view line = focus.substr(pos, stop - pos);
    pos = stop + 1;
    line.remove_prefix(std::min(line.find_first_not_of(' '), line.size()));
    const size_t digits = std::min(line.find_first_not_of("0123456789"), line.size());
    const bool numbered = digits > 0 && digits <= 2 && digits < line.size() && (line[digits] == '.' || line[digits] == ')');
    const bool bullet = line.starts_with("- ") || line.starts_with("\xE2\x80\xA2") || line.starts_with("+ ");
    if (!numbered && !bullet) continue;
    line.remove_prefix(numbered ? digits + 1 : bullet && line[0] != '-' && line[0] != '+' ? 3 : 1);
    for (const std::string_view mark : {" - ", ":", " (", ",", ". ", ";"}) {
      const size_t at = line.find(mark);
      if (at != line.npos && line.find_first_not_of(' ') < at) line = line.substr(0, at);
    }
    Words head = ContentWords(line);
    if (!head.empty()) heads.push_back(std::move(head));
  }
  if (heads.size() < 2) heads.clear();
  return heads;
}

// Could be a member that the gold does not have: a short phrase that is no remark, and a name where the gold has names.
bool IsCandidate(std::span<const Word> member, bool names, const Words& question) {
  constexpr size_t kMost = 4;
  if (member.empty() || IsFunctionWord(member[0].text) || member[0].text.ends_with("ing")) {
    // "They were Fribourg": what follows the leading words of a sentence may be one.
    size_t skip = 0;
    while (skip < member.size() && IsFunctionWord(member[skip].text)) ++skip;
    if (skip == 0 || skip == member.size() || !member[skip].capital || !names) return false;
    member = member.subspan(skip);
  }
  size_t telling = 0;
  bool capital = false;
  for (const Word& w : member) {
    if (!names && IsFunctionWord(w.text)) return false;
    if (IsFunctionWord(w.text) || Contains(question, w.text)) continue;
    ++telling;
    capital = capital || w.capital || w.text.find_first_of("0123456789") != w.text.npos;
  }
  return telling > 0 && telling <= kMost && (capital || !names);
}

bool AsksForSeveral(const Words& question) {
  return std::any_of(question.begin(), question.end(), [](const Word& w) {
    return IsOneOf(w.text, {"two",  "three", "four", "five", "six",   "seven", "eight",      "nine",    "ten",   "both", "are",
                            "were", "and",   "all",  "list", "these", "do",    "components", "members", "parts", "stand"});
  });
}

// Parts between commas, semicolons and "and"; what stands in brackets is another writing of its part.
std::vector<GoldItem> Split(std::string_view gold) {
  std::vector<GoldItem> items;
  bool bracket = false, fresh = true;
  for (const Word& w : ContentWords(Clean(gold))) {
    if (w.before.find(')') != std::string::npos) bracket = false;
    if (w.before.find('(') != std::string::npos && !items.empty()) bracket = fresh = true;
    if (w.before.find_first_of(",;&\n") != std::string::npos || (w.text == "and" && !bracket) || items.empty()) {
      if (w.text == "and" || items.empty() || !items.back()[0].empty()) items.push_back({Words()});
    }
    if (w.text == "and" && !bracket) continue;
    if (bracket && fresh) items.back().emplace_back();
    fresh = false;
    items.back().back().push_back(w);
  }
  std::erase_if(items, [](const GoldItem& item) { return item[0].empty(); });
  for (GoldItem& item : items) item[0][0].before.clear();
  return items;
}

}  // namespace

std::vector<GoldItem> GoldItems(const Gold& gold, const Words& question) {
  constexpr size_t kMostWords = 5, kMostAsked = 8;  // of a part; longer ones are rather a sentence
  const bool several = AsksForSeveral(question);
  std::vector<GoldItem> items = Split(gold.answer);
  const auto capital = [](const GoldItem& item) { return item[0][0].capital; };
  const bool has_and = Contains(ContentWords(Clean(gold.answer)), "and") || gold.answer.find('&') != std::string::npos;
  const auto longest = std::max_element(items.begin(), items.end(),
                                        [](const GoldItem& a, const GoldItem& b) { return a[0].size() < b[0].size(); });
  if (items.size() < 2 || (*longest)[0].size() > (several ? kMostAsked : kMostWords)) return {};
  const bool place = std::all_of(items.begin(), items.end(), capital) && !has_and && !several;
  if (items.size() >= 3) return place ? std::vector<GoldItem>() : items;
  // Two: "Phobos and Deimos", or a name and a number where both were asked for.
  const bool mixed = HasDigit(items[0][0]) != HasDigit(items[1][0]) && !has_and;
  return several && (has_and || mixed) ? items : std::vector<GoldItem>();
}

namespace {

// How many words at words[i] give the part, 0 for none.
size_t Gives(const Words& words, size_t i, const GoldItem& item, const std::vector<Words>& all, const Words& question,
             bool person) {
  for (const Words& writing : item) {
    if (const size_t taken = person ? NamedAt(words, i, writing) : Matches(words, i, writing) ? writing.size() : 0; taken > 0)
      return taken;
  }
  const bool surname = person && item[0].size() > 1 && words[i].text == item[0].back().text;
  return surname && !OfAnotherBearer(words, i, all, question) ? 1 : 0;
}

}  // namespace

std::optional<Verdict> MatchList(const Gold& gold, const std::vector<GoldItem>& items, std::string_view focus,
                                 const Words& question, bool person) {
  if (items.size() < 2) return std::nullopt;
  Words all = ContentWords(focus);
  std::vector<Words> lists = LineHeads(focus);
  const bool lines = !lists.empty();
  if (!lines) lists = {all};
  const bool names =
      std::all_of(items.begin(), items.end(), [](const GoldItem& item) { return item[0][0].capital || HasDigit(item[0]); });
  std::vector<Words> firsts;
  for (const GoldItem& item : items) firsts.push_back(item[0]);
  Words named;  // by the gold or an alias
  for (const std::string& text : AllGolds(gold)) {
    for (const Word& word : ContentWords(Clean(text))) named.push_back(word);
  }
  std::vector<bool> given(items.size());
  bool more = false;
  for (const Words& words : lists) {
    const std::vector<Span> members = lines ? std::vector<Span>{{0, words.size()}} : Members(words);
    std::vector<int> state(members.size());  // 1: holds an item, 2: a candidate that is none
    for (size_t m = 0; m < members.size(); ++m) {
      const Span span = members[m];
      for (size_t k = 0; k < items.size(); ++k) {
        for (size_t i = span.begin; i < span.end; ++i) {
          const size_t taken = Gives(words, i, items[k], firsts, question, person);
          if (taken == 0 || Negated(words, i)) continue;
          given[k] = true;
          state[m] = 1;
          break;
        }
      }
      const std::span<const Word> member(words.data() + span.begin, span.end - span.begin);
      const bool known = std::all_of(member.begin(), member.end(), [&](const Word& w) { return Contains(named, w.text); });
      if (state[m] == 0 && !known && !Negated(words, span.end - 1) && IsCandidate(member, names, question)) state[m] = 2;
    }
    // Only what is enumerated beside an item counts.
    for (size_t m = 0; m < members.size(); ++m) {
      const bool before = m > 0 && state[m - 1] == 1 && Enumerates(words, members[m].begin);
      const bool after = m + 1 < members.size() && state[m + 1] == 1 && Enumerates(words, members[m + 1].begin);
      const bool only = members.size() == 1 && !lines && words.size() <= 6;
      if (state[m] == 2 && (lines || before || after || only)) more = true;
    }
  }
  for (size_t i = 1; i < all.size() && names && !more; ++i) {  // "born in Riga in 1932" for "Oslo, 1932"
    const bool missing = std::count(given.begin(), given.end(), true) < std::ssize(given);
    more = missing && all[i].capital && !BeginsSentence(all, i) && !Contains(named, all[i].text) &&
           !Contains(question, all[i].text) && !IsFunctionWord(all[i].text) && !IsTitle(all[i].text) &&
           !IsOneOf(all[i].text, {"ad", "bc", "ce", "bce"}) && !Negated(all, i);
  }
  const size_t count = static_cast<size_t>(std::count(given.begin(), given.end(), true));
  if (count > 0 && more) return Verdict{Grade::kIncorrect, "list: something else in it"};
  if (count == items.size()) return Verdict{Grade::kCorrect, "list"};
  if (2 * count >= items.size()) return Verdict{Grade::kPartial, "list: part of it"};
  return Verdict{Grade::kIncorrect, "list: differs"};
}

}  // namespace tidemark::omniscience
