// JSON of a speed run: every sample as it was measured, and what the table shows of them.
#include <algorithm>
#include <map>

#include "bench/speed_report.h"
#include "engine/core/error.h"
#include "reports/statistics.h"

namespace tidemark {
namespace {

using Json = nlohmann::ordered_json;

Json TestJson(const SpeedTest& test) {
  return {{"name", test.Name()},   {"kind", SpeedKindName(test.kind)},
          {"prompt", test.prompt}, {"generate", test.generate},
          {"depth", test.depth},   {"batch", test.batch}};
}

SpeedTest ParseTest(const Json& json) {
  SpeedTest test;
  const std::string kind = json.at("kind");
  test.kind = kind == "prefill" ? SpeedKind::kPrefill : kind == "decode" ? SpeedKind::kDecode : SpeedKind::kMixed;
  test.prompt = json.at("prompt");
  test.generate = json.at("generate");
  test.depth = json.at("depth");
  test.batch = json.at("batch");
  return test;
}

Json SampleJson(const SpeedSample& s) {
  Json json = {{"seconds", s.seconds}, {"prefill_tokens", s.prefill_tokens}, {"decode_tokens", s.decode_tokens}};
  json["time_to_first_token_seconds"] = s.time_to_first_token_seconds;
  json["step_seconds"] = s.step_seconds;
  return json;
}

SpeedSample ParseSample(const Json& json) {
  return {json.at("seconds"), json.at("prefill_tokens"), json.at("decode_tokens"), json.at("time_to_first_token_seconds"),
          json.at("step_seconds")};
}

Json RowJson(const SpeedResult& result, const std::vector<SpeedVariant>& variants, const SpeedRow& row) {
  Json json = {{"test", TestJson(row.test)}, {"variant", variants[row.variant].label}};
  const auto rate = [&](const char* name, const RankInterval& r) {
    if (r.n > 0) json[name] = RankIntervalJson(r);
  };
  rate("prefill_tok_per_s", PrefillRate(row));
  rate("decode_tok_per_s", DecodeRate(row));
  rate("ratio_to_first_variant", RatioToFirst(result, row));
  std::vector<double> first_token, steps;
  for (const SpeedSample& s : row.samples) {
    if (s.time_to_first_token_seconds > 0) first_token.push_back(s.time_to_first_token_seconds);
    steps.insert(steps.end(), s.step_seconds.begin(), s.step_seconds.end());
  }
  if (!first_token.empty()) json["time_to_first_token_seconds"] = RankIntervalJson(MedianInterval(first_token));
  if (!steps.empty()) {
    const Percentiles p = ComputePercentiles(steps);
    json["inter_token_seconds"] = {{"p50", p.p50}, {"p95", p.p95}, {"p99", p.p99}, {"n", p.n}};
  }
  json["experts_per_layer"] = row.experts_per_layer;
  json["bytes_per_step"] = row.bytes_per_step;
  json["flops_per_token"] = row.flops_per_token;
  json["share_of_limit"] = ShareOfLimit(result, variants, row);
  if (const SpeedLimit limit = LimitOf(result, variants, row); !limit.of.empty())
    json["limit"] = {{"of", limit.of}, {"isa", limit.peak.isa}, {"per_second", limit.peak.per_second}};
  for (const SpeedSample& s : row.samples) json["samples"].push_back(SampleJson(s));
  return json;
}

Json SharesJson(const std::vector<BackendShare>& shares) {
  Json json = Json::array();
  for (const BackendShare& s : shares) {
    json.push_back({{"backend", s.backend},
                    {"precision", PrecisionName(s.precision)},
                    {"matrices", s.matrices},
                    {"stored_bytes", s.stored_bytes},
                    {"packed_bytes", s.packed_bytes}});
  }
  return json;
}

Json VariantJson(const SpeedVariant& v, const SpeedLoaded& loaded) {
  Json json = {{"label", v.label},
               {"backend", v.backend},
               {"precision", v.precision},
               {"isa", v.isa},
               {"threads", v.threads},
               {"kv_type", v.kv_format->name},
               {"kv_bytes", loaded.kv_bytes},
               {"kv_bytes_per_token", loaded.kv_bytes_per_token}};
  json["peak_resident_bytes"] = loaded.peak_bytes;
  json["file_cached_share_before_load"] = loaded.cached_share;
  json["weights"] = SharesJson(loaded.shares);
  json["loads"] = Json::array();
  for (const SpeedLoad& l : loaded.loads) {
    json["loads"].push_back({{"open_seconds", l.open_seconds},
                             {"pack_seconds", l.pack_seconds},
                             {"first_token_seconds", l.first_token_seconds},
                             {"load_to_first_token_seconds", l.Total()},
                             {"deferred_pack_seconds", l.deferred_pack_seconds}});
  }
  return json;
}

Json LedgerJson(const Ledger& ledger, const std::vector<SpeedVariant>& variants) {
  Json json = {{"variant", variants[ledger.variant].label}, {"depth", ledger.depth}, {"token_seconds", ledger.token_seconds}};
  json["lines"] = Json::array();
  for (const LedgerLine& line : ledger.lines) {
    Json entry = {{"name", line.name}, {"calls_per_token", line.calls}, {"seconds_per_token", line.run_seconds}};
    if (line.micro_seconds >= 0) entry["micro_benchmark_seconds_per_token"] = line.micro_seconds;
    json["lines"].push_back(std::move(entry));
  }
  const LedgerSums sums = SumLedger(ledger);
  json["sum_seconds"] = sums.run;
  json["remainder_seconds"] = ledger.token_seconds - sums.run;  // near zero: the laps of a pass leave no gaps
  if (sums.any_micro) {
    json["micro_benchmarks"] = {{"sum_seconds", sums.micro},
                                {"not_measured_alone_seconds", sums.not_alone},
                                {"remainder_seconds", ledger.token_seconds - sums.micro},
                                {"absolute_differences_seconds", sums.differences}};
  }
  json["fork_join_seconds"] = ledger.forks * ledger.fork_seconds;
  json["forks_per_token"] = ledger.forks;
  json["empty_fork_seconds"] = ledger.fork_seconds;
  return json;
}

SpeedLoaded ParseVariant(const Json& json) {
  SpeedLoaded loaded;
  loaded.kv_bytes = json.at("kv_bytes");
  loaded.kv_bytes_per_token = json.at("kv_bytes_per_token");
  loaded.peak_bytes = json.at("peak_resident_bytes");
  loaded.cached_share = json.at("file_cached_share_before_load");
  for (const Json& l : json.at("loads"))
    loaded.loads.push_back(
        {l.at("open_seconds"), l.at("pack_seconds"), l.at("first_token_seconds"), l.value("deferred_pack_seconds", 0.0)});
  for (const Json& s : json.at("weights")) {
    const std::string precision = s.at("precision");
    loaded.shares.push_back({s.at("backend"),
                             precision == "int8"   ? Precision::kInt8
                             : precision == "bf16" ? Precision::kBf16
                                                   : Precision::kExact,
                             s.at("matrices"), s.at("stored_bytes"), s.at("packed_bytes")});
  }
  return loaded;
}

}  // namespace

Json SpeedJson(const SpeedResult& result, const std::vector<SpeedVariant>& variants, const SpeedOptions& options) {
  Json json = {{"schema", "tidemark-speed"}, {"schema_version", kSpeedSchemaVersion}};
  json["model"] = result.model;
  json["model"]["file_bytes"] = result.file_bytes;
  json["settings"] = {{"prompts", options.prompts},
                      {"generate", options.generate},
                      {"depths", options.depths},
                      {"batches", options.batches},
                      {"repetitions", options.repetitions},
                      {"prefill_chunk", options.chunk},
                      {"mixed_chunk", options.mixed_chunk},
                      {"depth_fill", options.fill == DepthFill::kAuto      ? "auto"
                                     : options.fill == DepthFill::kPrefill ? "prefill"
                                                                           : "synthetic"},
                      {"warm_up", options.warm_up},
                      {"cold", options.cold},
                      {"fresh_process_per_repetition", result.fresh},
                      {"seed", options.seed}};
  json["limits"] = Json::array();
  for (const MachinePeaks& peaks : result.peaks) json["limits"].push_back(PeaksJson(peaks));
  json["variants"] = Json::array();
  for (size_t v = 0; v < result.loaded.size(); ++v) json["variants"].push_back(VariantJson(variants[v], result.loaded[v]));
  json["rows"] = Json::array();
  for (const SpeedRow& row : result.rows) json["rows"].push_back(RowJson(result, variants, row));
  json["sustained"] = Json::array();
  for (const SustainedRate& s : result.sustained) {
    json["sustained"].push_back({{"variant", variants[s.variant].label},
                                 {"batch", s.batch},
                                 {"depth", s.depth},
                                 {"window_seconds", s.window_seconds},
                                 {"tok_per_s", s.tok_per_s}});
  }
  json["ledgers"] = Json::array();
  for (const Ledger& ledger : result.ledgers) json["ledgers"].push_back(LedgerJson(ledger, variants));
  json["notes"] = result.notes;
  json["interrupted"] = result.interrupted;
  return json;
}

SpeedResult ParseSpeedJson(const Json& json) {
  try {
    SpeedResult result;
    result.model = json.at("model");
    result.file_bytes = json.at("model").at("file_bytes");
    for (const Json& v : json.at("variants")) result.loaded.push_back(ParseVariant(v));
    for (const Json& r : json.at("rows")) {
      SpeedRow row;
      row.test = ParseTest(r.at("test"));
      row.experts_per_layer = r.at("experts_per_layer");
      row.bytes_per_step = r.at("bytes_per_step");
      row.flops_per_token = r.at("flops_per_token");
      for (const Json& s : r.at("samples")) row.samples.push_back(ParseSample(s));
      result.rows.push_back(std::move(row));
    }
    result.notes = json.at("notes").get<std::vector<std::string>>();
    result.interrupted = json.at("interrupted");
    if (result.loaded.size() != 1) throw Error("variants", fmt::format("{}", result.loaded.size()), "one");
    return result;
  } catch (const Json::exception& e) {
    throw Error("speed report", e.what(), "the fields of schema tidemark-speed");
  }
}

}  // namespace tidemark
