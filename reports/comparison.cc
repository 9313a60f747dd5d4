#include "reports/comparison.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "engine/core/error.h"
#include "engine/core/random.h"
#include "reports/paired.h"

namespace tidemark {
namespace {

using Json = nlohmann::ordered_json;
using RowPair = std::pair<const ScoredRow*, const ScoredRow*>;

std::string IdText(const Json& id) { return id.is_string() ? id.get<std::string>() : id.dump(); }

struct PairedRows {
  std::vector<RowPair> both, lone;  // answers of both runs, in the baseline's order: scored in both; scored in one alone
};

// And counts of the others.
PairedRows PairRows(const TaskPair& task, TaskComparison& counts) {
  std::map<std::pair<std::string, int>, const ScoredRow*> candidates;
  for (const ScoredRow& row : task.candidate) candidates[{IdText(row.id), row.repeat}] = &row;
  PairedRows pairs;
  for (const ScoredRow& row : task.baseline) {
    const auto found = candidates.find({IdText(row.id), row.repeat});
    if (found == candidates.end()) {
      ++counts.only_baseline;
      continue;
    }
    const ScoredRow& other = *found->second;
    candidates.erase(found);
    if (row.scored && other.scored) {
      pairs.both.emplace_back(&row, &other);
      ++counts.common;
    } else {
      if (row.scored || other.scored) pairs.lone.emplace_back(&row, &other);
      ++(row.scored ? counts.failed_candidate : other.scored ? counts.failed_baseline : counts.failed_both);
    }
  }
  counts.only_candidate = static_cast<int64_t>(candidates.size());
  return pairs;
}

Tally FindTally(const ScoredRow& row, const std::string& name) {
  const auto found = row.tallies.find(name);
  return found == row.tallies.end() ? Tally{} : found->second;
}

struct Table {
  std::vector<PairedTally> cells;  // [samples, parts]
  bool binary = true;              // every cell one answer, right or wrong
  int64_t lost = 0, gained = 0;    // of a binary metric
  std::vector<Flip> flips;
  bool defined = false;  // every part has counts in both runs
};

Table MakeTable(const std::vector<RowPair>& pairs, const ComparedMetric& metric) {
  Table table;
  const size_t parts = metric.parts.size();
  std::map<std::string, size_t> samples;
  std::vector<PairedTally> totals(parts);
  for (const auto& [baseline, candidate] : pairs) {
    const auto [sample, is_new] = samples.emplace(IdText(baseline->id), samples.size());
    if (is_new) table.cells.resize(table.cells.size() + parts);
    table.binary = table.binary && is_new && parts == 1;
    for (size_t j = 0; j < parts; ++j) {
      const Tally a = FindTally(*baseline, metric.parts[j]), b = FindTally(*candidate, metric.parts[j]);
      for (PairedTally* to : {&table.cells[sample->second * parts + j], &totals[j]}) {
        to->baseline = {to->baseline.sum + a.sum, to->baseline.count + a.count};
        to->candidate = {to->candidate.sum + b.sum, to->candidate.count + b.count};
      }
      const auto is_binary = [](const Tally& t) { return t.count == 1 && (t.sum == 0 || t.sum == 1); };
      table.binary = table.binary && is_binary(a) && is_binary(b);
      if (parts > 1 || a.count <= 0 || b.count <= 0) continue;
      const double share_a = a.sum / a.count, share_b = b.sum / b.count;
      if (share_a == share_b) continue;
      ++(share_b < share_a ? table.lost : table.gained);
      table.flips.push_back({baseline->id, baseline->repeat, share_a, share_b});
    }
  }
  table.defined = !pairs.empty() && std::all_of(totals.begin(), totals.end(), [](const PairedTally& t) {
    return t.baseline.count > 0 && t.candidate.count > 0;
  });
  return table;
}

double Ratio(const Table& table, size_t parts, Tally PairedTally::*run) {
  double mean = 0;
  for (size_t j = 0; j < parts; ++j) {
    Tally total;
    for (size_t i = j; i < table.cells.size(); i += parts) {
      total = {total.sum + (table.cells[i].*run).sum, total.count + (table.cells[i].*run).count};
    }
    mean += total.sum / total.count / static_cast<double>(parts);
  }
  return mean;
}

// What one run's ratio can be at least and at most, given what its failed answers count.
Interval RatioBounds(Tally scored, double failed) {
  const double count = scored.count + failed;
  return count > 0 ? Interval{scored.sum / count, (scored.sum + failed) / count} : Interval{0, 1};
}

// The difference of ratios if the failed answers had been wrong in one run and right in the other, as ComputeBounds (metrics.h)
// has it for one run: an answer that is in no ratio (correct, and the ratio one of wrong answers) could have been, and counts 1.
// Wrong answers added make a ratio smallest and right ones greatest, so that leaving answers out is covered.
Interval DifferenceBounds(const PairedRows& rows, const ComparedMetric& metric) {
  Interval bounds{0, 0};
  const auto add = [](Tally& total, const Tally& tally) { total = {total.sum + tally.sum, total.count + tally.count}; };
  for (const std::string& part : metric.parts) {
    Tally a, b;
    double failed_a = 0, failed_b = 0;
    for (const auto& [baseline, candidate] : rows.both) {
      add(a, FindTally(*baseline, part));
      add(b, FindTally(*candidate, part));
    }
    for (const auto& [baseline, candidate] : rows.lone) {
      const bool is_known = baseline->scored;
      const Tally known = FindTally(is_known ? *baseline : *candidate, part);
      add(is_known ? a : b, known);
      const double own = FindTally(is_known ? *candidate : *baseline, part).count;  // that of an empty answer
      (is_known ? failed_b : failed_a) += std::max({1.0, known.count, own});
    }
    const Interval of_a = RatioBounds(a, failed_a), of_b = RatioBounds(b, failed_b);
    bounds.low += (of_b.low - of_a.high) / static_cast<double>(metric.parts.size());
    bounds.high += (of_b.high - of_a.low) / static_cast<double>(metric.parts.size());
  }
  return bounds;
}

// Everything but what depends on the other metrics. Ratios first, then the unit.
MetricComparison CompareMetric(const std::string& task, const ComparedMetric& metric, Table table, const PairedRows& rows,
                               const CompareOptions& options) {
  const auto parts = static_cast<int64_t>(metric.parts.size());
  const double width = metric.high - metric.low;
  const uint64_t stream = StableHash(task + "/" + metric.name);
  MetricComparison c;
  c.task = task;
  c.name = metric.name;
  c.low = metric.low;
  c.high = metric.high;
  c.lower_is_better = metric.lower_is_better;
  c.diagnostic = metric.diagnostic;
  c.samples = static_cast<int64_t>(WithCounts(table.cells, parts).size()) / parts;
  c.baseline = metric.low + width * Ratio(table, metric.parts.size(), &PairedTally::baseline);
  c.candidate = metric.low + width * Ratio(table, metric.parts.size(), &PairedTally::candidate);
  c.difference = width * PairedDifference(table.cells, parts);
  const Interval interval = PairedBootstrapInterval(table.cells, parts, options.seed, stream, options.resamples);
  c.interval = {width * interval.low, width * interval.high};
  const double second_moment = SecondMoment(table.cells, parts);
  if (table.binary) {
    c.test = "mcnemar_exact";
    c.p = McNemarExact(table.lost, table.gained);
    c.minimum_effect = McNemarMinimumEffect(c.samples, second_moment);
  } else {
    c.test = "randomization";
    c.p = RandomizationTest(table.cells, parts, options.seed, stream + 1, options.resamples);
    c.minimum_effect = MinimumEffect(c.samples, second_moment);
  }
  if (c.minimum_effect) *c.minimum_effect *= width;
  c.margin = width * options.margin;
  const auto lone = static_cast<double>(rows.lone.size());
  c.unscored = lone / (lone + static_cast<double>(rows.both.size()));
  c.extremes = {c.difference, c.difference};
  if (lone > 0) {
    const Interval extremes = DifferenceBounds(rows, metric);
    c.extremes = {std::min(width * extremes.low, c.difference), std::max(width * extremes.high, c.difference)};
  }
  c.bounds = {c.extremes.low - (c.difference - c.interval.low), c.extremes.high + (c.interval.high - c.difference)};
  c.non_inferior = metric.lower_is_better ? c.bounds.high < c.margin : c.bounds.low > -c.margin;
  const double effect = c.difference / width;
  c.samples_to_decide = SamplesToDetect(second_moment, effect);
  if (const auto same = SamplesToShowSame(second_moment, effect, options.margin)) {
    c.samples_to_decide = c.samples_to_decide ? std::min(*c.samples_to_decide, *same) : *same;
  }
  c.flips = std::move(table.flips);
  return c;
}

void Decide(MetricComparison& c) {
  const bool is_loss = (c.difference < 0) != c.lower_is_better;
  const bool stays_better = c.lower_is_better ? c.extremes.high < 0 : c.extremes.low > 0;
  if (-c.margin < c.bounds.low && c.bounds.high < c.margin) {
    c.verdict = CompareVerdict::kSame;
  } else if (c.p_holm <= 0.05 && (is_loss || stays_better)) {
    c.verdict = is_loss ? CompareVerdict::kWorse : CompareVerdict::kBetter;
  }
  if (c.verdict != CompareVerdict::kCannotTell || c.unscored > 0) {  // more samples do not make up for failed ones
    c.samples_to_decide.reset();
  } else if (c.samples_to_decide) {
    // The normal approximation may say that the present number is enough when the exact, corrected test says it was not.
    *c.samples_to_decide = std::max(*c.samples_to_decide, c.samples + 1);
  }
}

Json ToJson(const MetricComparison& c) {
  Json json = {{"name", c.name},
               {"samples", c.samples},
               {"baseline", c.baseline},
               {"candidate", c.candidate},
               {"difference", c.difference},
               {"ci95_low", c.interval.low},
               {"ci95_high", c.interval.high},
               {"interval", "paired_bootstrap"},
               {"test", c.test},
               {"p", c.p},
               {"p_holm", c.p_holm}};
  if (c.low != 0 || c.high != 1) json["range"] = {c.low, c.high};
  if (c.lower_is_better) json["lower_is_better"] = true;
  if (c.diagnostic) json["diagnostic"] = true;
  if (c.minimum_effect) json["minimum_detectable_effect"] = *c.minimum_effect;
  json["margin"] = c.margin;
  if (c.unscored > 0) {
    json["unscored"] = c.unscored;
    json["bounds"] = {c.bounds.low, c.bounds.high};
  }
  json["non_inferior"] = c.non_inferior;
  json["verdict"] = VerdictName(c.verdict);
  if (c.samples_to_decide) json["samples_to_decide"] = *c.samples_to_decide;
  Json flips = {{"lost", Json::array()}, {"gained", Json::array()}};
  for (const Flip& f : c.flips) {
    Json flip = {{"id", f.id}, {"repeat", f.repeat}};
    const bool whole = std::abs(f.candidate - f.baseline) == 1;
    if (!whole) flip.update({{"baseline", f.baseline}, {"candidate", f.candidate}});
    flips[(f.candidate < f.baseline) != c.lower_is_better ? "lost" : "gained"].push_back(std::move(flip));
  }
  json["flips"] = std::move(flips);
  return json;
}

}  // namespace

std::string_view VerdictName(CompareVerdict verdict) {
  switch (verdict) {
    case CompareVerdict::kWorse:
      return "worse";
    case CompareVerdict::kBetter:
      return "better";
    case CompareVerdict::kSame:
      return "same within margin";
    case CompareVerdict::kCannotTell:
      break;
  }
  return "cannot tell";
}

std::vector<TaskComparison> CompareRuns(std::span<const TaskPair> tasks, const CompareOptions& options) {
  TM_CHECK(options.margin >= 0 && options.resamples > 0, "margin {}, {} resamples", options.margin, options.resamples);
  std::vector<TaskComparison> comparisons;
  std::vector<double> p_values;
  for (const TaskPair& task : tasks) {
    TaskComparison& comparison = comparisons.emplace_back();
    comparison.task = task.task;
    const PairedRows rows = PairRows(task, comparison);
    for (const ComparedMetric& metric : task.metrics) {
      Table table = MakeTable(rows.both, metric);
      if (!table.defined) {
        comparison.left_out.push_back(metric.name);
        continue;
      }
      comparison.metrics.push_back(CompareMetric(task.task, metric, std::move(table), rows, options));
      if (!metric.diagnostic) p_values.push_back(comparison.metrics.back().p);
    }
  }
  const std::vector<double> adjusted = HolmAdjust(p_values);
  size_t next = 0;
  for (TaskComparison& comparison : comparisons) {
    for (MetricComparison& metric : comparison.metrics) {
      metric.p_holm = metric.diagnostic ? metric.p : adjusted[next++];
      Decide(metric);
    }
  }
  return comparisons;
}

Json ToJson(std::span<const TaskComparison> tasks) {
  Json json = {{"verdict", VerdictName(Overall(tasks))}, {"tasks", Json::array()}};
  for (const TaskComparison& t : tasks) {
    Json task = {{"name", t.task},
                 {"common", t.common},
                 {"only_baseline", t.only_baseline},
                 {"only_candidate", t.only_candidate},
                 {"failed_baseline", t.failed_baseline},
                 {"failed_candidate", t.failed_candidate},
                 {"failed_both", t.failed_both},
                 {"metrics", Json::array()}};
    for (const MetricComparison& metric : t.metrics) task["metrics"].push_back(ToJson(metric));
    if (!t.left_out.empty()) task["left_out"] = t.left_out;
    json["tasks"].push_back(std::move(task));
  }
  return json;
}

CompareVerdict Overall(std::span<const TaskComparison> tasks) {
  bool better = false, unclear = tasks.empty();
  for (const TaskComparison& task : tasks) {
    bool any = false;
    for (const MetricComparison& metric : task.metrics) {
      if (metric.diagnostic) continue;
      if (metric.verdict == CompareVerdict::kWorse) return CompareVerdict::kWorse;
      any = true;
      better = better || metric.verdict == CompareVerdict::kBetter;
      unclear = unclear || metric.verdict == CompareVerdict::kCannotTell;
    }
    unclear = unclear || !any;
  }
  if (unclear) return CompareVerdict::kCannotTell;
  return better ? CompareVerdict::kBetter : CompareVerdict::kSame;
}

}  // namespace tidemark
