// What a report says about a claim: finding the measurement, what differs, and the verdict by the rule of claims.h.
#include <algorithm>
#include <cmath>
#include <regex>

#include "engine/core/error.h"
#include "reports/claims.h"

namespace tidemark {
namespace {

using Json = nlohmann::ordered_json;

// The member of an object, or null; reports may be of any shape.
const Json& At(const Json& json, const std::string& key) {
  static const Json null;
  if (!json.is_object()) return null;
  const auto found = json.find(key);
  return found == json.end() ? null : *found;
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

// Lower-case letters and digits alone: "LFM2.5-8B-A1B" is in "lfm2.5_8b_a1b-Q4_0.gguf".
std::string Squeezed(const std::string& text) {
  std::string squeezed;
  for (const char c : text) {
    if (c >= 'A' && c <= 'Z') squeezed += static_cast<char>(c - 'A' + 'a');
    if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9')) squeezed += c;
  }
  return squeezed;
}

bool Holds(const std::string& text, const std::string& name) { return Squeezed(text).find(Squeezed(name)) != std::string::npos; }

// Whether a file or model name is the claim's model: its name at the start, upper and lower case and punctuation aside, then
// nothing but how the weights are stored and cut into files. "LFM2-8B-A1B-Base" and ".../LFM2-8B-A1B/other.gguf" are others.
bool IsNamed(const std::string& text, const std::string& name) {
  static const std::regex kStored(
      "([-_.](i?q[1-8](_([01448ksml]|xs|xxs|xl|nl))*|tq[12]_0|b?f16|fp16|f32|fp32|fp8|nvfp4|mxfp4(_moe)?|int[48]|w[48]a(8|16)"
      "|[2-8]bit|ud|imat|mlx|awq|gptq|[0-9]{5}|of|gguf|safetensors))*",
      std::regex::icase | std::regex::optimize);
  constexpr size_t kLongest = 200;
  const std::string wanted = Squeezed(name);
  size_t matched = 0, i = 0;
  for (; i < text.size() && matched < wanted.size(); ++i) {
    const std::string c = Squeezed(text.substr(i, 1));
    if (c.empty()) continue;
    if (c[0] != wanted[matched++]) return false;
  }
  return !wanted.empty() && matched == wanted.size() && text.size() <= kLongest && std::regex_match(text.substr(i), kStored);
}

// The last part of a path; of weights that only their folder names ("model.safetensors") the folder's.
std::string ModelName(std::string path) {
  const auto last = [&path] {
    while (!path.empty() && (path.back() == '/' || path.back() == '\\')) path.pop_back();
    const size_t slash = path.find_last_of("/\\");
    return slash == std::string::npos ? path : path.substr(slash + 1);
  };
  std::string name = last();
  if (IsNamed(name, "model") && path.size() > name.size()) {
    path.resize(path.size() - name.size());
    name = last();
  }
  return name;
}

// Converters that were told no name write that of the folder: "model", or the commit of a snapshot.
bool SaysNothing(const std::string& general_name) {
  const bool hash = general_name.size() == 40 && general_name.find_first_not_of("0123456789abcdef") == std::string::npos;
  return hash || Squeezed(general_name).empty() || IsNamed(general_name, "model");
}

// Why the report's model is not the claim's; empty: it is. Stored answers do not say which model gave them.
std::string WhyOtherModel(const Json& report, const Claim& claim, const std::string& given) {
  if (!given.empty()) {
    return Squeezed(given) == Squeezed(claim.model) ? "" : "another model: the report is said to be of " + Printable(given);
  }
  const Json& model = At(report, "model");
  if (Text(model, "adapter") == "replay" || !model.is_object() || model.empty()) {
    return "another model, or an unknown one: stored answers do not name theirs (--model NAME does)";
  }
  std::string names;
  // What the weights say of themselves counts first; a file can be renamed.
  if (const std::string own = Text(model, "general_name"); !own.empty() && !SaysNothing(own)) {
    if (IsNamed(own, claim.model)) return "";
    names = "the weights call themselves " + Printable(own);
  } else {
    for (const char* key : {"name", "model", "path"}) {
      const std::string text = Text(model, key);
      if (text.empty()) continue;
      if (IsNamed(ModelName(text), claim.model)) return "";
      names += (names.empty() ? "" : ", ") + Printable(text);
    }
  }
  return "another model: " + (names.empty() ? "the report does not name it" : names) + " (--model NAME if it is this one)";
}

const Json& FindNamed(const Json& list, const std::string& name) {
  static const Json null;
  if (!list.is_array()) return null;
  for (const Json& item : list) {
    if (Text(item, "name") == name) return item;
  }
  return null;
}

std::optional<Measurement> Measure(const Json& task, const std::string& name, const Claim& claim) {
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
  if (range.is_array() && range.size() == 2 && range[0].is_number() && range[1].is_number()) {
    m.range = scale * (range[1].get<double>() - range[0].get<double>());
  }
  const Json& bounds = FindNamed(At(At(task, "bounds"), "metrics"), name);
  m.lowest = scale * Number(bounds, "lowest").value_or(*value);
  m.highest = scale * Number(bounds, "highest").value_or(*value);
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

void DecideScore(const Json& task, const ClaimOptions& options, ClaimCard& card) {
  const Claim& claim = card.claim;
  const Measurement& m = card.measured.front();
  const double claim_low = claim.value.value() - claim.value.half_unit(),
               claim_high = claim.value.value() + claim.value.half_unit();
  const double half = (m.high - m.low) / 2, allowed = options.width * m.range;
  const std::string both = fmt::format("the claim, {:.{}f} to {:.{}f}, and the interval, {:.2f} to {:.2f},", claim_low,
                                       claim.value.decimals + 1, claim_high, claim.value.decimals + 1, m.low, m.high);
  // The interval around the bounds, as wide as the one around the value.
  const double low = std::min(m.low, m.lowest - (m.value - m.low)), high = std::max(m.high, m.highest + (m.high - m.value));
  const double widened = (high - low) / 2;
  const Json& bounds = At(task, "bounds");
  const std::string unknown = fmt::format(
      "{:.0f} truncated samples and {:.0f} without a score", Number(bounds, "truncated").value_or(0),
      Number(bounds, "failed").value_or(0) + Number(bounds, "not_run").value_or(0) + Number(bounds, "ungraded").value_or(0));
  if (claim_low <= m.high && m.low <= claim_high) {
    card.verdict = half <= allowed && widened <= allowed ? ClaimVerdict::kReproduced : ClaimVerdict::kInconclusive;
    card.reason = fmt::format("{} overlap; half of the interval is {:.2f}, at most {:.2f} is asked for", both, half, allowed);
    if (widened > half) {
      card.reason += fmt::format("; {} leave it {:.2f} to {:.2f}, half of that is {:.2f}", unknown, low, high, widened);
    }
    if (half > allowed && m.samples > 0 && allowed > 0) {
      const double needed = std::ceil(static_cast<double>(m.samples) * half * half / (allowed * allowed));
      if (needed <= 1e9) card.samples_to_decide = static_cast<int64_t>(needed);
    }
    return;
  }
  if (claim_low <= high && low <= claim_high) {
    card.verdict = ClaimVerdict::kInconclusive;
    card.reason =
        fmt::format("{} do not overlap, but {} could close the gap: with them {:.2f} to {:.2f}", both, unknown, low, high);
    return;
  }
  card.verdict = ClaimVerdict::kNotReproduced;
  card.reason = both + " do not overlap";
  if (!card.differs.empty()) card.reason += ", under a protocol that differs in what is listed";
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

// No source of a claim says in which format its weights were; it decides scores and speeds.
void NoteWeightFormat(const Json& report, ClaimCard& card) {
  const std::string wanted = Text(card.claim.protocol, "weights");
  std::string formats;
  const Json& mix = At(At(report, "model"), "formats");
  if (mix.is_array()) {
    for (const Json& item : mix) formats += (formats.empty() ? "" : " + ") + Printable(Text(item, "format"));
  }
  if (wanted.empty()) {
    card.claim.unknown.push_back("weight format (here " + (formats.empty() ? "not recorded" : formats) + ")");
  }
}

void CheckScore(const Json& report, const ClaimOptions& options, ClaimCard& card) {
  const Claim& claim = card.claim;
  const Json& task = FindNamed(At(report, "tasks"), claim.task);
  if (task.is_null()) {
    card.reason = fmt::format("{} was not run", claim.task);
    return;
  }
  for (const std::string& measure : claim.measures) {
    if (const auto m = Measure(task, measure, claim)) card.measured.push_back(*m);
  }
  CompareSettings(At(task, "settings"), card);
  if (card.measured.empty() || card.measured.front().metric != claim.measures.front()) {
    card.reason = fmt::format("{} has no {} in this report", claim.task, claim.measures.front());
    return;
  }
  if (std::string other = WhyOtherRows(task, claim); !other.empty()) {
    card.reason = std::move(other);
    return;
  }
  DecideScore(task, options, card);
}

void CheckSpeed(const Json& report, ClaimCard& card) {
  const Claim& claim = card.claim;
  const auto speed = Number(At(report, "timings"), claim.measures.front());
  if (speed) {
    Measurement m;
    m.metric = claim.measures.front();
    m.value = m.low = m.high = m.lowest = m.highest = *speed;
    m.range = 0;
    m.has_interval = false;
    card.measured.push_back(m);
  }
  const double batch = Number(At(report, "settings"), "batch").value_or(1);
  if (batch > 1) card.differs.push_back(fmt::format("up to {:.0f} texts at once, which is faster than one", batch));
  const std::string cpu = Text(At(At(report, "environment"), "cpu"), "brand");
  if (!claim.device.empty() && !Holds(cpu, claim.device)) {
    card.reason = fmt::format("another device: {} instead of {}", cpu.empty() ? "an unknown one" : Printable(cpu), claim.device);
    return;
  }
  if (!speed) {
    card.reason = fmt::format("{} was not measured", claim.measures.front());
    return;
  }
  if (batch > 1) {
    card.reason = "other load: " + card.differs.back() + " (--batch 1)";
    return;
  }
  const double share = claim.about ? 0.9 : 0.95;
  const bool reached = *speed >= share * claim.value.value();
  card.verdict = reached ? ClaimVerdict::kReproduced : ClaimVerdict::kNotReproduced;
  card.reason = fmt::format("{:.1f} tok/s is {:.0f} % of the claim, {:.0f} % is asked for", *speed,
                            100 * *speed / claim.value.value(), 100 * share);
}

}  // namespace

std::vector<ClaimCard> CheckClaims(const Json& report, const std::vector<Claim>& claims, const ClaimOptions& options) {
  std::vector<ClaimCard> cards;
  for (const Claim& claim : claims) {
    ClaimCard card;
    card.claim = claim;
    for (const Granularity& g : claim.granularities) {
      card.possible_runs.emplace_back(g, PossibleRuns(claim.value, g.denominator, options.max_runs));
    }
    NoteWeightFormat(report, card);
    if (claim.unit == "tok/s") {
      CheckSpeed(report, card);
    } else {
      CheckScore(report, options, card);
    }
    if (std::string other = WhyOtherModel(report, claim, options.model); !other.empty()) {  // what was measured stays visible
      card.verdict = ClaimVerdict::kNotComparable;
      card.reason = std::move(other);
      card.samples_to_decide.reset();
    }
    cards.push_back(std::move(card));
  }
  return cards;
}

}  // namespace tidemark
