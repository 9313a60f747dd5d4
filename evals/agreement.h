// Do two judges agree? Cohen's kappa over grades of the same stored answers.
#ifndef TIDEMARK_EVALS_AGREEMENT_H_
#define TIDEMARK_EVALS_AGREEMENT_H_

#include <array>
#include <cstdint>
#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "evals/omniscience/grade.h"
#include "reports/statistics.h"

namespace tidemark {

// The grades of one judge, read from scores.jsonl.
struct GradedAnswers {
  std::string name;            // as given
  std::string answers_sha256;  // of the completions that were judged; empty: not known
  // (id, repeat) -> grade; nothing: ungraded. Failed answers are left out.
  std::map<std::pair<std::string, int>, std::optional<omniscience::Grade>> grades;
};

// where: the folder of a judge run or of the run itself (its own grades), or a scores.jsonl. Throws Error: no such file,
// malformed, rows without a grade.
GradedAnswers LoadGrades(const std::filesystem::path& where);

struct Disagreement {
  std::string id;
  int repeat = 0;
  omniscience::Grade a, b;
};

struct Agreement {
  int64_t both = 0;                                      // graded by both: what the rest is about
  int64_t ungraded_a = 0, ungraded_b = 0;                // of the common answers
  int64_t only_a = 0, only_b = 0;                        // answers that the other has no row for
  std::array<std::array<int64_t, 4>, 4> confusion = {};  // [grade of a][grade of b]
  double observed = 0;                                   // share of equal grades
  Interval observed_ci;
  // (observed - expected) / (1 - expected), expected from both judges' shares of grades (Cohen 1960). Nothing where both give all
  // answers the same grade: then it is 0 / 0.
  std::optional<double> kappa;
  Interval kappa_ci;  // 95 %, percentile bootstrap over samples; without any disagreement from the interval of `observed`
  std::vector<Disagreement> disagreements;
};

// Throws Error: not the same answers, or none graded by both.
Agreement CompareGrades(const GradedAnswers& a, const GradedAnswers& b, uint64_t seed);

// Everything above with the letters as names.
nlohmann::ordered_json AgreementToJson(const GradedAnswers& a, const GradedAnswers& b, const Agreement& agreement);

}  // namespace tidemark

#endif  // TIDEMARK_EVALS_AGREEMENT_H_
