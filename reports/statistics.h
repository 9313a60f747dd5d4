// Intervals and percentiles for reports. All functions are pure and seeded: the same numbers give the same interval.
#ifndef TIDEMARK_REPORTS_STATISTICS_H_
#define TIDEMARK_REPORTS_STATISTICS_H_

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace tidemark {

struct Interval {
  double low = 0;
  double high = 0;
};

// Wilson's score interval, 95 % (Wilson 1927; Brown, Cai, DasGupta 2001):
// (p + z^2/2n -+ z sqrt(p(1-p)/n + z^2/4n^2)) / (1 + z^2/n), z = 1.959964. p in [0, 1], n > 0. Never outside [0, 1].
Interval WilsonInterval(double p, double n);

// What one cluster (a sample with all its instructions and repeats) adds to a ratio: value = total sum / total count.
struct Tally {
  double sum = 0;
  double count = 0;
};

// 95 % percentile interval of the mean over j of (sum_i t[i][j].sum / sum_i t[i][j].count), clusters i drawn with replacement
// (Efron 1979; Davison and Hinkley 1997, section 3.8). tallies: [clusters, parts], row-major, each cluster's count of each part
// positive, sum <= count. Random draws: Philox stream `stream` of `seed`. Where all resamples agree (every cluster has the same
// ratio) the bootstrap would claim certainty; then it is Wilson's interval with n = clusters. It covers too little for few
// clusters; metrics get ClusterInterval (intervals.h), and this is its cross-check.
Interval ClusterBootstrapInterval(std::span<const Tally> tallies, int64_t parts, uint64_t seed, uint64_t stream,
                                  int resamples = 2000);

// The q-quantile, q in [0, 1], linear between order statistics at q (n - 1) (type 7 of Hyndman and Fan 1996). values not empty.
double Quantile(std::span<const double> sorted_values, double q);

struct Percentiles {
  double p50 = 0, p95 = 0, p99 = 0;
  int64_t n = 0;  // 0: the others mean nothing
};
Percentiles ComputePercentiles(std::vector<double> values);

}  // namespace tidemark

#endif  // TIDEMARK_REPORTS_STATISTICS_H_
