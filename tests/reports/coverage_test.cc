// Do 95 % intervals contain the truth 95 times of 100? Coverage for a discrete outcome oscillates with p and no deterministic
// interval is near 95 % at every point (Brown, Cai, DasGupta, "Interval estimation for a binomial proportion", Stat. Sci. 16,
// 2001), so it is measured as they do: averaged over p, here uniform within one standard error (at least 0.05) around each
// nominal p. The coverage at the nominal p itself is printed beside it with TIDEMARK_COVERAGE_DRAWS.
// Default: 1000 draws per cell, a smoke test. TIDEMARK_COVERAGE_DRAWS=10000 runs the full one and prints the tables.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>

#include "engine/core/random.h"
#include "reports/anytime.h"
#include "reports/intervals.h"
#include "reports/statistics.h"
#include "tests/support/catch.h"

namespace tidemark {
namespace {

int Draws() {
  const char* text = std::getenv("TIDEMARK_COVERAGE_DRAWS");
  return text == nullptr ? 1000 : std::atoi(text);
}
bool Full() { return std::getenv("TIDEMARK_COVERAGE_DRAWS") != nullptr; }

// Consecutive draws of one stream.
struct Rng {
  uint64_t stream = 0, index = 0;
  double operator()() { return UniformAt(20260131, stream, index++); }
};

// Answers of one sample whose own probability is Beta(p s, (1-p) s), s = 1 / icc - 1: Polya's urn, which draws them without
// drawing the probability. icc: correlation of two answers to the same sample.
class Urn {
 public:
  Urn(double p, double icc) : right_(p * (1 / icc - 1)), all_(1 / icc - 1) {}
  bool Draw(Rng& rng) {
    const bool right = rng() * all_ < right_;
    right_ += right ? 1 : 0;
    all_ += 1;
    return right;
  }

 private:
  double right_, all_;
};

// One draw of an experiment with true value p and n samples: does the interval contain p?
using Experiment = bool (*)(double p, int n, Rng& rng);

bool Proportion(double p, int n, Rng& rng) {
  int right = 0;
  for (int i = 0; i < n; ++i) right += rng() < p ? 1 : 0;
  const Interval interval = WilsonInterval(static_cast<double>(right) / n, n);
  return interval.low <= p && p <= interval.high;
}

bool Contains(const std::vector<Tally>& tallies, int64_t parts, double truth) {
  const Interval interval = ClusterInterval(tallies, parts);
  return interval.low <= truth && truth <= interval.high;
}

template <int kIccPercent>
bool FiveRepeats(double p, int n, Rng& rng) {
  std::vector<Tally> tallies;
  for (int i = 0; i < n; ++i) {
    Urn urn(p, kIccPercent / 100.0);
    double right = 0;
    for (int r = 0; r < 5; ++r) right += urn.Draw(rng) ? 1 : 0;
    tallies.push_back({right, 5});
  }
  return Contains(tallies, 1, p);
}

// A hallucination rate: of five answers, those that are not correct count; a sample with none is not in the ratio.
bool VaryingDenominators(double p, int n, Rng& rng) {
  std::vector<Tally> tallies;
  for (int i = 0; i < n; ++i) {
    Urn counted(0.6, 0.4), wrong(p, 0.5);
    Tally tally;
    for (int r = 0; r < 5; ++r) {
      if (!counted.Draw(rng)) continue;
      tally.count += 1;
      tally.sum += wrong.Draw(rng) ? 1 : 0;
    }
    if (tally.count > 0) tallies.push_back(tally);
  }
  return tallies.empty() || Contains(tallies, 1, p);
}

// Instruction-level accuracy: one to three instructions per prompt, as often as in IFEval.
Tally Instructions(double p, double icc, Rng& rng) {
  const double u = rng();
  const int count = u < 0.56 ? 1 : u < 0.89 ? 2 : 3;
  Urn urn(p, icc);
  Tally tally{0, static_cast<double>(count)};
  for (int k = 0; k < count; ++k) tally.sum += urn.Draw(rng) ? 1 : 0;
  return tally;
}

bool InstructionLevel(double p, int n, Rng& rng) {
  std::vector<Tally> tallies;
  for (int i = 0; i < n; ++i) tallies.push_back(Instructions(p, 0.4, rng));
  return Contains(tallies, 1, p);
}

// The mean of instruction level and prompt level; p is that of an instruction, the truth follows from the urn.
bool MeanOfTwo(double p, int n, Rng& rng) {
  constexpr double kIcc = 0.4;
  const double s = 1 / kIcc - 1, one = p, two = one * (p * s + 1) / (s + 1), three = two * (p * s + 2) / (s + 2);
  const double truth = (p + 0.56 * one + 0.33 * two + 0.11 * three) / 2;
  std::vector<Tally> tallies;
  for (int i = 0; i < n; ++i) {
    const Tally instructions = Instructions(p, kIcc, rng);
    tallies.push_back(instructions);
    tallies.push_back({instructions.sum == instructions.count ? 1.0 : 0.0, 1});
  }
  return Contains(tallies, 2, truth);
}

// An index over right (1), abstained (1/2) and wrong (0): a fifth abstains, where p leaves room for it.
bool Graded(double p, int n, Rng& rng) {
  const double half = std::min({0.2, p, 1 - p});
  std::vector<Tally> tallies;
  for (int i = 0; i < n; ++i) {
    const double u = rng();
    tallies.push_back({u < half ? 0.5 : u < half / 2 + p ? 1.0 : 0.0, 1});
  }
  return Contains(tallies, 1, p);
}

struct Kind {
  const char* name;
  Experiment experiment;
  double low, high;  // coverage asked for; at 20 samples up to 0.975, where nearly all answers are alike
};

const Kind kKinds[] = {{"Wilson", Proportion, 0.94, 0.96},
                       {"five repeats, icc 0.6", FiveRepeats<60>, 0.94, 0.96},
                       {"five repeats, icc 0.3", FiveRepeats<30>, 0.94, 0.96},
                       {"varying denominators", VaryingDenominators, 0.94, 0.96},
                       {"instruction level", InstructionLevel, 0.94, 0.96},
                       {"mean of two levels", MeanOfTwo, 0.94, 0.96},
                       {"graded 0, 1/2, 1", Graded, 0.94, 0.96}};

TEST_CASE("coverage of the intervals is 95 % within one point", "[coverage]") {
  const int draws = Draws();
  const double noise = 3.3 * std::sqrt(0.05 * 0.95 / draws);  // one cell in a thousand by chance; some 200 cells
  uint64_t stream = 0;
  for (const Kind& kind : kKinds) {
    if (Full()) fmt::print("{} (average over p near the nominal one; in brackets at that p alone)\n", kind.name);
    for (const int n : {20, 40, 60, 200, 541}) {
      std::string line = fmt::format("  n = {:3}:", n);
      for (const double nominal : {0.05, 0.1, 0.3, 0.5, 0.7, 0.9, 0.95}) {
        if (!Full() && n > 60 && nominal != 0.3) continue;
        const double width = std::min({std::max(0.05, std::sqrt(nominal * (1 - nominal) / n)), nominal, 1 - nominal});
        Rng rng{++stream};
        int covered = 0, at_point = 0;
        for (int i = 0; i < draws; ++i) {
          covered += kind.experiment(nominal + width * (2 * rng() - 1), n, rng) ? 1 : 0;
          if (Full()) at_point += kind.experiment(nominal, n, rng) ? 1 : 0;
        }
        const double coverage = static_cast<double>(covered) / draws;
        line += fmt::format(" {:.3f} ({:.3f})", coverage, static_cast<double>(at_point) / draws);
        INFO(kind.name << ", n = " << n << ", p = " << nominal << ", coverage " << coverage);
        CHECK(coverage >= kind.low - noise);
        CHECK(coverage <= (n == 20 ? kind.high + 0.015 : kind.high) + noise);
      }
      if (Full()) fmt::print("{}\n", line);
    }
  }
}

// Not once in the whole path may the mean lie outside, in 95 of 100 paths.
TEST_CASE("the anytime interval is crossed in at most 5 % of paths", "[coverage]") {
  const int draws = Full() ? Draws() / 10 : 40;
  const double noise = Full() ? 0 : 3.3 * std::sqrt(0.05 * 0.95 / draws);
  uint64_t stream = 1000;
  for (const int population : {0, 200}) {
    for (const double p : {0.05, 0.3, 0.5, 0.9}) {
      for (const bool graded : {false, true}) {
        int crossed = 0;
        double width = 0;
        for (int d = 0; d < draws; ++d) {
          Rng rng{++stream};
          std::vector<double> values;
          for (int i = 0; i < 200; ++i) {
            double value = 0;
            for (int r = 0; r < 5; ++r) value += rng() < p ? 0.2 : 0;
            values.push_back(graded ? std::min(value, 1.0) : rng() < p ? 1 : 0);
          }
          double truth = p;
          if (population > 0) {
            truth = 0;
            for (const double value : values) truth += value / population;
          }
          AnytimeInterval interval(population);
          bool outside = false;
          for (const double value : values) {
            interval.Add(value);
            outside = outside || truth < interval.Current().low - 1e-9 || truth > interval.Current().high + 1e-9;
          }
          crossed += outside ? 1 : 0;
          width += (interval.Current().high - interval.Current().low) / draws;
        }
        const double rate = static_cast<double>(crossed) / draws;
        if (Full()) {
          fmt::print("anytime, {}, p = {}, {}: crossed in {:.4f} of {} paths, last width {:.3f}\n",
                     population > 0 ? "200 without replacement" : "independent", p, graded ? "graded" : "binary", rate, draws,
                     width);
        }
        CHECK(rate <= 0.05 + noise);
      }
    }
  }
}

}  // namespace
}  // namespace tidemark
