// Claims against several reports, a judge's report and a report of `speed`; what would decide an inconclusive one.
#include "engine/core/error.h"
#include "reports/claims.h"
#include "tests/support/catch.h"

namespace tidemark {
namespace {

using Json = nlohmann::ordered_json;

Claim ScoreClaim(const char* task, const char* measure, const char* value) {
  Claim claim;
  claim.model = "LFM2.5-8B-A1B";
  claim.metric = task;
  claim.value = ParsePrintedNumber(value, "test");
  claim.unit = "%";
  claim.source = "test";
  claim.task = task;
  claim.measures = {measure};
  claim.protocol = {{"temperature", 0.2}};
  return claim;
}

// 500 samples, a score of 88 % with an interval of 86 to 90, at temperature 0.2.
Json ScoreReport(const char* task, const char* measure) {
  Json report = Json::parse(R"({
    "schema_version": 1, "model": {"adapter": "engine", "path": "LFM2.5-8B-A1B-Q4_0.gguf"}, "settings": {"batch": 1}, "timings": {},
    "tasks": [{"dataset": {"rows": 500}, "settings": {"temperature": 0.2, "repeats": 1, "protocol": {"grader": "match"}},
      "samples": {"total": 500, "scored": 500},
      "metrics": [{"value": 0.88, "ci95_low": 0.86, "ci95_high": 0.90, "n": 500}],
      "bounds": {"truncated": 0, "failed": 0, "metrics": [{"lowest": 0.88, "highest": 0.88}]}}]})");
  report["tasks"][0]["name"] = task;
  report["tasks"][0]["metrics"][0]["name"] = report["tasks"][0]["bounds"]["metrics"][0]["name"] = measure;
  return report;
}

ClaimCard Check(const std::vector<ClaimReport>& reports, const Claim& claim, const ClaimOptions& options = {}) {
  const auto cards = CheckClaims(reports, {claim}, options);
  REQUIRE(cards.size() == 1);
  CHECK(ToJson(cards[0])["verdict"] == VerdictName(cards[0].verdict));
  return cards[0];
}

std::string Complaint(const std::vector<ClaimReport>& reports, const Claim& claim, const ClaimOptions& options = {}) {
  try {
    CheckClaims(reports, {claim}, options);
  } catch (const Error& e) {
    return e.what();
  }
  return {};
}

TEST_CASE("each claim is checked against the report that holds its metric") {
  const std::vector<ClaimReport> reports = {{"first", ScoreReport("ifeval", "prompt_strict")},
                                            {"second", ScoreReport("math500", "accuracy")}};
  const Claim math = ScoreClaim("math500", "accuracy", "88.76"), ifeval = ScoreClaim("ifeval", "prompt_strict", "95.00");
  const auto cards = CheckClaims(reports, {math, ifeval, ScoreClaim("tau2", "pass_1", "50")}, {});
  REQUIRE(cards.size() == 3);
  CHECK(cards[0].verdict == ClaimVerdict::kReproduced);
  CHECK(cards[0].report == "second");
  CHECK(ToJson(cards[0])["report"] == "second");
  CHECK_THAT(ToText(cards[0]), test::Contains("report         second"));
  CHECK(cards[1].verdict == ClaimVerdict::kNotReproduced);
  CHECK(cards[1].report == "first");
  CHECK(cards[2].reason == "tau2 was not run");
  // A run without a single score does not hide the one that has some.
  std::vector<ClaimReport> retried = {{"failed", ScoreReport("math500", "accuracy")}, reports[1]};
  retried[0].json["tasks"][0]["metrics"][0]["n"] = 0;
  CHECK(Check(retried, math).report == "second");
}

TEST_CASE("a metric in two reports is refused, with both names") {
  const std::vector<ClaimReport> reports = {{"first", ScoreReport("math500", "accuracy")},
                                            {"second", ScoreReport("math500", "accuracy")}};
  CHECK_THAT(Complaint(reports, ScoreClaim("math500", "accuracy", "88.76")),
             test::Contains("first and second") && test::Contains("accuracy of math500 in both"));
  CHECK(Complaint(reports, ScoreClaim("ifeval", "prompt_strict", "88.76")).empty());  // that nobody asks about
}

TEST_CASE("reports of two models are refused, by hash, size or name") {
  const Claim claim = ScoreClaim("math500", "accuracy", "88.76");
  const auto complaint = [&](const Json& a, const Json& b, const ClaimOptions& options = {}) {
    std::vector<ClaimReport> reports = {{"first", ScoreReport("ifeval", "prompt_strict")},
                                        {"second", ScoreReport("math500", "accuracy")}};
    reports[0].json["model"] = a;
    reports[1].json["model"] = b;
    return Complaint(reports, claim, options);
  };
  const Json q4 = {{"path", "a/LFM2.5-8B-A1B-Q4_0.gguf"}, {"sha256", std::string(64, 'a')}, {"bytes", 7}};
  Json other = q4;
  CHECK(complaint(q4, other).empty());
  other["sha256"] = std::string(64, 'b');
  CHECK_THAT(complaint(q4, other), test::Contains("first and second: found two models: SHA-256 aaaaaaaaaaaa..."));
  CHECK(complaint(q4, other, {"LFM2.5-8B-A1B", 0.04, 20}).empty());  // the user says so
  other = {{"name", "LFM2.5-8B-A1B-Q4_0.gguf"}, {"file_bytes", 7}};  // as `speed` has it
  CHECK(complaint(q4, other).empty());
  other["file_bytes"] = 8;
  CHECK_THAT(complaint(q4, other), test::Contains("7 bytes against 8"));
  CHECK(complaint({{"path", "LFM2.5-8B-A1B-Q4_0.gguf"}}, {{"model", "LFM2.5-8B-A1B"}}).empty());
  CHECK_THAT(complaint({{"path", "LFM2.5-8B-A1B-Q4_0.gguf"}}, {{"path", "LFM2.5-8B-A1B-Q8_0.gguf"}}),
             test::Contains("two models"));
  CHECK_THAT(complaint({{"path", "x.gguf"}, {"general_name", "LFM2.5 8B A1B"}}, {{"path", "x.gguf"}, {"general_name", "LFM2"}}),
             test::Contains("LFM2.5 8B A1B against LFM2"));
  CHECK(complaint(q4, {{"adapter", "replay"}, {"path", "answers.jsonl"}}).empty());  // names none
  CHECK(complaint(q4, nullptr).empty());
}

TEST_CASE("of a judge's report the answers' model and settings count") {
  Claim claim = ScoreClaim("omniscience", "accuracy", "88.76");
  claim.judge = "model";
  Json report = ScoreReport("omniscience", "accuracy");
  report["model"] = Json::parse(R"({"adapter": "judge", "judge": {"adapter": "openai", "model": "the-judge"}, "answers": {
    "model": {"adapter": "engine", "path": "LFM2.5-8B-A1B-Q4_0.gguf", "formats": [{"format": "Q4_0"}]},
    "settings": {"temperature": 0.2}}})");
  report["tasks"][0]["settings"]["temperature"] = 0;
  report["tasks"][0]["settings"]["protocol"]["grader"] = "model";
  const ClaimCard card = Check({{"judged", report}}, claim);
  INFO(ToText(card));
  CHECK(card.verdict == ClaimVerdict::kReproduced);
  CHECK(card.differs.empty());
  CHECK(card.setup["graded_by"] == "model the-judge");
  CHECK_THAT(ToText(card), test::Contains("graded by model the-judge") && test::Contains("weight format (here Q4_0)"));
  report["model"]["answers"]["settings"]["temperature"] = 0.7;
  CHECK(Check({{"judged", report}}, claim).differs == std::vector<std::string>{"temperature 0.7 instead of 0.2"});
  report["model"]["answers"].erase("settings");
  CHECK(Check({{"judged", report}}, claim).not_recorded == std::vector<std::string>{"temperature"});
  // Answers that were cut off before they were judged could have become others.
  report["model"]["answers"]["truncated"] = 25;
  const ClaimCard cut = Check({{"judged", report}}, claim);
  CHECK(cut.verdict == ClaimVerdict::kInconclusive);
  CHECK(cut.measured[0].lowest == Approx(83));
  CHECK(cut.measured[0].highest == Approx(93));
  CHECK_THAT(cut.reason, test::Contains("25 truncated answers that were judged"));
  CHECK(cut.samples_to_complete == 15);  // 2 + 0.2 u <= 4
  report["model"]["answers"]["model"]["path"] = "other.gguf";
  CHECK_THAT(Check({{"judged", report}}, claim).reason, test::Contains("another model: other.gguf"));
  report["model"]["answers"].erase("model");
  CHECK_THAT(Check({{"judged", report}}, claim).reason, test::Contains("do not name theirs"));
}

TEST_CASE("rules do not stand for a model that grades") {
  Claim claim = ScoreClaim("omniscience", "accuracy", "88.76");
  claim.judge = "model";
  Json report = ScoreReport("omniscience", "accuracy");
  const ClaimCard card = Check({{"run", report}}, claim);
  CHECK(card.verdict == ClaimVerdict::kNotComparable);
  CHECK_THAT(card.reason, test::Contains("graded by rules, the claim by a model"));
  CHECK_THAT(ToText(card), test::Contains("NOT COMPARABLE: graded by rules, the claim by a model"));
  CHECK(card.measured.size() == 1);
  claim.judge = "match";
  CHECK(Check({{"run", report}}, claim).verdict == ClaimVerdict::kReproduced);
  // Graded by rules afterwards (`judge --judge match`): the answers' model and settings are told by the settings.
  report["model"] = {{"adapter", "replay"}};
  report["settings"]["judge"] = {
      {"judge", "match"}, {"answers_model", {{"path", "LFM2.5-8B-A1B.gguf"}}}, {"answers_settings", {{"temperature", 0.3}}}};
  CHECK(Check({{"run", report}}, claim).differs == std::vector<std::string>{"temperature 0.3 instead of 0.2"});
  CHECK(Check({{"run", report}}, claim).verdict == ClaimVerdict::kReproduced);
  claim.judge = "model";
  report["tasks"][0]["settings"]["protocol"].erase("grader");
  CHECK_THAT(Check({{"run", report}}, claim).reason, test::Contains("not recorded"));
}

TEST_CASE("an inconclusive claim says what would decide") {
  const auto card = [](double lowest, double highest, int truncated, const char* value, double width = 0.04) {
    Json report = ScoreReport("math500", "accuracy");
    Json& bounds = report["tasks"][0]["bounds"];
    bounds["truncated"] = truncated;
    bounds["metrics"][0]["lowest"] = lowest;
    bounds["metrics"][0]["highest"] = highest;
    const ClaimCard c = Check({{"run", report}}, ScoreClaim("math500", "accuracy", value), {"", width, 20});
    INFO(c.reason);
    CHECK(c.verdict == ClaimVerdict::kInconclusive);
    CHECK_FALSE(c.to_decide.empty());
    CHECK(ToJson(c).contains("samples_to_complete") == c.samples_to_complete.has_value());
    return c;
  };
  // Only the widened interval is too wide: 2 + 0.05 u <= 4 leaves 40 of the 60; or 2 sqrt(500 / n) + 3 <= 4.
  const ClaimCard cut = card(0.85, 0.91, 60, "88.76");
  CHECK(cut.samples_to_complete == 20);
  CHECK(cut.samples_to_decide == 2000);
  CHECK_THAT(ToText(cut), test::Contains("completing about 20 of the 60 samples") && test::Contains("or about 2000 samples"));
  // Open samples alone are too many for any number of samples.
  CHECK_FALSE(card(0.80, 0.92, 120, "88.76").samples_to_decide);
  CHECK(card(0.80, 0.92, 120, "88.76").samples_to_complete == 80);
  // The interval itself is too wide: then nothing is left for open ones.
  const ClaimCard both = card(0.85, 0.91, 60, "88.76", 0.01);
  CHECK(both.samples_to_decide == 2000);
  CHECK(both.samples_to_complete == 60);
  CHECK_THAT(both.to_decide, test::Contains("about 2000 samples would decide, the 60"));
  // They do not overlap. 90 + 0.1 u < 93.995 decides against it; no number of samples does, while the bound is beyond the claim.
  const ClaimCard gap = card(0.88, 0.95, 70, "94.00");
  CHECK(gap.samples_to_complete == 31);
  CHECK_FALSE(gap.samples_to_decide);
  CHECK_THAT(gap.to_decide, test::Contains("completing about 31 of the 70") && test::Contains("if the score stays"));
  // The bound falls short of the claim by 1.5: 2 sqrt(500 / n) < 1.5.
  CHECK(card(0.88, 0.92, 40, "93.505").samples_to_decide == 884);
  CHECK(card(0.80, 0.88, 80, "82.00").samples_to_complete == 41);  // from above: 86 - 0.1 u > 82.005
}

Json SpeedReport() {
  return Json::parse(R"({
    "schema": "tidemark-speed", "schema_version": 1, "model": {"name": "LFM2.5-8B-A1B-Q4_0.gguf", "formats": [{"format": "Q4_0"}]},
    "environment": {"cpu": {"brand": "AMD RYZEN AI MAX+ 395"}}, "interrupted": false,
    "variants": [{"label": "slow", "threads": 1, "kv_type": "f32", "precision": "exact", "weights": []},
                 {"label": "auto int8, 2 threads", "threads": 2, "kv_type": "f16", "precision": "int8",
                  "weights": [{"backend": "avx512_int8", "precision": "int8"}, {"backend": "avx512_f32", "precision": "exact"}]}],
    "rows": [
      {"test": {"kind": "prefill", "batch": 1, "depth": 0}, "variant": "slow", "prefill_tok_per_s": {"value": 900}},
      {"test": {"kind": "decode", "generate": 128, "batch": 8, "depth": 0}, "variant": "slow",
       "decode_tok_per_s": {"value": 800, "low": 790, "high": 810, "coverage": 0.95, "n": 9}},
      {"test": {"kind": "decode", "generate": 128, "batch": 1, "depth": 4096}, "variant": "slow",
       "decode_tok_per_s": {"value": 700, "low": 690, "high": 710, "coverage": 0.95, "n": 9}},
      {"test": {"kind": "decode", "generate": 128, "batch": 1, "depth": 0}, "variant": "slow",
       "decode_tok_per_s": {"value": 20, "low": 19, "high": 21, "coverage": 0.9375, "n": 5}},
      {"test": {"kind": "decode", "generate": 128, "batch": 1, "depth": 0}, "variant": "auto int8, 2 threads",
       "decode_tok_per_s": {"value": 140, "low": 136, "high": 143, "coverage": 0.9375, "n": 5}}]})");
}

Claim SpeedClaim(const char* value) {
  Claim claim = ScoreClaim("", "decode_tok_per_s", value);
  claim.unit = "tok/s";
  claim.device = "AMD Ryzen AI Max+";
  claim.protocol = Json::object();
  return claim;
}

TEST_CASE("a report of speed gives its decode of one sequence, with interval and setup") {
  const Json speed = SpeedReport();
  CheckSpeedReport(speed, "test");
  const ClaimCard card = Check({{"speed.json", speed}}, SpeedClaim("140"));
  CHECK(card.verdict == ClaimVerdict::kReproduced);
  REQUIRE(card.measured.size() == 1);
  CHECK(card.measured[0].value == 140);
  const std::string text = ToText(card);
  INFO(text);
  CHECK_THAT(text, test::Contains("140.0 tok/s, 94 % interval 136.0 to 143.0, 5 repetitions"));
  CHECK_THAT(text, test::Contains("device AMD RYZEN AI MAX+ 395") && test::Contains("precision int8 + exact"));
  CHECK_THAT(text, test::Contains("kv type f16, threads 2, generated tokens 128") && test::Contains("the fastest of 2"));
  CHECK_THAT(text, test::Contains("weight format (here Q4_0)"));
  CHECK(ToJson(card)["measured"][0]["low"] == 136);
  CHECK(ToJson(card)["setup"]["kv_type"] == "f16");

  CHECK(Check({{"s", speed}}, SpeedClaim("143")).verdict == ClaimVerdict::kReproduced);     // 95 % is 135.9
  CHECK(Check({{"s", speed}}, SpeedClaim("151")).verdict == ClaimVerdict::kNotReproduced);  // 143.45
  const ClaimCard between = Check({{"s", speed}}, SpeedClaim("146"));                       // 138.7: 5 (4 / 1.3)^2
  CHECK(between.verdict == ClaimVerdict::kInconclusive);
  CHECK(between.samples_to_decide == 48);
  CHECK_THAT(ToText(between), test::Contains("about 48 repetitions would decide"));
  Claim other = SpeedClaim("30");
  other.device = "Apple M5 Max";
  CHECK_THAT(Check({{"s", speed}}, other).reason,
             test::Contains("another device: AMD RYZEN AI MAX+ 395 instead of Apple M5 Max"));
}

TEST_CASE("a speed without an interval or a row decides nothing") {
  Json speed = SpeedReport();
  Json& rate = speed["rows"][4]["decode_tok_per_s"];
  rate["coverage"] = 0.5;
  rate["n"] = 2;
  CHECK(Check({{"s", speed}}, SpeedClaim("100")).verdict == ClaimVerdict::kInconclusive);
  rate = {{"value", 140}, {"low", 140}, {"high", 140}, {"coverage", 0}, {"n", 1}};
  const ClaimCard once = Check({{"s", speed}}, SpeedClaim("100"));
  CHECK(once.verdict == ClaimVerdict::kInconclusive);
  CHECK(once.samples_to_decide == 5);
  CHECK_THAT(ToText(once), test::Contains("140.0 tok/s, 1 repetition"));
  speed["rows"] = Json::array();
  CHECK_THAT(Check({{"s", speed}}, SpeedClaim("100")).reason, test::Contains("was not measured"));
  for (const char* key : {"schema_version", "model", "variants", "rows", "environment"}) {
    Json bad = SpeedReport();
    bad[key] = "x";
    INFO(key);
    CHECK_THROWS_AS(CheckSpeedReport(bad, "test"), Error);
    Check({{"s", bad}}, SpeedClaim("100"));
  }
}

TEST_CASE("a report of speed goes before the timings of evaluations, which do not add up") {
  const Claim claim = SpeedClaim("100");
  Json run = ScoreReport("math500", "accuracy");
  run["environment"]["cpu"]["brand"] = "AMD RYZEN AI MAX+ 395";
  run["timings"]["decode_tok_per_s"] = 50;
  run["model"]["threads"] = 2;
  run["model"]["kv_type"] = "f32";
  const ClaimReport speed{"speed", SpeedReport()}, one{"one", run}, two{"two", run};
  CHECK(Check({one, speed, two}, claim).report == "speed");
  CHECK(Check({one, speed, two}, claim).verdict == ClaimVerdict::kReproduced);
  const ClaimCard alone = Check({one}, claim);
  CHECK(alone.verdict == ClaimVerdict::kNotReproduced);
  CHECK_THAT(ToText(alone), test::Contains("the mean over an evaluation") && test::Contains("kv type f32, threads 2"));
  const ClaimCard both = Check({one, two}, claim);
  CHECK(both.verdict == ClaimVerdict::kNotComparable);
  CHECK_THAT(both.reason, test::Contains("2 reports time an evaluation"));
  CHECK(both.measured.size() == 2);
  CHECK_THAT(Complaint({speed, speed}, claim), test::Contains("speed and speed") && test::Contains("a decode speed in both"));
  run["model"] = {{"adapter", "judge"}, {"answers", {{"model", run["model"]}}}};  // the judge's time
  CHECK_THAT(Check({{"judged", run}}, claim).reason, test::Contains("was not measured"));
}

}  // namespace
}  // namespace tidemark
