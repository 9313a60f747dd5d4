#include "reports/statistics.h"

#include <algorithm>
#include <cmath>

#include "engine/core/error.h"
#include "engine/core/random.h"

namespace tidemark {
namespace {

constexpr double kZ = 1.959963984540054;  // 97.5 % point of the normal distribution

double MeanOfRatios(std::span<const Tally> totals) {
  double mean = 0;
  for (const Tally& t : totals) mean += t.sum / t.count;
  return mean / static_cast<double>(totals.size());
}

void Add(std::span<const Tally> row, std::vector<Tally>& totals) {
  for (size_t j = 0; j < row.size(); ++j) {
    totals[j].sum += row[j].sum;
    totals[j].count += row[j].count;
  }
}

}  // namespace

Interval WilsonInterval(double p, double n) {
  TM_CHECK(p >= 0 && p <= 1 && n > 0, "p = {}, n = {}", p, n);
  const double z2n = kZ * kZ / n;
  const double centre = (p + z2n / 2) / (1 + z2n);
  const double half = kZ * std::sqrt(p * (1 - p) / n + z2n / (4 * n)) / (1 + z2n);
  // At p = 0 and p = 1 one end is p itself, which rounding may miss by an ulp.
  return {p == 0 ? 0 : std::clamp(centre - half, 0.0, p), p == 1 ? 1 : std::clamp(centre + half, p, 1.0)};
}

Interval ClusterBootstrapInterval(std::span<const Tally> tallies, int64_t parts, uint64_t seed, uint64_t stream, int resamples) {
  const auto width = static_cast<size_t>(parts);
  TM_CHECK(width > 0 && !tallies.empty() && tallies.size() % width == 0, "{} tallies of {} parts", tallies.size(), parts);
  const size_t clusters = tallies.size() / width;
  std::vector<Tally> totals(width);
  for (size_t i = 0; i < clusters; ++i) Add(tallies.subspan(i * width, width), totals);
  const double value = MeanOfRatios(totals);

  std::vector<double> draws(static_cast<size_t>(resamples));
  uint64_t index = 0;
  for (double& draw : draws) {
    std::fill(totals.begin(), totals.end(), Tally{});
    for (size_t i = 0; i < clusters; ++i) {
      const auto chosen = static_cast<size_t>(UniformAt(seed, stream, index++) * static_cast<double>(clusters));
      Add(tallies.subspan(chosen * width, width), totals);
    }
    draw = MeanOfRatios(totals);
  }
  std::sort(draws.begin(), draws.end());
  if (draws.back() - draws.front() < 1e-12) return WilsonInterval(std::clamp(value, 0.0, 1.0), static_cast<double>(clusters));
  return {std::clamp(Quantile(draws, 0.025), 0.0, value), std::clamp(Quantile(draws, 0.975), value, 1.0)};
}

double Quantile(std::span<const double> sorted_values, double q) {
  TM_CHECK(!sorted_values.empty() && q >= 0 && q <= 1, "{} values, q = {}", sorted_values.size(), q);
  const double position = q * static_cast<double>(sorted_values.size() - 1);
  const auto below = static_cast<size_t>(position);
  const size_t above = std::min(below + 1, sorted_values.size() - 1);
  return sorted_values[below] + (position - static_cast<double>(below)) * (sorted_values[above] - sorted_values[below]);
}

Percentiles ComputePercentiles(std::vector<double> values) {
  if (values.empty()) return {};
  std::sort(values.begin(), values.end());
  return {Quantile(values, 0.5), Quantile(values, 0.95), Quantile(values, 0.99), static_cast<int64_t>(values.size())};
}

}  // namespace tidemark
