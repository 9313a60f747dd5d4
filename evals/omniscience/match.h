// The match judge: grades an answer against a gold answer by rules alone, so that it is free, offline and the same everywhere.
//
// It reads English and decides by form. It can tell: names under other spellings, initials, titles, middle names; numbers under
// other units, prefixes, words and separators; dates, ranges, lists, identifiers and code; what is negated, taken back, offered
// beside another candidate or only mentioned; not knowing and denying, by grammar and a few idioms. It cannot tell: that two
// phrases mean the same when they share no words (a synonym, an answer in another script), whether a vaguer answer is still right
// ("a city in the north"), a joke or a quotation from a claim, an argument over several sentences from its conclusion unless that
// is marked ("so", "the answer is"), nor people of one name whom a middle name does not tell apart. On questions written and
// graded after its last change it gave a reader's grade to 37 of 40 (92.5 %, Wilson interval 80 to 97 %; by the author of the
// rules, so others will see less): see tests/evals/omniscience_agreement_test.cc. Where that is not enough, `judge` with a model
// re-grades the same stored answers.
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
// - not knowing, needing context or tools, refusing, anywhere in the answer: D, even if it then speculates. Not being sure is
//   D only where nothing is committed to: "I'm not sure, but I think it's Riga" answers, "I'm not sure, maybe Riga" does not.
// - yes and no, true and false: by that word, by "it does not", or by whether the sentence that repeats the question is negative.
// - number: right to the gold's last significant digit after conversion to its unit: A. With more digits than the gold: C,
//   unless the gold is round ("100 million") or the row says `digits`. A correct rounding within 0.5 %, or one of two digits or
//   more that calls itself a rounding ("about"): C. Bounds, unless the question asks for one, and pairs of values: B. A range:
//   both ends A, one C.
// - identifier (section, version, code): exactly the gold's: A; a subdivision of it ("6(1)" for "6"): C; other: B.
// - date: equal: A; agreeing but coarser or finer: C; otherwise B.
// - code: equal but for spaces, quotes and an empty pair of brackets: A. Otherwise B.
// - name, person: the gold or an alias stands in the answer, not negated, not as one of two candidates, not as part of a longer
//   name, not behind another committed answer: A (persons: surname alone, middle names left out, abbreviated or added, spelling
//   slips, but no other middle name and no other number of a ruler); part of the gold and nothing else: C. Several parts
//   ("X, Y and Z"): all of them in any order and nothing else beside them A, at least half C.
Verdict GradeByMatch(const Gold& gold, std::string_view answer);

}  // namespace tidemark::omniscience

#endif  // TIDEMARK_EVALS_OMNISCIENCE_MATCH_H_
