// The four grades of AA-Omniscience and how a judge's reply is read.
#ifndef TIDEMARK_EVALS_OMNISCIENCE_GRADE_H_
#define TIDEMARK_EVALS_OMNISCIENCE_GRADE_H_

#include <optional>
#include <string_view>

namespace tidemark::omniscience {

enum class Grade { kCorrect, kIncorrect, kPartial, kNotAttempted };
inline constexpr Grade kGrades[] = {Grade::kCorrect, Grade::kIncorrect, Grade::kPartial, Grade::kNotAttempted};

// "A", "B", "C", "D" and "correct", "incorrect", "partial", "not_attempted".
std::string_view GradeLetter(Grade grade);
std::string_view GradeName(Grade grade);
std::optional<Grade> FindGrade(std::string_view letter);

// A judge's reply without its reasoning trace: the whole text is one letter, or its last line that is not blank is. Around the
// letter only spaces, Markdown stars, quotes and one full stop or closing bracket may stand. Anything else: no grade.
std::optional<Grade> ParseGrade(std::string_view reply);

}  // namespace tidemark::omniscience

#endif  // TIDEMARK_EVALS_OMNISCIENCE_GRADE_H_
