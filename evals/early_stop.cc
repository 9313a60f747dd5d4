#include "evals/early_stop.h"

#include <algorithm>
#include <numeric>

#include "engine/core/error.h"
#include "engine/core/random.h"

namespace tidemark {

std::vector<size_t> AskingOrder(size_t samples, uint64_t seed) {
  std::vector<size_t> order(samples);
  std::iota(order.begin(), order.end(), size_t{0});
  const uint64_t stream = StableHash("order of samples");
  for (size_t i = samples; i > 1; --i) {  // Fisher and Yates
    const auto j = static_cast<size_t>(UniformAt(seed, stream, i) * static_cast<double>(i));
    std::swap(order[i - 1], order[std::min(j, i - 1)]);
  }
  return order;
}

CertaintyWatch::CertaintyWatch(const Task& task, std::vector<size_t> order, int repeats, double width)
    : order_(std::move(order)), repeats_(static_cast<size_t>(repeats)), width_(width) {
  if (task.headline.empty())
    throw Error("--stop-when-certain", std::string(task.name), "a task with a headline metric",
                "leave the flag out for this task");
  metric_ = task.headline.front();
}

bool CertaintyWatch::Advance(const Answers& answers) {
  for (; !certain_ && asked_ < order_.size(); ++asked_) {
    const auto begin = answers.begin() + static_cast<std::ptrdiff_t>(order_[asked_] * repeats_);
    const auto end = begin + static_cast<std::ptrdiff_t>(repeats_);
    if (!std::all_of(begin, end, [](const auto& answer) { return answer.has_value(); })) return false;
    Tally sum;
    for (auto it = begin; it != end; ++it) {
      if ((*it)->score.failed) continue;
      for (const auto& [name, tally] : (*it)->score.tallies) {
        if (name == metric_) sum = {sum.sum + tally.sum, sum.count + tally.count};
      }
    }
    if (sum.count <= 0) continue;
    interval_.Add(sum.sum / sum.count);
    certain_ = interval_.Current().high - interval_.Current().low <= width_;
  }
  return certain_;
}

void MarkEarlyStop(const CertaintyWatch& watch, const Task& task, double width, EvalOutcome& outcome) {
  const std::string name(task.headline.front());
  outcome.task.early_stop = {
      {"metric", name}, {"width", width}, {"certain", watch.certain()}, {"asked", watch.asked()}, {"of", watch.order().size()}};
  // Also where everything was asked in the end: whether it was depended on the data, so an interval for a fixed n would not hold.
  for (Metric& metric : outcome.task.metrics) {
    if (metric.name != name) continue;
    const double scale = metric.range_high - metric.range_low;
    metric.ci95_low = std::min(metric.value, metric.range_low + scale * watch.interval().low);
    metric.ci95_high = std::max(metric.value, metric.range_low + scale * watch.interval().high);
    metric.interval = "anytime";
  }
  if (!watch.certain() || watch.asked() >= watch.order().size()) return;
  outcome.warnings.push_back(
      fmt::format("{}: stopped early, {} of {} samples asked: the interval of {} is at most {} wide and allows for the stopping; "
                  "those of the other metrics do not",
                  task.name, watch.asked(), watch.order().size(), name, width));
}

}  // namespace tidemark
