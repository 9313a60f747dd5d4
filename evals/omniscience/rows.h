// What the answering task and the judge share: rows, metrics, counts.
#ifndef TIDEMARK_EVALS_OMNISCIENCE_ROWS_H_
#define TIDEMARK_EVALS_OMNISCIENCE_ROWS_H_

#include <optional>
#include <string>

#include "evals/omniscience/grade.h"
#include "evals/omniscience/match.h"
#include "evals/task.h"

namespace tidemark::omniscience {

// A row of the official CSV (domain, topic, question_id, question, answer, since August 2026 subtopic) or of our own sets (also
// aliases, answerable, kind, digits). Throws Error: a field missing or of another type.
Sample MakeSample(const DatasetRow& row, const TaskProtocol& protocol, const std::string& place);

Gold GoldOf(const Sample& sample);
// What a judge is shown as the gold answer: for an unanswerable row without one, a sentence that says so.
std::string TargetText(const Sample& sample);

// Adds the tallies of a grade: overall, per domain, per topic (evals.md 3.3). nullopt (ungraded) adds nothing.
// accuracy c/N; attempt_rate (c+i+p)/N; omniscience_index 100(c-i)/N, tallied as 1 for c, 0.5 for p and a, 0 for i;
// hallucination_rate i/(i+p+a) and non_hallucination_rate 1 minus it, over answers that are not correct.
void AddTallies(const Sample& sample, std::optional<Grade> grade, Score& score);

// The task without its functions: headline, scales, values of empty denominators, counts of grades as details.
Task MakeFrame();

}  // namespace tidemark::omniscience

#endif  // TIDEMARK_EVALS_OMNISCIENCE_ROWS_H_
