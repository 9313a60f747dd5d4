// What kind of thing a gold is, where the row does not say it.
#include <algorithm>
#include <utility>

#include "evals/omniscience/date.h"
#include "evals/omniscience/match_rules.h"
#include "evals/omniscience/quantity.h"

namespace tidemark::omniscience {
namespace {

// "-B", "--no-cache": an option of a command, where case counts.
bool IsOption(std::string_view text) {
  const size_t letter = text.find_first_not_of('-');
  return letter != text.npos && letter >= 1 && letter <= 2 && text.find(' ') == text.npos && !HasDigit(text);
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
    if (IsOccupation(w) || IsTitle(w)) return true;
    pos = end + 1;
    ++seen;
  }
  return false;
}

// "Cluj, 1932" lists a place and a year; "14 July, 1789" is one date.
bool ListsSeveral(const Gold& gold, const std::vector<Date>& dates) {
  if (std::any_of(dates.begin(), dates.end(), [](const Date& d) { return d.month > 0; })) return false;
  const std::vector<GoldItem> items = GoldItems(gold, ContentWords(Clean(gold.question)));
  return std::any_of(items.begin(), items.end(), [](const GoldItem& item) { return !HasDigit(item[0][0].text); });
}

// "O(n log n)", "len(x)": a name and right behind it brackets to the end.
bool IsCall(std::string_view text) {
  const size_t open = text.find('(');
  return open != text.npos && open > 0 && text.back() == ')' && text.substr(0, open).find(' ') == text.npos &&
         text.find(')') + 1 == text.size() && !HasDigit(text.substr(0, open));
}

}  // namespace

bool IsOccupation(std::string_view w) {
  const bool agent = w.size() >= 6 && (w.ends_with("ist") || w.ends_with("ician") || w.ends_with("istrian"));
  return agent ||
         IsOneOf(w, {"author",       "philosopher", "writer",      "composer",   "painter",       "architect",  "director",
                     "engineer",     "founder",     "inventor",    "explorer",   "poet",          "actor",      "actress",
                     "singer",       "minister",    "sculptor",    "historian",  "lawyer",        "wife",       "husband",
                     "scholar",      "monarch",     "ruler",       "officer",    "man",           "woman",      "leader",
                     "designer",     "producer",    "conductor",   "musician",   "mathematician", "developer",  "programmer",
                     "researcher",   "navigator",   "commander",   "conqueror",  "editor",        "translator", "astronomer",
                     "banker",       "dancer",      "teacher",     "pilot",      "astronaut",     "cosmonaut",  "surgeon",
                     "pioneer",      "playwright",  "settler",     "missionary", "diplomat",      "aviator",    "biographer",
                     "cartographer", "geographer",  "photographer"});
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
  const bool marks = cleaned.find_first_of("(){}[]<>=_") != cleaned.npos || gold.answer.find('`') != gold.answer.npos;
  if (IsCall(cleaned)) return Kind::kCode;
  if (marks && !HasDigit(cleaned) && cleaned.find(' ') == cleaned.npos) return Kind::kCode;
  if (HasDigit(cleaned)) {
    const std::vector<Quantity> numbers = FindQuantities(cleaned);
    const bool named =
        HasAny(own,
               {" section ", " article ", " version ", " rule ", " rfc ", " chapter ", " part ", " title ", " art ", " act "}) ||
        HasAny(question, {" section ", " article ", " version ", " rule ", " rfc ", " code ", " port ", " standard ", " chapter ",
                          " paragraph ", " clause ", " identifier ", " statute ", " subsection ", " release "});
    const bool amount = HasAny(question, {" how many ", " how much ", " percentage ", " amount "});
    const bool first = numbers.size() == 1 && numbers[0].begin <= 8;
    const Words behind = first ? SplitWords(cleaned.substr(numbers[0].end)) : Words();
    // A number and what it counts ("46 chromosomes"); in capitals it is the rest of a title ("12 Angry Men").
    const bool capitals = std::any_of(behind.begin(), behind.end(), [](const Word& w) { return w.capital; });
    const bool title = behind.size() >= 2 && capitals && !amount && !named && numbers[0].unit.dimension.empty();
    if (title) return Kind::kName;
    const bool alone = first && behind.size() <= 3;
    const bool measured = first && !numbers[0].unit.dimension.empty();  // "6% of the assets"
    if ((alone && (amount || !named)) || measured) return Kind::kNumber;
    if (named || !alone) return SplitWords(cleaned).size() <= 6 ? Kind::kIdentifier : Kind::kName;
    return Kind::kIdentifier;
  }
  const std::vector<Quantity> spelled = FindQuantities(cleaned);
  const bool measured =
      spelled.size() == 1 && !spelled[0].unit.dimension.empty() && spelled[0].end == cleaned.size();  // "six years"
  if (spelled.size() == 1 && spelled[0].begin == 0 && (measured || HasAny(question, {" how many "}))) return Kind::kNumber;
  return AsksForPerson(question, SplitWords(cleaned)) ? Kind::kPerson : Kind::kName;
}

}  // namespace tidemark::omniscience
