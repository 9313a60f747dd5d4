// 95 % intervals of evaluation metrics beside Wilson's (statistics.h). A metric is a ratio of sums over samples, or the mean of
// several such ratios; a sample with all its instructions and repeats is one cluster, because they share their difficulty.
#ifndef TIDEMARK_REPORTS_INTERVALS_H_
#define TIDEMARK_REPORTS_INTERVALS_H_

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "reports/statistics.h"

namespace tidemark {

// The mean over j of (sum_i t[i][j].sum / sum_i t[i][j].count). tallies: [clusters, parts], row-major.
double RatioMean(std::span<const Tally> tallies, int64_t parts);

// Wilson's interval with the number of independent answers that the clusters are worth, and Student's quantile:
//   n_eff = clusters / w,  w = v / (p (1 - p) + v / clusters),  v = the variance of a cluster's linearised residual r,
//   degrees of freedom = 2 clusters^2 / sum psi^2,  psi = r^2 / v - 1 - r (1 - 2p) / (p (1 - p)).
// w is 1 / m if the m answers of a cluster are independent and 1 if they are all alike. Where each cluster has as many right as
// wrong ones w is far less; a few clusters can look so by chance, so for answers that are right or wrong an answer of a single
// ratio counts at most as two independent ones (a limit of one would make independent repeats of 20 or 30 samples cover 96 to
// 97 %). psi is a cluster's influence on log w, so the degrees of freedom are Satterthwaite's (1946, Biometrics Bull. 2): about
// clusters where w has to be estimated, unlimited where answers are alike and w = 1 by arithmetic. Korn and Graubard 1998 (Survey
// Methodology 24) and Franco, Little, Louis, Slud 2019 (J. Survey Stat. Meth. 7) for effective sizes in clusters. v and p in w
// are smoothed by 0.025 of a cluster that is all right and 0.025 of one that is all wrong: else few or no errors would look like
// certainty. That weight is our choice, by simulation: cells of 20 to 541 clusters of 3 or 5 answers, independent to nearly alike
// (tests/reports/coverage_test.cc prints the table). With 10^4 draws per cell, a standard error of 0.2 points, coverage is 94.0
// to 95.8 % in every cell at p = 0.3, 0.5, 0.7. At p near 0.9 it is 96.0 to 97.4 % with 20 clusters, 94.2 to 96.5 % with 30 and
// 94 to 96 % from 60, but for 93.6 % where half of 60 clusters are certain; at 0.9 exactly the lattice of few outcomes makes
// that 92.5 to 97.3 %. The 10^3 draws of the ordinary test, 0.7 points, show 93.0 to 97.5 % over the same cells: they find an
// error of 2.3 points, not of one. Never outside [0, 1]; contains the value.
// tallies: [clusters, parts], row-major, each cluster's count of each part positive, 0 <= sum <= count. One cluster counts as
// one answer.
Interval ClusterInterval(std::span<const Tally> tallies, int64_t parts);

// How a value over several runs (repeats) is spread. Standard errors of the mean over runs; absent: cannot be estimated.
struct RunSpread {
  std::vector<double> runs;                 // the value of each run by itself
  std::vector<int64_t> samples;             // answered in each
  std::optional<double> mean;               // over the runs with at least nine tenths of the samples; absent: none has
  std::optional<double> stderr_sampling;    // because other samples might have been asked
  std::optional<double> stderr_run_to_run;  // because the same samples would be answered otherwise in other runs
  std::optional<double> stderr_total;       // both: total^2 = sampling^2 + run_to_run^2
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
// cell are left out of `runs`. Throws nothing; with less data the errors are absent.
RunSpread ComputeRunSpread(const RunTable& table);

}  // namespace tidemark

#endif  // TIDEMARK_REPORTS_INTERVALS_H_
