// The comparison of two reports of `speed`, baseline first: for each test and variant that both hold the ratio candidate /
// baseline with its 95 % interval, and a verdict.
//
// The interval is that of Hodges and Lehmann (1963) from the ranks of Mann and Whitney: exact for few repetitions, whatever the
// distribution of times is, and hardly moved by one outlier. It assumes that the repetitions are independent and that the two
// distributions differ by a factor alone. It needs at least 4 repetitions in each report (3 against 3 cover 90 %). Welch's
// interval of log rates would do with 2, but only by taking the logarithms as normal, which times on a shared machine are not.
//
// The repetitions of one process share its memory layout and the state of the machine: a drift between the two runs counts as a
// difference. Only measuring in turn excludes it. Hence "faster" and "slower" ask for more than an interval without 1:
//   cannot tell  the interval covers less than 95 %
//   same         else, if it lies within [1 / (1 + margin), 1 + margin]
//   faster       else, if it lies beyond that range on the better side
//   slower       else, if it lies beyond on the worse side
//   cannot tell  otherwise
#ifndef TIDEMARK_REPORTS_SPEED_COMPARISON_H_
#define TIDEMARK_REPORTS_SPEED_COMPARISON_H_

#include <nlohmann/json.hpp>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "reports/ratios.h"
#include "reports/stored_speed.h"

namespace tidemark {

enum class SpeedVerdict { kSlower, kFaster, kSame, kCannotTell };
std::string_view VerdictName(SpeedVerdict verdict);  // "slower", "faster", "same within margin", "cannot tell"

// "prefill_tok_per_s", "decode_tok_per_s", "time_to_first_token_seconds"; of a variant: "load_to_first_token_seconds",
// "peak_resident_bytes".
struct SpeedRatio {
  std::string measure;
  std::optional<StoredSpeedTest> test;     // absent: of the variant
  std::string variant, candidate_variant;  // labels; they may differ by what `differences` says
  bool lower_is_better = false;
  bool counts = true;                // in the overall verdict: tokens per second do, of mixed batches those decoded
  RankInterval baseline, candidate;  // medians
  RankInterval ratio;                // candidate / baseline: the median of all ratios
  SpeedVerdict verdict = SpeedVerdict::kCannotTell;
  std::string reason;  // why it cannot be told; else empty
};

struct SpeedComparison {
  std::string other_model;               // what differs in the model; empty: the same, as far as reports say
  std::vector<std::string> differences;  // in precision, backends that ran, settings and machine
  std::vector<std::string> notes;        // builds, what the reports note, what is not compared
  std::vector<SpeedRatio> ratios;
  std::vector<std::string> only_baseline, only_candidate;  // "decode 128 (auto int8, 2 threads)"
};

// Verdict and reason from the rule above. margin: 0.02 is 2 %, at least 0. All values positive, at least one in each.
SpeedRatio CompareSamples(std::span<const double> baseline, std::span<const double> candidate, bool lower_is_better,
                          double margin);

// Variants are paired by backend, precision, instruction sets, threads and KV format; of what is left over those that differ in
// precision or KV format alone, if there is one in each report. Throws Error: nothing in common.
SpeedComparison CompareSpeeds(const StoredSpeed& baseline, const StoredSpeed& candidate, double margin);

// kSlower if any that counts is; else kCannotTell if any cannot be told or the candidate lacks a test; else kFaster if any is;
// else kSame.
SpeedVerdict Overall(const SpeedComparison& comparison);

// How the intervals were made and what they leave out: for --help, below tables, and in the JSON.
std::string_view SpeedComparisonMethod();

nlohmann::ordered_json ToJson(const SpeedComparison& comparison);

}  // namespace tidemark

#endif  // TIDEMARK_REPORTS_SPEED_COMPARISON_H_
