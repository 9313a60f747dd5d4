#include "reports/paired.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>

#include "engine/core/error.h"
#include "engine/core/random.h"
#include "reports/distributions.h"

namespace tidemark {
namespace {

constexpr double kMaxSamples = 1e9;
constexpr size_t kGroupFrom = 1000;  // samples; below, drawing row by row is fast
constexpr size_t kGroupSize = 8;     // rows that are alike, on average, for groups to pay

void Add(const Tally& tally, Tally& total) {
  total.sum += tally.sum;
  total.count += tally.count;
}

void Add(std::span<const PairedTally> row, std::vector<PairedTally>& totals) {
  for (size_t j = 0; j < row.size(); ++j) {
    Add(row[j].baseline, totals[j].baseline);
    Add(row[j].candidate, totals[j].candidate);
  }
}

bool IsDefined(std::span<const PairedTally> totals) {
  return std::all_of(totals.begin(), totals.end(),
                     [](const PairedTally& t) { return t.baseline.count > 0 && t.candidate.count > 0; });
}

double Difference(std::span<const PairedTally> totals) {
  double difference = 0;
  for (const PairedTally& t : totals) difference += t.candidate.sum / t.candidate.count - t.baseline.sum / t.baseline.count;
  return difference / static_cast<double>(totals.size());
}

// Resamples of rows that enter nothing would only dilute the others: 10 wrong answers among 400 are 10 samples of a rate over
// wrong answers, and one more of them weighs a tenth and not a four-hundredth.
bool HasCounts(std::span<const PairedTally> row) {
  return std::any_of(row.begin(), row.end(), [](const PairedTally& t) { return t.baseline.count > 0 || t.candidate.count > 0; });
}

std::vector<PairedTally> Totals(std::span<const PairedTally> pairs, int64_t parts) {
  const auto width = static_cast<size_t>(parts);
  TM_CHECK(width > 0 && !pairs.empty() && pairs.size() % width == 0, "{} pairs of {} parts", pairs.size(), parts);
  std::vector<PairedTally> totals(width);
  for (size_t i = 0; i < pairs.size(); i += width) Add(pairs.subspan(i, width), totals);
  TM_CHECK(IsDefined(totals), "a part without counts");
  return totals;
}

// Two rows that swing the metric from one end to the other with the weight of an average sample: the candidate alone is right,
// the baseline alone is right.
std::vector<PairedTally> Swings(std::span<const PairedTally> totals, double samples) {
  std::vector<PairedTally> swings;
  for (const bool gained : {true, false}) {
    for (const PairedTally& t : totals) {
      const double a = t.baseline.count / samples, b = t.candidate.count / samples;
      swings.push_back({{gained ? 0 : a, a}, {gained ? b : 0, b}});
    }
  }
  return swings;
}

// Rows that are alike, with how many there are of each.
struct Groups {
  std::vector<PairedTally> rows;  // [groups, parts], in the order of their first occurrence
  std::vector<int64_t> sizes;
};

// Nothing where drawing numbers of each group instead of rows would not pay.
std::optional<Groups> GroupRows(std::span<const PairedTally> pairs, size_t width) {
  const size_t n = pairs.size() / width;
  if (n < kGroupFrom) return std::nullopt;
  Groups groups;
  std::map<std::vector<double>, size_t> found;
  std::vector<double> key;
  for (size_t i = 0; i < pairs.size(); i += width) {
    key.clear();
    for (const PairedTally& p : pairs.subspan(i, width)) {
      key.insert(key.end(), {p.baseline.sum, p.baseline.count, p.candidate.sum, p.candidate.count});
    }
    const auto [it, is_new] = found.emplace(key, groups.sizes.size());
    if (is_new) {
      if (groups.sizes.size() * kGroupSize >= n) return std::nullopt;
      groups.rows.insert(groups.rows.end(), pairs.begin() + static_cast<std::ptrdiff_t>(i),
                         pairs.begin() + static_cast<std::ptrdiff_t>(i + width));
      groups.sizes.push_back(0);
    }
    ++groups.sizes[it->second];
  }
  return groups;
}

// The binomial number of n trials of probability p that belongs to u, uniform in [0, 1): outcomes are used up from the most
// probable one outwards, about sqrt(n p (1 - p)) of them.
int64_t DrawBinomial(int64_t n, double p, double u) {
  if (n == 0 || p <= 0) return 0;
  if (p >= 1) return n;
  const auto trials = static_cast<double>(n);
  const double mode = std::min(trials, std::floor((trials + 1) * p)), odds = p / (1 - p);
  const double top = std::exp(std::lgamma(trials + 1) - std::lgamma(mode + 1) - std::lgamma(trials - mode + 1) +
                              mode * std::log(p) + (trials - mode) * std::log1p(-p));
  double low = mode, high = mode, at_low = top, at_high = top;
  double rest = u - top;
  while (rest >= 0 && (at_low > 0 || at_high > 0)) {
    at_high = high < trials ? at_high * (trials - high) / (high + 1) * odds : 0;
    high += 1;
    if ((rest -= at_high) < 0) return static_cast<int64_t>(high);
    at_low = low > 0 ? at_low * low / (trials - low + 1) / odds : 0;
    low -= 1;
    if ((rest -= at_low) < 0) return static_cast<int64_t>(low);
  }
  return static_cast<int64_t>(mode);  // also where rounding left a little of u over
}

void AddTimes(std::span<const PairedTally> row, int64_t times, std::vector<PairedTally>& totals) {
  const auto factor = static_cast<double>(times);
  for (size_t j = 0; j < row.size(); ++j) {
    Add({factor * row[j].baseline.sum, factor * row[j].baseline.count}, totals[j].baseline);
    Add({factor * row[j].candidate.sum, factor * row[j].candidate.count}, totals[j].candidate);
  }
}

// One resample of n rows from groups and the two swings, which weigh half a row each: multinomial, one group after the other.
void Resample(const Groups& groups, std::span<const PairedTally> swings, int64_t n, uint64_t seed, uint64_t stream,
              uint64_t& index, std::vector<PairedTally>& totals) {
  const size_t width = totals.size();
  int64_t left = n;
  double weight = static_cast<double>(n) + 1;
  const auto take = [&](std::span<const PairedTally> row, double own) {
    const int64_t times = own >= weight ? left : DrawBinomial(left, own / weight, UniformAt(seed, stream, index++));
    AddTimes(row, times, totals);
    left -= times;
    weight -= own;
  };
  for (const size_t swing : {size_t{0}, width}) take(swings.subspan(swing, width), 0.5);
  for (size_t g = 0; g < groups.sizes.size(); ++g) {
    take(std::span(groups.rows).subspan(g * width, width), static_cast<double>(groups.sizes[g]));
  }
}

// Of each group a binomial number of rows changes sides.
void SwapSides(const Groups& groups, uint64_t seed, uint64_t stream, uint64_t& index, std::vector<PairedTally>& totals) {
  const size_t width = totals.size();
  std::vector<PairedTally> swapped(width);
  for (size_t g = 0; g < groups.sizes.size(); ++g) {
    const auto row = std::span(groups.rows).subspan(g * width, width);
    for (size_t j = 0; j < width; ++j) swapped[j] = {row[j].candidate, row[j].baseline};
    const int64_t times = DrawBinomial(groups.sizes[g], 0.5, UniformAt(seed, stream, index++));
    AddTimes(swapped, times, totals);
    AddTimes(row, groups.sizes[g] - times, totals);
  }
}

std::optional<int64_t> AsCount(double n) {
  if (!(n <= kMaxSamples)) return std::nullopt;
  return std::max<int64_t>(1, static_cast<int64_t>(std::ceil(n)));
}

// critical[m]: the largest number of losses among m changed samples (or, mirrored, of gains) that McNemarExact still rejects;
// -1: none. It grows by at most one from m to m + 1.
std::vector<int64_t> CriticalCounts(int64_t largest, double alpha) {
  std::vector<int64_t> critical;
  int64_t count = -1;
  for (int64_t m = 0; m <= largest; ++m) {
    if (2 * (count + 1) < m && McNemarExact(count + 1, m - count - 1) <= alpha) ++count;
    critical.push_back(count);
  }
  return critical;
}

double Power(int64_t n, double discordance, double effect, const std::vector<int64_t>& critical) {
  if (discordance == 0) return 0;
  const double gained = std::clamp((discordance + effect) / (2 * discordance), 0.0, 1.0);  // of the changed ones
  const auto trials = static_cast<double>(n);
  // Only the numbers of changed samples that happen: 6 standard deviations leave out 10^-8.
  const double spread = 6 * std::sqrt(trials * discordance * (1 - discordance)) + 12;
  const auto first = static_cast<int64_t>(std::max(0.0, trials * discordance - spread));
  const auto last = static_cast<int64_t>(std::min(trials, trials * discordance + spread));
  double power = 0, below = BinomialCdf(static_cast<double>(first) - 1, trials, discordance);
  for (int64_t m = first; m <= last; ++m) {
    const double upto = BinomialCdf(static_cast<double>(m), trials, discordance);
    const auto rejected = static_cast<double>(critical[static_cast<size_t>(m)]);
    const auto changed = static_cast<double>(m);
    power += (upto - below) * (BinomialCdf(rejected, changed, gained) + BinomialCdf(rejected, changed, 1 - gained));
    below = upto;
  }
  return std::min(power, 1.0);
}

}  // namespace

std::vector<PairedTally> WithCounts(std::span<const PairedTally> pairs, int64_t parts) {
  const auto width = static_cast<size_t>(parts);
  std::vector<PairedTally> kept;
  for (size_t i = 0; i < pairs.size(); i += width) {
    const auto row = pairs.subspan(i, width);
    if (HasCounts(row)) kept.insert(kept.end(), row.begin(), row.end());
  }
  return kept;
}

double PairedDifference(std::span<const PairedTally> pairs, int64_t parts) { return Difference(Totals(pairs, parts)); }

Interval PairedBootstrapInterval(std::span<const PairedTally> all, int64_t parts, uint64_t seed, uint64_t stream, int resamples) {
  const auto width = static_cast<size_t>(parts);
  const std::vector<PairedTally> kept = WithCounts(all, parts);
  const std::span<const PairedTally> pairs = kept;
  std::vector<PairedTally> totals = Totals(pairs, parts);
  const double value = Difference(totals);
  const size_t n = pairs.size() / width;
  const std::vector<PairedTally> swings = Swings(totals, static_cast<double>(n));
  const std::optional<Groups> groups = GroupRows(pairs, width);
  std::vector<double> draws;
  uint64_t index = 0;
  for (int r = 0; r < resamples; ++r) {
    std::fill(totals.begin(), totals.end(), PairedTally{});
    if (groups) Resample(*groups, swings, static_cast<int64_t>(n), seed, stream, index, totals);
    for (size_t i = 0; i < n && !groups; ++i) {
      const double u = UniformAt(seed, stream, index++) * (static_cast<double>(n) + 1);
      const auto chosen = static_cast<size_t>(u);
      if (chosen < n) {
        Add(pairs.subspan(chosen * width, width), totals);
      } else {
        Add(std::span(swings).subspan(u - static_cast<double>(n) < 0.5 ? 0 : width, width), totals);
      }
    }
    if (IsDefined(totals)) draws.push_back(Difference(totals));  // a rare ratio may be empty in a resample
  }
  if (draws.empty()) return {-1, 1};
  std::sort(draws.begin(), draws.end());
  return {std::min(Quantile(draws, 0.025), value), std::max(Quantile(draws, 0.975), value)};
}

double McNemarExact(int64_t lost, int64_t gained) {
  TM_CHECK(lost >= 0 && gained >= 0, "{} lost, {} gained", lost, gained);
  if (lost == gained) return 1;
  return std::min(1.0, 2 * BinomialCdf(static_cast<double>(std::min(lost, gained)),
                                       static_cast<double>(lost) + static_cast<double>(gained), 0.5));
}

double RandomizationTest(std::span<const PairedTally> pairs, int64_t parts, uint64_t seed, uint64_t stream, int resamples) {
  const auto width = static_cast<size_t>(parts);
  std::vector<PairedTally> totals = Totals(pairs, parts);
  const double observed = std::abs(Difference(totals)) - 1e-12;  // rounding must not break a tie
  uint64_t index = 0;
  int hits = 0;
  const std::optional<Groups> groups = GroupRows(pairs, width);
  for (int r = 0; r < resamples; ++r) {
    std::fill(totals.begin(), totals.end(), PairedTally{});
    if (groups) SwapSides(*groups, seed, stream, index, totals);
    for (size_t i = 0; i < pairs.size() && !groups; i += width) {
      const bool swap = UniformAt(seed, stream, index++) < 0.5;
      for (size_t j = 0; j < width; ++j) {
        const PairedTally& p = pairs[i + j];
        Add(swap ? p.candidate : p.baseline, totals[j].baseline);
        Add(swap ? p.baseline : p.candidate, totals[j].candidate);
      }
    }
    hits += !IsDefined(totals) || std::abs(Difference(totals)) >= observed ? 1 : 0;
  }
  return (1.0 + hits) / (1.0 + resamples);
}

std::vector<double> HolmAdjust(std::span<const double> p_values) {
  std::vector<size_t> order(p_values.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) { return p_values[a] < p_values[b]; });
  std::vector<double> adjusted(p_values.size());
  double running = 0;
  for (size_t rank = 0; rank < order.size(); ++rank) {
    running = std::max(running, std::min(1.0, p_values[order[rank]] * static_cast<double>(order.size() - rank)));
    adjusted[order[rank]] = running;
  }
  return adjusted;
}

double McNemarPower(int64_t n, double discordance, double effect, double alpha) {
  TM_CHECK(n > 0 && discordance >= 0 && discordance <= 1 && std::abs(effect) <= discordance + 1e-12, "n = {}, {} changed, {}", n,
           discordance, effect);
  return Power(n, discordance, effect, CriticalCounts(n, alpha));
}

std::optional<double> McNemarMinimumEffect(int64_t n, double discordance, double alpha, double power) {
  constexpr int64_t kExact = 20000;  // beyond, the normal approximation differs in the fourth digit and is much faster
  if (n > kExact) return MinimumEffect(n, discordance, alpha, power);
  const std::vector<int64_t> critical = CriticalCounts(n, alpha);
  const auto detects = [&](double effect) { return Power(n, std::max(discordance, effect), effect, critical) >= power; };
  if (!detects(1)) return std::nullopt;
  double low = 0, high = 1;
  for (int i = 0; i < 14; ++i) {
    const double middle = (low + high) / 2;
    (detects(middle) ? high : low) = middle;
  }
  return high;
}

std::optional<int64_t> SamplesToDetect(double second_moment, double effect, double alpha, double power) {
  if (effect == 0) return std::nullopt;
  const double m2 = std::max(second_moment, effect * effect);
  const double root = NormalQuantile(1 - alpha / 2) * std::sqrt(m2) + NormalQuantile(power) * std::sqrt(m2 - effect * effect);
  return AsCount(root * root / (effect * effect));
}

std::optional<int64_t> SamplesToShowSame(double second_moment, double effect, double margin) {
  const double room = margin - std::abs(effect);
  if (room <= 0) return std::nullopt;
  const double root = (NormalQuantile(0.975) + NormalQuantile(0.9)) / room;
  return AsCount(std::max(0.0, second_moment - effect * effect) * root * root);
}

double MinimumEffect(int64_t n, double second_moment, double alpha, double power) {
  double low = 0, high = 2;
  for (int i = 0; i < 40; ++i) {
    const double middle = (low + high) / 2;
    const auto needed = SamplesToDetect(second_moment, middle, alpha, power);
    (needed && *needed <= n ? high : low) = middle;
  }
  return high;
}

double SecondMoment(std::span<const PairedTally> all, int64_t parts) {
  const auto width = static_cast<size_t>(parts);
  const std::vector<PairedTally> pairs = WithCounts(all, parts);
  const std::vector<PairedTally> totals = Totals(pairs, parts);
  const double difference = Difference(totals);
  const auto n = static_cast<double>(pairs.size() / width);
  const auto residual = [n](const Tally& t, const Tally& total) {
    return (t.sum - total.sum / total.count * t.count) / total.count * n;
  };
  double squares = 1;
  for (size_t i = 0; i < pairs.size(); i += width) {
    double d = 0;
    for (size_t j = 0; j < width; ++j) {
      d += residual(pairs[i + j].candidate, totals[j].candidate) - residual(pairs[i + j].baseline, totals[j].baseline);
    }
    d = d / static_cast<double>(parts) + difference;
    squares += d * d;
  }
  return squares / (n + 1);
}

}  // namespace tidemark
