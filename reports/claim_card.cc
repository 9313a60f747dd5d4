// A claim's card as JSON and as text.
#include <fmt/format.h>

#include <algorithm>

#include "engine/core/error.h"
#include "reports/claims.h"

namespace tidemark {
namespace {

using Json = nlohmann::ordered_json;

constexpr const char* kScoreRule =
    "reproduced if the claim's rounding range meets the 95 % interval and half of that is narrow enough, also when widened by "
    "what truncated samples and those without a score could be; inconclusive if it is not, or if these could close the gap; "
    "else not reproduced";
constexpr const char* kSpeedRule =
    "reproduced if all of the interval of repetitions reaches 95 % of the claim (90 % of an \"about\") on the same device, one "
    "text at a time; not reproduced if none of it does; else inconclusive. One number without repetitions counts by itself";

const char* Rule(const Claim& claim) { return claim.unit == "tok/s" ? kSpeedRule : kScoreRule; }

const char* SameProtocol(const ClaimCard& card) {
  if (!card.differs.empty()) return "no";
  return card.not_recorded.empty() && card.claim.unknown.empty() ? "yes" : "not known";
}

Json ToJson(const Measurement& m, const Claim& claim) {
  Json json = {{"metric", m.metric}, {"value", m.value}};
  const bool speed = claim.unit == "tok/s";
  if (m.has_interval) {
    json[speed ? "low" : "ci95_low"] = m.low;
    json[speed ? "high" : "ci95_high"] = m.high;
    if (speed) json["coverage"] = m.coverage;
  }
  if (m.has_interval || m.samples > 0) json[speed ? "repetitions" : "samples"] = m.samples;
  if (m.lowest != m.highest) json["bounds"] = {m.lowest, m.highest};
  return json;
}

std::string SpeedText(const Measurement& m) {
  std::string text = fmt::format("{} {:.1f} tok/s", m.metric, m.value);
  if (m.has_interval) text += fmt::format(", {:.0f} % interval {:.1f} to {:.1f}", 100 * m.coverage, m.low, m.high);
  if (m.samples > 0) return text + fmt::format(", {} repetition{}", m.samples, m.samples == 1 ? "" : "s");
  return text + ", the mean over an evaluation";
}

std::string ToText(const Measurement& m, const std::string& unit) {
  if (unit == "tok/s") return SpeedText(m);
  std::string text = fmt::format("{} {:.2f}{}, 95 % interval {:.2f} to {:.2f}, {} samples", m.metric, m.value,
                                 unit == "%" ? " %" : "", m.low, m.high, m.samples);
  if (m.lowest != m.highest) {
    text += fmt::format("; {:.2f} to {:.2f} if all truncated ones and those without a score were wrong or right", m.lowest,
                        m.highest);
  }
  return text;
}

// "device NAME, kv type f16, threads 2"
std::string SetupText(const Json& setup) {
  std::string text;
  for (const auto& [key, value] : setup.items()) {
    std::string name = key;
    std::replace(name.begin(), name.end(), '_', ' ');
    text += fmt::format("{}{} {}", text.empty() ? "" : ", ", name, value.is_string() ? value.get<std::string>() : value.dump());
  }
  return text;
}

std::string PossibleText(const Granularity& g, const std::vector<int>& runs, const std::string& value) {
  if (runs.empty()) return fmt::format("{}: none of those tried can give {}", g.name, value);
  std::string text = fmt::format("{}: {}", g.name, fmt::join(runs, ", "));
  if (runs.front() > 1) text += fmt::format(" (fewer than {} cannot give {})", runs.front(), value);
  return text;
}

std::string ProtocolText(const ClaimCard& card) {
  std::string text = card.differs.empty() ? "not known whether the same" : "not the same";
  if (std::string_view(SameProtocol(card)) == "yes") text = "the same as far as the source states it";
  const auto add = [&text](const char* what, const std::vector<std::string>& list) {
    if (!list.empty()) text += fmt::format("; {}{}", what, fmt::join(list, ", "));
  };
  add("", card.differs);
  add("not recorded here: ", card.not_recorded);
  add("not stated by the source: ", card.claim.unknown);
  return text;
}

}  // namespace

Json ToJson(const ClaimCard& card) {
  const Claim& claim = card.claim;
  Json json = {{"model", claim.model}, {"metric", claim.metric}, {"claimed", claim.value.Text()},
               {"about", claim.about}, {"unit", claim.unit},     {"source", claim.source},
               {"date", claim.date}};
  if (!claim.device.empty()) json["device"] = claim.device;
  if (!claim.judge.empty()) json["judge"] = claim.judge;
  if (!claim.note.empty()) json["note"] = claim.note;
  if (!card.report.empty()) json["report"] = card.report;
  json["measured"] = Json::array();
  for (const Measurement& m : card.measured) json["measured"].push_back(ToJson(m, claim));
  if (card.setup.is_object()) json["setup"] = card.setup;
  json["protocol"] = {
      {"same", SameProtocol(card)}, {"differs", card.differs}, {"not_recorded", card.not_recorded}, {"unknown", claim.unknown}};
  json["possible_runs"] = Json::array();
  for (const auto& [granularity, runs] : card.possible_runs) {
    json["possible_runs"].push_back({{"of", granularity.name}, {"denominator", granularity.denominator}, {"runs", runs}});
  }
  json["verdict"] = VerdictName(card.verdict);
  json["reason"] = card.reason;
  if (card.samples_to_decide) json["samples_to_decide"] = *card.samples_to_decide;
  if (card.samples_to_complete) json["samples_to_complete"] = *card.samples_to_complete;
  if (!card.to_decide.empty()) json["to_decide"] = card.to_decide;
  json["rule"] = Rule(claim);
  return json;
}

std::string ToText(const ClaimCard& card) {
  const Claim& claim = card.claim;
  const std::string unit = claim.unit == "index" ? "" : " " + claim.unit;
  std::string text =
      fmt::format("{}, {}: claimed {}{}{}{}\n", Printable(claim.model), Printable(claim.metric), claim.about ? "about " : "",
                  claim.value.Text(), unit, claim.device.empty() ? "" : " on " + Printable(claim.device));
  const auto line = [&text](const char* label, const std::string& content) {
    text += fmt::format("  {:<14} {}\n", label, Printable(content, 1000));
  };
  line("source", claim.source + (claim.date.empty() ? "" : ", " + claim.date));
  if (card.measured.empty()) line("measured", "nothing");
  for (size_t i = 0; i < card.measured.size(); ++i) line(i == 0 ? "measured" : "also", ToText(card.measured[i], claim.unit));
  if (!card.report.empty()) line("report", card.report);
  if (card.setup.is_object()) line("setup", SetupText(card.setup));
  if (!claim.note.empty()) line("note", claim.note);
  if (!card.measured.empty()) line("protocol", ProtocolText(card));
  for (const auto& [granularity, runs] : card.possible_runs) {
    line("possible runs", PossibleText(granularity, runs, claim.value.Text()));
  }
  std::string verdict(VerdictName(card.verdict));
  std::transform(verdict.begin(), verdict.end(), verdict.begin(),
                 [](char c) { return c >= 'a' && c <= 'z' ? c - 'a' + 'A' : c; });
  line("verdict", verdict + ": " + card.reason);
  if (!card.to_decide.empty()) line("", card.to_decide);
  if (card.verdict != ClaimVerdict::kNotComparable) line("rule", Rule(claim));
  return text;
}

}  // namespace tidemark
