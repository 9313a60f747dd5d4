// Rank intervals: known coverages, agreement with counting by hand, and coverage by simulation.
#include "reports/ratios.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "engine/core/random.h"
#include "tests/support/catch.h"

namespace tidemark {
namespace {

TEST_CASE("the interval of a median takes the ranks that cover 95 %, or all there are") {
  const std::vector<double> five = {3, 1, 2, 5, 4};
  const RankInterval r = MedianInterval(five);
  CHECK(r.value == 3);
  CHECK(r.interval.low == 1);
  CHECK(r.interval.high == 5);
  CHECK(r.coverage == Approx(1 - 2.0 / 32));
  CHECK(r.n == 5);
  std::vector<double> ten;
  for (int i = 1; i <= 10; ++i) ten.push_back(i);
  const RankInterval t = MedianInterval(ten);  // [x_(2), x_(9)]: 1 - 2 (1 + 10) / 1024
  CHECK(t.value == 5.5);
  CHECK(t.interval.low == 2);
  CHECK(t.interval.high == 9);
  CHECK(t.coverage == Approx(1 - 22.0 / 1024));
  const RankInterval one = MedianInterval(std::vector<double>{7});
  CHECK(one.value == 7);
  CHECK(one.coverage == 0);
}

TEST_CASE("paired ratios are of neighbours") {
  const RankInterval r = PairedRatio(std::vector<double>{1, 10, 100}, std::vector<double>{2, 21, 190});
  CHECK(r.value == Approx(2));
  CHECK(r.interval.low == Approx(1.9));
  CHECK(r.interval.high == Approx(2.1));
}

TEST_CASE("unpaired ratios use the exact distribution of U") {
  // Three against three: U is 0 in one of the 20 orders, so [smallest, largest] of the nine ratios covers 1 - 2/20.
  const RankInterval r = UnpairedRatio(std::vector<double>{1, 1, 1}, std::vector<double>{2, 3, 4});
  CHECK(r.value == 3);
  CHECK(r.coverage == Approx(0.9));
  CHECK(r.interval.low == 2);
  CHECK(r.interval.high == 4);
  // Five against five, tables of Mann and Whitney: P(U <= 2) = 4/252, P(U <= 3) = 7/252. The third smallest of 25 covers
  // 1 - 8/252, the fourth 1 - 14/252 < 0.95.
  const std::vector<double> five = {1, 1, 1, 1, 1}, others = {1, 2, 3, 4, 5};
  CHECK(UnpairedRatio(five, others).coverage == Approx(1 - 8.0 / 252));
  CHECK(UnpairedRatio(five, others).interval.low == 1);
}

TEST_CASE("intervals cover the true median and ratio as often as they say", "[coverage]") {
  constexpr int kDraws = 2000;
  int median = 0, ratio = 0;
  double said_median = 0, said_ratio = 0;
  for (uint64_t d = 0; d < kDraws; ++d) {
    std::vector<double> a, b;
    for (uint64_t i = 0; i < 8; ++i) {
      a.push_back(1 + UniformAt(5, d, i) * UniformAt(6, d, i));  // skewed
      b.push_back(1.5 * (1 + UniformAt(7, d, i) * UniformAt(8, d, i)));
    }
    const RankInterval m = MedianInterval(a), r = UnpairedRatio(a, b);
    const double true_median = 1.18668;  // of 1 + a product of two uniforms: u (1 - ln u) = 1/2
    median += m.interval.low <= true_median && true_median <= m.interval.high;
    ratio += r.interval.low <= 1.5 && 1.5 <= r.interval.high;
    said_median = m.coverage;
    said_ratio = r.coverage;
  }
  CHECK(median >= kDraws * (said_median - 0.015));
  CHECK(ratio >= kDraws * (said_ratio - 0.015));
}

TEST_CASE("the normal distribution of the rank statistic is the exact one where it takes over") {
  for (const auto& [n, m] : {std::pair<size_t, size_t>{50, 50}, {100, 25}, {40, 60}}) {
    const std::vector<double> exact = MannWhitneyDistribution(n, m, true), normal = MannWhitneyDistribution(n, m, false);
    REQUIRE(exact.size() == normal.size());
    double below_exact = 0, below_normal = 0, largest = 0;
    size_t rank_exact = 0, rank_normal = 0;  // of the limits of the interval
    for (size_t u = 0; u < exact.size(); ++u) {
      below_exact += exact[u];
      below_normal += normal[u];
      largest = std::max(largest, std::abs(below_exact - below_normal));
      rank_exact += below_exact <= 0.025 ? 1 : 0;
      rank_normal += below_normal <= 0.025 ? 1 : 0;
    }
    CHECK(below_normal == Approx(1).margin(1e-6));
    CHECK(largest < 0.002);
    CHECK(std::abs(static_cast<double>(rank_exact) - static_cast<double>(rank_normal)) <= 3);  // of some thousand
  }
  // Sizes that the exact distribution has no memory for.
  std::vector<double> a, b;
  for (int i = 0; i < 1500; ++i) {
    a.push_back(1 + 0.001 * (i * 7 % 1500));
    b.push_back(1.1 * (1 + 0.001 * (i * 11 % 1500)));
  }
  const RankInterval ratio = UnpairedRatio(a, b);
  CHECK(ratio.interval.low < 1.1);
  CHECK(ratio.interval.high > 1.1);
  CHECK(ratio.coverage == Approx(0.95).margin(0.001));
}

}  // namespace
}  // namespace tidemark
