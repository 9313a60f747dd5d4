// Any bytes as recorded routes: refused with an Error or accepted, and what is accepted is what it writes again.
#include <cmath>
#include <cstdint>
#include <numeric>
#include <string_view>

#include "engine/core/error.h"
#include "reports/routes.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace tidemark;
  try {
    const RouteCounts routes = ParseRoutes({reinterpret_cast<const char*>(data), size}, "fuzz");
    const std::vector<double> shares = routes.SortedShares();
    const double sum = std::accumulate(shares.begin(), shares.end(), 0.0);
    if (!(std::abs(sum - 1) < 1e-6)) __builtin_trap();
    if (ParseRoutes(RoutesJson(routes).dump(), "again").layers != routes.layers) __builtin_trap();
  } catch (const Error&) {
  }
  return 0;
}
