// What a report says about a claimed score: finding the report and the measurement, and what differs.
#include <algorithm>
#include <cmath>

#include "engine/core/error.h"
#include "reports/claim_parts.h"

namespace tidemark {
namespace claims {

const Json& At(const Json& json, const std::string& key) {
  static const Json null;
  if (!json.is_object()) return null;
  const auto found = json.find(key);
  return found == json.end() ? null : *found;
}

const Json& List(const Json& json, const std::string& key) {
  static const Json empty = Json::array();
  const Json& value = At(json, key);
  return value.is_array() ? value : empty;
}

std::optional<double> Number(const Json& json, const std::string& key) {
  const Json& value = At(json, key);
  if (!value.is_number() || !std::isfinite(value.get<double>())) return std::nullopt;
  return value.get<double>();
}

std::string Text(const Json& json, const std::string& key) {
  const Json& value = At(json, key);
  return value.is_string() ? value.get<std::string>() : std::string();
}

const Json& FindNamed(const Json& list, const std::string& name) {
  static const Json null;
  if (!list.is_array()) return null;
  for (const Json& item : list) {
    if (Text(item, "name") == name) return item;
  }
  return null;
}

std::string Mix(const Json& list, const std::string& key) {
  std::vector<std::string> seen;
  if (!list.is_array()) return {};
  for (const Json& item : list) {
    const std::string text = Printable(Text(item, key));
    if (!text.empty() && std::find(seen.begin(), seen.end(), text) == seen.end()) seen.push_back(text);
  }
  return fmt::to_string(fmt::join(seen, " + "));
}

// No source of a claim says in which format its weights were; it decides scores and speeds.
void NoteWeightFormat(const Json& report, ClaimCard& card) {
  if (!Text(card.claim.protocol, "weights").empty()) return;
  const std::string formats = Mix(At(AnsweringModel(report), "formats"), "format");
  std::erase(card.claim.unknown, "weight format");
  card.claim.unknown.push_back("weight format (here " + (formats.empty() ? "not recorded" : formats) + ")");
}

bool RefuseFor(const std::vector<std::string>& reasons, ClaimCard& card) {
  for (const std::string& reason : reasons) {
    if (!reason.empty()) card.reason += (card.reason.empty() ? "" : "; ") + reason;
  }
  card.verdict = ClaimVerdict::kNotComparable;
  return !card.reason.empty();
}

namespace {

// A truncated answer that a judge graded has a score in the judge's report, whose bounds know of its own replies alone: here it
// could have been anything that one of the metric's n things can be.
void WidenByAnswers(const Json& report, double n, double lowest, Measurement& m) {
  const double truncated = TruncatedAnswers(report);
  if (truncated <= 0) return;
  const double shift = m.range * std::min(1.0, truncated / n);
  m.lowest = std::max(lowest, m.lowest - shift);
  m.highest = std::min(lowest + m.range, m.highest + shift);
}

std::optional<Measurement> Measure(const Json& report, const Json& task, const std::string& name, const Claim& claim) {
  const Json& metric = FindNamed(At(task, "metrics"), name);
  const auto value = Number(metric, "value"), low = Number(metric, "ci95_low"), high = Number(metric, "ci95_high");
  if (!value || !low || !high || Number(metric, "n").value_or(0) < 1) return std::nullopt;
  const double scale = claim.unit == "%" ? 100 : 1;
  Measurement m;
  m.metric = name;
  m.value = scale * *value;
  m.low = scale * *low;
  m.high = scale * *high;
  const Json& range = At(metric, "range");
  m.range = scale;
  double least = 0;
  if (range.is_array() && range.size() == 2 && range[0].is_number() && range[1].is_number()) {
    m.range = scale * (range[1].get<double>() - range[0].get<double>());
    least = scale * range[0].get<double>();
  }
  const Json& bounds = FindNamed(At(At(task, "bounds"), "metrics"), name);
  m.lowest = scale * Number(bounds, "lowest").value_or(*value);
  m.highest = scale * Number(bounds, "highest").value_or(*value);
  WidenByAnswers(report, Number(metric, "n").value_or(1), least, m);
  const double repeats = std::max(1.0, Number(At(task, "settings"), "repeats").value_or(1));
  m.samples = std::llround(std::ceil(std::min(1e12, Number(At(task, "samples"), "scored").value_or(0)) / repeats));
  return m;
}

void CompareSettings(const Json& settings, ClaimCard& card) {
  for (const auto& [key, claimed] : card.claim.protocol.items()) {
    const Json& found = At(settings, key);
    if (found.is_null()) {
      card.not_recorded.push_back(key);
      continue;
    }
    const bool same = found.is_number() && claimed.is_number()
                          ? std::abs(found.get<double>() - claimed.get<double>()) <= 1e-6 * std::abs(claimed.get<double>())
                          : found == claimed;
    constexpr auto kReplace = Json::error_handler_t::replace;
    if (!same) {
      card.differs.push_back(fmt::format("{} {} instead of {}", key, Printable(found.dump(-1, ' ', false, kReplace)),
                                         Printable(claimed.dump(-1, ' ', false, kReplace))));
    }
  }
}

// Why the rows that were asked are not those of the claim; empty: they are.
std::string WhyOtherRows(const Json& task, const Claim& claim) {
  const Json& dataset = At(task, "dataset");
  const double rows = Number(dataset, "rows").value_or(0);
  const std::string name = Printable(Text(dataset, "name"));
  const bool is_size =
      std::any_of(claim.rows.begin(), claim.rows.end(), [&](int64_t count) { return static_cast<double>(count) == rows; });
  if (!claim.rows.empty() && !is_size) {
    return fmt::format("other rows: {} has {:.0f}, the claim is about {}", name, rows, fmt::join(claim.rows, " or "));
  }
  const auto& hashes = claim.dataset_sha256;
  const std::string hash = Text(dataset, "sha256");
  if (!hashes.empty() && std::find(hashes.begin(), hashes.end(), hash) == hashes.end()) {
    return fmt::format("other rows: {} has SHA-256 {:.12}..., the claim is about {:.12}...", name,
                       hash.empty() ? "unknown" : Printable(hash), hashes.front());
  }
  if (claim.rows.empty() && hashes.empty()) return "";
  const Json& shard = At(dataset, "shard");
  const double repeats = std::max(1.0, Number(At(task, "settings"), "repeats").value_or(1));
  const double asked = Number(At(task, "samples"), "total").value_or(rows * repeats) / repeats;
  if (!shard.is_null() || Number(dataset, "limit").value_or(rows) < rows || asked < rows) {
    return fmt::format("part of the rows: {:.0f} of {:.0f} of {} were asked", std::min(asked, rows), rows, name);
  }
  return "";
}

// What graded, for people: "match" (rules), or "model" with the judge's name.
std::string GradedBy(const Json& report, const Json& task) {
  std::string grader = Text(At(At(task, "settings"), "protocol"), "grader");
  const Json& judge = At(At(report, "model"), "judge");
  for (const char* key : {"general_name", "model", "path"}) {
    const std::string name = Text(judge, key);
    if (name.empty()) continue;
    grader += (grader.empty() ? "" : " ") + name;
    break;
  }
  return grader;
}

// Why the grades are of another kind than the claim's; empty: they are of its kind, or it does not matter.
std::string WhyOtherJudge(const Json& task, const Claim& claim) {
  const std::string grader = Text(At(At(task, "settings"), "protocol"), "grader");
  if (claim.judge.empty() || claim.judge == grader) return "";
  const auto kind = [](const std::string& name) {
    return name == "match" ? "by rules" : name == "model" ? "by a model" : "in a way that is not recorded";
  };
  std::string why = fmt::format("graded {}, the claim {}", kind(grader), kind(claim.judge));
  if (claim.judge == "model") why += " (`tidemark judge --judge model:SPEC` grades the same answers)";
  return why;
}

// The report that holds the metric; else one that ran the task without a score in it; else null.
const ClaimReport* FindHolder(std::span<const ClaimReport> reports, const Claim& claim) {
  const ClaimReport *with_metric = nullptr, *with_task = nullptr;
  for (const ClaimReport& report : reports) {
    const Json& task = FindNamed(At(report.json, "tasks"), claim.task);
    if (task.is_null()) continue;
    if (with_task == nullptr) with_task = &report;
    if (!Measure(report.json, task, claim.measures.front(), claim)) continue;
    if (with_metric != nullptr) {
      throw Error(with_metric->place + " and " + report.place,
                  fmt::format("{} of {} in both", claim.measures.front(), claim.task), "each metric in one report",
                  "leave one of them out; a judge's report stands for the answers that it graded");
    }
    with_metric = &report;
  }
  return with_metric != nullptr ? with_metric : with_task;
}

void CheckScore(std::span<const ClaimReport> reports, const ClaimOptions& options, ClaimCard& card) {
  const Claim& claim = card.claim;
  const ClaimReport* holder = FindHolder(reports, claim);
  const Json& report = holder == nullptr ? reports.front().json : holder->json;
  NoteWeightFormat(report, card);
  std::vector<std::string> reasons = {WhyOtherModel(report, claim, options.model)};
  if (holder == nullptr) {
    reasons.push_back(fmt::format("{} was not run", claim.task));
    RefuseFor(reasons, card);
    return;
  }
  card.report = holder->place;
  const Json& task = FindNamed(At(report, "tasks"), claim.task);
  for (const std::string& measure : claim.measures) {
    if (const auto m = Measure(report, task, measure, claim)) card.measured.push_back(*m);
  }
  if (const std::string graded_by = GradedBy(report, task); !graded_by.empty()) card.setup["graded_by"] = graded_by;
  CompareSettings(AnsweringSettings(report, task), card);
  if (card.measured.empty() || card.measured.front().metric != claim.measures.front()) {
    reasons.push_back(fmt::format("{} has no {} in this report", claim.task, claim.measures.front()));
  }
  reasons.push_back(WhyOtherJudge(task, claim));
  reasons.push_back(WhyOtherRows(task, claim));
  if (!RefuseFor(reasons, card)) DecideScore(report, task, options, card);
}

}  // namespace
}  // namespace claims

std::vector<ClaimCard> CheckClaims(std::span<const ClaimReport> reports, const std::vector<Claim>& checked,
                                   const ClaimOptions& options) {
  TM_CHECK(!reports.empty(), "no report");
  if (options.model.empty()) claims::CheckOneModel(reports);
  std::vector<ClaimCard> cards;
  for (const Claim& claim : checked) {
    ClaimCard card;
    card.claim = claim;
    for (const Granularity& g : claim.granularities) {
      card.possible_runs.emplace_back(g, PossibleRuns(claim.value, g.denominator, options.max_runs));
    }
    if (claim.unit == "tok/s") {
      claims::CheckSpeed(reports, options, card);
    } else {
      claims::CheckScore(reports, options, card);
    }
    cards.push_back(std::move(card));
  }
  return cards;
}

std::vector<ClaimCard> CheckClaims(const nlohmann::ordered_json& report, const std::vector<Claim>& checked,
                                   const ClaimOptions& options) {
  const ClaimReport one{"", report};
  return CheckClaims(std::span(&one, 1), checked, options);
}

}  // namespace tidemark
