// A report of `tidemark speed --out FILE` as it was read again: what was measured, on what, and every repetition of it.
// The shape is reports/speed_schema.json; what is read here is checked, the rest is kept as it is.
#ifndef TIDEMARK_REPORTS_STORED_SPEED_H_
#define TIDEMARK_REPORTS_STORED_SPEED_H_

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace tidemark {

// Most repetitions of one test that are read, as many as `speed --repetitions` makes.
inline constexpr size_t kMostSpeedSamples = 1000;

// What a row measures. The name follows from the rest and is for people.
struct StoredSpeedTest {
  std::string name, kind;  // kind: "prefill", "decode" or "mixed"
  int64_t prompt = 0, generate = 0, depth = 0, batch = 1;

  bool SameAs(const StoredSpeedTest& other) const {
    return kind == other.kind && prompt == other.prompt && generate == other.generate && depth == other.depth &&
           batch == other.batch;
  }
};

struct StoredSpeedRow {
  StoredSpeedTest test;
  size_t variant = 0;
  // One per repetition, all positive; without those where nothing of the kind was measured.
  std::vector<double> prefill_tok_per_s, decode_tok_per_s, time_to_first_token_seconds;
};

struct StoredSpeedVariant {
  std::string label, backend, precision, isa, kv_type;  // as typed; isa: empty: none hidden
  int64_t threads = 0;
  std::string computed_by;  // "avx512_int8 int8 + naive exact": the backends that ran, with what they round to
  double peak_resident_bytes = 0;
  std::vector<double> load_to_first_token_seconds;  // one per process, positive
  bool defers_packing = false;                      // some packing came after the first token
};

struct StoredSpeed {
  nlohmann::ordered_json model, settings, environment;  // as they stand in the report; settings may be null
  std::vector<StoredSpeedVariant> variants;             // labels differ
  std::vector<StoredSpeedRow> rows;                     // no two of the same test and variant
  std::vector<std::string> notes;
  bool long_runs = false;  // it holds sustained rates or ledgers
};

// Throws Error(place, ...): not a report of `speed` of schema version 1, or a field of the above that is missing, of another type
// or out of range (durations of 1 ns to 1e9 s, at most 1000 repetitions of a test).
StoredSpeed ParseSpeedReport(const nlohmann::ordered_json& report, const std::string& place);

// Text of reports/speed_schema.json.
std::string_view SpeedReportSchema();

}  // namespace tidemark

#endif  // TIDEMARK_REPORTS_STORED_SPEED_H_
