// Any bytes as a speed report: refused with an Error, or read, and then it compares with itself and with another report.
#include <cstdint>
#include <string_view>

#include "engine/core/error.h"
#include "reports/json_text.h"
#include "reports/speed_comparison.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace tidemark;
  static const StoredSpeed other = [] {
    StoredSpeed speed;
    speed.variants.push_back({"v", "auto", "int8", "", "f16", 2, "naive exact", 1, {0.1}});
    StoredSpeedRow row;
    row.test = {"decode 128", "decode", 0, 128, 0, 1};
    row.decode_tok_per_s = {1, 2, 3, 4};
    speed.rows.push_back(row);
    return speed;
  }();
  try {
    const StoredSpeed speed = ParseSpeedReport(ParseJsonText({reinterpret_cast<const char*>(data), size}, "fuzz"), "fuzz");
    const SpeedComparison self = CompareSpeeds(speed, speed, 0.02);
    for (const SpeedRatio& r : self.ratios) {
      if (r.verdict == SpeedVerdict::kFaster || r.verdict == SpeedVerdict::kSlower) __builtin_trap();
    }
    if (!self.only_baseline.empty() || !self.other_model.empty()) __builtin_trap();
    if (ToJson(self).dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace).empty()) __builtin_trap();
    CompareSpeeds(speed, other, 0.02);
  } catch (const Error&) {
  }
  return 0;
}
