// Verdicts, counts and flips on small rows; false alarms and power in simulation, through the function that the command uses.
#include "reports/comparison.h"

#include <fmt/format.h>

#include <cmath>
#include <cstdlib>

#include "engine/core/random.h"
#include "reports/paired.h"
#include "tests/support/catch.h"

namespace tidemark {
namespace {

using Json = nlohmann::ordered_json;

ScoredRow Row(const Json& id, double right, int repeat = 0, const char* metric = "accuracy") {
  ScoredRow row;
  row.id = id;
  row.repeat = repeat;
  row.tallies[metric] = {right, 1};
  return row;
}

ComparedMetric Plain(const std::string& name) { return {name, {name}}; }

TaskPair Binary(int both, int lost, int gained, int neither) {
  TaskPair task{"task", {}, {}, {Plain("accuracy")}};
  const auto add = [&](int count, double a, double b) {
    for (int i = 0; i < count; ++i) {
      const Json id = task.baseline.size();
      task.baseline.push_back(Row(id, a));
      task.candidate.push_back(Row(id, b));
    }
  };
  add(both, 1, 1);
  add(lost, 1, 0);
  add(gained, 0, 1);
  add(neither, 0, 0);
  return task;
}

MetricComparison CompareOne(const TaskPair& task, CompareOptions options = {}) {
  const auto comparison = CompareRuns({&task, 1}, options);
  REQUIRE(comparison.size() == 1);
  REQUIRE(comparison[0].metrics.size() == 1);
  return comparison[0].metrics[0];
}

TEST_CASE("each verdict of the comparison") {
  const MetricComparison worse = CompareOne(Binary(200, 30, 5, 60));
  CHECK(worse.verdict == CompareVerdict::kWorse);
  CHECK(worse.difference == Approx(-25.0 / 295));
  CHECK(worse.test == "mcnemar_exact");
  CHECK(worse.p == McNemarExact(30, 5));
  CHECK_FALSE(worse.non_inferior);
  CHECK_FALSE(worse.samples_to_decide.has_value());
  CHECK(CompareOne(Binary(200, 5, 30, 60)).verdict == CompareVerdict::kBetter);
  CHECK(CompareOne(Binary(200, 5, 30, 60)).non_inferior);
  const MetricComparison same = CompareOne(Binary(500, 0, 0, 100));
  CHECK(same.verdict == CompareVerdict::kSame);
  CHECK(same.non_inferior);
  CHECK(same.p == 1);
  const MetricComparison unclear = CompareOne(Binary(20, 2, 1, 5));
  CHECK(unclear.verdict == CompareVerdict::kCannotTell);
  CHECK(unclear.samples_to_decide.value() > 28);
  CHECK(unclear.minimum_effect.value() > 0.2);
  // A wider margin makes a small significant change irrelevant.
  CompareOptions wide;
  wide.margin = 0.2;
  CHECK(CompareOne(Binary(200, 30, 5, 60), wide).verdict == CompareVerdict::kSame);
}

TEST_CASE("lower may be better, and scales are applied") {
  TaskPair task = Binary(200, 30, 5, 60);
  task.metrics[0].lower_is_better = true;
  CHECK(CompareOne(task).verdict == CompareVerdict::kBetter);
  task.metrics[0] = {"accuracy", {"accuracy"}, -100, 100};
  const MetricComparison scaled = CompareOne(task);
  CHECK(scaled.difference == Approx(-200 * 25.0 / 295));
  CHECK(scaled.margin == Approx(2));
  CHECK(scaled.baseline == Approx(-100 + 200 * 230.0 / 295));
  CHECK(scaled.verdict == CompareVerdict::kWorse);
}

TEST_CASE("answers are paired by id and repeat, the others are counted") {
  TaskPair task{"task", {}, {}, {Plain("accuracy"), Plain("absent"), {"mean", {"accuracy", "accuracy"}}}};
  task.baseline = {Row(1, 1), Row("2", 1), Row(3, 1), Row(4, 1), Row(5, 0), Row(6, 0)};
  task.candidate = {Row("2", 0), Row(1, 1), Row(4, 1, 1), Row(5, 0), Row(6, 1), Row(3, 0), Row(9, 1)};
  task.baseline[4].scored = false;
  task.candidate[4].scored = false;
  const auto comparison = CompareRuns({&task, 1}, {});
  CHECK(comparison[0].common == 3);
  CHECK(comparison[0].only_baseline == 1);
  CHECK(comparison[0].only_candidate == 2);
  CHECK(comparison[0].failed_baseline == 1);
  CHECK(comparison[0].failed_candidate == 1);
  REQUIRE(comparison[0].metrics.size() == 2);  // nothing is tallied in "absent"
  const Json json = ToJson(comparison);
  const Json& metric = json["tasks"][0]["metrics"][0];
  CHECK(metric["flips"]["lost"] == Json::array({{{"id", "2"}, {"repeat", 0}}, {{"id", 3}, {"repeat", 0}}}));
  CHECK(metric["flips"]["gained"].empty());
  CHECK(json["tasks"][0]["metrics"][1]["test"] == "randomization");
  CHECK(json["tasks"][0]["metrics"][1]["flips"]["lost"].empty());
  CHECK(json["verdict"] == "cannot tell");
  TaskPair nothing{"task", {Row(1, 1)}, {Row(2, 1)}, {Plain("accuracy")}};
  const auto empty = CompareRuns({&nothing, 1}, {});
  CHECK(empty[0].metrics.empty());
  CHECK(Overall(empty) == CompareVerdict::kCannotTell);
}

TEST_CASE("answers that one run failed cannot make it better or the same") {
  TaskPair same = Binary(900, 0, 0, 100);
  CHECK(CompareOne(same).verdict == CompareVerdict::kSame);
  TaskPair better = Binary(700, 5, 60, 100);
  CHECK(CompareOne(better).verdict == CompareVerdict::kBetter);
  for (size_t i = 0; i < 100; ++i) same.candidate[i].scored = better.candidate[i].scored = false;
  const MetricComparison c = CompareOne(same);
  CHECK(c.verdict == CompareVerdict::kCannotTell);
  CHECK_FALSE(c.non_inferior);
  CHECK(c.unscored == 0.1);
  CHECK(c.extremes.low == Approx(-0.1));  // the baseline has these right: they can be lost, not gained
  CHECK(c.extremes.high == Approx(0).margin(1e-12));
  CHECK((c.bounds.low < -0.1 && c.bounds.high > 0));
  CHECK_FALSE(c.samples_to_decide);
  CHECK(CompareOne(better).verdict == CompareVerdict::kCannotTell);
}

TEST_CASE("bounds of a ratio over wrong answers count the failed answers into its few") {
  // 400 answers, 20 wrong in both runs, 8 of them hallucinated; 10 more that the baseline has right and the candidate failed.
  TaskPair task{"task", {}, {}, {Plain("rate")}};
  for (int i = 0; i < 410; ++i) {
    ScoredRow row;
    row.id = i;
    if (i < 20) row.tallies["rate"] = {i < 8 ? 1.0 : 0.0, 1};
    task.baseline.push_back(row);
    row.scored = i < 400;
    task.candidate.push_back(row);
  }
  const MetricComparison c = CompareOne(task);
  CHECK(c.samples == 20);
  CHECK(c.extremes.low == Approx(8.0 / 30 - 8.0 / 20));
  CHECK(c.extremes.high == Approx(18.0 / 30 - 8.0 / 20));
  CHECK(c.bounds.low < c.extremes.low);
  CHECK(c.verdict == CompareVerdict::kCannotTell);
}

TEST_CASE("the verdict of all: a failed task cannot be told, one gain among equals is a gain") {
  TaskPair same = Binary(900, 0, 0, 100), better = Binary(100, 0, 400, 100), failed = same, missing = same;
  for (ScoredRow& row : failed.candidate) row.scored = false;
  missing.candidate.clear();
  const auto overall = [](std::vector<TaskPair> tasks) { return Overall(CompareRuns(tasks, {})); };
  CHECK(overall({same, same}) == CompareVerdict::kSame);
  CHECK(overall({same, better}) == CompareVerdict::kBetter);
  CHECK(overall({same, failed}) == CompareVerdict::kCannotTell);
  CHECK(overall({better, missing}) == CompareVerdict::kCannotTell);
  CHECK(overall({}) == CompareVerdict::kCannotTell);
  const auto comparison = CompareRuns(std::vector{same, failed}, {});
  CHECK(comparison[1].left_out == std::vector<std::string>{"accuracy"});
  CHECK(ToJson(comparison)["tasks"][1]["left_out"][0] == "accuracy");
  // A diagnostic metric is shown, and changes neither the others' p nor the verdict.
  TaskPair worse = Binary(200, 30, 5, 60);
  worse.metrics[0].diagnostic = true;
  CHECK(overall({same, worse}) == CompareVerdict::kCannotTell);  // nothing else in that task
  worse.metrics.push_back({"again", {"accuracy"}});
  const auto with = CompareRuns({&worse, 1}, {});
  CHECK(with[0].metrics[0].p_holm == with[0].metrics[0].p);
  CHECK(with[0].metrics[1].p_holm == with[0].metrics[1].p);
  CHECK(ToJson(with)["tasks"][0]["metrics"][0]["diagnostic"] == true);
}

TEST_CASE("Holm spans all tasks") {
  const std::vector<TaskPair> tasks = {Binary(50, 9, 1, 0), Binary(50, 4, 4, 0), Binary(50, 30, 0, 0)};
  const auto comparison = CompareRuns(tasks, {});
  CHECK(comparison[0].metrics[0].p_holm == Approx(2 * McNemarExact(9, 1)));
  CHECK(comparison[2].metrics[0].p_holm == Approx(3 * McNemarExact(30, 0)));
  CHECK(Overall(comparison) == CompareVerdict::kWorse);
}

// Two tasks of one and of three repeats, whose samples have difficulties of their own and whose runs do not differ.
TEST_CASE("at most 5 % of A/A comparisons find a difference", "[coverage]") {
  constexpr int kRuns = 1000;
  uint64_t index = 0;
  const auto uniform = [&] { return UniformAt(4711, 1, index++); };
  CompareOptions options;
  options.margin = 0;
  options.resamples = 200;
  int alarms = 0, binary_alarms = 0;
  for (int run = 0; run < kRuns; ++run) {
    std::vector<TaskPair> tasks = {{"a", {}, {}, {Plain("accuracy")}}, {"b", {}, {}, {Plain("accuracy")}}};
    for (TaskPair& task : tasks) {
      const int repeats = task.task == "a" ? 1 : 3;
      for (int i = 0; i < 60; ++i) {
        const double p = uniform();
        for (int r = 0; r < repeats; ++r) {
          task.baseline.push_back(Row(i, uniform() < p ? 1 : 0, r));
          task.candidate.push_back(Row(i, uniform() < p ? 1 : 0, r));
        }
      }
    }
    const auto comparison = CompareRuns(tasks, options);
    bool alarm = false;
    for (const TaskComparison& task : comparison) alarm = alarm || task.metrics[0].verdict != CompareVerdict::kCannotTell;
    alarms += alarm ? 1 : 0;
    binary_alarms += comparison[0].metrics[0].p <= 0.05 ? 1 : 0;
  }
  if (std::getenv("TIDEMARK_COVERAGE_DRAWS") != nullptr) {
    fmt::print("A/A: {} of {} alarms over two tasks; exact McNemar alone, uncorrected: {}\n", alarms, kRuns, binary_alarms);
  }
  CHECK(alarms <= kRuns / 20);
  CHECK(binary_alarms <= kRuns / 20);
}

TEST_CASE("a drop of 5 points is found as often as predicted", "[coverage]") {
  const bool full = std::getenv("TIDEMARK_COVERAGE_DRAWS") != nullptr;
  const int runs = full ? 4000 : 300;
  uint64_t index = 0;
  const auto uniform = [&] { return UniformAt(4712, 1, index++); };
  CompareOptions options;
  options.margin = 0;
  options.resamples = 40;
  constexpr double kLost = 0.085, kGained = 0.035;
  for (const int n : {150, 541}) {
    const double predicted = McNemarPower(n, kLost + kGained, kGained - kLost);
    int found = 0;
    for (int run = 0; run < runs; ++run) {
      int lost = 0, gained = 0;
      for (int i = 0; i < n; ++i) {
        const double u = uniform();
        lost += u < kLost ? 1 : 0;
        gained += u >= kLost && u < kLost + kGained ? 1 : 0;
      }
      const TaskPair task = Binary(n - lost - gained, lost, gained, 0);
      found += CompareOne(task, options).verdict == CompareVerdict::kWorse ? 1 : 0;
    }
    const double observed = static_cast<double>(found) / runs;
    if (full) fmt::print("power, n = {}: predicted {:.3f}, observed {:.3f} in {} runs\n", n, predicted, observed, runs);
    CHECK(std::abs(observed - predicted) <= 3.3 * std::sqrt(predicted * (1 - predicted) / runs));
  }
  // The effect that is said to be detectable at 80 % is.
  const double effect = McNemarMinimumEffect(400, 0.12).value();
  CHECK(McNemarPower(400, 0.12, -effect) == Approx(0.8).margin(0.005));
}

}  // namespace
}  // namespace tidemark
