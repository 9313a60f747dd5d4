// The parts of the match judge; see match.h for the rules.
#ifndef TIDEMARK_EVALS_OMNISCIENCE_MATCH_RULES_H_
#define TIDEMARK_EVALS_OMNISCIENCE_MATCH_RULES_H_

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "evals/omniscience/match.h"
#include "evals/omniscience/text.h"

namespace tidemark::omniscience {

enum class Kind { kName, kPerson, kNumber, kIdentifier, kDate, kCode };
// gold.kind if it is one of them, otherwise guessed.
Kind KindOf(const Gold& gold);

// Each takes the cleaned part of the answer that counts. nullopt: the gold is not of this kind after all, so it is compared as a
// name.
std::optional<Verdict> MatchNumber(const Gold& gold, std::string_view focus);
// A gold of two: "3:1", "32-34 °C".
std::optional<Verdict> MatchTwoNumbers(const Gold& gold, Kind kind, std::string_view focus);
std::optional<Verdict> MatchDate(const Gold& gold, std::string_view focus);
// The class of an identifier: "4xx" for 404.
bool GivesClass(const Gold& gold, std::string_view focus);
Verdict MatchIdentifier(const Gold& gold, std::string_view focus);
Verdict MatchCode(const Gold& gold, std::string_view focus);
Verdict MatchName(const Gold& gold, std::string_view focus, bool person);

// words[i] stands behind a negation or a comparison in its clause ("not X", "rather than X", "unlike X"), or is said to be what
// others wrongly believe.
bool Negated(const Words& words, size_t i);

// How many words of the answer at words[at] name the person (or thing) of a gold form: exactly, with middle names or initials,
// as "Surname, Given", or with a slip of spelling. 0: none.
size_t NamedAt(const Words& words, size_t at, const Words& form);
// "Sir", "Justice": may stand before a name or not.
bool IsTitle(std::string_view word);
// "Economist", "painter".
bool IsOccupation(std::string_view word);
// "XIV", "II": a Roman numeral in capitals, as rulers have.
bool IsRegnalNumber(const Word& word);
// A given name and a surname so common (US census, among the first hundred) that others of the same name are likely, so that a
// middle name tells them apart: John Adams and John Quincy Adams.
bool HasNamesakes(const Words& form);
// A surname at words[at] stands behind given names that no form of the gold has: "Henri Cohen", "George W. Bush" for George H. W.
bool OfAnotherBearer(const Words& words, size_t at, const std::vector<Words>& forms, const Words& question);

// A gold of "yes", "no", "true" or "false"; nullopt: it is none.
std::optional<Verdict> MatchPolar(const Gold& gold, std::string_view focus);
// "None", "Venus has no moons": the number nought in words, where the question asks for moons.
bool SaysNone(const Words& words, const Words& question);
// The words of a gold that is no proper name, in other forms and with other small words between them; of a long one four fifths
// in one sentence that is negative where the gold is.
bool SaysInOtherWords(const std::string& gold, const Words& words);

// A part of a gold that lists several: its writings, without brackets and in them.
using GoldItem = std::vector<Words>;
// The parts of a gold that lists several; empty: it does not.
std::vector<GoldItem> GoldItems(const Gold& gold, const Words& question);
// All parts in any order and nothing else beside them: A; at least half of them: C.
std::optional<Verdict> MatchList(const Gold& gold, const std::vector<GoldItem>& items, std::string_view focus,
                                 const Words& question, bool person);

// Of the words at `places`, the first whose clause is about something that the question names, where that of the first is about
// something else: "SIGTERM is 15, SIGKILL is 9". nullopt: no such difference.
std::optional<size_t> InClauseAskedFor(const std::vector<size_t>& places, const Words& words, const Words& question);

// Four digits that may be a year.
bool LooksLikeYear(const std::string& text);

// The word that holds byte `at` or the next one; words.size() at the end.
size_t WordAt(const Words& words, size_t at);

// gold.answer, then the aliases.
std::vector<std::string> AllGolds(const Gold& gold);

}  // namespace tidemark::omniscience

#endif  // TIDEMARK_EVALS_OMNISCIENCE_MATCH_RULES_H_
