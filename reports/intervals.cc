#include "reports/intervals.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "engine/core/error.h"
#include "reports/distributions.h"

namespace tidemark {
namespace {

constexpr double kMostWorth = 2;      // an answer counts at most as so many independent ones
constexpr double kSmoothing = 0.05;   // pseudo-clusters, half of them right and half wrong
constexpr double kManyDegrees = 1e6;  // of freedom: where Student's t is the normal distribution

void Add(const Tally& tally, Tally& total) {
  total.sum += tally.sum;
  total.count += tally.count;
}

std::vector<Tally> Totals(std::span<const Tally> tallies, size_t parts) {
  std::vector<Tally> totals(parts);
  for (size_t i = 0; i < tallies.size(); ++i) Add(tallies[i], totals[i % parts]);
  return totals;
}

// Wilson's interval with another quantile than the normal one.
Interval Score(double p, double n, double quantile) {
  const double z2n = quantile * quantile / n;
  const double centre = (p + z2n / 2) / (1 + z2n);
  const double half = quantile * std::sqrt(p * (1 - p) / n + z2n / (4 * n)) / (1 + z2n);
  return {p == 0 ? 0 : std::clamp(centre - half, 0.0, p), p == 1 ? 1 : std::clamp(centre + half, p, 1.0)};
}

struct WeightedResidual {
  double value = 0, weight = 0;
};

struct ClusterWorth {
  double answers = 0;  // independent answers that one cluster is worth
  double degrees = 0;  // of freedom of that estimate
};

// A cluster's residual has variance s2; one answer has p (1 - p), which is estimated from p and so too small by the variance of
// p. The influence of a cluster on the logarithm of the ratio of the two gives the degrees of freedom (intervals.h).
ClusterWorth EstimateWorth(std::span<const WeightedResidual> residuals, double p) {
  double total = 0, squares = 0;
  for (const WeightedResidual& r : residuals) {
    total += r.weight;
    squares += r.weight * r.value * r.value;
  }
  const double answer = p * (1 - p), s2 = squares / (total - 1), slope = (1 - 2 * p) / answer;
  double influence = 0;
  for (const WeightedResidual& r : residuals) {
    const double psi = r.value * r.value * total / squares - 1 - slope * r.value;
    influence += r.weight * psi * psi;
  }
  const double degrees = 2 * total * total / std::max(influence, 1e-12);
  return {answer / s2 + 1 / total, std::clamp(degrees, 1.0, kManyDegrees)};
}

std::span<const Tally> Cell(const RunTable& table, size_t sample, size_t run) {
  const auto runs = static_cast<size_t>(table.runs), parts = static_cast<size_t>(table.parts);
  return std::span(table.cells).subspan((sample * runs + run) * parts, parts);
}

bool IsMissing(std::span<const Tally> cell) { return cell[0].count < 0; }

void AddVarianceComponents(const RunTable& table, std::span<const Tally> totals, RunSpread& spread) {
  double total = 0, within = 0, with_data = 0, repeated = 0;
  for (size_t i = 0; i < static_cast<size_t>(table.samples); ++i) {
    std::vector<double> z;
    for (size_t r = 0; r < static_cast<size_t>(table.runs); ++r) {
      const auto cell = Cell(table, i, r);
      if (IsMissing(cell)) continue;
      double value = 0;
      for (size_t j = 0; j < totals.size(); ++j) {
        const double ratio = totals[j].sum / totals[j].count;
        value += (cell[j].sum - ratio * cell[j].count) / totals[j].count / static_cast<double>(totals.size());
      }
      z.push_back(value);
    }
    if (z.empty()) continue;
    with_data += 1;
    const auto answered = static_cast<double>(z.size());
    const double sum = std::accumulate(z.begin(), z.end(), 0.0);
    total += sum * sum;
    if (z.size() < 2) continue;
    double squares = 0;
    for (const double value : z) squares += (value - sum / answered) * (value - sum / answered);
    repeated += 1;
    within += answered * squares / (answered - 1);
  }
  if (with_data < 2 || repeated == 0) return;
  total *= with_data / (with_data - 1);
  within *= with_data / repeated;
  spread.stderr_sampling = std::sqrt(std::max(0.0, total - within));
  spread.stderr_run_to_run = std::sqrt(within);
  spread.stderr_total = std::sqrt(std::max(total, within));
}

}  // namespace

double RatioMean(std::span<const Tally> tallies, int64_t parts) {
  const auto width = static_cast<size_t>(parts);
  TM_CHECK(width > 0 && !tallies.empty() && tallies.size() % width == 0, "{} tallies of {} parts", tallies.size(), parts);
  double mean = 0;
  for (const Tally& t : Totals(tallies, width)) mean += t.sum / t.count / static_cast<double>(parts);
  return mean;
}

Interval ClusterInterval(std::span<const Tally> tallies, int64_t parts) {
  const auto width = static_cast<size_t>(parts);
  const double value = std::clamp(RatioMean(tallies, parts), 0.0, 1.0);
  const size_t clusters = tallies.size() / width;
  const auto n = static_cast<double>(clusters);
  if (clusters == 1) return Score(value, 1, NormalQuantile(0.975));
  std::vector<double> mean_count(width), smoothed(width);  // each part is smoothed by itself
  double p = 0;
  const std::vector<Tally> totals = Totals(tallies, width);
  for (size_t j = 0; j < width; ++j) {
    mean_count[j] = totals[j].count / n;  // what a pseudo-cluster weighs
    smoothed[j] = (totals[j].sum / mean_count[j] + kSmoothing / 2) / (n + kSmoothing);
    p += smoothed[j] / static_cast<double>(parts);
  }
  std::vector<WeightedResidual> residuals = {{1 - p, kSmoothing / 2}, {-p, kSmoothing / 2}};
  for (size_t i = 0; i < clusters; ++i) {
    double residual = 0;
    for (size_t j = 0; j < width; ++j) {
      const Tally& t = tallies[i * width + j];
      residual += (t.sum - smoothed[j] * t.count) / mean_count[j] / static_cast<double>(parts);
    }
    residuals.push_back({residual, 1});
  }
  const ClusterWorth worth = EstimateWorth(residuals, p);
  const Interval own = Score(value, n * worth.answers, StudentQuantile(0.975, worth.degrees));
  // A mean of several ratios is no proportion of answers: there is no Wilson interval to compare with.
  const bool is_proportion = width == 1 && std::all_of(tallies.begin(), tallies.end(),
                                                       [](const Tally& t) { return std::floor(t.sum) == t.sum && t.count >= 1; });
  if (!is_proportion) return own;
  const Interval independent = Score(value, kMostWorth * totals[0].count, NormalQuantile(0.975));
  return {std::min(own.low, independent.low), std::max(own.high, independent.high)};
}

RunSpread ComputeRunSpread(const RunTable& table) {
  const auto samples = static_cast<size_t>(table.samples), runs = static_cast<size_t>(table.runs);
  const auto parts = static_cast<size_t>(table.parts);
  TM_CHECK(table.cells.size() == samples * runs * parts && parts > 0, "{} cells for {} x {} x {}", table.cells.size(), samples,
           runs, parts);
  const auto is_complete = [](std::span<const Tally> totals) {
    return std::all_of(totals.begin(), totals.end(), [](const Tally& t) { return t.count > 0; });
  };
  RunSpread spread;
  std::vector<Tally> totals(parts);
  std::vector<bool> answered(samples);
  for (size_t r = 0; r < runs; ++r) {
    std::vector<Tally> of_run(parts);
    int64_t own = 0;
    for (size_t i = 0; i < samples; ++i) {
      const auto cell = Cell(table, i, r);
      if (IsMissing(cell)) continue;
      ++own;
      answered[i] = true;
      for (size_t j = 0; j < parts; ++j) Add(cell[j], of_run[j]);
    }
    for (size_t j = 0; j < parts; ++j) Add(of_run[j], totals[j]);
    if (!is_complete(of_run)) continue;
    spread.runs.push_back(RatioMean(of_run, table.parts));
    spread.samples.push_back(own);
  }
  const auto all = std::count(answered.begin(), answered.end(), true);
  double mean = 0, whole = 0;
  for (size_t r = 0; r < spread.runs.size(); ++r) {
    if (10 * spread.samples[r] < 9 * all) continue;
    mean += spread.runs[r];
    whole += 1;
  }
  if (whole > 0) spread.mean = mean / whole;
  if (spread.runs.size() > 1 && is_complete(totals)) AddVarianceComponents(table, totals, spread);
  return spread;
}

}  // namespace tidemark
