// The results of `speed` for people (Markdown) and for programs (JSON, and back again for repetitions in other processes).
#ifndef TIDEMARK_BENCH_SPEED_REPORT_H_
#define TIDEMARK_BENCH_SPEED_REPORT_H_

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "bench/speed.h"
#include "reports/ratios.h"

namespace tidemark {

inline constexpr int kSpeedSchemaVersion = 1;

// A row's rate with its interval: prefill tokens per second, or decoded ones of all sequences.
RankInterval PrefillRate(const SpeedRow& row);
RankInterval DecodeRate(const SpeedRow& row);

// Of the test of `row`, relative to variant 0: pairs of neighbours in time. n = 0: nothing to compare with.
RankInterval RatioToFirst(const SpeedResult& result, const SpeedRow& row);

// The limit that a row is compared with: decode the streaming read, prefill the arithmetic of the precision that most bytes are
// multiplied in. It is that of the fastest unit which the variant may use (peak.isa names it), whether or not its backend uses
// that unit: a backend for AVX-512 on a processor with AMX stands against AMX unless --isa hides it.
struct SpeedLimit {
  std::string_view of;  // "reading", "f32 arithmetic", ...; empty: not measured
  Peak peak;
};
SpeedLimit LimitOf(const SpeedResult& result, const std::vector<SpeedVariant>& variants, const SpeedRow& row);

// Rate as a share of that limit. 0: not known.
double ShareOfLimit(const SpeedResult& result, const std::vector<SpeedVariant>& variants, const SpeedRow& row);

// Seconds per token that the lines of a ledger add up to.
struct LedgerSums {
  double run = 0;          // in the run
  double micro = 0;        // measured alone, of the lines that have a micro-benchmark
  double not_alone = 0;    // in the run, of the lines that have none
  double differences = 0;  // |in the run - alone|, of the lines that have both: what the two sums may hide from each other
  bool any_micro = false;
};
LedgerSums SumLedger(const Ledger& ledger);

// The most common precision of a packed model by stored bytes.
Precision MainPrecision(const std::vector<BackendShare>& shares);

nlohmann::ordered_json SpeedJson(const SpeedResult& result, const std::vector<SpeedVariant>& variants,
                                 const SpeedOptions& options);
// What MergeRepetition needs of SpeedJson's output of one variant. Throws Error: another shape.
SpeedResult ParseSpeedJson(const nlohmann::ordered_json& json);

std::string SpeedMarkdown(const SpeedResult& result, const std::vector<SpeedVariant>& variants, const std::string& model_name);

// A Markdown table with aligned columns. rows: each as long as header.
std::string MarkdownTable(const std::vector<std::string>& header, const std::vector<std::vector<std::string>>& rows);

}  // namespace tidemark

#endif  // TIDEMARK_BENCH_SPEED_REPORT_H_
