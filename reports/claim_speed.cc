// A report's speed against a claimed one: the row that counts, on what it was measured, and the verdict by the rule of claims.h.
#include <algorithm>
#include <cmath>

#include "engine/core/error.h"
#include "reports/claim_parts.h"

namespace tidemark {
namespace claims {
namespace {

// Five repetitions span 94 % from the smallest to the largest; of fewer an interval says too little for a verdict.
constexpr double kLeastCoverage = 0.9;
constexpr int64_t kLeastRepetitions = 5;

struct SpeedFound {
  const ClaimReport* report = nullptr;
  Measurement measurement;
  Json setup;
};

// "value", "low", "high", "coverage" and "n" of a rate, as RankIntervalJson writes them; value 0: not usable.
Measurement MeasureRate(const Json& rate, const std::string& name) {
  Measurement m;
  m.metric = name;
  m.value = std::max(0.0, Number(rate, "value").value_or(0));
  m.low = std::min(m.value, Number(rate, "low").value_or(m.value));
  m.high = std::max(m.value, Number(rate, "high").value_or(m.value));
  m.coverage = std::clamp(Number(rate, "coverage").value_or(0), 0.0, 1.0);
  m.samples = std::llround(std::clamp(Number(rate, "n").value_or(0), 0.0, 1e9));
  m.has_interval = m.coverage > 0 && m.samples > 1;
  m.lowest = m.highest = m.value;
  m.range = 0;
  return m;
}

void AddText(Json& setup, const char* key, const std::string& text) {
  if (!text.empty()) setup[key] = text;
}

void AddCount(Json& setup, const char* key, std::optional<double> count) {
  if (count) setup[key] = std::llround(std::clamp(*count, 0.0, 1e12));
}

// What the variant computed with.
void DescribeVariant(const Json& report, const std::string& label, Json& setup) {
  for (const Json& variant : List(report, "variants")) {
    if (Text(variant, "label") != label) continue;
    AddText(setup, "backend", Mix(At(variant, "weights"), "backend"));
    const std::string precision = Mix(At(variant, "weights"), "precision");
    AddText(setup, "precision", precision.empty() ? Text(variant, "precision") : precision);
    AddText(setup, "kv_type", Text(variant, "kv_type"));
    AddCount(setup, "threads", Number(variant, "threads"));
    return;
  }
}

// Decode of one sequence from an empty history; of several variants the fastest, since a claim shows the best that there is.
std::optional<SpeedFound> FindDecode(const ClaimReport& report, const std::string& measure) {
  SpeedFound found;
  const Json* fastest = nullptr;
  int variants = 0;
  for (const Json& row : List(report.json, "rows")) {
    const Json& test = At(row, "test");
    if (Text(test, "kind") != "decode" || Number(test, "batch") != 1 || Number(test, "depth") != 0) continue;
    const Measurement m = MeasureRate(At(row, measure), measure);
    if (m.value <= 0) continue;
    ++variants;
    if (m.value <= found.measurement.value) continue;
    found.measurement = m;
    fastest = &row;
  }
  if (fastest == nullptr) return std::nullopt;
  found.report = &report;
  found.setup = Json::object();
  AddText(found.setup, "device", Text(At(At(report.json, "environment"), "cpu"), "brand"));
  DescribeVariant(report.json, Text(*fastest, "variant"), found.setup);
  AddCount(found.setup, "generated_tokens", Number(At(*fastest, "test"), "generate"));
  if (variants > 1) found.setup["variant"] = fmt::format("{}, the fastest of {}", Text(*fastest, "variant"), variants);
  return found;
}

// The mean over an evaluation, which is one number. A judge's report times the judge.
std::optional<SpeedFound> FindTiming(const ClaimReport& report, const std::string& measure) {
  const auto speed = Number(At(report.json, "timings"), measure);
  const Json& model = At(report.json, "model");
  if (!speed || *speed <= 0 || Text(model, "adapter") == "judge") return std::nullopt;
  SpeedFound found;
  found.report = &report;
  found.measurement.metric = measure;
  Measurement& m = found.measurement;
  m.value = m.low = m.high = m.lowest = m.highest = *speed;
  m.range = 0;
  m.has_interval = false;
  found.setup = Json::object();
  AddText(found.setup, "device", Text(At(At(report.json, "environment"), "cpu"), "brand"));
  AddText(found.setup, "backend", Mix(At(model, "backends"), "backend"));
  AddText(found.setup, "precision", Mix(At(model, "backends"), "precision"));
  AddText(found.setup, "kv_type", Text(model, "kv_type"));
  AddCount(found.setup, "threads", Number(model, "threads"));
  return found;
}

// What `speed` measured goes before the timings of evaluations.
std::vector<SpeedFound> FindSpeeds(std::span<const ClaimReport> reports, const std::string& measure) {
  std::vector<SpeedFound> found;
  for (const ClaimReport& report : reports) {
    if (!IsSpeedReport(report.json)) continue;
    if (auto row = FindDecode(report, measure)) found.push_back(std::move(*row));
  }
  if (found.size() > 1) {
    throw Error(found[0].report->place + " and " + found[1].report->place, "a decode speed in both", "one report of `speed`",
                "leave one of them out");
  }
  if (!found.empty()) return found;
  for (const ClaimReport& report : reports) {
    if (IsSpeedReport(report.json)) continue;
    if (auto timing = FindTiming(report, measure)) found.push_back(std::move(*timing));
  }
  return found;
}

// repeated: by `speed`; else the mean over an evaluation.
void DecideSpeed(bool repeated, ClaimCard& card) {
  const Measurement& m = card.measured.front();
  const double claimed = card.claim.value.value(), share = card.claim.about ? 0.9 : 0.95, asked = share * claimed;
  card.reason =
      fmt::format("{:.1f} tok/s is {:.0f} % of the claim, {:.0f} % is asked for", m.value, 100 * m.value / claimed, 100 * share);
  const bool usable = m.has_interval && m.coverage >= kLeastCoverage;
  if (!repeated || (usable && (m.low >= asked || m.high < asked))) {
    card.verdict = m.value >= asked ? ClaimVerdict::kReproduced : ClaimVerdict::kNotReproduced;
    return;
  }
  card.verdict = ClaimVerdict::kInconclusive;
  if (!usable) {
    card.reason += fmt::format("; {} repetition{} give no interval to go by", m.samples, m.samples == 1 ? "" : "s");
    card.samples_to_decide = kLeastRepetitions;
    card.to_decide = fmt::format("{} repetitions give an interval (--repetitions)", kLeastRepetitions);
    return;
  }
  card.reason += fmt::format("; that is {:.1f} tok/s, inside the interval", asked);
  // An interval of medians shrinks with the root of the number of repetitions.
  const double gap = std::abs(m.value - asked), reach = m.value >= asked ? m.value - m.low : m.high - m.value;
  const double needed = gap > 0 ? std::ceil(static_cast<double>(m.samples) * (reach / gap) * (reach / gap)) : 1e12;
  if (needed > 1e9) return;
  card.samples_to_decide = std::max(m.samples + 1, static_cast<int64_t>(needed));
  card.to_decide = fmt::format("about {} repetitions would decide, if the median stays", *card.samples_to_decide);
}

}  // namespace

void CheckSpeed(std::span<const ClaimReport> reports, const ClaimOptions& options, ClaimCard& card) {
  const Claim& claim = card.claim;
  std::vector<SpeedFound> found = FindSpeeds(reports, claim.measures.front());
  const ClaimReport& report = found.empty() ? reports.front() : *found.front().report;
  NoteWeightFormat(report.json, card);
  for (const SpeedFound& one : found) card.measured.push_back(one.measurement);
  if (!found.empty()) {
    card.report = report.place;
    card.setup = found.front().setup;
  }
  std::vector<std::string> reasons = {WhyOtherModel(report.json, claim, options.model)};
  const std::string cpu = Text(At(At(report.json, "environment"), "cpu"), "brand");
  if (!claim.device.empty() && !Holds(cpu, claim.device)) {
    reasons.push_back(
        fmt::format("another device: {} instead of {}", cpu.empty() ? "an unknown one" : Printable(cpu), claim.device));
  }
  if (found.empty()) {
    reasons.push_back(fmt::format("{} was not measured", claim.measures.front()));
  } else if (found.size() > 1) {
    reasons.push_back(
        fmt::format("{} reports time an evaluation (`tidemark speed --out FILE` measures the speed)", found.size()));
  }
  const double batch = IsSpeedReport(report.json) ? 1 : Number(At(report.json, "settings"), "batch").value_or(1);
  if (!found.empty() && batch > 1) {
    card.differs.push_back(fmt::format("up to {:.0f} texts at once, which is faster than one", batch));
    reasons.push_back("other load: " + card.differs.back() + " (--batch 1)");
  }
  if (At(report.json, "interrupted") == true) card.differs.push_back("the measurement was interrupted");
  if (!RefuseFor(reasons, card)) DecideSpeed(IsSpeedReport(report.json), card);
}

}  // namespace claims

bool IsSpeedReport(const nlohmann::ordered_json& report) { return claims::Text(report, "schema") == "tidemark-speed"; }

void CheckSpeedReport(const nlohmann::ordered_json& report, const std::string& place) {
  const auto need = [&](const char* key, bool usable) {
    if (!usable) {
      throw Error(place, fmt::format("no usable \"{}\"", key), "a report of `tidemark speed --out FILE`, schema version 1",
                  "measure again with this version");
    }
  };
  need("schema", IsSpeedReport(report));
  need("schema_version", claims::Number(report, "schema_version") == 1);
  need("model", claims::At(report, "model").is_object());
  need("variants", claims::At(report, "variants").is_array());
  need("rows", claims::At(report, "rows").is_array());
  need("environment", claims::At(report, "environment").is_object());
}

}  // namespace tidemark
