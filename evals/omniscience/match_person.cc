// Names of persons: what may differ between two writings of one name, and when a name is somebody else's.
#include <algorithm>
#include <span>
#include <utility>

#include "evals/omniscience/match_rules.h"

namespace tidemark::omniscience {
namespace {

size_t EditDistance(std::string_view a, std::string_view b) {
  std::vector<size_t> row(b.size() + 1);
  for (size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (size_t i = 1; i <= a.size(); ++i) {
    size_t diagonal = std::exchange(row[0], i);
    for (size_t j = 1; j <= b.size(); ++j) {
      const size_t change = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({row[j] + 1, row[j - 1] + 1, change});
    }
  }
  return row.back();
}

// Letters without vowels, doubled ones once: equal for spellings by ear.
std::string Skeleton(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (std::string_view("aeiouyh").find(c) == std::string_view::npos && (out.empty() || out.back() != c)) out += c;
  }
  return out;
}

bool IsInitial(const Word& w) { return w.capital && w.text.size() == 1; }

// What stands for itself alone and cannot be misspelt: initials and the numbers of rulers.
std::vector<std::string_view> FixedParts(std::span<const Word> name) {
  std::vector<std::string_view> fixed;
  for (const Word& w : name) {
    if (IsInitial(w) || IsRegnalNumber(w)) fixed.push_back(w.text);
  }
  return fixed;
}

// A slip in a person's name: one letter in eight or more, or the same consonants, also with words joined or split; the first
// letters of the first and last word agree, and words of fewer than four letters do wholly. How many words of the answer it
// takes, 0 for none.
size_t Misspelt(const Words& words, size_t at, const Words& form) {
  constexpr size_t kShort = 4;
  std::string gold;
  for (const Word& w : form) gold += w.text;
  if (gold.size() < 8 || gold.size() > 100) return 0;
  const std::string skeleton = Skeleton(gold);
  std::string answer;
  for (size_t n = 1; n <= form.size() + 1 && at + n <= words.size(); ++n) {
    const Word& last = words[at + n - 1];
    if (!last.capital && n == 1) return 0;
    answer += last.text;
    if (answer.size() > 2 * gold.size()) return 0;
    if (n + 1 < form.size() || answer.front() != gold.front() || last.text.front() != form.back().text.front()) continue;
    const std::span<const Word> given(words.data() + at, n);
    if (FixedParts(given) != FixedParts(form)) continue;
    bool short_differs = false;
    for (size_t k = 0; k < n && n == form.size(); ++k) {
      const std::string &a = given[k].text, &b = form[k].text;
      short_differs = short_differs || (std::min(a.size(), b.size()) < kShort && a != b);
    }
    if (short_differs) continue;
    if (EditDistance(gold, answer) <= gold.size() / 8 || (skeleton.size() >= 5 && skeleton == Skeleton(answer))) return n;
  }
  return 0;
}

// Stands in the same name as the word before it: no more than a space or the full stop of an initial between them.
bool Continues(const Words& words, size_t i) {
  return i > 0 && (words[i].before == " " || words[i].before == "-" ||
                   (words[i].before == ". " && (IsInitial(words[i - 1]) || words[i - 1].text.size() <= 3)) ||
                   (words[i].before == "." && IsInitial(words[i - 1])));
}

bool IsParticle(std::string_view w) {
  return IsOneOf(
      w, {"de", "van", "von", "der", "den", "del", "della", "di", "da", "la", "le", "du", "dos", "bin", "ibn", "al", "el"});
}

// One given name in two writings, either of which may be the initial.
bool SameGiven(const Word& a, const Word& b) {
  return a.text == b.text || ((IsInitial(a) || IsInitial(b)) && a.capital && b.capital && a.text[0] == b.text[0]);
}

using Names = std::vector<const Word*>;

// The words of [begin, end) but particles.
Names NamesIn(const Words& words, size_t begin, size_t end) {
  Names names;
  for (size_t i = begin; i < end; ++i) {
    if (!IsParticle(words[i].text)) names.push_back(&words[i]);
  }
  return names;
}

// Whether somebody with these middle names may be the one with the gold's: some left out or abbreviated, or a further one where
// none of the gold's is missing; but "George W." is not George H. W., nor John Quincy Adams John Adams.
bool MiddleNamesAgree(const Names& gold, const Names& answer, bool namesakes) {
  size_t next = 0, foreign = 0, found = 0;
  bool initial = false;  // among the foreign
  for (const Word* name : answer) {
    size_t k = next;
    while (k < gold.size() && !SameGiven(*name, *gold[k])) ++k;
    if (k == gold.size()) {
      ++foreign;
      initial = initial || IsInitial(*name);
      continue;
    }
    if (IsInitial(*name) && k != next) return false;
    if (foreign > 0 && (IsInitial(*name) || IsInitial(*gold[k]))) return false;  // Herbert Walker is not W.
    next = k + 1;
    ++found;
  }
  if (foreign > 0 && (found < gold.size() || (initial && !gold.empty()))) return false;
  return !namesakes || (foreign == 0 && found == gold.size());
}

// "Paul J. Cohen" for Paul Cohen, "M. Bulgakov" for Mikhail Bulgakov, "Johann Bach" for Johann Sebastian Bach. How many words.
size_t WithMiddleNames(const Words& words, size_t at, const Words& form) {
  constexpr size_t kMostBetween = 4;
  if (form.size() < 2 || at >= words.size() || !words[at].capital || !SameGiven(words[at], form.front())) return 0;
  size_t end = at + 1;
  while (end < words.size() && Continues(words, end) && words[end].text != form.back().text) {
    if (end - at > kMostBetween || (!words[end].capital && !IsParticle(words[end].text))) return 0;
    ++end;
  }
  if (end == words.size() || !Continues(words, end)) return 0;
  const bool agree = MiddleNamesAgree(NamesIn(form, 1, form.size() - 1), NamesIn(words, at + 1, end), HasNamesakes(form));
  return agree ? end + 1 - at : 0;
}

// The given names words[begin, end) before a surname could be those of the form.
bool GivenNamesAgree(const Words& words, size_t begin, size_t end, const Words& form) {
  if (begin == end) return true;
  const bool first = SameGiven(words[begin], form.front()) || SameRoot(words[begin].text, form.front().text);
  const Names middle = NamesIn(form, 1, form.size() - 1), given = NamesIn(words, begin + (first ? 1 : 0), end);
  if (first) return MiddleNamesAgree(middle, given, HasNamesakes(form));
  return std::all_of(given.begin(), given.end(), [&](const Word* name) {
    return std::any_of(middle.begin(), middle.end(), [&](const Word* g) { return SameGiven(*name, *g); });
  });
}

}  // namespace

bool IsTitle(std::string_view w) {
  return IsOneOf(w,
                 {"sir",     "dr",        "mr",     "mrs",    "ms",      "justice", "judge",   "professor", "prof",   "lord",
                  "lady",    "dame",      "saint",  "st",     "king",    "queen",   "emperor", "empress",   "prince", "princess",
                  "pope",    "president", "baron",  "count",  "general", "captain", "colonel", "senator",   "chief",  "governor",
                  "admiral", "bishop",    "father", "sultan", "tsar",    "marshal", "madame",  "chancellor"});
}

bool IsRegnalNumber(const Word& w) {
  return w.capital && !w.text.empty() && w.text.find_first_not_of("ivxl") == std::string::npos &&
         std::none_of(w.original.begin(), w.original.end(), [](char c) { return c >= 'a' && c <= 'z'; });
}

bool HasNamesakes(const Words& form) {
  return form.size() >= 2 &&
         IsOneOf(form.front().text,
                 {"john",   "william", "james",   "george", "charles", "robert", "joseph",    "thomas", "henry",
                  "edward", "david",   "richard", "samuel", "michael", "paul",   "peter",     "daniel", "benjamin",
                  "andrew", "stephen", "mary",    "anna",   "anne",    "jane",   "elizabeth", "sarah",  "margaret"}) &&
         IsOneOf(form.back().text,
                 {"smith",    "johnson",  "williams", "brown",    "jones",   "davis",   "miller", "wilson",   "moore",
                  "taylor",   "thomas",   "jackson",  "white",    "harris",  "clark",   "lewis",  "anderson", "walker",
                  "martin",   "thompson", "allen",    "young",    "king",    "wright",  "hill",   "scott",    "robinson",
                  "adams",    "nelson",   "baker",    "carter",   "roberts", "turner",  "parker", "evans",    "edwards",
                  "phillips", "morris",   "mitchell", "campbell", "collins", "stewart", "cook",   "morgan",   "bell",
                  "murphy",   "cooper",   "howard",   "marshall", "hall",    "green",   "lee",    "ward"});
}

size_t NamedAt(const Words& words, size_t at, const Words& form) {
  if (Matches(words, at, form)) return form.size();
  const size_t n = form.size();
  if (n >= 2 && at == 0 && words.size() == n && words[0].text == form.back().text && words[1].before == ", " &&
      std::equal(form.begin(), form.end() - 1, words.begin() + 1, [](const Word& a, const Word& b) { return a.text == b.text; }))
    return n;  // "Fleming, Alexander"
  if (const size_t taken = WithMiddleNames(words, at, form); taken > 0) return taken;
  if (const size_t taken = Misspelt(words, at, form); taken > 0) return taken;
  return n > 2 && !HasNamesakes(form) ? Misspelt(words, at, {form.front(), form.back()}) : 0;
}

bool OfAnotherBearer(const Words& words, size_t at, const std::vector<Words>& forms, const Words& question) {
  constexpr size_t kMostGiven = 5;
  const auto belongs = [&](size_t i) {
    const std::string& w = words[i].text;
    return (words[i].capital && !IsFunctionWord(w) && !IsTitle(w) && !Contains(question, w)) || IsParticle(w);
  };
  size_t begin = at;
  while (at - begin < kMostGiven && Continues(words, begin) && belongs(begin - 1)) --begin;
  while (begin < at && IsParticle(words[begin].text)) ++begin;
  if (begin == at) return false;
  const std::string& first = words[begin].text;
  if (BeginsSentence(words, begin) && begin + 1 == at && IsOccupation(first)) return false;  // "Economist Keynes wrote it."
  const auto whole = [](const Words& form) { return form.size() > 1; };
  const auto own = [&](const Words& form) {
    if (whole(form) && form.back().stem == words[at].stem) return GivenNamesAgree(words, begin, at, form);
    return whole(form) && std::any_of(form.begin(), form.end(), [&](const Word& w) { return SameGiven(w, words[at - 1]); });
  };
  return std::any_of(forms.begin(), forms.end(), whole) && std::none_of(forms.begin(), forms.end(), own);
}

}  // namespace tidemark::omniscience
