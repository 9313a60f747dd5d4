// From tallies to metrics: which interval, single runs, scales, bounds under truncation.
#include "evals/metrics.h"

#include <cmath>

#include "tests/support/catch.h"

namespace tidemark {
namespace {

Score MakeScore(int repeat, std::vector<std::pair<std::string, Tally>> tallies) {
  Score score;
  score.repeat = repeat;
  score.tallies = std::move(tallies);
  return score;
}

Score Truncated(Score score) {
  score.truncated = true;
  return score;
}

Score Failed(Score score) {
  score.failed = true;
  return score;
}

Task ExampleTask() {
  Task task;
  task.name = "example";
  task.headline = {"accuracy", "hallucination_rate"};
  task.means = {{"mean_of_two", {"accuracy", "second"}}};
  task.scales = {{"index", -100, 100}};
  return task;
}

const Metric& Find(const std::vector<Metric>& metrics, const std::string& name) {
  for (const Metric& metric : metrics) {
    if (metric.name == name) return metric;
  }
  FAIL("no metric " << name);
  return metrics.front();
}

const MetricBounds& Find(const TruncationBounds& bounds, const std::string& name) {
  for (const MetricBounds& metric : bounds.metrics) {
    if (metric.name == name) return metric;
  }
  FAIL("no bounds of " << name);
  return bounds.metrics.front();
}

TEST_CASE("independent answers get Wilson's interval, everything else the clusters'") {
  std::vector<SampleScores> samples;
  for (int i = 0; i < 30; ++i) {
    const double right = i % 3 == 0 ? 1 : 0;
    samples.push_back({MakeScore(0, {{"accuracy", {right, 1}},
                                     {"second", {right, 1}},
                                     {"hallucination_rate", {1 - right, right > 0 ? 0.0 : 1.0}},
                                     {"index", {i % 2 == 0 ? 0.5 : 0.0, 1}}})});
  }
  std::vector<std::string> warnings;
  const std::vector<Metric> metrics = ComputeMetrics(ExampleTask(), samples, warnings);
  CHECK(warnings.empty());
  CHECK(Find(metrics, "accuracy").interval == "wilson");
  CHECK(Find(metrics, "accuracy").ci95_low == Approx(WilsonInterval(1.0 / 3, 30).low));
  CHECK(Find(metrics, "hallucination_rate").n == 20);
  CHECK(Find(metrics, "mean_of_two").interval == "cluster_wilson");
  CHECK_FALSE(Find(metrics, "accuracy").runs.has_value());
  const Metric& index = Find(metrics, "index");
  CHECK(index.interval == "cluster_wilson");
  CHECK(index.value == Approx(-50));
  CHECK(index.ci95_low >= -100);
  CHECK(index.ci95_low < -50);
  CHECK(index.ci95_high > -50);
}

TEST_CASE("several runs: the value of each and both standard errors") {
  std::vector<SampleScores> samples;
  for (int i = 0; i < 8; ++i) {
    SampleScores scores;
    for (int r = 0; r < 2; ++r) {
      const double right = i < 4 || (r == 1 && i < 6) ? 1 : 0;
      scores.push_back(MakeScore(r, {{"accuracy", {right, 1}}, {"second", {right, 1}}, {"hallucination_rate", {1 - right, 1}}}));
    }
    samples.push_back(scores);
  }
  std::vector<std::string> warnings;
  const Metric accuracy = Find(ComputeMetrics(ExampleTask(), samples, warnings), "accuracy");
  REQUIRE(accuracy.runs.has_value());
  CHECK(accuracy.runs->runs == std::vector<double>{0.5, 0.75});
  // Two of eight samples differ between the runs: within = 2 samples * 2 runs * variance 1/2, over 16 answers squared.
  CHECK(accuracy.runs->stderr_run_to_run.value() == Approx(std::sqrt(2.0) / 16));
  CHECK(accuracy.runs->stderr_total.value() > accuracy.runs->stderr_sampling.value());
}

TEST_CASE("bounds: what truncated and failed samples could have done") {
  const auto score = [](double right, double hallucinated, double counted) {
    return MakeScore(0, {{"accuracy", {right, 1}}, {"second", {right, 1}}, {"hallucination_rate", {hallucinated, counted}}});
  };
  const std::vector<SampleScores> samples = {{score(1, 0, 0)},         {score(0, 1, 1)},
                                             {score(0, 0, 1)},         {Truncated(score(1, 0, 0))},
                                             {Failed(score(0, 0, 1))}, {Failed(Truncated(score(0, 0, 1)))}};
  const TruncationBounds bounds = ComputeBounds(ExampleTask(), samples);
  CHECK(bounds.truncated == 1);
  CHECK(bounds.failed == 2);
  const MetricBounds& accuracy = Find(bounds, "accuracy");
  CHECK(*accuracy.completed == Approx(1.0 / 3));
  CHECK(accuracy.lowest == Approx(1.0 / 6));
  CHECK(accuracy.highest == Approx(4.0 / 6));
  const MetricBounds& hallucination = Find(bounds, "hallucination_rate");
  CHECK(*hallucination.completed == Approx(1.0 / 2));
  CHECK(hallucination.lowest == Approx(1.0 / 5));  // a truncated right answer could have been a wrong one
  CHECK(hallucination.highest == Approx(4.0 / 5));
  CHECK(Find(bounds, "mean_of_two").highest == Approx(4.0 / 6));

  std::vector<std::string> warnings;
  for (const Metric& metric : ComputeMetrics(ExampleTask(), samples, warnings)) {
    const MetricBounds& b = Find(bounds, metric.name == "second" ? "accuracy" : metric.name);
    CHECK((b.lowest <= metric.value && metric.value <= b.highest));
  }
  const TruncationBounds none = ComputeBounds(ExampleTask(), {{Failed(score(0, 0, 1))}});
  CHECK_FALSE(Find(none, "accuracy").completed.has_value());
  CHECK(Find(none, "accuracy").highest == 1);
}

}  // namespace
}  // namespace tidemark
