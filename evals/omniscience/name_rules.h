// The parts of the comparison of names: the ways to write a gold, and what an answer does with a name that stands in it.
#ifndef TIDEMARK_EVALS_OMNISCIENCE_NAME_RULES_H_
#define TIDEMARK_EVALS_OMNISCIENCE_NAME_RULES_H_

#include <string>
#include <string_view>
#include <vector>

#include "evals/omniscience/match_rules.h"

namespace tidemark::omniscience {

// Ways to write a gold that ask for less: without what stands in brackets, either side of a colon, a place without its region.
std::vector<std::string> Variants(const std::string& gold);

// The noun asked for, with what stands beside it: up to three words after "which" or "what" ("which county contained the").
Words HeadOf(const Words& question);

// Every form of the gold as words. What kind of thing it is may be left out if the question says it ("Outstanding Paper
// [Award]") or everybody knows it ("Mount", "Corporation"); persons also without titles.
std::vector<Words> Forms(const Gold& gold, const Words& question, bool person);

// Says only what kind of thing a name names, or nothing: no part of another name.
bool IsGeneric(std::string_view word);

// An answer as the comparison of names reads it.
struct NameReading {
  const Words& words;
  const Words& question;
  bool person = false;
  size_t last_now = 0;  // where the last "today", "now" or "but" stands; 0: nowhere
  size_t led = 0;       // where the first clause or sentence ends that commits the answer to another name; npos: none does
};
NameReading ReadForNames(const Words& words, const Words& question, bool person);

// The name at words[at, at + size), written as in the gold, is what the answer claims: not negated, not one of two, no part of
// a longer name, not behind another committed answer. `forms`: all writings of the gold.
bool Claims(const NameReading& answer, size_t at, size_t size, const std::vector<Words>& forms);

}  // namespace tidemark::omniscience

#endif  // TIDEMARK_EVALS_OMNISCIENCE_NAME_RULES_H_
