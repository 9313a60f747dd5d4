// Two runs over the same samples: is the difference more than chance, how big may it be, what could have been seen at all.
// Pairing removes the difficulty of the samples, which is most of the variance: only samples that changed carry information.
#ifndef TIDEMARK_REPORTS_PAIRED_H_
#define TIDEMARK_REPORTS_PAIRED_H_

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "reports/statistics.h"

namespace tidemark {

// What one sample (with all its repeats and instructions) adds to a metric in either run. Several parts: see
// ClusterInterval (intervals.h); tables are [samples, parts], row-major.
struct PairedTally {
  Tally baseline, candidate;
};

// The rows with a positive count anywhere, in order: the samples of this metric. A hallucination rate over 400 samples of which
// 10 are wrong in either run has 10. What follows leaves the other rows out by itself.
std::vector<PairedTally> WithCounts(std::span<const PairedTally> pairs, int64_t parts);

// Metric of the candidate minus metric of the baseline; each is the mean over parts of the ratio of sums. Every part needs a
// positive total count in both runs.
double PairedDifference(std::span<const PairedTally> pairs, int64_t parts);

// 95 % percentile interval of PairedDifference, samples drawn with replacement (Efron 1979). Among the samples are half a one
// that the candidate alone gets right and half a one that the baseline alone does: without them, few or no changes would look
// like certainty (84 to 93 % coverage at 20 to 40 samples instead of 94 to 97 %). Both weigh an average row with counts. Contains
// the difference; within [-1, 1]. Draws: Philox stream `stream` of `seed`.
Interval PairedBootstrapInterval(std::span<const PairedTally> pairs, int64_t parts, uint64_t seed, uint64_t stream,
                                 int resamples);

// Two-sided p of the exact McNemar test (1947): the changed samples are coin tosses. min(1, 2 P(X <= min(lost, gained))),
// X binomial with lost + gained trials of 1/2.
double McNemarExact(int64_t lost, int64_t gained);

// Two-sided p of the randomisation test for any metric (Fisher; Noreen 1989): the runs swapped sample by sample at random give a
// difference at least as large; (1 + hits) / (1 + resamples), so the level holds exactly if the runs do not differ.
double RandomizationTest(std::span<const PairedTally> pairs, int64_t parts, uint64_t seed, uint64_t stream, int resamples);

// Holm's step-down correction (1979): p-values such that "p <= alpha" errs in any of them with probability at most alpha.
std::vector<double> HolmAdjust(std::span<const double> p_values);

// Probability that McNemarExact gives p <= alpha, if a share `discordance` of n samples changes and the candidate is better by
// `effect` (|effect| <= discordance <= 1): exact, summed over the number of changed samples.
double McNemarPower(int64_t n, double discordance, double effect, double alpha = 0.05);

// The smallest difference that McNemarExact detects with the given power among n samples of which a share `discordance` changes
// (more, if the effect itself needs more). 1 or less; absent: not even if every sample changed.
std::optional<double> McNemarMinimumEffect(int64_t n, double discordance, double alpha = 0.05, double power = 0.8);

// Samples that a two-sided test at `alpha` needs to detect `effect` with `power` (Connor 1987, for McNemar's; the same with
// second_moment = the mean squared difference of a sample for other metrics, where it is the z-test):
//   n = ((z_{1-alpha/2} sqrt(m2) + z_power sqrt(m2 - effect^2)) / effect)^2. Absent: effect = 0, or more than 10^9 samples.
std::optional<int64_t> SamplesToDetect(double second_moment, double effect, double alpha = 0.05, double power = 0.8);

// Samples after which the 95 % interval lies within (-margin, margin) with probability 0.8, if the true difference is `effect`:
// n = (m2 - effect^2) ((z_{0.975} + z_{0.9}) / (margin - |effect|))^2. Absent: |effect| >= margin, or more than 10^9.
std::optional<int64_t> SamplesToShowSame(double second_moment, double effect, double margin);

// The inverse of SamplesToDetect for n samples.
double MinimumEffect(int64_t n, double second_moment, double alpha = 0.05, double power = 0.8);

// Mean squared (linearised) difference of a sample, about 0: the discordance of a binary metric. Smoothed by one changed
// sample: (sum + 1) / (n + 1), n samples with counts.
double SecondMoment(std::span<const PairedTally> pairs, int64_t parts);

}  // namespace tidemark

#endif  // TIDEMARK_REPORTS_PAIRED_H_
