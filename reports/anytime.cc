#include "reports/anytime.h"

#include <algorithm>
#include <cmath>

#include "engine/core/error.h"

namespace tidemark {
namespace {

constexpr int kCells = 1000;  // candidates are the multiples of 1/kCells; intervals are widened by one cell to each side
constexpr double kAlpha = 0.05;
constexpr double kMaxShare = 0.75;  // of the capital may be lost by one bet

}  // namespace

AnytimeInterval::AnytimeInterval(int64_t population) : population_(population) {
  TM_CHECK(population >= 0, "population = {}", population);
  for (int i = 0; i <= kCells; ++i) candidates_.push_back({static_cast<double>(i) / kCells});
}

double AnytimeInterval::NextExpectation(double mean) const {
  if (population_ == 0) return mean;
  const auto total = static_cast<double>(population_);
  return (total * mean - sum_) / (total - static_cast<double>(count_));
}

void AnytimeInterval::Add(double value) {
  TM_CHECK(value >= 0 && value <= 1, "value = {}", value);
  TM_CHECK(population_ == 0 || count_ < population_, "value {} of {}", count_ + 1, population_);
  const double t = static_cast<double>(count_ + 1);
  // The bet must be fixed before the value is seen (equations 26 and 27 of the paper).
  const double bet = std::sqrt(2 * std::log(2 / kAlpha) / (variance_sum_ * std::log(t + 1)));
  const double limit = std::log(2 / kAlpha);  // each side has half the capital
  constexpr double kTolerance = 1e-9;         // rounding must not reject the truth
  double low = 2, high = -1;
  for (Candidate& c : candidates_) {
    if (c.rejected) continue;
    const double m = NextExpectation(c.mean);
    if (m < -kTolerance || m > 1 + kTolerance) {  // the rest of the list cannot make up for it
      c.rejected = true;
      continue;
    }
    const double expected = std::clamp(m, 0.0, 1.0);
    c.up += std::log1p(std::min(bet, kMaxShare / std::max(expected, 1e-12)) * (value - expected));
    c.down += std::log1p(-std::min(bet, kMaxShare / std::max(1 - expected, 1e-12)) * (value - expected));
    c.rejected = std::max(c.up, c.down) >= limit;
    if (c.rejected) continue;
    low = std::min(low, c.mean);
    high = std::max(high, c.mean);
  }
  sum_ += value;
  ++count_;
  const double running_mean = (0.5 + sum_) / (t + 1);
  variance_sum_ += (value - running_mean) * (value - running_mean);

  Interval next = current_;
  if (low <= high) next = {low - 1.0 / kCells, high + 1.0 / kCells};
  if (population_ > 0) {  // what the remaining values can still do
    const auto total = static_cast<double>(population_);
    next.low = std::max(next.low, sum_ / total);
    next.high = std::min(next.high, (sum_ + total - static_cast<double>(count_)) / total);
  }
  next = {std::max(next.low, current_.low), std::min(next.high, current_.high)};
  if (next.low <= next.high) current_ = next;
}

}  // namespace tidemark
