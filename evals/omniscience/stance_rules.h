// One sentence of an answer: what it says about knowing and about being. Parts of stance.h.
#ifndef TIDEMARK_EVALS_OMNISCIENCE_STANCE_RULES_H_
#define TIDEMARK_EVALS_OMNISCIENCE_STANCE_RULES_H_

#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

namespace tidemark::omniscience {

// One sentence as " w1 w2 w3 ", folded, without words that only colour it.
using Sentence = std::string;
// Views into the sentence, which must therefore outlive them: no temporary.
std::vector<std::string_view> Tokens(const Sentence& s);
std::vector<std::string_view> Tokens(Sentence&&) = delete;

bool Starts(const Sentence& s, std::initializer_list<std::string_view> openings);

// Says something of how well one knows, not of what: "sure", "find", "information", "exact".
bool IsAboutKnowing(std::string_view word);

// "not", "cannot", "unable", "without", ...
bool IsNegation(std::string_view word);

// That the speaker does not know, cannot find out, lacks information, or will not say.
bool DoesNotKnow(const Sentence& s);
// Not knowing for sure: "I'm not certain". Beside an answer it only hedges.
bool OnlyDoubts(const Sentence& s);
// Sends the reader elsewhere or asks back: "please consult a lawyer", "could you clarify". Beside an answer it says nothing.
bool Defers(const Sentence& s);
// That nobody can know.
bool Unknowable(const Sentence& s);

}  // namespace tidemark::omniscience

#endif  // TIDEMARK_EVALS_OMNISCIENCE_STANCE_RULES_H_
