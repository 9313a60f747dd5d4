// How fast: medians, and ratios of two things timed in turn. Times on shared machines drift and have outliers, so nothing here
// assumes a distribution: medians, and intervals from ranks, which are exact for any continuous one.
#ifndef TIDEMARK_REPORTS_RATIOS_H_
#define TIDEMARK_REPORTS_RATIOS_H_

#include <cstdint>
#include <nlohmann/json.hpp>
#include <span>
#include <vector>

#include "reports/statistics.h"

namespace tidemark {

// A value with the interval that ranks give. coverage: at least 0.95 where there are enough values, else that of the widest
// interval there is (5 pairs: 0.9375 from the smallest to the largest); 0: one value, no interval.
struct RankInterval {
  double value = 0;
  Interval interval;
  double coverage = 0;
  int64_t n = 0;  // values or pairs; 0: the rest means nothing
};

// Median and [x_(k), x_(n+1-k)] with the largest k whose coverage 1 - 2 P(Bin(n, 1/2) < k) is 0.95 or more.
RankInterval MedianInterval(std::span<const double> values);

// candidate[i] / baseline[i], measured one after the other: what drifts hits both. The median of the ratios and its interval.
// Same size, all positive.
RankInterval PairedRatio(std::span<const double> baseline, std::span<const double> candidate);

// Two samples not measured in turn: the median of all candidate[j] / baseline[i] and the interval of Hodges and Lehmann (1963)
// from the distribution of Mann and Whitney's U, exact up to 2500 pairs of values, the normal one beyond. Says nothing of what
// changed between the two. All positive.
RankInterval UnpairedRatio(std::span<const double> baseline, std::span<const double> candidate);

// P(U = u), u = 0 .. n m, of Mann and Whitney's statistic for samples of n and m values; exact: needs n m^2 numbers. n, m > 0.
std::vector<double> MannWhitneyDistribution(size_t n, size_t m, bool exact);

nlohmann::ordered_json RankIntervalJson(const RankInterval& r);  // value, low, high, coverage, n

}  // namespace tidemark

#endif  // TIDEMARK_REPORTS_RATIOS_H_
