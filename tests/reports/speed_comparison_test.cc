// Two speed reports: intervals by hand, verdicts, what is missing or differs, and reports that are none.
#include "reports/speed_comparison.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "engine/core/random.h"
#include "tests/support/catch.h"
#include "tests/support/complaint.h"

namespace tidemark {
namespace {

using Json = nlohmann::ordered_json;
using test::Complaint;
using test::Contains;
using Values = std::vector<double>;

constexpr double kMargin = 0.02;

Json Variant(const std::string& precision = "int8", const std::string& ran = "avx512_int8") {
  return {{"label", "auto " + precision + ", 2 threads"},
          {"backend", "auto"},
          {"precision", precision},
          {"isa", ""},
          {"threads", 2},
          {"kv_type", "f16"},
          {"peak_resident_bytes", 1000},
          {"weights", Json::array({{{"backend", ran}, {"precision", precision}}})},
          {"loads", Json::array({{{"load_to_first_token_seconds", 0.5}}})}};
}

// Decoding 100 tokens at each rate.
Json Decode(const Values& tok_per_s, int depth = 0, const std::string& variant = "auto int8, 2 threads") {
  Json row = {{"test",
               {{"name", "decode 100 at " + std::to_string(depth)},
                {"kind", "decode"},
                {"prompt", 0},
                {"generate", 100},
                {"depth", depth},
                {"batch", 1}}},
              {"variant", variant},
              {"samples", Json::array()}};
  for (const double rate : tok_per_s) {
    row["samples"].push_back(
        {{"seconds", 100 / rate}, {"prefill_tokens", 0}, {"decode_tokens", 100}, {"time_to_first_token_seconds", 0}});
  }
  return row;
}

Json Report(const std::vector<Json>& rows) {
  Json json = {{"schema", "tidemark-speed"},
               {"schema_version", 1},
               {"model", {{"name", "a.gguf"}, {"file_bytes", 7}, {"formats", Json::array({{{"format", "q8_0"}, {"bytes", 7}}})}}},
               {"settings", {{"prefill_chunk", 512}}},
               {"environment", {{"cpu", {{"brand", "Z"}}}, {"build", {{"git_commit", "unknown"}}}}},
               {"variants", Json::array({Variant()})},
               {"rows", rows}};
  return json;
}

SpeedComparison Compare(const Json& baseline, const Json& candidate, double margin = kMargin) {
  return CompareSpeeds(ParseSpeedReport(baseline, "old"), ParseSpeedReport(candidate, "new"), margin);
}

const Values kSteady = {100, 100.2, 100.4, 100.6, 100.8};

Values Times(const Values& values, double factor) {
  Values all;
  for (const double v : values) all.push_back(v * factor);
  return all;
}

TEST_CASE("the interval of two small samples is the one counted by hand") {
  // Four against four: one of the 70 orders has U = 0, so the smallest and the largest ratio cover 1 - 2/70.
  const SpeedRatio four = CompareSamples(Values{100, 102, 104, 108}, Values{120, 126, 130, 135}, false, kMargin);
  CHECK(four.baseline.value == 103);
  CHECK(four.candidate.value == 128);
  CHECK(four.ratio.interval.low == Approx(120.0 / 108));
  CHECK(four.ratio.interval.high == Approx(135.0 / 100));
  CHECK(four.ratio.coverage == Approx(1 - 2.0 / 70));
  CHECK(four.verdict == SpeedVerdict::kFaster);
  // Five against five: P(U <= 2) = 4/252, so the third smallest and the third largest of the 25. Of {1, 2, 4, 8, 16} / itself
  // the smallest are 1/16, 1/8, 1/8 (2^-4 once, 2^-3 twice).
  const Values powers = {1, 2, 4, 8, 16};
  const SpeedRatio five = CompareSamples(powers, powers, false, kMargin);
  CHECK(five.ratio.interval.low == Approx(1.0 / 8));
  CHECK(five.ratio.interval.high == Approx(8));
  CHECK(five.ratio.value == 1);
  CHECK(five.verdict == SpeedVerdict::kCannotTell);
  CHECK_THAT(five.reason, Contains("wider than the margin"));
}

TEST_CASE("verdicts of a speed: faster, slower, the same, cannot tell") {
  const auto verdict = [](const Values& a, const Values& b, bool lower = false, double margin = kMargin) {
    const SpeedRatio r = CompareSamples(a, b, lower, margin);
    CHECK(r.reason.empty() == (r.verdict != SpeedVerdict::kCannotTell));
    return r.verdict;
  };
  CHECK(verdict(kSteady, Times(kSteady, 1.1)) == SpeedVerdict::kFaster);
  CHECK(verdict(kSteady, Times(kSteady, 0.9)) == SpeedVerdict::kSlower);
  CHECK(verdict(kSteady, Times(kSteady, 1.1), true) == SpeedVerdict::kSlower);  // a time
  CHECK(verdict(kSteady, Times(kSteady, 0.9), true) == SpeedVerdict::kFaster);
  CHECK(verdict(kSteady, Times(kSteady, 1.1), false, 0.2) == SpeedVerdict::kSame);
  CHECK(verdict(kSteady, kSteady) == SpeedVerdict::kSame);
  CHECK(verdict(Values(5, 3.0), Values(5, 3.0), false, 0) == SpeedVerdict::kSame);
  CHECK(verdict(kSteady, Times(kSteady, 1.02)) == SpeedVerdict::kCannotTell);
  CHECK_THAT(CompareSamples(kSteady, Times(kSteady, 1.02), false, kMargin).reason,
             Contains("faster, but perhaps by less than the margin"));
  CHECK_THAT(CompareSamples(kSteady, Times(kSteady, 1.02), true, kMargin).reason, Contains("slower, but perhaps"));
}

TEST_CASE("too few repetitions tell nothing, and the reason says so") {
  const auto of = [](size_t n, size_t m) { return CompareSamples(Values(n, 1.0), Values(m, 2.0), false, kMargin); };
  CHECK(of(1, 1).verdict == SpeedVerdict::kCannotTell);
  CHECK(of(1, 1).reason == "one value each");
  CHECK(of(2, 2).verdict == SpeedVerdict::kCannotTell);
  CHECK_THAT(of(2, 2).reason, Contains("2 and 2 repetitions cover 67 %, 4 and 4 would do"));
  CHECK_THAT(of(3, 3).reason, Contains("cover 90 %"));
  CHECK(of(1, 20).verdict == SpeedVerdict::kCannotTell);
  CHECK(of(4, 4).verdict == SpeedVerdict::kFaster);
  CHECK(of(1000, 1000).verdict == SpeedVerdict::kFaster);
}

TEST_CASE("what did not change is hardly ever called faster or slower", "[coverage]") {
  constexpr int kDraws = 2000;
  int faster = 0, slower = 0, covered = 0;
  for (uint64_t d = 0; d < kDraws; ++d) {
    Values a, b;
    for (uint64_t i = 0; i < 10; ++i) {
      // 3 % of scatter with a long tail towards slow, as stolen time makes it.
      const double u = UniformAt(7, d, i);
      (i < 5 ? a : b).push_back(100 * (1 - 0.03 * u / (1.05 - u)));
    }
    const SpeedRatio r = CompareSamples(a, b, false, kMargin), edge = CompareSamples(a, Times(b, 1.02), false, kMargin);
    covered += r.ratio.interval.low <= 1 && r.ratio.interval.high >= 1;
    faster += edge.verdict == SpeedVerdict::kFaster;  // by exactly the margin: wrong in 2.5 % at most
    slower += r.verdict == SpeedVerdict::kSlower;
    CHECK(CompareSamples(a, a, false, kMargin).verdict != SpeedVerdict::kFaster);
    CHECK(CompareSamples(a, a, false, kMargin).verdict != SpeedVerdict::kSlower);
  }
  CHECK(covered >= 0.95 * kDraws);
  CHECK(faster <= 0.025 * kDraws);
  CHECK(slower <= 0.025 * kDraws);
}

TEST_CASE("a report against itself is the same, and only rates count") {
  const Json report = Report({Decode(kSteady)});
  const SpeedComparison comparison = Compare(report, report);
  CHECK(comparison.other_model.empty());
  CHECK(comparison.differences.empty());
  REQUIRE(comparison.ratios.size() == 3);
  CHECK(comparison.ratios[0].measure == "decode_tok_per_s");
  CHECK(comparison.ratios[1].measure == "load_to_first_token_seconds");
  CHECK(comparison.ratios[2].measure == "peak_resident_bytes");
  CHECK(comparison.ratios[2].verdict == SpeedVerdict::kCannotTell);
  CHECK_FALSE(comparison.ratios[2].counts);
  CHECK(Overall(comparison) == SpeedVerdict::kSame);
  const Json json = ToJson(comparison);
  CHECK(json["verdict"] == "same within margin");
  CHECK(json["ratios"][0]["test"]["generate"] == 100);
  CHECK(json["ratios"][0]["baseline"]["n"] == 5);
  CHECK_FALSE(json["ratios"][1].contains("test"));
}

TEST_CASE("the overall verdict is the worst, and a test that is missing is listed and leaves it open") {
  const Json two = Report({Decode(kSteady), Decode(kSteady, 10)});
  const Json mixed = Report({Decode(Times(kSteady, 1.1)), Decode(Times(kSteady, 0.9), 10)});
  CHECK(Overall(Compare(two, mixed)) == SpeedVerdict::kSlower);
  CHECK(Overall(Compare(two, Report({Decode(Times(kSteady, 1.1)), Decode(kSteady, 10)}))) == SpeedVerdict::kFaster);
  const Json one = Report({Decode(kSteady)});
  const SpeedComparison lost = Compare(two, one), gained = Compare(one, two);
  CHECK(lost.only_baseline == std::vector<std::string>{"decode 100 at 10 (auto int8, 2 threads)"});
  CHECK(lost.only_candidate.empty());
  CHECK(Overall(lost) == SpeedVerdict::kCannotTell);
  CHECK(gained.only_candidate == lost.only_baseline);
  CHECK(Overall(gained) == SpeedVerdict::kSame);
  CHECK_THAT(Complaint([&] { Compare(one, Report({Decode(kSteady, 9)})); }), Contains("no test") && Contains("100 at 9"));
  CHECK_THAT(Complaint([&] { Compare(one, Report({})); }), Contains("the candidate none"));
  Json narrow = one;
  narrow["variants"][0]["isa"] = "avx2";
  CHECK_THAT(Complaint([&] { Compare(one, narrow); }), Contains("2 threads, --isa avx2)"));
}

TEST_CASE("another model, machine, setting or precision is named") {
  const Json old = Report({Decode(kSteady)});
  Json other = old;
  other["model"]["name"] = "b.gguf";
  const SpeedComparison renamed = Compare(old, other);
  CHECK(renamed.other_model.empty());
  REQUIRE(renamed.differences.size() == 1);
  CHECK_THAT(renamed.differences[0], Contains("name a.gguf -> b.gguf"));
  other["model"]["file_bytes"] = 8;
  other["model"]["formats"][0]["format"] = "q4_0";
  other["settings"]["prefill_chunk"] = 64;
  other["settings"]["warm_up"] = true;  // not recorded in the other: nothing to compare with
  other["environment"]["cpu"]["brand"] = "Y\x1b[31m";
  other["environment"]["build"]["git_commit"] = "abc";
  const SpeedComparison comparison = Compare(old, other);
  CHECK_THAT(comparison.other_model, Contains("a.gguf -> b.gguf") && Contains("file_bytes 7 -> 8") && Contains("q4_0"));
  REQUIRE(comparison.differences.size() == 2);
  CHECK(comparison.differences[0] == "settings: prefill_chunk 512 -> 64");
  CHECK_THAT(comparison.differences[1], Contains("brand Z -> Y"));
  CHECK(comparison.differences[1].find('\x1b') == std::string::npos);
  REQUIRE(comparison.notes.size() == 1);
  CHECK_THAT(comparison.notes[0], Contains("git_commit unknown -> abc"));

  Json exact = old;
  exact["variants"][0] = Variant("exact", "avx512_f32");
  exact["rows"][0]["variant"] = "auto exact, 2 threads";
  const SpeedComparison rounded = Compare(old, exact);
  REQUIRE(rounded.differences.size() == 1);
  CHECK_THAT(rounded.differences[0], Contains("precision int8 -> exact") && Contains("avx512_int8 int8 -> avx512_f32 exact"));
  CHECK(rounded.ratios[0].candidate_variant == "auto exact, 2 threads");
  exact["variants"].push_back(Variant("bf16"));  // which of the two it should be compared with nobody said
  CHECK_THAT(Complaint([&] { Compare(old, exact); }), Contains("no test"));
  exact["variants"].push_back(Variant("int8"));
  exact["rows"].push_back(Decode(kSteady));
  CHECK(Compare(old, exact).ratios[0].candidate_variant == "auto int8, 2 threads");
  exact["variants"][2]["threads"] = 3;
  CHECK_THAT(Complaint([&] { Compare(old, exact); }), Contains("no test"));
}

TEST_CASE("reports that are none, or hold what cannot be, are refused with the place") {
  const Json good = Report({Decode(kSteady)});
  CHECK(Complaint([&] { ParseSpeedReport(good, "p"); }).empty());
  const auto complaint = [&](const char* pointer, const Json& value) {
    Json json = good;
    json[Json::json_pointer(pointer)] = value;
    const std::string text = Complaint([&] { ParseSpeedReport(json, "p"); });
    INFO(pointer << " = " << value.dump());
    CHECK_THAT(text, Contains("p"));
    CHECK_FALSE(text.empty());
    return text;
  };
  CHECK_THAT(complaint("/schema_version", 2), Contains("schema_version"));
  complaint("/schema", "other");
  complaint("/variants", 1);
  complaint("/variants/0", Json::array());
  complaint("/variants/0/threads", 0);
  complaint("/variants/0/peak_resident_bytes", -1);
  complaint("/variants/0/loads", "x");
  complaint("/rows/0", nullptr);
  complaint("/rows/0/test", 3);
  complaint("/rows/0/test/kind", "both");
  complaint("/rows/0/test/batch", uint64_t{18446744073709551615u});
  CHECK_THAT(complaint("/rows/0/test/depth", 1.5), Contains("row 0, test, \"depth\""));
  CHECK_THAT(complaint("/rows/0/variant", "nobody"), Contains("label of a variant"));
  complaint("/rows/0/samples", Json::object());
  const double nan = std::numeric_limits<double>::quiet_NaN(), huge = std::numeric_limits<double>::infinity();
  for (const Json& value : {Json(nan), Json(huge), Json(0), Json(-1), Json(1e300), Json("1"), Json()})
    CHECK_THAT(complaint("/rows/0/samples/0/seconds", value), Contains("seconds"));
  complaint("/rows/0/samples/0/decode_tokens", -1);
  complaint("/rows/0/samples/0/decode_tokens", 1e300);
  complaint("/notes", Json::array({1}));
  Json twice = Report({Decode(kSteady), Decode(kSteady)});
  CHECK_THAT(Complaint([&] { ParseSpeedReport(twice, "p"); }), Contains("twice"));
  twice = good;
  twice["variants"].push_back(Variant());
  CHECK_THAT(Complaint([&] { ParseSpeedReport(twice, "p"); }), Contains("label") && Contains("twice"));
  Json many = Report({Decode(Values(1001, 1.0))});
  CHECK_THAT(Complaint([&] { ParseSpeedReport(many, "p"); }), Contains("at most 1000"));
}

}  // namespace
}  // namespace tidemark
