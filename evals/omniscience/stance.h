// What an answer does before one asks what it says: answer, decline, say that it does not know, deny that there is such a thing.
#ifndef TIDEMARK_EVALS_OMNISCIENCE_STANCE_H_
#define TIDEMARK_EVALS_OMNISCIENCE_STANCE_H_

#include <string_view>

namespace tidemark::omniscience {

struct Stance {
  bool empty = false;        // nothing but punctuation
  bool abstains = false;     // says somewhere that it does not know, cannot tell or needs more; or refuses
  bool denies = false;       // says without hedging that the thing asked about does not exist (or is not defined, not awarded...)
  bool unknowable = false;   // says that nobody can know: stronger than not knowing oneself
  bool defers = false;       // asks back or sends elsewhere ("please consult a lawyer") and claims nothing
  bool only_hedges = false;  // "it may not exist" without more
};

// English phrases, sentence by sentence, on folded words; adverbs and apologies between them do not matter. A denial counts only
// before the answer claims something of its own: "signed in 1654, but never ratified" denies nothing. Both texts as Clean gives
// them.
Stance ReadStance(std::string_view cleaned, std::string_view question);

}  // namespace tidemark::omniscience

#endif  // TIDEMARK_EVALS_OMNISCIENCE_STANCE_H_
