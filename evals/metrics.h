// From the scores of single completions to metrics with intervals.
#ifndef TIDEMARK_EVALS_METRICS_H_
#define TIDEMARK_EVALS_METRICS_H_

#include <cstdint>
#include <string>
#include <vector>

#include "evals/task.h"
#include "reports/report.h"

namespace tidemark {

// Headline metrics, means, then the others by name, with intervals: Wilson's for a metric of whole samples tallied once each
// (count 1, sum 0 or 1), else ClusterInterval with a sample as a cluster. Headline metrics and means of several runs also get
// the values of the runs and their spread. Failed scores are left out. A headline metric or mean without any sample is left out
// and named in warnings.
std::vector<Metric> ComputeMetrics(const Task& task, const std::vector<SampleScores>& samples,
                                   std::vector<std::string>& warnings);

// Headline metrics and means if every truncated, failed or ungraded score had counted 0, or 1, and without these scores. A bad
// score that is not tallied in a metric could have been: it gets a count of 1.
TruncationBounds ComputeBounds(const Task& task, const std::vector<SampleScores>& samples);

}  // namespace tidemark

#endif  // TIDEMARK_EVALS_METRICS_H_
