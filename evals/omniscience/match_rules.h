// The parts of the match judge; see match.h for the rules.
#ifndef TIDEMARK_EVALS_OMNISCIENCE_MATCH_RULES_H_
#define TIDEMARK_EVALS_OMNISCIENCE_MATCH_RULES_H_

#include <optional>
#include <string_view>

#include "evals/omniscience/match.h"
#include "evals/omniscience/text.h"

namespace tidemark::omniscience {

enum class Kind { kName, kPerson, kNumber, kIdentifier, kDate, kCode };
// gold.kind if it is one of them, otherwise guessed.
Kind KindOf(const Gold& gold);

// Each takes the cleaned part of the answer that counts. nullopt: the gold is not of this kind after all, so it is compared as a
// name.
std::optional<Verdict> MatchNumber(const Gold& gold, std::string_view focus);
std::optional<Verdict> MatchDate(const Gold& gold, std::string_view focus);
Verdict MatchIdentifier(const Gold& gold, std::string_view focus);
Verdict MatchCode(const Gold& gold, std::string_view focus);
Verdict MatchName(const Gold& gold, std::string_view focus, bool person);

// words[i] stands behind a negation or a comparison in its clause ("not X", "rather than X", "unlike X"), or is said to be what
// others wrongly believe.
bool Negated(const Words& words, size_t i);

// The word that holds byte `at` or the next one; words.size() at the end.
size_t WordAt(const Words& words, size_t at);

// gold.answer, then the aliases.
std::vector<std::string> AllGolds(const Gold& gold);

}  // namespace tidemark::omniscience

#endif  // TIDEMARK_EVALS_OMNISCIENCE_MATCH_RULES_H_
