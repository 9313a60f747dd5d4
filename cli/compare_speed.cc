#include "cli/compare_speed.h"

#include <fmt/format.h>

#include "bench/speed_report.h"
#include "cli/command.h"
#include "engine/core/error.h"
#include "engine/core/file.h"
#include "reports/speed_comparison.h"

namespace tidemark::cli {
namespace {

using Json = nlohmann::ordered_json;

// What a measure is called in the table, and by what its values are divided there.
struct Unit {
  std::string_view measure;
  const char* name;
  double scale;
};
constexpr Unit kUnits[] = {{"prefill_tok_per_s", "prefill tok/s", 1},
                           {"decode_tok_per_s", "decode tok/s", 1},
                           {"time_to_first_token_seconds", "first token ms", 1e-3},
                           {"load_to_first_token_seconds", "load to first token ms", 1e-3},
                           {"peak_resident_bytes", "peak memory MiB", 1 << 20}};

// Four digits, without an exponent for what is usual.
std::string Value(double value) {
  return value >= 1000 && value < 1e9 ? fmt::format("{:.0f}", value) : fmt::format("{:.4g}", value);
}

std::string VariantCell(const SpeedRatio& r) {
  return Printable(r.variant) + (r.candidate_variant == r.variant ? "" : " -> " + Printable(r.candidate_variant));
}

std::string VerdictCell(const SpeedRatio& r) {
  return fmt::format("{}{}", VerdictName(r.verdict), r.reason.empty() ? "" : ": " + r.reason);
}

std::string Rows(const SpeedComparison& comparison) {
  std::vector<std::vector<std::string>> rows;
  for (const SpeedRatio& r : comparison.ratios) {
    const Unit* unit = std::find_if(std::begin(kUnits), std::end(kUnits), [&](const Unit& u) { return u.measure == r.measure; });
    TM_CHECK(unit != std::end(kUnits), "{} has no unit", r.measure);
    const bool same_repetitions = r.baseline.n == r.candidate.n;
    rows.push_back({r.test ? Printable(r.test->name) : "", VariantCell(r), unit->name, Value(r.baseline.value / unit->scale),
                    Value(r.candidate.value / unit->scale),
                    same_repetitions ? fmt::to_string(r.baseline.n) : fmt::format("{}, {}", r.baseline.n, r.candidate.n),
                    fmt::format("{:.4g}x", r.ratio.value),
                    r.ratio.coverage == 0
                        ? ""
                        : fmt::format("{:.4g} - {:.4g}{}", r.ratio.interval.low, r.ratio.interval.high,
                                      r.ratio.coverage < 0.95 ? fmt::format(" ({:.0f} %)", 100 * r.ratio.coverage) : ""),
                    VerdictCell(r) + (r.counts ? "" : " *")});
  }
  return MarkdownTable({"test", "variant", "measure", "old", "new", "n", "new / old", "95 % interval", "verdict"}, rows);
}

void Print(const SpeedComparison& comparison, double margin) {
  if (!comparison.other_model.empty()) fmt::print("ANOTHER MODEL {}\n", comparison.other_model);
  for (const std::string& difference : comparison.differences) fmt::print("DIFFERENT {}\n", difference);
  fmt::print("{}* does not count in the verdict. old, new: medians; new / old: the median of all ratios.\n", Rows(comparison));
  for (const std::string& name : comparison.only_baseline) fmt::print("only in the baseline: {}\n", name);
  for (const std::string& name : comparison.only_candidate) fmt::print("only in the candidate: {}\n", name);
  for (const std::string& note : comparison.notes) fmt::print("{}\n", note);
  fmt::print("{}verdict at a margin of {:g} %: {}\n", SpeedComparisonMethod(), margin, VerdictName(Overall(comparison)));
}

}  // namespace

int CompareSpeedReports(const NamedReport& baseline, const NamedReport& candidate, double margin, const std::string& out,
                        bool json) {
  const StoredSpeed a = ParseSpeedReport(*baseline.json, baseline.place), b = ParseSpeedReport(*candidate.json, candidate.place);
  const SpeedComparison comparison = CompareSpeeds(a, b, margin / 100);
  Json all = {{"baseline", baseline.place}, {"candidate", candidate.place}, {"margin_percent", margin}};
  all.update(ToJson(comparison));
  const std::string text = all.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
  if (!out.empty()) WriteFileAtomically(out, text);
  if (json) {
    fmt::print("{}", text);
  } else {
    Print(comparison, margin);
  }
  const SpeedVerdict verdict = Overall(comparison);
  return verdict == SpeedVerdict::kSlower ? kFailure : verdict == SpeedVerdict::kCannotTell ? kInconclusive : kOk;
}

}  // namespace tidemark::cli
