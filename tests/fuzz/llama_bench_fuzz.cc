// Any bytes as llama-bench's JSON: refused with an Error or accepted, and what is accepted can be shown beside our results.
#include <cmath>
#include <cstdint>
#include <string_view>

#include "bench/llama_bench.h"
#include "engine/core/error.h"
#include "engine/core/format.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace tidemark;
  try {
    const auto entries = ParseLlamaBench({reinterpret_cast<const char*>(data), size}, "fuzz");
    SpeedResult result;
    for (const LlamaBenchEntry& entry : entries) {
      if (entry.tok_per_s.empty() || entry.prompt < 0 || entry.prompt + entry.generate <= 0) __builtin_trap();
      for (const double rate : entry.tok_per_s) {
        if (!(rate > 0) || !std::isfinite(rate)) __builtin_trap();
      }
    }
    SpeedRow row;
    row.test = {SpeedKind::kPrefill, 512, 0, 0, 1};
    row.samples = {{1.0, 512, 0, 1.0, {}}};
    result.rows.push_back(row);
    SpeedVariant variant;
    variant.label = "ours";
    variant.kv_format = FindFormat("f16");  // as every variant of a run has one
    if (SideBySide(result, {variant}, entries).empty()) __builtin_trap();
  } catch (const Error&) {
  }
  return 0;
}
