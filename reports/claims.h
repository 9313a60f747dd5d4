// Claims: what a vendor says a model scores, as data, and what reports of this program say about each.
//
// The rule, stated on every card. The claim is the range of numbers that round to what was printed; the measurement is its 95 %
// interval; the widened interval also covers what samples that are truncated or without a score (failed, not run, ungraded)
// could have been.
//   not comparable  (the measurement is shown all the same) another model, another device, another kind of judge, rows that the
//                   claim is not about or only a part of its rows, or the metric was not run
//   reproduced      the two overlap, and the interval is narrow enough to mean something: half of it, and of the widened one,
//                   at most `width` (4 % of the metric's range unless told otherwise)
//   inconclusive    they overlap, but one of the intervals is wider; or they do not, but the widened one does. The card says how
//                   many samples would decide, and how many of those that are truncated or without a score must be completed
//   not reproduced  they do not overlap, and no such sample can change that
// A speed must reach 95 % of the claim (90 % of an "about") on that device, one text at a time. From a report of `speed` it is
// the decode of one sequence from an empty history, with the interval of its repetitions: reproduced if all of it reaches that,
// not reproduced if none does, else inconclusive. From the timings of an evaluation it is one number without an interval.
#ifndef TIDEMARK_REPORTS_CLAIMS_H_
#define TIDEMARK_REPORTS_CLAIMS_H_

#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace tidemark {

// A number as printed: 74.80 is 7480 with two decimals, because the digits say how exact the claim is.
struct PrintedNumber {
  int64_t digits = 0;
  int decimals = 0;
  double value() const;
  double half_unit() const;  // half of the last digit: the true number is within this of value()
  std::string Text() const;
};
// "-24.70". Throws Error: not a plain decimal number of at most 12 digits.
PrintedNumber ParsePrintedNumber(std::string_view text, const std::string& place);

// What one run's score can be a multiple of.
struct Granularity {
  std::string name;  // "541 prompts"
  int64_t denominator = 0;
};

struct Claim {
  std::string model;
  std::string metric;  // as printed
  PrintedNumber value;
  bool about = false;  // printed as "about 146"
  std::string unit;    // "%", "index" or "tok/s"
  std::string source, date;
  std::string task;                         // of this program; empty for a speed
  std::vector<std::string> measures;        // the report's metric it is taken for; then others it may have been, all shown
  std::string note;                         // why that measure
  std::vector<int64_t> rows;                // sizes of the datasets it may be about; empty: any
  std::vector<std::string> dataset_sha256;  // of the files it may be about; empty: any
  nlohmann::ordered_json protocol = nlohmann::ordered_json::object();  // settings that the source states
  std::vector<std::string> unknown;                                    // what it does not state
  std::string device;                                                  // empty: does not matter
  std::string judge;                       // what graded the answers: "model", "match" (rules); empty: does not matter
  std::vector<Granularity> granularities;  // empty: the denominator depends on the answers
};

// {"claims": [...]}; common fields may stand once in "defaults". Throws Error naming the claim and the field.
std::vector<Claim> ParseClaims(std::string_view text, const std::string& place);
// reports/claims/*.json.
std::vector<Claim> EmbeddedClaims();

// Numbers of runs, 1 to max_runs, whose mean over denominator * runs answers, each counting 0 or 1 (or -1, for an index), can be
// printed as `percent`: some k has |100 k / (runs * denominator) - value| <= half a unit of the last digit. Exact, in integers.
std::vector<int> PossibleRuns(const PrintedNumber& percent, int64_t denominator, int max_runs);

struct ClaimOptions {
  std::string model;    // of the report, where it does not say itself; empty: what the report says
  double width = 0.04;  // half of the interval may be this share of the metric's range
  int max_runs = 20;    // counts of runs tried
};

enum class ClaimVerdict { kReproduced, kNotReproduced, kInconclusive, kNotComparable };
std::string_view VerdictName(ClaimVerdict verdict);

// A report as it was read: of a run (reports/schema.json), or of `speed` ("schema": "tidemark-speed").
struct ClaimReport {
  std::string place;  // names it in messages and on cards
  nlohmann::ordered_json json;
};

bool IsSpeedReport(const nlohmann::ordered_json& report);
// Throws Error: not what `speed --out` writes, as far as claims need it.
void CheckSpeedReport(const nlohmann::ordered_json& report, const std::string& place);

struct Measurement {
  std::string metric;
  double value = 0, low = 0, high = 0;  // in the claim's unit
  double coverage = 0.95;               // of low to high
  double range = 100;                   // highest minus lowest possible value
  double lowest = 0, highest = 0;       // if every sample that is truncated or without a score were wrong, right
  int64_t samples = 0;                  // rows; repeats count once. Of a speed: repetitions
  bool has_interval = true;
};

struct ClaimCard {
  Claim claim;
  std::string report;                 // ClaimReport::place of the report that was checked; empty: none holds the metric
  nlohmann::ordered_json setup = {};  // what graded, or the device and how it computed; null: not known
  std::vector<Measurement> measured;  // in the order of Claim::measures; the first decides
  std::vector<std::string> differs;   // settings that are not as the source states
  std::vector<std::string> not_recorded;
  std::vector<std::pair<Granularity, std::vector<int>>> possible_runs;
  ClaimVerdict verdict = ClaimVerdict::kNotComparable;
  std::string reason;
  // Inconclusive: about so many samples (rows) in all, or repetitions of a speed, would decide; of those that are truncated or
  // without a score, repeats counted, so many must be completed first. Both: absent where the number says nothing.
  std::optional<int64_t> samples_to_decide, samples_to_complete;
  std::string to_decide;  // the same as a sentence
};

// One card per claim, from the report that holds its metric. Of a judge's report (`judge`) model and settings are those of the
// answers. Fields of another type than the schema's count as absent.
// Throws Error: reports of different models (unless options.model names it), or two that hold the metric of a claim.
std::vector<ClaimCard> CheckClaims(std::span<const ClaimReport> reports, const std::vector<Claim>& claims,
                                   const ClaimOptions& options);
// The same for one report. Never throws for what a parser accepted.
std::vector<ClaimCard> CheckClaims(const nlohmann::ordered_json& report, const std::vector<Claim>& claims,
                                   const ClaimOptions& options);

nlohmann::ordered_json ToJson(const ClaimCard& card);

// The card for people, several lines.
std::string ToText(const ClaimCard& card);

}  // namespace tidemark

#endif  // TIDEMARK_REPORTS_CLAIMS_H_
