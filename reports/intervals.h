// 95 % intervals of evaluation metrics beside Wilson's (statistics.h). A metric is a ratio of sums over samples, or the mean of
// several such ratios; a sample with all its instructions and repeats is one cluster, because they share their difficulty.
#ifndef TIDEMARK_REPORTS_INTERVALS_H_
#define TIDEMARK_REPORTS_INTERVALS_H_

#include <cstdint>
#include <span>
#include <vector>

#include "reports/statistics.h"

namespace tidemark {

// Clopper and Pearson's exact interval (1934) for `successes` of `trials`: [B(0.025; k, n-k+1), B(0.975; k+1, n-k)]. It never
// covers less than 95 %, at the price of covering up to 99 % of small samples.
Interval ClopperPearsonInterval(double successes, double trials);

// The mean over j of (sum_i t[i][j].sum / sum_i t[i][j].count). tallies: [clusters, parts], row-major.
double RatioMean(std::span<const Tally> tallies, int64_t parts);

// Wilson's interval with the number of independent answers that the clusters are worth, and Student's quantile:
//   n_eff = p (1 - p) / v,  v = the linearised (Taylor) variance of the ratio over clusters, 2 (clusters - 1) degrees of freedom.
// Korn and Graubard 1998 ("Confidence intervals for proportions with small expected number of positive counts") and Franco,
// Little, Louis, Slud 2019 (J. Survey Stat. Meth. 7) for samples in clusters. v and p in n_eff are smoothed by 0.15 of a cluster
// that is all right and 0.15 of one that is all wrong: else few or no errors would look like certainty. That weight and the
// degrees of freedom are our choice, by simulation (tests/reports/coverage_test.cc): coverage 93.7 to 96.6 % from 40 clusters, at
// 20 clusters up to 97.5 % near 0 and 1. The percentile bootstrap (statistics.h), with which it agrees for many clusters, covers
// 88 to 95 % at 20 to 60. Never outside [0, 1]; contains the value.
// tallies: [clusters, parts], row-major, each cluster's count of each part positive, 0 <= sum <= count. One cluster counts as
// one answer.
Interval ClusterInterval(std::span<const Tally> tallies, int64_t parts);

// How a value over several runs (repeats) is spread. Standard errors of the mean over runs:
struct RunSpread {
  std::vector<double> runs;      // the value of each run by itself
  double stderr_sampling = 0;    // because other samples might have been asked
  double stderr_run_to_run = 0;  // because the same samples would be answered otherwise in other runs
  double stderr_total = 0;       // both: total^2 = sampling^2 + run_to_run^2
};

// One tally per sample, run and part. A count of 0: answered, but not in this ratio (a correct answer in a hallucination rate);
// below 0 in the first part: missing (a failed sample).
struct RunTable {
  int64_t samples = 0, runs = 0, parts = 1;
  std::vector<Tally> cells;  // [samples, runs, parts], row-major
};

// Variance components over samples x runs (one-way random effects, method of moments, on linearised values z of each cell):
// total = S/(S-1) sum_i (sum_r z_ir)^2, run-to-run = sum_i R_i var_r(z_ir), sampling = their difference, at least 0. Samples
// with one run take the mean run-to-run variance of the others. Needs two runs and two samples with data; runs without any
// cell are left out of `runs`. Throws nothing; with less data all errors are 0.
RunSpread ComputeRunSpread(const RunTable& table);

}  // namespace tidemark

#endif  // TIDEMARK_REPORTS_INTERVALS_H_
