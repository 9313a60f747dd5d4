#include "reports/statistics.h"

#include <fstream>
#include <nlohmann/json.hpp>

#include "tests/support/catch.h"
#include "tests/support/paths.h"

namespace tidemark {
namespace {

// Values of tests/golden/reports/make_statistics.py (scipy, numpy).
nlohmann::json Oracle() { return nlohmann::json::parse(std::ifstream(test::Golden("reports/statistics.json"))); }

TEST_CASE("Wilson intervals equal scipy's and stay inside [0, 1]") {
  const auto cases = Oracle().at("wilson");  // a copy: the oracle itself is a temporary
  REQUIRE_FALSE(cases.empty());
  for (const auto& c : cases) {
    const double k = c["k"], n = c["n"];
    const Interval interval = WilsonInterval(k / n, n);
    CHECK(interval.low == Approx(c["low"].get<double>()).margin(1e-12));
    CHECK(interval.high == Approx(c["high"].get<double>()).margin(1e-12));
    CHECK(interval.low >= 0);
    CHECK(interval.high <= 1);
    CHECK((interval.low <= k / n && k / n <= interval.high));
  }
}

TEST_CASE("percentiles equal numpy's") {
  CHECK(ComputePercentiles({}).n == 0);
  const auto cases = Oracle().at("quantiles");  // a copy: the oracle itself is a temporary
  REQUIRE_FALSE(cases.empty());
  for (const auto& c : cases) {
    const Percentiles p = ComputePercentiles(c["values"].get<std::vector<double>>());
    CHECK(p.p50 == Approx(c["p"][0].get<double>()));
    CHECK(p.p95 == Approx(c["p"][1].get<double>()));
    CHECK(p.p99 == Approx(c["p"][2].get<double>()));
  }
}

TEST_CASE("the cluster bootstrap agrees with an independent one draw for draw") {
  const auto cases = Oracle().at("bootstrap");  // a copy: the oracle itself is a temporary
  REQUIRE_FALSE(cases.empty());
  for (const auto& c : cases) {
    std::vector<Tally> tallies;
    for (size_t i = 0; i < c["sums"].size(); ++i) {
      for (size_t j = 0; j < c["sums"][i].size(); ++j) tallies.push_back({c["sums"][i][j], c["counts"][i][j]});
    }
    const auto parts = static_cast<int64_t>(c["sums"][0].size());
    const Interval interval = ClusterBootstrapInterval(tallies, parts, c["seed"], c["stream"], c["resamples"]);
    CHECK(interval.low == Approx(c["low"].get<double>()).margin(1e-12));
    CHECK(interval.high == Approx(c["high"].get<double>()).margin(1e-12));
  }
}

TEST_CASE("clusters that all agree do not make a certainty") {
  const std::vector<Tally> all_right(20, {2, 2}), all_half(20, {1, 2}), one = {{0, 3}};
  CHECK(ClusterBootstrapInterval(all_right, 1, 1, 1).low == Approx(WilsonInterval(1, 20).low));
  CHECK(ClusterBootstrapInterval(all_right, 1, 1, 1).high == 1);
  CHECK(ClusterBootstrapInterval(all_half, 1, 1, 1).low == Approx(WilsonInterval(0.5, 20).low));
  CHECK(ClusterBootstrapInterval(one, 1, 1, 1).high == Approx(WilsonInterval(0, 1).high));
}

// Correlated instructions inside a prompt must widen the interval against a binomial over instructions.
TEST_CASE("the cluster bootstrap sees that instructions share a prompt") {
  std::vector<Tally> tallies;
  for (int i = 0; i < 200; ++i) tallies.push_back({i % 4 == 0 ? 0.0 : 3.0, 3.0});
  const Interval clustered = ClusterBootstrapInterval(tallies, 1, 5, 6);
  const Interval naive = WilsonInterval(0.75, 600);
  const double ratio = (clustered.high - clustered.low) / (naive.high - naive.low);
  CHECK(ratio > 1.55);  // sqrt(3) in the limit
  CHECK(ratio < 1.9);
}

}  // namespace
}  // namespace tidemark
