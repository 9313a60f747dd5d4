// Claims as data: reading them, and what their printed digits say about the number of runs behind them.
#include "reports/claims.h"

#include <algorithm>
#include <cmath>

#include "embedded/claims_lfm2_5_8b_a1b.h"
#include "engine/core/error.h"
#include "reports/json_text.h"

namespace tidemark {
namespace {

using Json = nlohmann::ordered_json;

constexpr int kMaxDigits = 9;  // with 10^6 answers in 10^3 runs everything in PossibleRuns fits 64 bits
constexpr int64_t kMaxDenominator = 1'000'000;

// The fields of one claim, checked as they are taken; what is left at the end is unknown.
class Fields {
 public:
  Fields(Json json, std::string place) : json_(std::move(json)), place_(std::move(place)) {
    if (!json_.is_object()) throw Error(place_, "no object", "a claim", "reports/claims/*.json are examples of the form");
  }

  std::string Text(const char* key, bool required) {
    const Json value = Take(key);
    if (value.is_null() && !required) return {};
    if (!value.is_string() || (required && value.get_ref<const std::string&>().empty())) {
      throw Error(place_, fmt::format("no usable \"{}\"", key), "a text", "reports/claims/*.json are examples of the form");
    }
    return value.get<std::string>();
  }
  bool Flag(const char* key) {
    const Json value = Take(key);
    if (!value.is_null() && !value.is_boolean())
      throw Error(place_, fmt::format("no usable \"{}\"", key), "true or false",
                  "reports/claims/*.json are examples of the form");
    return value.is_boolean() && value.get<bool>();
  }
  Json List(const char* key) {
    Json value = Take(key);
    if (value.is_null()) return Json::array();
    if (!value.is_array())
      throw Error(place_, fmt::format("no usable \"{}\"", key), "a list", "reports/claims/*.json are examples of the form");
    return value;
  }
  std::vector<std::string> Texts(const char* key) {
    std::vector<std::string> texts;
    const Json list = List(key);
    for (const Json& item : list) {
      if (!item.is_string())
        throw Error(place_, fmt::format("no usable \"{}\"", key), "a list of texts",
                    "reports/claims/*.json are examples of the form");
      texts.push_back(item.get<std::string>());
    }
    return texts;
  }
  Json Object(const char* key) {
    Json value = Take(key);
    if (value.is_null()) return Json::object();
    if (!value.is_object())
      throw Error(place_, fmt::format("no usable \"{}\"", key), "an object", "reports/claims/*.json are examples of the form");
    return value;
  }
  int64_t Count(const Json& value, const char* key) const {
    const bool usable = value.is_number_integer() && value >= 1 && value <= kMaxDenominator;
    if (!usable)
      throw Error(place_, fmt::format("no usable \"{}\"", key), fmt::format("a count up to {}", kMaxDenominator),
                  "reports/claims/*.json are examples of the form");
    return value.get<int64_t>();
  }
  void Finish() const {
    if (!json_.empty())
      throw Error(place_, "\"" + Printable(json_.begin().key()) + "\"", "no such field in a claim",
                  "reports/claims/*.json are examples of the form");
  }
  const std::string& place() const { return place_; }

 private:
  Json Take(const char* key) {
    const auto found = json_.find(key);
    if (found == json_.end()) return nullptr;
    Json value = std::move(*found);
    json_.erase(found);
    return value;
  }

  Json json_;
  std::string place_;
};

Claim ParseClaim(Json json, const std::string& place) {
  Fields fields(std::move(json), place);
  Claim claim;
  claim.model = fields.Text("model", true);
  claim.metric = fields.Text("metric", true);
  claim.value = ParsePrintedNumber(fields.Text("value", true), place);
  claim.about = fields.Flag("about");
  claim.unit = fields.Text("unit", true);
  if (claim.unit != "%" && claim.unit != "index" && claim.unit != "tok/s") {
    throw Error(place, "unit \"" + Printable(claim.unit) + "\"", "%, index or tok/s",
                "reports/claims/*.json are examples of the form");
  }
  claim.source = fields.Text("source", true);
  claim.date = fields.Text("date", false);
  claim.task = fields.Text("task", claim.unit != "tok/s");
  claim.measures = fields.Texts("measures");
  if (claim.measures.empty())
    throw Error(place, "no \"measures\"", "names of metrics of the report", "reports/claims/*.json are examples of the form");
  claim.note = fields.Text("note", false);
  const Json rows = fields.List("rows"), granularities = fields.List("granularities");
  for (const Json& count : rows) claim.rows.push_back(fields.Count(count, "rows"));
  claim.dataset_sha256 = fields.Texts("dataset_sha256");
  claim.protocol = fields.Object("protocol");
  claim.unknown = fields.Texts("unknown");
  claim.device = fields.Text("device", false);
  claim.judge = fields.Text("judge", false);
  if (!claim.judge.empty() && claim.judge != "model" && claim.judge != "match") {
    throw Error(place, "judge \"" + Printable(claim.judge) + "\"", "model or match",
                "reports/claims/*.json are examples of the form");
  }
  for (const Json& item : granularities) {
    Fields own(item, place);
    Granularity granularity{own.Text("name", true), 0};
    // "denominator" as a list of one would be odd; as a field it is a count.
    granularity.denominator = fields.Count(item.contains("denominator") ? item["denominator"] : Json(), "denominator");
    claim.granularities.push_back(std::move(granularity));
  }
  fields.Finish();
  return claim;
}

int64_t PowerOfTen(int exponent) {
  int64_t power = 1;
  for (int i = 0; i < exponent; ++i) power *= 10;
  return power;
}

}  // namespace

double PrintedNumber::value() const { return static_cast<double>(digits) / static_cast<double>(PowerOfTen(decimals)); }

double PrintedNumber::half_unit() const { return 0.5 / static_cast<double>(PowerOfTen(decimals)); }

std::string PrintedNumber::Text() const { return fmt::format("{:.{}f}", value(), decimals); }

PrintedNumber ParsePrintedNumber(std::string_view text, const std::string& place) {
  PrintedNumber number;
  const bool negative = text.starts_with('-');
  bool point = false;
  int digits = 0;
  for (const char c : text.substr(negative ? 1 : 0)) {
    if (c == '.' && !point && digits > 0) {
      point = true;
    } else if (c >= '0' && c <= '9' && digits < kMaxDigits) {
      number.digits = number.digits * 10 + (c - '0');
      number.decimals += point ? 1 : 0;
      ++digits;
    } else {
      digits = 0;
      break;
    }
  }
  if (digits == 0 || text.ends_with('.')) {
    throw Error(place, "value \"" + Printable(text) + "\"", fmt::format("a decimal number of at most {} digits", kMaxDigits),
                "reports/claims/*.json are examples of the form");
  }
  if (negative) number.digits = -number.digits;
  return number;
}

std::vector<Claim> ParseClaims(std::string_view text, const std::string& place) {
  const Json json = ParseJsonText(text, place);
  const bool usable = json.is_object() && json.contains("claims") && json["claims"].is_array();
  if (!usable) throw Error(place, "no \"claims\"", "a list of claims", "reports/claims/*.json are examples of the form");
  Json defaults = Json::object();
  if (json.contains("defaults")) defaults = json["defaults"];
  if (!defaults.is_object())
    throw Error(place, "no usable \"defaults\"", "an object", "reports/claims/*.json are examples of the form");
  std::vector<Claim> claims;
  for (const Json& item : json["claims"]) {
    const std::string where = fmt::format("{}, claim {}", place, claims.size() + 1);
    if (!item.is_object()) throw Error(where, "no object", "a claim", "reports/claims/*.json are examples of the form");
    Json merged = defaults;
    for (const auto& [key, value] : item.items()) merged[key] = value;
    claims.push_back(ParseClaim(std::move(merged), where));
  }
  return claims;
}

std::vector<Claim> EmbeddedClaims() { return ParseClaims(embedded::claims_lfm2_5_8b_a1b(), "claims/lfm2.5-8b-a1b.json"); }

std::vector<int> PossibleRuns(const PrintedNumber& percent, int64_t denominator, int max_runs) {
  TM_CHECK(denominator >= 1 && denominator <= kMaxDenominator && max_runs <= 1000, "{} answers, {} runs", denominator, max_runs);
  // Both sides times 2 * 10^decimals * answers: k * step must lie in [answers (2 digits - 1), answers (2 digits + 1)].
  const int64_t step = 200 * PowerOfTen(percent.decimals);
  std::vector<int> runs;
  for (int r = 1; r <= max_runs; ++r) {
    const int64_t answers = r * denominator;
    const int64_t low = answers * (2 * percent.digits - 1), high = answers * (2 * percent.digits + 1);
    const int64_t k = high >= 0 ? high / step : -((-high + step - 1) / step);  // the largest that is not above
    if (k * step >= low && std::abs(k) <= answers) runs.push_back(r);
  }
  return runs;
}

std::string_view VerdictName(ClaimVerdict verdict) {
  switch (verdict) {
    case ClaimVerdict::kReproduced:
      return "reproduced";
    case ClaimVerdict::kNotReproduced:
      return "not reproduced";
    case ClaimVerdict::kInconclusive:
      return "inconclusive";
    case ClaimVerdict::kNotComparable:
      break;
  }
  return "not comparable";
}

}  // namespace tidemark
