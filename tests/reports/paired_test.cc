#include "reports/paired.h"

#include <fmt/format.h>

#include <array>
#include <cmath>
#include <cstdlib>
#include <fstream>
#include <nlohmann/json.hpp>

#include "engine/core/random.h"
#include "tests/support/catch.h"
#include "tests/support/paths.h"

namespace tidemark {
namespace {

// Values of tests/golden/reports/make_comparison.py (scipy, statsmodels).
nlohmann::json Oracle() { return nlohmann::json::parse(std::ifstream(test::Golden("reports/comparison.json"))); }

std::vector<PairedTally> Binary(int both, int lost, int gained, int neither) {
  std::vector<PairedTally> pairs;
  const auto add = [&](int count, double a, double b) {
    for (int i = 0; i < count; ++i) pairs.push_back({{a, 1}, {b, 1}});
  };
  add(both, 1, 1);
  add(lost, 1, 0);
  add(gained, 0, 1);
  add(neither, 0, 0);
  return pairs;
}

TEST_CASE("McNemar's exact p-values equal statsmodels'") {
  const nlohmann::json oracle = Oracle();
  REQUIRE(oracle["mcnemar"].size() == 9);
  for (const auto& c : oracle["mcnemar"]) {
    CHECK(McNemarExact(c["lost"], c["gained"]) == Approx(c["p"].get<double>()).margin(1e-14));
    CHECK(McNemarExact(c["gained"], c["lost"]) == McNemarExact(c["lost"], c["gained"]));
  }
}

TEST_CASE("Holm's correction equals statsmodels'") {
  const nlohmann::json oracle = Oracle();
  REQUIRE(oracle["holm"].size() == 4);
  for (const auto& c : oracle["holm"]) {
    const std::vector<double> adjusted = HolmAdjust(c["p"].get<std::vector<double>>());
    for (size_t i = 0; i < adjusted.size(); ++i) CHECK(adjusted[i] == Approx(c["adjusted"][i].get<double>()));
  }
  CHECK(HolmAdjust({}).empty());
}

TEST_CASE("the power of the exact test equals enumeration, and its inverse detects what it says") {
  const nlohmann::json oracle = Oracle();
  REQUIRE(oracle["power"].size() == 4);
  for (const auto& c : oracle["power"]) {
    CHECK(McNemarPower(c["n"], c["discordance"], c["effect"]) == Approx(c["power"].get<double>()).margin(1e-9));
  }
  for (const int n : {20, 114, 541}) {
    for (const double discordance : {0.0, 0.05, 0.2}) {
      const double effect = McNemarMinimumEffect(n, discordance).value();
      CHECK(McNemarPower(n, std::max(discordance, effect), effect) >= 0.8);
      CHECK(McNemarPower(n, std::max(discordance, effect - 0.01), effect - 0.01) < 0.8);
    }
  }
  CHECK_FALSE(McNemarMinimumEffect(5, 0.5).has_value());  // five changes are never enough for p <= 0.05
}

TEST_CASE("sample sizes: Connor's formula, its inverse, and no division by nothing") {
  const int64_t n = SamplesToDetect(0.1, 0.05).value();
  CHECK(n == std::ceil(std::pow((1.959963985 * std::sqrt(0.1) + 0.841621234 * std::sqrt(0.1 - 0.0025)) / 0.05, 2)));
  CHECK(MinimumEffect(n, 0.1) == Approx(0.05).margin(2e-4));
  CHECK_FALSE(SamplesToDetect(0.1, 0).has_value());
  CHECK_FALSE(SamplesToDetect(0.1, 1e-9).has_value());
  CHECK(SamplesToShowSame(0.05, 0, 0.01) == std::ceil(0.05 * std::pow((1.959963985 + 1.281551566) / 0.01, 2)));
  CHECK_FALSE(SamplesToShowSame(0.05, 0.02, 0.01).has_value());
  // Where the normal approximation says 80 %, the exact test, which is conservative, has a little less.
  CHECK(McNemarPower(n, 0.1, 0.05) < 0.8);
  CHECK(McNemarPower(n, 0.1, 0.05) > 0.75);
}

TEST_CASE("the randomisation test agrees with McNemar's on binary metrics, and handles parts and counts") {
  for (const auto& [lost, gained] : {std::pair{3, 3}, {2, 9}, {1, 12}, {8, 3}}) {
    const double p = RandomizationTest(Binary(20, lost, gained, 10), 1, 7, 7, 20000);
    CHECK(p == Approx(McNemarExact(lost, gained)).margin(0.012));
  }
  // A ratio whose denominators differ between the runs, of two parts.
  std::vector<PairedTally> pairs;
  for (int i = 0; i < 40; ++i) {
    pairs.push_back({{1, 2}, {0, i % 2 == 0 ? 1.0 : 0.0}});
    pairs.push_back({{1, 1}, {i % 3 == 0 ? 1.0 : 0.0, 1}});
  }
  CHECK(PairedDifference(pairs, 2) == Approx(((0 - 0.5) + (14.0 / 40 - 1)) / 2));
  CHECK(RandomizationTest(pairs, 2, 1, 1, 2000) < 0.001);
  CHECK(PairedBootstrapInterval(pairs, 2, 1, 1, 2000).high < 0);
  CHECK(SecondMoment(pairs, 2) > 0.3);
}

// Above a thousand rows those that are alike are drawn by number; the same rows, each made a little different, are drawn one by
// one.
TEST_CASE("grouped rows are drawn as single ones are") {
  for (const auto& [both, lost, gained, neither] : {std::array{900, 40, 70, 990}, {0, 3, 0, 1997}, {1000, 500, 500, 0}}) {
    const std::vector<PairedTally> alike = Binary(both, lost, gained, neither);
    std::vector<PairedTally> single = alike;
    for (size_t i = 0; i < single.size(); ++i) single[i].baseline.count += 1e-9 * static_cast<double>(i);
    const Interval grouped = PairedBootstrapInterval(alike, 1, 5, 6, 20000),
                   plain = PairedBootstrapInterval(single, 1, 5, 7, 20000);
    const double noise = 0.05 * (plain.high - plain.low);
    CHECK(grouped.low == Approx(plain.low).margin(noise));
    CHECK(grouped.high == Approx(plain.high).margin(noise));
    CHECK(RandomizationTest(alike, 1, 5, 6, 20000) == Approx(McNemarExact(lost, gained)).margin(0.015));
    const Interval again = PairedBootstrapInterval(alike, 1, 5, 6, 20000);
    CHECK((again.low == grouped.low && again.high == grouped.high));
  }
  // Two parts whose denominators differ.
  std::vector<PairedTally> pairs, single;
  for (int i = 0; i < 2000; ++i) {
    pairs.push_back({{1, 2}, {0, i % 2 == 0 ? 1.0 : 0.0}});
    pairs.push_back({{i % 5 == 0 ? 0.0 : 1.0, 1}, {i % 3 == 0 ? 1.0 : 0.0, 1}});
  }
  single = pairs;
  for (size_t i = 0; i < single.size(); ++i) single[i].candidate.count += 1e-9 * static_cast<double>(i);
  const Interval grouped = PairedBootstrapInterval(pairs, 2, 1, 1, 5000), plain = PairedBootstrapInterval(single, 2, 1, 2, 5000);
  CHECK(grouped.low == Approx(plain.low).margin(0.003));
  CHECK(grouped.high == Approx(plain.high).margin(0.003));
}

TEST_CASE("a comparison without changes is not a certainty") {
  const Interval interval = PairedBootstrapInterval(Binary(15, 0, 0, 5), 1, 3, 4, 2000);
  CHECK(interval.low < -0.04);
  CHECK(interval.high > 0.04);
  CHECK(SecondMoment(Binary(15, 0, 0, 5), 1) == Approx(1.0 / 21));
}

// As coverage_test.cc does for single runs; TIDEMARK_COVERAGE_DRAWS=10000 is the full version.
TEST_CASE("coverage of the paired interval is 95 % within one point from 40 samples", "[coverage]") {
  const char* text = std::getenv("TIDEMARK_COVERAGE_DRAWS");
  const int draws = text == nullptr ? 200 : std::atoi(text);
  const double noise = 3.3 * std::sqrt(0.05 * 0.95 / draws);
  uint64_t stream = 5000;
  for (const int n : {20, 40, 100, 400}) {
    std::string line = fmt::format("paired bootstrap, n = {:3}:", n);
    for (const auto& [lost, gained] : {std::pair{0.1, 0.1}, {0.1, 0.05}, {0.3, 0.1}, {0.25, 0.25}}) {
      if (text == nullptr && n > 100) continue;
      int covered = 0;
      ++stream;
      uint64_t index = 0;
      const auto uniform = [&] { return UniformAt(99, stream, index++); };
      for (int d = 0; d < draws; ++d) {
        const double a = lost * (0.6 + 0.8 * uniform()), b = gained * (0.6 + 0.8 * uniform());
        int l = 0, g = 0;
        for (int i = 0; i < n; ++i) {
          const double u = uniform();
          l += u < a ? 1 : 0;
          g += u >= a && u < a + b ? 1 : 0;
        }
        const Interval interval = PairedBootstrapInterval(Binary(n - l - g, l, g, 0), 1, stream, static_cast<uint64_t>(d), 500);
        covered += interval.low - 1e-9 <= b - a && b - a <= interval.high + 1e-9 ? 1 : 0;
      }
      const double coverage = static_cast<double>(covered) / draws;
      line += fmt::format(" {:.3f}", coverage);
      CHECK(coverage > 0.94 - noise);
      CHECK(coverage < (n == 20 ? 0.975 : 0.96) + noise);
    }
    if (text != nullptr) fmt::print("{}\n", line);
  }
}

// A rate over few of the samples, as a hallucination rate is one over the answers that are not correct.
TEST_CASE("samples outside the denominator are no evidence") {
  std::vector<PairedTally> few = Binary(4, 0, 0, 6), many = few;
  many.resize(400, PairedTally{});
  CHECK(WithCounts(many, 1).size() == 10);
  CHECK(SecondMoment(many, 1) == SecondMoment(few, 1));
  const Interval own = PairedBootstrapInterval(few, 1, 1, 2, 2000), diluted = PairedBootstrapInterval(many, 1, 1, 2, 2000);
  CHECK((own.low == diluted.low && own.high == diluted.high));
  CHECK(diluted.low < -0.05);
  CHECK(diluted.high > 0.05);
}

TEST_CASE("coverage of the paired interval of rates over few samples", "[coverage]") {
  const char* text = std::getenv("TIDEMARK_COVERAGE_DRAWS");
  const int draws = text == nullptr ? 200 : std::atoi(text);
  const double noise = 3.3 * std::sqrt(0.05 * 0.95 / draws);
  uint64_t stream = 7000;
  for (const double share : {0.025, 0.1}) {
    std::string line = fmt::format("paired bootstrap, {:4.1f} % of 400 enter:", 100 * share);
    for (const auto& [lost, gained] : {std::pair{0.15, 0.15}, {0.3, 0.1}, {0.25, 0.25}}) {
      int covered = 0, defined = 0;
      ++stream;
      uint64_t index = 0;
      const auto uniform = [&] { return UniformAt(99, stream, index++); };
      while (defined < draws) {
        std::vector<PairedTally> pairs;
        bool any = false;
        for (int i = 0; i < 400; ++i) {
          PairedTally row;
          if (uniform() < share) {
            any = true;
            const double u = uniform();
            const bool was = u < lost || u >= 0.75, is = (u >= lost && u < lost + gained) || u >= 0.75;
            row = {{was ? 1.0 : 0.0, 1}, {is ? 1.0 : 0.0, 1}};
          }
          pairs.push_back(row);
        }
        if (!any) continue;
        const Interval interval = PairedBootstrapInterval(pairs, 1, stream, static_cast<uint64_t>(defined++), 500);
        covered += interval.low - 1e-9 <= gained - lost && gained - lost <= interval.high + 1e-9 ? 1 : 0;
      }
      const double coverage = static_cast<double>(covered) / draws;
      line += fmt::format(" {:.3f}", coverage);
      CHECK(coverage > (share < 0.05 ? 0.92 : 0.94) - noise);  // about 10 samples, and about 40
    }
    if (text != nullptr) fmt::print("{}\n", line);
  }
}

}  // namespace
}  // namespace tidemark
