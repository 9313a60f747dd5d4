// Two backends against each other in one process, call by call: A B A B, so that neighbours on the host and the processor's
// frequency hit both alike.
#ifndef TIDEMARK_BENCH_AB_H_
#define TIDEMARK_BENCH_AB_H_

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "bench/benchmarks.h"
#include "reports/ratios.h"

namespace tidemark {

struct AbRow {
  std::string name;                     // with "A:B" in place of the backend's name
  double a_seconds = 0, b_seconds = 0;  // medians per call
  RankInterval speedup;                 // time of A / time of B: above 1, B is faster
  std::string failure;                  // why it could not be measured; empty: it was
};

struct AbOptions {
  std::string a, b, filter = ".*";  // names of backends in the context
  double min_seconds = 1;           // per benchmark, both together
  int pairs = 15;
  const std::atomic<bool>* cancel = nullptr;
};

// Each benchmark of the filter that exists for both backends. Throws Error: none does, or the filter is wrong.
std::vector<AbRow> CompareBackends(const BenchContext& context, const AbOptions& options);

std::string AbMarkdown(const std::vector<AbRow>& rows, const AbOptions& options);
nlohmann::ordered_json AbJson(const std::vector<AbRow>& rows, const AbOptions& options);

}  // namespace tidemark

#endif  // TIDEMARK_BENCH_AB_H_
