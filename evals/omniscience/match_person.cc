// Names of persons: what may differ between two writings of one name, and when a name is somebody else's.
#include <algorithm>
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

// A slip in a person's name: one letter in eight or more, or the same consonants, also with words joined or split; the first
// letters of the first and last word agree. How many words of the answer it takes, 0 for none.
size_t Misspelt(const Words& words, size_t at, const Words& form) {
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
    if (EditDistance(gold, answer) <= gold.size() / 8 || (skeleton.size() >= 5 && skeleton == Skeleton(answer))) return n;
  }
  return 0;
}

bool IsInitial(const Word& w) { return w.capital && w.text.size() == 1; }

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

// "Paul J. Cohen" for Paul Cohen, "M. Bulgakov" for Mikhail Bulgakov: given names in full or as initials, others between.
size_t WithMiddleNames(const Words& words, size_t at, const Words& form) {
  constexpr size_t kMostBetween = 3;
  const size_t n = form.size();
  if (n < 2 || at >= words.size() || !words[at].capital) return 0;
  const auto is = [&](const Word& word, const Word& gold) {
    return word.text == gold.text || (IsInitial(word) && word.text[0] == gold.text[0]) ||
           (IsInitial(gold) && word.text[0] == gold.text[0] && word.capital);
  };
  if (!is(words[at], form[0])) return 0;
  size_t next = 1, i = at + 1;
  for (size_t between = 0; i < words.size() && Continues(words, i); ++i) {
    if (next + 1 < n && is(words[i], form[next])) {
      ++next;
    } else if (words[i].text == form[n - 1].text) {
      return next + 1 >= n || IsInitial(words[at]) || n == 2 ? i - at + 1 : 0;
    } else if (++between > kMostBetween || (!words[i].capital && !IsParticle(words[i].text))) {
      return 0;
    }
  }
  return 0;
}

}  // namespace

bool IsTitle(std::string_view w) {
  return IsOneOf(w,
                 {"sir",     "dr",        "mr",     "mrs",    "ms",      "justice", "judge",   "professor", "prof",   "lord",
                  "lady",    "dame",      "saint",  "st",     "king",    "queen",   "emperor", "empress",   "prince", "princess",
                  "pope",    "president", "baron",  "count",  "general", "captain", "colonel", "senator",   "chief",  "governor",
                  "admiral", "bishop",    "father", "sultan", "tsar",    "marshal", "madame",  "chancellor"});
}

size_t NamedAt(const Words& words, size_t at, const Words& form) {
  if (Matches(words, at, form)) return form.size();
  const size_t n = form.size();
  if (n >= 2 && at == 0 && words.size() == n && words[0].text == form.back().text && words[1].before == ", " &&
      std::equal(form.begin(), form.end() - 1, words.begin() + 1, [](const Word& a, const Word& b) { return a.text == b.text; }))
    return n;  // "Fleming, Alexander"
  if (const size_t taken = WithMiddleNames(words, at, form); taken > 0) return taken;
  return Misspelt(words, at, form);
}

bool OfAnotherBearer(const Words& words, size_t at, const std::vector<Words>& forms, const Words& question) {
  if (!Continues(words, at)) return false;
  const Word& given = words[at - 1];
  if (!given.capital || IsFunctionWord(given.text) || IsTitle(given.text)) return false;
  const bool role =
      BeginsSentence(words, at - 1) && given.text.size() >= 6 &&
      (given.text.ends_with("ist") || given.text.ends_with("ian") || given.text.ends_with("er") || given.text.ends_with("or"));
  if (role) return false;  // "Economist Keynes wrote it."
  const auto own = [&](const Words& form) {
    return std::any_of(form.begin(), form.end(), [&](const Word& w) {
      return w.text == given.text || (IsInitial(given) && w.text[0] == given.text[0]) ||
             (IsInitial(w) && w.text[0] == given.text[0]) || SameRoot(w.text, given.text);
    });
  };
  const bool asked = std::any_of(question.begin(), question.end(), [&](const Word& w) { return w.text == given.text; });
  return !asked && std::none_of(forms.begin(), forms.end(), own) &&
         std::any_of(forms.begin(), forms.end(), [](const Words& f) { return f.size() > 1; });
}

}  // namespace tidemark::omniscience
