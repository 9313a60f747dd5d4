#include "reports/speed_comparison.h"

#include <algorithm>

#include "engine/core/error.h"

namespace tidemark {
namespace {

using Json = nlohmann::ordered_json;

constexpr double kCoverage = 0.95;

// A value of any shape for people; texts without quotation marks.
std::string Shown(const Json& value) {
  if (value.is_null()) return "unknown";
  return Printable(value.is_string() ? value.get<std::string>() : value.dump(-1, ' ', true, Json::error_handler_t::replace), 100);
}

Json At(const Json& json, const char* key) { return json.is_object() && json.contains(key) ? json[key] : Json(); }

// "size 7 -> 8; ..." of those members that differ. A member that one report lacks is a difference too.
std::string Differing(const Json& a, const Json& b, std::initializer_list<const char*> keys) {
  std::string text;
  for (const char* key : keys) {
    const Json x = At(a, key), y = At(b, key);
    if (x != y) text += fmt::format("{}{} {} -> {}", text.empty() ? "" : "; ", key, Shown(x), Shown(y));
  }
  return text;
}

void AddDifference(const char* what, const std::string& text, std::vector<std::string>& into) {
  if (!text.empty()) into.push_back(fmt::format("{}: {}", what, text));
}

void CompareSurroundings(const StoredSpeed& a, const StoredSpeed& b, SpeedComparison& comparison) {
  const std::string named = Differing(a.model, b.model, {"name"});
  comparison.other_model =
      Differing(a.model, b.model,
                {"general_name", "architecture", "container", "parameters", "active_parameters", "file_bytes", "formats"});
  if (!comparison.other_model.empty() && !named.empty()) comparison.other_model.insert(0, named + "; ");
  // A path may change and the file be the same; reports hold no hash that would prove it.
  if (comparison.other_model.empty() && !named.empty())
    comparison.differences.push_back(fmt::format("model: {}; sizes, formats and parameters agree", named));
  AddDifference("settings",
                Differing(a.settings, b.settings,
                          {"prefill_chunk", "mixed_chunk", "depth_fill", "cold", "fresh_process_per_repetition", "seed"}),
                comparison.differences);
  // Reports of older versions do not say whether they warmed up.
  const Json warm = At(a.settings, "warm_up"), other_warm = At(b.settings, "warm_up");
  if (!warm.is_null() && !other_warm.is_null())
    AddDifference("settings", Differing(a.settings, b.settings, {"warm_up"}), comparison.differences);
  AddDifference("processor",
                Differing(At(a.environment, "cpu"), At(b.environment, "cpu"), {"brand", "logical_cpus", "isa_cap", "features"}),
                comparison.differences);
  AddDifference("machine", Differing(a.environment, b.environment, {"memory_total_bytes", "kernel", "os", "governor"}),
                comparison.differences);
  AddDifference("build",
                Differing(At(a.environment, "build"), At(b.environment, "build"),
                          {"version", "git_commit", "git_dirty", "compiler", "build_type", "flags"}),
                comparison.notes);
  AddDifference("libraries", Differing(a.environment, b.environment, {"libraries"}), comparison.notes);
  for (const std::string& note : a.notes) comparison.notes.push_back("baseline: " + Printable(note, 200));
  for (const std::string& note : b.notes) comparison.notes.push_back("candidate: " + Printable(note, 200));
  if (a.long_runs || b.long_runs) {
    comparison.notes.push_back(
        "sustained rates and ledgers are not compared: windows and tokens of one run are no repetitions of each other");
  }
}

bool SameWork(const StoredSpeedVariant& a, const StoredSpeedVariant& b) {
  return a.backend == b.backend && a.isa == b.isa && a.threads == b.threads;
}
bool SameVariant(const StoredSpeedVariant& a, const StoredSpeedVariant& b) {
  return SameWork(a, b) && a.precision == b.precision && a.kv_type == b.kv_type;
}

// By variant of the baseline the candidate's, or none.
std::vector<std::optional<size_t>> PairVariants(const std::vector<StoredSpeedVariant>& a,
                                                const std::vector<StoredSpeedVariant>& b) {
  std::vector<std::optional<size_t>> pairs(a.size());
  std::vector<bool> taken(b.size(), false);
  for (size_t i = 0; i < a.size(); ++i) {
    for (size_t j = 0; j < b.size() && !pairs[i]; ++j) {
      if (taken[j] || !SameVariant(a[i], b[j])) continue;
      pairs[i] = j;
      taken[j] = true;
    }
  }
  const auto left_like = [&](const StoredSpeedVariant& v) {
    std::vector<size_t> in_a, in_b;
    for (size_t i = 0; i < a.size(); ++i) {
      if (!pairs[i] && SameWork(a[i], v)) in_a.push_back(i);
    }
    for (size_t j = 0; j < b.size(); ++j) {
      if (!taken[j] && SameWork(v, b[j])) in_b.push_back(j);
    }
    return in_a.size() == 1 && in_b.size() == 1 ? std::optional<size_t>(in_b.front()) : std::nullopt;
  };
  for (size_t i = 0; i < a.size(); ++i) {
    if (pairs[i]) continue;
    pairs[i] = left_like(a[i]);
    if (pairs[i]) taken[*pairs[i]] = true;
  }
  return pairs;
}

void CompareVariants(const StoredSpeedVariant& a, const StoredSpeedVariant& b, std::vector<std::string>& differences) {
  std::string text;
  const auto add = [&](const char* what, const std::string& x, const std::string& y) {
    if (x != y)
      text += fmt::format("{}{} {} -> {}", text.empty() ? "" : "; ", what, Printable(x.empty() ? "unknown" : x),
                          Printable(y.empty() ? "unknown" : y));
  };
  add("precision", a.precision, b.precision);
  add("KV format", a.kv_type, b.kv_type);
  add("computed by", a.computed_by, b.computed_by);
  if (!text.empty()) differences.push_back(fmt::format("{}: {}", Printable(a.label), text));
}

struct Measured {
  const char* name;
  const std::vector<double>&baseline, &candidate;
  bool lower_is_better, counts;
};

void AddRatio(const Measured& m, const SpeedRatio& of, double margin, SpeedComparison& comparison) {
  if (m.baseline.empty() && m.candidate.empty()) return;
  if (m.baseline.empty() || m.candidate.empty()) {
    const bool lost = m.candidate.empty();
    const std::string name =
        fmt::format("{}{} ({})", of.test ? Printable(of.test->name) + ": " : "", m.name, Printable(of.variant));
    if (m.counts) {
      (lost ? comparison.only_baseline : comparison.only_candidate).push_back(name);
    } else {
      comparison.notes.push_back(fmt::format("{}: only in the {}", name, lost ? "baseline" : "candidate"));
    }
    return;
  }
  SpeedRatio ratio = CompareSamples(m.baseline, m.candidate, m.lower_is_better, margin);
  ratio.measure = m.name;
  ratio.test = of.test;
  ratio.variant = of.variant;
  ratio.candidate_variant = of.candidate_variant;
  ratio.counts = m.counts;
  comparison.ratios.push_back(std::move(ratio));
}

const StoredSpeedRow* FindRow(const StoredSpeed& speed, size_t variant, const StoredSpeedTest& test) {
  for (const StoredSpeedRow& row : speed.rows) {
    if (row.variant == variant && row.test.SameAs(test)) return &row;
  }
  return nullptr;
}

std::string RowName(const StoredSpeed& speed, const StoredSpeedRow& row) {
  const StoredSpeedVariant& variant = speed.variants[row.variant];
  return fmt::format("{} ({}{})", Printable(row.test.name), Printable(variant.label),
                     variant.isa.empty() ? "" : ", --isa " + Printable(variant.isa));  // a label alone need not say it
}

std::vector<double> OneValue(double value) { return value > 0 ? std::vector<double>{value} : std::vector<double>{}; }

}  // namespace

std::string_view VerdictName(SpeedVerdict verdict) {
  switch (verdict) {
    case SpeedVerdict::kSlower:
      return "slower";
    case SpeedVerdict::kFaster:
      return "faster";
    case SpeedVerdict::kSame:
      return "same within margin";
    case SpeedVerdict::kCannotTell:
      break;
  }
  return "cannot tell";
}

SpeedRatio CompareSamples(std::span<const double> baseline, std::span<const double> candidate, bool lower_is_better,
                          double margin) {
  SpeedRatio r;
  r.lower_is_better = lower_is_better;
  r.baseline = MedianInterval(baseline);
  r.candidate = MedianInterval(candidate);
  r.ratio = UnpairedRatio(baseline, candidate);
  const double low = r.ratio.interval.low, high = r.ratio.interval.high, most = 1 + margin, least = 1 / most;
  if (r.ratio.coverage < kCoverage) {
    r.reason = baseline.size() == 1 && candidate.size() == 1
                   ? std::string("one value each")
                   : fmt::format("{} and {} repetitions cover {:.0f} %, 4 and 4 would do", baseline.size(), candidate.size(),
                                 100 * r.ratio.coverage);
  } else if (low >= least && high <= most) {
    r.verdict = SpeedVerdict::kSame;
  } else if (low > most || high < least) {
    r.verdict = (low > most) != lower_is_better ? SpeedVerdict::kFaster : SpeedVerdict::kSlower;
  } else if (low > 1 || high < 1) {
    r.reason = fmt::format("{}, but perhaps by less than the margin", (low > 1) != lower_is_better ? "faster" : "slower");
  } else {
    r.reason = "the spread is wider than the margin";
  }
  return r;
}

SpeedComparison CompareSpeeds(const StoredSpeed& baseline, const StoredSpeed& candidate, double margin) {
  SpeedComparison comparison;
  CompareSurroundings(baseline, candidate, comparison);
  const std::vector<std::optional<size_t>> pairs = PairVariants(baseline.variants, candidate.variants);
  std::vector<bool> in_common(baseline.variants.size(), false);
  for (const StoredSpeedRow& row : baseline.rows) {
    const auto other = pairs[row.variant];
    const StoredSpeedRow* same = other ? FindRow(candidate, *other, row.test) : nullptr;
    if (same == nullptr) {
      comparison.only_baseline.push_back(RowName(baseline, row));
      continue;
    }
    in_common[row.variant] = true;
    SpeedRatio of;
    of.test = row.test;
    of.variant = baseline.variants[row.variant].label;
    of.candidate_variant = candidate.variants[*other].label;
    const Measured measured[] = {
        {"prefill_tok_per_s", row.prefill_tok_per_s, same->prefill_tok_per_s, false, row.test.kind != "mixed"},
        {"decode_tok_per_s", row.decode_tok_per_s, same->decode_tok_per_s, false, true},
        {"time_to_first_token_seconds", row.time_to_first_token_seconds, same->time_to_first_token_seconds, true, false}};
    for (const Measured& m : measured) AddRatio(m, of, margin, comparison);
  }
  for (const StoredSpeedRow& row : candidate.rows) {
    const auto pair = std::find(pairs.begin(), pairs.end(), std::optional<size_t>(row.variant));
    const bool found = pair != pairs.end() && FindRow(baseline, static_cast<size_t>(pair - pairs.begin()), row.test) != nullptr;
    if (!found) comparison.only_candidate.push_back(RowName(candidate, row));
  }
  if (comparison.ratios.empty()) {
    throw Error("compare", "no test of one variant that both reports hold", "two reports with tests in common",
                fmt::format("the baseline has {}, the candidate {}",
                            baseline.rows.empty() ? "none" : RowName(baseline, baseline.rows.front()),
                            candidate.rows.empty() ? "none" : RowName(candidate, candidate.rows.front())));
  }
  for (size_t v = 0; v < pairs.size(); ++v) {
    if (!in_common[v]) continue;
    const StoredSpeedVariant &a = baseline.variants[v], &b = candidate.variants[*pairs[v]];
    CompareVariants(a, b, comparison.differences);
    SpeedRatio of;
    of.variant = a.label;
    of.candidate_variant = b.label;
    if (a.defers_packing != b.defers_packing) {
      comparison.notes.push_back(
          fmt::format("{}: loading to the first token contains all packing in one of the reports only", Printable(a.label)));
    }
    AddRatio({"load_to_first_token_seconds", a.load_to_first_token_seconds, b.load_to_first_token_seconds, true, false}, of,
             margin, comparison);
    const std::vector<double> peak = OneValue(a.peak_resident_bytes), other_peak = OneValue(b.peak_resident_bytes);
    AddRatio({"peak_resident_bytes", peak, other_peak, true, false}, of, margin, comparison);
  }
  return comparison;
}

SpeedVerdict Overall(const SpeedComparison& comparison) {
  const auto any = [&](SpeedVerdict verdict) {
    return std::any_of(comparison.ratios.begin(), comparison.ratios.end(),
                       [&](const SpeedRatio& r) { return r.counts && r.verdict == verdict; });
  };
  if (any(SpeedVerdict::kSlower)) return SpeedVerdict::kSlower;
  if (any(SpeedVerdict::kCannotTell) || !comparison.only_baseline.empty() || !comparison.other_model.empty())
    return SpeedVerdict::kCannotTell;
  return any(SpeedVerdict::kFaster) ? SpeedVerdict::kFaster : SpeedVerdict::kSame;
}

std::string_view SpeedComparisonMethod() {
  return "Intervals: 95 %, Hodges and Lehmann's of the ratio new / old, from ranks (Mann and Whitney); each row by itself. They\n"
         "assume independent repetitions and distributions that differ by a factor alone. Repetitions of one process share the\n"
         "state of the machine: a drift between the two runs looks like a difference. Only runs in turn (`speed --backend a,b`,\n"
         "or the two programs again and again, A B A B) exclude it.\n";
}

Json ToJson(const SpeedComparison& comparison) {
  Json json;
  json["other_model"] = comparison.other_model;
  json["differences"] = comparison.differences;
  json["notes"] = comparison.notes;
  json["only_baseline"] = comparison.only_baseline;
  json["only_candidate"] = comparison.only_candidate;
  json["ratios"] = Json::array();
  for (const SpeedRatio& r : comparison.ratios) {
    Json entry = {{"measure", r.measure}};
    if (r.test) {
      entry["test"] = {{"name", r.test->name},         {"kind", r.test->kind},   {"prompt", r.test->prompt},
                       {"generate", r.test->generate}, {"depth", r.test->depth}, {"batch", r.test->batch}};
    }
    entry["variant"] = r.variant;
    if (r.candidate_variant != r.variant) entry["candidate_variant"] = r.candidate_variant;
    entry["lower_is_better"] = r.lower_is_better;
    entry["counts"] = r.counts;
    entry["baseline"] = RankIntervalJson(r.baseline);
    entry["candidate"] = RankIntervalJson(r.candidate);
    entry["ratio"] = RankIntervalJson(r.ratio);
    entry["verdict"] = VerdictName(r.verdict);
    if (!r.reason.empty()) entry["reason"] = r.reason;
    json["ratios"].push_back(std::move(entry));
  }
  json["method"] = SpeedComparisonMethod();
  json["verdict"] = VerdictName(Overall(comparison));
  return json;
}

}  // namespace tidemark
