#include "reports/ratios.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "engine/core/error.h"

namespace tidemark {
namespace {

constexpr double kCoverage = 0.95;
constexpr size_t kExactPairs = 2500;  // counting needs their number times the smaller sample; beyond, the normal is as good

// The interval [x_(k), x_(n+1-k)] of sorted values, given P(statistic < k) under the null for each k.
RankInterval FromRanks(const std::vector<double>& sorted, const std::vector<double>& probability, int64_t n) {
  RankInterval result;
  result.n = n;
  result.value = Quantile(sorted, 0.5);
  result.interval = {sorted.front(), sorted.back()};
  if (sorted.size() < 2) return result;
  size_t k = 1;
  double below = probability[0];
  result.coverage = 1 - 2 * below;
  while (k < sorted.size() / 2 && 1 - 2 * (below + probability[k]) >= kCoverage) {
    below += probability[k++];
    result.coverage = 1 - 2 * below;
  }
  result.interval = {sorted[k - 1], sorted[sorted.size() - k]};
  return result;
}

// P(U = u) of Mann and Whitney's statistic for n and m values: counted by adding one value of either sample at a time.
std::vector<double> MannWhitney(size_t n, size_t m) {
  std::vector<std::vector<double>> ways(m + 1, std::vector<double>(n * m + 1, 0.0));  // [values of the second sample][u]
  for (auto& row : ways) row[0] = 1;
  for (size_t i = 1; i <= n; ++i) {
    for (size_t j = 1; j <= m; ++j) {
      // The largest of all is from the first sample (it exceeds all j of the second) or from the second. The shares make the
      // counts probabilities as they go, so that they do not overflow.
      const double first = static_cast<double>(i) / static_cast<double>(i + j);
      std::vector<double> row(n * m + 1, 0.0);
      for (size_t u = 0; u <= i * j; ++u) {
        row[u] = (1 - first) * ways[j - 1][u] + (u >= j ? first * ways[j][u - j] : 0);
      }
      ways[j] = std::move(row);
    }
  }
  return ways[m];
}

// The same from the normal distribution with U's mean nm/2 and variance nm(n+m+1)/12, each u with the mass of [u - 1/2, u + 1/2].
std::vector<double> MannWhitneyNormal(size_t n, size_t m) {
  const double a = static_cast<double>(n), b = static_cast<double>(m);
  const double mean = a * b / 2, deviation = std::sqrt(a * b * (a + b + 1) / 12);
  const auto cdf = [&](double u) { return 0.5 * std::erfc((mean - u) / (deviation * std::sqrt(2.0))); };
  std::vector<double> probability(n * m + 1);
  for (size_t u = 0; u < probability.size(); ++u) {
    const auto at = static_cast<double>(u);
    probability[u] = cdf(at + 0.5) - (u == 0 ? 0 : cdf(at - 0.5));
  }
  return probability;
}

}  // namespace

std::vector<double> MannWhitneyDistribution(size_t n, size_t m, bool exact) {
  TM_CHECK(n > 0 && m > 0, "{} and {} values", n, m);
  return exact ? MannWhitney(n, m) : MannWhitneyNormal(n, m);
}

RankInterval MedianInterval(std::span<const double> values) {
  TM_CHECK(!values.empty(), "no values");
  std::vector<double> sorted(values.begin(), values.end());
  std::sort(sorted.begin(), sorted.end());
  const auto n = static_cast<double>(sorted.size());
  std::vector<double> binomial(sorted.size() + 1);
  for (size_t k = 0; k < binomial.size(); ++k) {
    const auto d = static_cast<double>(k);
    binomial[k] = std::exp(std::lgamma(n + 1) - std::lgamma(d + 1) - std::lgamma(n - d + 1) - n * std::log(2.0));
  }
  return FromRanks(sorted, binomial, static_cast<int64_t>(sorted.size()));
}

RankInterval PairedRatio(std::span<const double> baseline, std::span<const double> candidate) {
  TM_CHECK(baseline.size() == candidate.size(), "{} and {} values", baseline.size(), candidate.size());
  std::vector<double> ratios;
  for (size_t i = 0; i < baseline.size(); ++i) ratios.push_back(candidate[i] / baseline[i]);
  return MedianInterval(ratios);
}

RankInterval UnpairedRatio(std::span<const double> baseline, std::span<const double> candidate) {
  TM_CHECK(!baseline.empty() && !candidate.empty(), "{} and {} values", baseline.size(), candidate.size());
  std::vector<double> ratios;
  for (const double b : baseline) {
    for (const double c : candidate) ratios.push_back(c / b);
  }
  std::sort(ratios.begin(), ratios.end());
  return FromRanks(ratios, MannWhitneyDistribution(baseline.size(), candidate.size(), ratios.size() <= kExactPairs),
                   static_cast<int64_t>(std::min(baseline.size(), candidate.size())));
}

nlohmann::ordered_json RankIntervalJson(const RankInterval& r) {
  return {{"value", r.value}, {"low", r.interval.low}, {"high", r.interval.high}, {"coverage", r.coverage}, {"n", r.n}};
}

}  // namespace tidemark
