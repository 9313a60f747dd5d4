#include "reports/intervals.h"

#include <fstream>
#include <nlohmann/json.hpp>

#include "reports/anytime.h"
#include "reports/distributions.h"
#include "tests/support/catch.h"
#include "tests/support/paths.h"

namespace tidemark {
namespace {

// Values of tests/golden/reports/make_comparison.py (scipy, statsmodels, numpy).
nlohmann::json Oracle() { return nlohmann::json::parse(std::ifstream(test::Golden("reports/comparison.json"))); }

TEST_CASE("quantiles and tails equal scipy's") {
  const nlohmann::json oracle = Oracle();
  for (const auto& c : oracle["student"]) CHECK(StudentQuantile(c["p"], c["df"]) == Approx(c["q"].get<double>()));
  CHECK(NormalQuantile(0.975) == Approx(1.959963984540054));
  CHECK(NormalCdf(NormalQuantile(0.8)) == Approx(0.8));
  CHECK(BinomialCdf(-1, 5, 0.5) == 0);
  CHECK(BinomialCdf(5, 5, 0.5) == 1);
  CHECK(BinomialCdf(2, 5, 0.5) == Approx(0.5));
}

TEST_CASE("the cluster interval equals an independent one, also where all answers are alike") {
  const nlohmann::json oracle = Oracle();
  REQUIRE(oracle["cluster"].size() == 6);
  for (const auto& c : oracle["cluster"]) {
    std::vector<Tally> tallies;
    for (size_t i = 0; i < c["sums"].size(); ++i) {
      for (size_t j = 0; j < c["sums"][i].size(); ++j) tallies.push_back({c["sums"][i][j], c["counts"][i][j]});
    }
    const auto parts = static_cast<int64_t>(c["sums"][0].size());
    const Interval interval = ClusterInterval(tallies, parts);
    CHECK(interval.low == Approx(c["low"].get<double>()).margin(1e-12));
    CHECK(interval.high == Approx(c["high"].get<double>()).margin(1e-12));
    const double value = RatioMean(tallies, parts);
    CHECK((0 <= interval.low && interval.low <= value && value <= interval.high && interval.high <= 1));
  }
}

TEST_CASE("clusters that all agree do not make a certainty, and one cluster is one answer") {
  const std::vector<Tally> all_right(20, {2, 2}), one = {{0, 3}};
  const Interval right = ClusterInterval(all_right, 1);
  CHECK(right.high == 1);
  CHECK(right.low == Approx(WilsonInterval(1, 20).low).margin(0.02));
  CHECK(ClusterInterval(one, 1).high == Approx(WilsonInterval(0, 1).high));
}

// Correlated instructions inside a prompt must widen the interval against a binomial over instructions.
TEST_CASE("the cluster interval sees that instructions share a prompt") {
  std::vector<Tally> tallies;
  for (int i = 0; i < 200; ++i) tallies.push_back({i % 4 == 0 ? 0.0 : 3.0, 3.0});
  const Interval clustered = ClusterInterval(tallies, 1), naive = WilsonInterval(0.75, 600);
  const double ratio = (clustered.high - clustered.low) / (naive.high - naive.low);
  CHECK(ratio > 1.65);  // sqrt(3) = 1.73 in the limit
  CHECK(ratio < 1.8);
}

TEST_CASE("for many clusters the cluster interval agrees with the bootstrap") {
  std::vector<Tally> tallies;
  for (int i = 0; i < 500; ++i) {
    const double count = 1 + i % 3;
    tallies.push_back({i % 5 == 0 ? 0 : i % 7 == 0 ? count / 2 : count, count});
    tallies.push_back({i % 5 == 0 ? 0.0 : 1.0, 1});
  }
  const Interval own = ClusterInterval(tallies, 2), bootstrap = ClusterBootstrapInterval(tallies, 2, 3, 4, 4000);
  CHECK(own.low == Approx(bootstrap.low).margin(0.003));
  CHECK(own.high == Approx(bootstrap.high).margin(0.003));
}

TEST_CASE("answers that cancel in each cluster are worth at most two independent ones each") {
  const Interval cluster = ClusterInterval(std::vector<Tally>(500, Tally{1, 2}), 1), independent = WilsonInterval(0.5, 2000);
  CHECK(cluster.low <= independent.low + 1e-12);
  CHECK(cluster.high >= independent.high - 1e-12);
}

TEST_CASE("a run beside fragments of others is the mean, and what cannot be estimated is absent") {
  RunTable table{500, 5, 1, std::vector<Tally>(2500, Tally{0, -1})};
  for (size_t i = 0; i < 500; ++i) table.cells[5 * i] = {i < 400 ? 1.0 : 0.0, 1};
  for (size_t r = 1; r < 5; ++r) table.cells[r] = {0, 1};
  const RunSpread spread = ComputeRunSpread(table);
  CHECK(spread.runs.size() == 5);
  CHECK(spread.samples == std::vector<int64_t>{500, 1, 1, 1, 1});
  CHECK(spread.mean.value() == Approx(0.8));
  // Each sample in one run alone: nothing says how much runs differ.
  const Tally missing{0, -1};
  const RunSpread apart = ComputeRunSpread({2, 2, 1, {{1, 1}, missing, missing, {0, 1}}});
  CHECK(apart.runs.size() == 2);
  CHECK_FALSE(apart.mean.has_value());
  CHECK_FALSE(apart.stderr_sampling.has_value());
}

TEST_CASE("the spread over runs equals an analysis of variance") {
  const nlohmann::json oracle = Oracle();
  REQUIRE(oracle["spread"].size() == 2);
  for (const auto& c : oracle["spread"]) {
    RunTable table{static_cast<int64_t>(c["sums"].size()), static_cast<int64_t>(c["sums"][0].size()), 1, {}};
    for (size_t i = 0; i < c["sums"].size(); ++i) {
      for (size_t r = 0; r < c["sums"][i].size(); ++r) table.cells.push_back({c["sums"][i][r], c["counts"][i][r]});
    }
    const RunSpread spread = ComputeRunSpread(table);
    const auto runs = c["runs"].get<std::vector<double>>();
    REQUIRE(spread.runs.size() == runs.size());
    for (size_t r = 0; r < runs.size(); ++r) CHECK(spread.runs[r] == Approx(runs[r]));
    CHECK(spread.stderr_sampling.value() == Approx(c["sampling"].get<double>()).margin(1e-9));
    CHECK(spread.stderr_run_to_run.value() == Approx(c["run_to_run"].get<double>()));
    CHECK(spread.stderr_total.value() == Approx(c["total"].get<double>()));
  }
}

TEST_CASE("missing cells are left out of the spread") {
  const Tally missing{0, -1};
  // Three samples, two runs; the second run lacks the last sample.
  const RunSpread spread = ComputeRunSpread({3, 2, 1, {{1, 1}, {0, 1}, {0, 1}, {0, 1}, {1, 1}, missing}});
  CHECK(spread.runs == std::vector<double>{2.0 / 3, 0.0});
  CHECK(spread.samples == std::vector<int64_t>{3, 2});
  CHECK(spread.mean.value() == Approx(2.0 / 3));  // the second run is a fragment
  CHECK(spread.stderr_run_to_run.value() > 0);
  CHECK_FALSE(ComputeRunSpread({2, 1, 1, {{1, 1}, {0, 1}}}).stderr_total.has_value());
  CHECK(ComputeRunSpread({2, 2, 1, {{1, 1}, missing, {0, 1}, missing}}).runs == std::vector<double>{0.5});
}

TEST_CASE("the anytime interval only narrows, and closes when the list is used up") {
  AnytimeInterval independent, list(100);
  CHECK(list.Current().low == 0);
  CHECK(list.Current().high == 1);
  double width = 1;
  for (int i = 0; i < 100; ++i) {
    const double value = i % 4 == 0 ? 0 : 1;
    independent.Add(value);
    list.Add(value);
    CHECK(list.Current().high - list.Current().low <= width);
    width = list.Current().high - list.Current().low;
  }
  CHECK(list.count() == 100);
  CHECK(list.Current().low == Approx(0.75).margin(0.002));
  CHECK(list.Current().high == Approx(0.75).margin(0.002));
  CHECK(independent.Current().low > 0.5);
  CHECK(independent.Current().low < 0.65);
  CHECK(independent.Current().high > 0.8);
}

}  // namespace
}  // namespace tidemark
