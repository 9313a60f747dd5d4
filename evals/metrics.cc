#include "evals/metrics.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <optional>
#include <set>

#include "engine/core/error.h"
#include "engine/core/random.h"

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

Metric MakeMetric(const std::string& name, const Column& column, uint64_t seed) {
  Tally total;
  for (const Tally& t : column.clusters) total = {total.sum + t.sum, total.count + t.count};
  const double value = total.sum / total.count;
  const Interval interval = IsProportionOfSamples(column) ? WilsonInterval(value, total.count)
                                                          : ClusterBootstrapInterval(column.clusters, 1, seed, StableHash(name));
  return {name, value, std::min(interval.low, value), std::max(interval.high, value), std::llround(total.count)};
}

Metric MakeMean(const MeanMetric& mean, const Columns& columns, uint64_t seed) {
  const auto parts = static_cast<int64_t>(mean.parts.size());
  const size_t clusters = columns.at(std::string(mean.parts.front())).clusters.size();
  std::vector<Tally> tallies;
  double value = 0;
  for (size_t i = 0; i < clusters; ++i) {
    for (const std::string_view part : mean.parts) {
      const Column& column = columns.at(std::string(part));
      TM_CHECK(column.clusters.size() == clusters, "{}: {} of {} samples", part, column.clusters.size(), clusters);
      tallies.push_back(column.clusters[i]);
    }
  }
  for (const std::string_view part : mean.parts) {
    Tally total;
    for (const Tally& t : columns.at(std::string(part)).clusters) total = {total.sum + t.sum, total.count + t.count};
    value += total.sum / total.count / static_cast<double>(parts);
  }
  const std::string name(mean.name);
  const Interval interval = ClusterBootstrapInterval(tallies, parts, seed, StableHash(name));
  return {name, value, std::min(interval.low, value), std::max(interval.high, value), static_cast<int64_t>(clusters)};
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
  const std::string_view name = std::string_view(metric.name).substr(metric.name.rfind('/') + 1);
  for (const MetricScale& scale : task.scales) {
    if (scale.name != name) continue;
    for (double* value : {&metric.value, &metric.ci95_low, &metric.ci95_high})
      *value = scale.low + (scale.high - scale.low) * *value;
    metric.range_low = scale.low;
    metric.range_high = scale.high;
  }
}

}  // namespace

std::vector<Metric> ComputeMetrics(const Task& task, const std::vector<SampleScores>& samples, uint64_t seed,
                                   std::vector<std::string>& warnings) {
  const Columns columns = CollectTallies(samples);
  std::set<std::string> empty = NamesWithoutCount(samples, columns);
  std::vector<Metric> metrics;
  const auto missing = [&](std::string_view name) {
    warnings.push_back(fmt::format("{}: {} has no scored sample and is left out", task.name, name));
  };
  for (const std::string_view name : task.headline) {
    const auto it = columns.find(std::string(name));
    const auto defined =
        it == columns.end() && empty.erase(std::string(name)) > 0 ? MakeEmpty(task, std::string(name)) : std::nullopt;
    if (defined) {
      metrics.push_back(*defined);
      warnings.push_back(fmt::format("{}: {} has an empty denominator and is {} by definition", task.name, name, defined->value));
    } else if (it == columns.end()) {
      missing(name);
    } else {
      metrics.push_back(MakeMetric(it->first, it->second, seed));
    }
  }
  for (const MeanMetric& mean : task.means) {
    const bool all =
        std::all_of(mean.parts.begin(), mean.parts.end(), [&](std::string_view p) { return columns.count(std::string(p)) > 0; });
    if (all) {
      metrics.push_back(MakeMean(mean, columns, seed));
    } else {
      missing(mean.name);
    }
  }
  for (const auto& [name, column] : columns) {
    if (std::find(task.headline.begin(), task.headline.end(), name) == task.headline.end())
      metrics.push_back(MakeMetric(name, column, seed));
  }
  for (const std::string& name : empty) {
    if (const auto defined = MakeEmpty(task, name)) metrics.push_back(*defined);
  }
  for (Metric& metric : metrics) ApplyScale(task, metric);
  return metrics;
}

}  // namespace tidemark
