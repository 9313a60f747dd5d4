// From the scores of single completions to metrics with intervals.
#ifndef TIDEMARK_EVALS_METRICS_H_
#define TIDEMARK_EVALS_METRICS_H_

#include <cstdint>
#include <string>
#include <vector>

#include "evals/task.h"
#include "reports/report.h"

namespace tidemark {

// Headline metrics, means, then the others by name. A metric of whole samples tallied once each (count 1, sum 0 or 1) gets
// Wilson's interval; anything else the cluster bootstrap over samples, seeded. Failed scores are left out. A headline metric or
// mean without any sample is left out and named in warnings.
std::vector<Metric> ComputeMetrics(const Task& task, const std::vector<SampleScores>& samples, uint64_t seed,
                                   std::vector<std::string>& warnings);

}  // namespace tidemark

#endif  // TIDEMARK_EVALS_METRICS_H_
