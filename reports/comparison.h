// The comparison of two runs of the same tasks, baseline first: per headline metric the paired difference with its interval, an
// exact test, what changed, what could have been detected, and a verdict.
//
// The rule, at 5 % over all metrics compared (Holm), with a margin below which a difference does not matter:
//   same       the 95 % interval of the difference lies within (-margin, margin), whatever the test says
//   worse      else, if the adjusted p is at most 0.05 and the candidate is worse
//   better     else, if the adjusted p is at most 0.05 and the candidate is better
//   cannot tell  otherwise
#ifndef TIDEMARK_REPORTS_COMPARISON_H_
#define TIDEMARK_REPORTS_COMPARISON_H_

#include <cstdint>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "reports/statistics.h"

namespace tidemark {

// A row of scores.jsonl.
struct ScoredRow {
  nlohmann::ordered_json id;
  int repeat = 0;
  bool scored = true;  // false: failed or not run
  std::map<std::string, Tally, std::less<>> tallies;
};

struct ComparedMetric {
  std::string name;
  std::vector<std::string> parts;  // tallies whose ratios are averaged; a plain metric is its own only part
  double low = 0, high = 1;        // a ratio of 0 and of 1 in the metric's unit
  bool lower_is_better = false;
  bool diagnostic = false;  // says why another metric is what it is: shown, but neither in Holm's family nor in the verdict
};

// One task in both runs; without rows where a run does not have it.
struct TaskPair {
  std::string task;
  std::vector<ScoredRow> baseline, candidate;
  std::vector<ComparedMetric> metrics;
};

struct CompareOptions {
  double margin = 0.01;  // as a share of the metric's range
  uint64_t seed = 0;
  int resamples = 5000;
};

enum class CompareVerdict { kWorse, kBetter, kSame, kCannotTell };
std::string_view VerdictName(CompareVerdict verdict);  // "worse", "better", "same within margin", "cannot tell"

struct Flip {
  nlohmann::ordered_json id;
  int repeat = 0;
  double baseline = 0, candidate = 0;  // shares of this answer that are right
};

// All differences are candidate minus baseline in the metric's unit.
struct MetricComparison {
  std::string task, name;
  double low = 0, high = 1;  // range of the metric
  bool lower_is_better = false, diagnostic = false;
  int64_t samples = 0;  // in common, with a count in either run; repeats of one count once
  double baseline = 0, candidate = 0, difference = 0;
  Interval interval;                     // paired bootstrap
  std::string test;                      // "mcnemar_exact" or "randomization"
  double p = 1, p_holm = 1;              // two-sided; p_holm over all metrics but diagnostic ones
  std::optional<double> minimum_effect;  // at 80 % power given what changed, without correction for several metrics
  double margin = 0;                     // in the metric's unit
  double unscored = 0;                   // share of the answers that only one run scored, whose other score could be anything
  Interval extremes;                     // the difference if all of those were lost or all were gained
  Interval bounds;                       // the interval around the extremes, as wide as around the difference
  bool non_inferior = false;             // the bounds exclude being worse by the margin or more
  CompareVerdict verdict = CompareVerdict::kCannotTell;
  std::optional<int64_t> samples_to_decide;  // if the difference stays what it is; absent unless it cannot be told
  std::vector<Flip> flips;                   // answers whose share changed; for a mean of several metrics none
};

struct TaskComparison {
  std::string task;
  int64_t common = 0;                                                  // answers (sample and repeat) scored in both
  int64_t only_baseline = 0, only_candidate = 0;                       // answers that the other run does not have
  int64_t failed_baseline = 0, failed_candidate = 0, failed_both = 0;  // answers of both that are not scored in one, in both
  std::vector<MetricComparison> metrics;                               // without those that nothing in common is tallied in
  std::vector<std::string> left_out;                                   // these
};

// Pairs answers by id and repeat, and compares. Answers that one run alone scored are in no difference, but "same within
// margin" and "better" must hold whatever they would have been: a candidate must not win by failing what it cannot do. Seeded:
// the same rows give the same result.
std::vector<TaskComparison> CompareRuns(std::span<const TaskPair> tasks, const CompareOptions& options);

// {"tasks": [...], "verdict": the worst of all}; every flip is listed, as "lost" where the
// candidate is worse and as "gained" where it is better.
nlohmann::ordered_json ToJson(std::span<const TaskComparison> tasks);

// kWorse if any metric is; else kCannotTell if any cannot be told, or a task has no metric to compare (it failed or is missing in
// one run); else kBetter if any is better; else kSame. Diagnostic metrics do not count.
CompareVerdict Overall(std::span<const TaskComparison> tasks);

}  // namespace tidemark

#endif  // TIDEMARK_REPORTS_COMPARISON_H_
