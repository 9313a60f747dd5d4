#include "evals/metrics.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <optional>
#include <set>

#include "engine/core/error.h"
#include "reports/intervals.h"

namespace tidemark {
namespace {

// Tallies of every metric by sample; samples without a tally of a metric are absent from its list.
struct Column {
  std::vector<Tally> clusters;
  std::vector<size_t> samples;  // index of each cluster's sample
};
using Columns = std::map<std::string, Column>;

Columns CollectTallies(const std::vector<SampleScores>& samples) {
  Columns columns;
  for (size_t i = 0; i < samples.size(); ++i) {
    for (const Score& score : samples[i]) {
      if (score.failed) continue;
      for (const auto& [name, tally] : score.tallies) {
        if (tally.count <= 0) continue;
        TM_CHECK(tally.sum >= 0 && tally.sum <= tally.count, "{}: {} of {}", name, tally.sum, tally.count);
        Column& column = columns[name];
        if (column.samples.empty() || column.samples.back() != i) {
          column.samples.push_back(i);
          column.clusters.emplace_back();
        }
        column.clusters.back().sum += tally.sum;
        column.clusters.back().count += tally.count;
      }
    }
  }
  return columns;
}

bool IsProportionOfSamples(const Column& column) {
  return std::all_of(column.clusters.begin(), column.clusters.end(),
                     [](const Tally& t) { return t.count == 1 && (t.sum == 0 || t.sum == 1); });
}

Metric MakeMetric(const std::string& name, const Column& column) {
  Tally total;
  for (const Tally& t : column.clusters) total = {total.sum + t.sum, total.count + t.count};
  const double value = total.sum / total.count;
  const bool wilson = IsProportionOfSamples(column);
  const Interval interval = wilson ? WilsonInterval(value, total.count) : ClusterInterval(column.clusters, 1);
  Metric metric{name, value, std::min(interval.low, value), std::max(interval.high, value), std::llround(total.count)};
  metric.interval = wilson ? "wilson" : "cluster_wilson";
  return metric;
}

Metric MakeMean(const MeanMetric& mean, const Columns& columns) {
  const auto parts = static_cast<int64_t>(mean.parts.size());
  const size_t clusters = columns.at(std::string(mean.parts.front())).clusters.size();
  std::vector<Tally> tallies;
  for (size_t i = 0; i < clusters; ++i) {
    for (const std::string_view part : mean.parts) {
      const Column& column = columns.at(std::string(part));
      TM_CHECK(column.clusters.size() == clusters, "{}: {} of {} samples", part, column.clusters.size(), clusters);
      tallies.push_back(column.clusters[i]);
    }
  }
  const double value = RatioMean(tallies, parts);
  const Interval interval = ClusterInterval(tallies, parts);
  Metric metric{std::string(mean.name), value, std::min(interval.low, value), std::max(interval.high, value),
                static_cast<int64_t>(clusters)};
  metric.interval = "cluster_wilson";
  return metric;
}

Tally FindTally(const Score& score, std::string_view name) {
  for (const auto& [key, tally] : score.tallies) {
    if (key == name) return tally;
  }
  return {};
}

// Headline metrics are their own only part.
std::vector<MeanMetric> Headlines(const Task& task) {
  std::vector<MeanMetric> all;
  for (const std::string_view name : task.headline) all.push_back({name, {name}});
  all.insert(all.end(), task.means.begin(), task.means.end());
  return all;
}

void AddRuns(const MeanMetric& headline, const std::vector<SampleScores>& samples, int runs, Metric& metric) {
  RunTable table;
  table.samples = static_cast<int64_t>(samples.size());
  table.runs = runs;
  table.parts = static_cast<int64_t>(headline.parts.size());
  const size_t parts = headline.parts.size();
  table.cells.assign(samples.size() * static_cast<size_t>(runs) * parts, Tally{0, -1});
  for (size_t i = 0; i < samples.size(); ++i) {
    for (const Score& score : samples[i]) {
      if (score.failed) continue;
      const size_t cell = (i * static_cast<size_t>(runs) + static_cast<size_t>(score.repeat)) * parts;
      for (size_t j = 0; j < parts; ++j) table.cells[cell + j] = FindTally(score, headline.parts[j]);
    }
  }
  RunSpread spread = ComputeRunSpread(table);
  if (spread.runs.size() > 1) metric.runs = std::move(spread);
}

const MetricScale* FindScale(const Task& task, std::string_view metric) {
  const std::string_view name = metric.substr(metric.rfind('/') + 1);  // npos + 1 is 0
  for (const MetricScale& scale : task.scales) {
    if (scale.name == name) return &scale;
  }
  return nullptr;
}

// A metric all of whose tallies have count 0, if the task says what it is then.
std::optional<Metric> MakeEmpty(const Task& task, const std::string& name) {
  const std::string_view last = std::string_view(name).substr(name.rfind('/') + 1);
  for (const EmptyMetric& empty : task.empties) {
    if (empty.name == last) return Metric{name, empty.value, 0, 1, 0};
  }
  return std::nullopt;
}

// Names that occur in tallies, but nowhere with a count.
std::set<std::string> NamesWithoutCount(const std::vector<SampleScores>& samples, const Columns& columns) {
  std::set<std::string> names;
  for (const SampleScores& sample : samples) {
    for (const Score& score : sample) {
      if (score.failed) continue;
      for (const auto& [name, tally] : score.tallies) {
        if (columns.count(name) == 0) names.insert(name);
      }
    }
  }
  return names;
}

void ApplyScale(const Task& task, Metric& metric) {
  const MetricScale* scale = FindScale(task, metric.name);
  if (scale == nullptr) return;
  const double width = scale->high - scale->low;
  for (double* value : {&metric.value, &metric.ci95_low, &metric.ci95_high}) *value = scale->low + width * *value;
  metric.range_low = scale->low;
  metric.range_high = scale->high;
  if (!metric.runs) return;
  for (double& run : metric.runs->runs) run = scale->low + width * run;
  if (metric.runs->mean) *metric.runs->mean = scale->low + width * *metric.runs->mean;
  for (std::optional<double>* error :
       {&metric.runs->stderr_sampling, &metric.runs->stderr_run_to_run, &metric.runs->stderr_total}) {
    if (*error) **error *= width;
  }
}

// Bounds of one headline metric, a ratio of sums, before scaling.
MetricBounds RatioBounds(std::string_view name, const std::vector<SampleScores>& samples) {
  Tally good;
  double bad = 0;
  for (const SampleScores& scores : samples) {
    for (const Score& score : scores) {
      const Tally tally = FindTally(score, name);
      if (score.failed || score.truncated || score.ungraded) {
        bad += tally.count > 0 ? tally.count : 1;
      } else {
        good = {good.sum + tally.sum, good.count + tally.count};
      }
    }
  }
  MetricBounds bounds{std::string(name), std::nullopt, 0, 1};
  if (good.count > 0) bounds.completed = good.sum / good.count;
  if (good.count + bad > 0) {
    bounds.lowest = good.sum / (good.count + bad);
    bounds.highest = (good.sum + bad) / (good.count + bad);
  }
  return bounds;
}

}  // namespace

std::vector<Metric> ComputeMetrics(const Task& task, const std::vector<SampleScores>& samples,
                                   std::vector<std::string>& warnings) {
  const Columns columns = CollectTallies(samples);
  std::set<std::string> empty = NamesWithoutCount(samples, columns);
  int runs = 1;
  for (const SampleScores& scores : samples) {
    for (const Score& score : scores) runs = std::max(runs, score.repeat + 1);
  }
  std::vector<Metric> metrics;
  for (const MeanMetric& headline : Headlines(task)) {
    const bool all = std::all_of(headline.parts.begin(), headline.parts.end(),
                                 [&](std::string_view part) { return columns.count(std::string(part)) > 0; });
    if (!all) {
      const std::string name(headline.name);
      const auto defined = empty.erase(name) > 0 ? MakeEmpty(task, name) : std::nullopt;
      if (defined) {
        metrics.push_back(*defined);
        warnings.push_back(
            fmt::format("{}: {} has an empty denominator and is {} by definition", task.name, name, defined->value));
      } else {
        warnings.push_back(fmt::format("{}: {} has no scored sample and is left out", task.name, name));
      }
      continue;
    }
    const auto own = columns.find(std::string(headline.name));
    metrics.push_back(own != columns.end() ? MakeMetric(own->first, own->second) : MakeMean(headline, columns));
    if (runs > 1) AddRuns(headline, samples, runs, metrics.back());
  }
  for (const auto& [name, column] : columns) {
    if (std::find(task.headline.begin(), task.headline.end(), name) == task.headline.end()) {
      metrics.push_back(MakeMetric(name, column));
    }
  }
  for (const std::string& name : empty) {
    if (const auto defined = MakeEmpty(task, name)) metrics.push_back(*defined);
  }
  for (Metric& metric : metrics) ApplyScale(task, metric);
  return metrics;
}

TruncationBounds ComputeBounds(const Task& task, const std::vector<SampleScores>& samples) {
  TruncationBounds bounds;
  for (const SampleScores& scores : samples) {
    for (const Score& score : scores) {
      bounds.truncated += score.truncated && !score.failed ? 1 : 0;
      bounds.failed += score.failed ? 1 : 0;
      bounds.ungraded += score.ungraded && !score.failed && !score.truncated ? 1 : 0;
    }
  }
  for (const MeanMetric& headline : Headlines(task)) {
    MetricBounds mean{std::string(headline.name), 0.0, 0, 0};
    const auto parts = static_cast<double>(headline.parts.size());
    for (const std::string_view part : headline.parts) {
      const MetricBounds own = RatioBounds(part, samples);
      if (!own.completed) mean.completed.reset();
      if (mean.completed) *mean.completed += *own.completed / parts;
      mean.lowest += own.lowest / parts;
      mean.highest += own.highest / parts;
    }
    if (const MetricScale* scale = FindScale(task, headline.name)) {
      for (double* value : {&mean.lowest, &mean.highest}) *value = scale->low + (scale->high - scale->low) * *value;
      if (mean.completed) *mean.completed = scale->low + (scale->high - scale->low) * *mean.completed;
    }
    bounds.metrics.push_back(std::move(mean));
  }
  return bounds;
}

}  // namespace tidemark
