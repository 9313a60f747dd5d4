// The match judge: grades an answer against a gold answer by rules alone, so that it is free, offline and the same everywhere.
// It reads English. Where wording decides it is stricter than a reader; `judge` with a model re-grades the same stored answers.
#ifndef TIDEMARK_EVALS_OMNISCIENCE_MATCH_H_
#define TIDEMARK_EVALS_OMNISCIENCE_MATCH_H_

#include <string>
#include <string_view>
#include <vector>

#include "evals/omniscience/grade.h"

namespace tidemark::omniscience {

struct Gold {
  std::string question, answer;
  std::vector<std::string> aliases;
  bool answerable = true;  // false: about something that does not exist or cannot be known
  std::string kind;        // "name", "person", "number", "identifier", "date", "code"; else inferred from question and answer
  int digits = 0;          // > 0: a number need only be right to so many significant digits, and more of them are fine
};

struct Verdict {
  Grade grade = Grade::kIncorrect;
  std::string_view rule;  // which rule decided, for scores.jsonl
};

// Rules, in this order (evals.md 3.3; the official grader prompt of the dataset card):
// - nothing but punctuation: D. The question repeated: D.
// - an unanswerable row: saying that there is no such thing (for kind "unknowable": that nobody can know): A; not knowing, or
//   only hedging: D; anything else: B.
// - not knowing, needing context or tools, refusing, anywhere in the answer: D, even if it then speculates.
// - number: right to the gold's last significant digit after conversion to its unit: A. With more digits than the gold: C,
//   unless the gold is round ("100 million") or the row says `digits`. A correct rounding within 0.5 %: C. Bounds and pairs of
//   values: B.
// - identifier (section, version, code): exactly the gold's: A; a subdivision of it ("6(1)" for "6"): C; other: B.
// - date: equal: A; agreeing but coarser or finer: C; otherwise B.
// - code: equal but for spaces, quotes and an empty pair of brackets: A. Otherwise B.
// - name, person: the gold or an alias stands in the answer, not negated, not as one of two candidates, not as part of a longer
//   name, not behind another committed answer: A (persons: surname alone, and spelling slips; "X and Y" in either order); part
//   of the gold and nothing else: C.
Verdict GradeByMatch(const Gold& gold, std::string_view answer);

}  // namespace tidemark::omniscience

#endif  // TIDEMARK_EVALS_OMNISCIENCE_MATCH_H_
