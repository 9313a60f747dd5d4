#include "reports/claims.h"

#include "engine/core/error.h"
#include "tests/support/catch.h"

namespace tidemark {
namespace {

using Json = nlohmann::ordered_json;

std::vector<int> Runs(const char* value, int64_t denominator, int max_runs) {
  return PossibleRuns(ParsePrintedNumber(value, "test"), denominator, max_runs);
}

// What the printed digits of the vendor's table allow, worked out by hand from the rounded scores.
TEST_CASE("which numbers of runs can give a printed value") {
  CHECK(Runs("88.76", 500, 16) == std::vector<int>{5, 9, 10, 11, 14, 15, 16});  // 2219 of 2500 is the first
  CHECK(Runs("88.07", 114, 15) == std::vector<int>{5, 10, 15});                 // 502 of 570
  CHECK(Runs("13.60", 114, 4) == std::vector<int>{2, 4});
  CHECK(Runs("91.84", 541, 6) == std::vector<int>{6});
  CHECK(Runs("91.84", 834, 11) == std::vector<int>{11});
  CHECK(Runs("74.80", 500, 1) == std::vector<int>{1});
  CHECK(Runs("-24.70", 6000, 1) == std::vector<int>{1});
  CHECK(Runs("-24.70", 600, 4).empty());
  CHECK(Runs("100", 7, 2) == std::vector<int>{1, 2});
  CHECK(Runs("101", 7, 20).empty());
  CHECK(Runs("33", 3, 1) == std::vector<int>{1});
  CHECK(Runs("12.5", 8, 1) == std::vector<int>{1});
  // By brute force.
  for (int denominator = 1; denominator <= 40; ++denominator) {
    for (const int percent : {-37, -3, 0, 4, 51, 99}) {
      bool possible = false;
      for (int k = -denominator; k <= denominator; ++k) {
        possible = possible || std::abs(200 * k - 2 * percent * denominator) <= denominator;
      }
      INFO(percent << " % of " << denominator);
      CHECK(Runs(std::to_string(percent).c_str(), denominator, 1).size() == (possible ? 1u : 0u));
    }
  }
}

TEST_CASE("printed numbers keep their digits") {
  const PrintedNumber number = ParsePrintedNumber("-74.80", "test");
  CHECK(number.value() == Approx(-74.8));
  CHECK(number.half_unit() == Approx(0.005));
  CHECK(number.Text() == "-74.80");
  CHECK(ParsePrintedNumber("253", "test").half_unit() == 0.5);
  for (const char* bad : {"", "-", ".5", "5.", "1.2.3", "1e3", " 1", "12345678901", "0x1", "+1"}) {
    INFO(bad);
    CHECK_THROWS_AS(ParsePrintedNumber(bad, "test"), Error);
  }
}

TEST_CASE("the embedded claims are the vendor's table") {
  const std::vector<Claim> claims = EmbeddedClaims();
  REQUIRE(claims.size() == 13);
  const auto value = [&](const std::string& model, const std::string& metric) {
    for (const Claim& claim : claims) {
      if (claim.model == model && claim.metric == metric) return claim.value.Text();
    }
    return std::string("none");
  };
  CHECK(value("LFM2.5-8B-A1B", "AA-Omniscience Index") == "-24.70");
  CHECK(value("LFM2-8B-A1B", "AA-Omniscience Index") == "-78.42");
  CHECK(value("LFM2.5-8B-A1B", "AA-Omniscience Non-Hallucination Rate") == "63.47");
  CHECK(value("LFM2-8B-A1B", "AA-Omniscience Non-Hallucination Rate") == "7.46");
  CHECK(value("LFM2.5-8B-A1B", "IFEval") == "91.84");
  CHECK(value("LFM2-8B-A1B", "IFEval") == "79.44");
  CHECK(value("LFM2.5-8B-A1B", "MATH500") == "88.76");
  CHECK(value("LFM2-8B-A1B", "MATH500") == "74.80");
  CHECK(value("LFM2.5-8B-A1B", "Tau2 Telecom") == "88.07");
  CHECK(value("LFM2-8B-A1B", "Tau2 Telecom") == "13.60");
  CHECK(value("LFM2.5-8B-A1B", "decode speed") == "253");
}

TEST_CASE("malformed claims are refused with the claim and the field") {
  const auto complaint = [](const std::string& text) {
    try {
      ParseClaims(text, "file");
    } catch (const Error& e) {
      return std::string(e.what());
    }
    return std::string();
  };
  const std::string good =
      R"({"model": "m", "metric": "x", "value": "1.0", "unit": "%", "source": "s", "task": "t", "measures": ["a"]})";
  CHECK(complaint("{\"claims\": [" + good + "]}").empty());
  CHECK_THAT(complaint("[]"), test::Contains("no \"claims\""));
  CHECK_THAT(complaint("{"), test::Contains("file"));
  CHECK_THAT(complaint("{\"claims\": [" + good + ", 5]}"), test::Contains("claim 2"));
  CHECK_THAT(complaint("{\"defaults\": 1, \"claims\": []}"), test::Contains("defaults"));
  for (const auto& [key, bad] : {std::pair{"model", "1"},
                                 {"value", "1.5"},
                                 {"value", "\"x\""},
                                 {"unit", "\"m\""},
                                 {"task", "\"\""},
                                 {"measures", "[]"},
                                 {"rows", "[0]"},
                                 {"about", "1"},
                                 {"protocol", "[]"},
                                 {"judge", "\"oracle\""},
                                 {"judge", "1"},
                                 {"surprise", "1"},
                                 {"granularities", "[{\"name\": \"x\"}]"},
                                 {"granularities", "[1]"}}) {
    Json json = Json::parse(good);
    json[key] = Json::parse(bad);
    INFO(key << " = " << bad);
    CHECK_THAT(complaint("{\"claims\": [" + json.dump() + "]}"), test::Contains("claim 1"));
  }
  const std::string deep = "{\"claims\": " + std::string(100, '[') + std::string(100, ']') + "}";
  CHECK_THAT(complaint(deep), test::Contains("nesting"));
}

Claim ExampleClaim(const char* value) {
  Claim claim;
  claim.model = "LFM2.5-8B-A1B";
  claim.metric = "MATH500";
  claim.value = ParsePrintedNumber(value, "test");
  claim.unit = "%";
  claim.source = "test";
  claim.task = "math500";
  claim.measures = {"accuracy"};
  claim.rows = {500};
  claim.protocol = {{"temperature", 0.2}, {"top_k", 80}};
  claim.granularities = {{"500 problems", 500}};
  return claim;
}

Json ExampleReport() {
  return Json::parse(R"({
    "schema_version": 1,
    "model": {"adapter": "engine", "path": "/models/lfm2.5_8b_a1b-Q4_0.gguf"},
    "environment": {"cpu": {"brand": "AMD RYZEN AI MAX+ 395 w/ Radeon 8060S"}},
    "settings": {"batch": 1},
    "timings": {"decode_tok_per_s": 140.5},
    "tasks": [{"name": "math500", "dataset": {"name": "math500", "rows": 500}, "settings": {"temperature": 0.2, "top_k": 40, "repeats": 5},
      "samples": {"total": 2500, "scored": 2500},
      "metrics": [{"name": "accuracy", "value": 0.88, "ci95_low": 0.86, "ci95_high": 0.90, "n": 2500}],
      "bounds": {"truncated": 0, "failed": 0, "metrics": [{"name": "accuracy", "lowest": 0.88, "highest": 0.88}]}}]})");
}

ClaimCard Check(const Json& report, const Claim& claim, const ClaimOptions& options = {}) {
  const auto cards = CheckClaims(report, {claim}, options);
  REQUIRE(cards.size() == 1);
  CHECK(ToJson(cards[0])["verdict"] == VerdictName(cards[0].verdict));
  CHECK_THAT(ToText(cards[0]), test::Contains("verdict"));
  return cards[0];
}

TEST_CASE("each verdict on a score, and its reason") {
  const Json report = ExampleReport();
  const ClaimCard reproduced = Check(report, ExampleClaim("88.76"));
  CHECK(reproduced.verdict == ClaimVerdict::kReproduced);
  CHECK(reproduced.measured.at(0).samples == 500);
  CHECK(reproduced.differs == std::vector<std::string>{"top_k 40 instead of 80"});
  CHECK(ToJson(reproduced)["protocol"]["same"] == "no");
  CHECK(ToJson(reproduced)["possible_runs"][0]["runs"][0] == 5);
  // The rounding of the claim counts: 90.004 prints as 90.00, and so does 90.0.
  CHECK(Check(report, ExampleClaim("90.00")).verdict == ClaimVerdict::kReproduced);
  CHECK(Check(report, ExampleClaim("90.01")).verdict == ClaimVerdict::kNotReproduced);
  CHECK(Check(report, ExampleClaim("85.9")).verdict == ClaimVerdict::kNotReproduced);

  const ClaimCard wide = Check(report, ExampleClaim("88.76"), {"", 0.01, 20});
  CHECK(wide.verdict == ClaimVerdict::kInconclusive);
  CHECK(wide.samples_to_decide == 2000);
  CHECK_FALSE(wide.samples_to_complete);
  CHECK_THAT(ToText(wide), test::Contains("about 2000 samples would decide"));

  Json truncated = report;
  truncated["tasks"][0]["bounds"]["metrics"][0]["highest"] = 0.95;
  truncated["tasks"][0]["bounds"]["truncated"] = 175;
  CHECK(Check(truncated, ExampleClaim("93.00")).verdict == ClaimVerdict::kInconclusive);
  CHECK_THAT(Check(truncated, ExampleClaim("93.00")).reason, test::Contains("175 truncated"));
  CHECK(Check(truncated, ExampleClaim("98.00")).verdict == ClaimVerdict::kNotReproduced);

  // Answers that are cut off leave open what the score is, however narrow the interval of the others.
  Json cut = report;
  cut["tasks"][0]["bounds"] =
      Json::parse(R"({"truncated": 443, "failed": 2, "metrics": [{"name": "accuracy", "lowest": 0.1, "highest": 0.986}]})");
  const ClaimCard open = Check(cut, ExampleClaim("88.76"));
  CHECK(open.verdict == ClaimVerdict::kInconclusive);
  CHECK_THAT(open.reason, test::Contains("443 truncated samples and 2 without a score leave it 8.00 to 100.60"));
  CHECK_FALSE(open.samples_to_decide);  // more samples would be cut off as well
  cut["tasks"][0]["bounds"]["metrics"][0] = {{"name", "accuracy"}, {"lowest", 0.87}, {"highest", 0.89}};
  CHECK(Check(cut, ExampleClaim("88.76")).verdict == ClaimVerdict::kReproduced);
}

TEST_CASE("the rows asked must be those of the claim, all of them") {
  Claim claim = ExampleClaim("88.76");
  const auto reason = [&](const Json& report) {
    const ClaimCard card = Check(report, claim);
    CHECK(card.verdict == ClaimVerdict::kNotComparable);
    return card.reason;
  };
  Json report = ExampleReport();
  report["tasks"][0]["dataset"]["limit"] = 300;
  report["tasks"][0]["samples"]["total"] = 1500;
  CHECK_THAT(reason(report), test::Contains("part of the rows: 300 of 500"));
  report["tasks"][0]["dataset"].erase("limit");
  CHECK_THAT(reason(report), test::Contains("part of the rows: 300 of 500"));
  report = ExampleReport();
  report["tasks"][0]["dataset"]["shard"] = {{"index", 1}, {"count", 2}};
  CHECK_THAT(reason(report), test::Contains("part of the rows"));
  report = ExampleReport();
  claim.dataset_sha256 = {std::string(64, 'a')};
  CHECK_THAT(reason(report), test::Contains("other rows"));
  report["tasks"][0]["dataset"]["sha256"] = std::string(64, 'b');
  CHECK_THAT(reason(report), test::Contains("SHA-256 bbbbbbbbbbbb"));
  report["tasks"][0]["dataset"]["sha256"] = std::string(64, 'a');
  CHECK(Check(report, claim).verdict == ClaimVerdict::kReproduced);
  for (const Claim& known : EmbeddedClaims()) {
    if (known.task == "ifeval" || known.task == "math500" || known.task == "omniscience")
      CHECK_FALSE(known.dataset_sha256.empty());
    CHECK(known.judge == (known.task == "omniscience" ? "model" : ""));
  }
}

TEST_CASE("a model is named by its file, with nothing but the storage after the name") {
  const Claim claim = ExampleClaim("88.76");
  const auto is_model = [&](const std::string& path) {
    Json report = ExampleReport();
    report["model"]["path"] = path;
    return Check(report, claim).verdict != ClaimVerdict::kNotComparable;
  };
  for (const char* own : {"LFM2.5-8B-A1B", "LFM2.5-8B-A1B/", "/m/LFM2.5-8B-A1B-Q4_K_M.gguf", "lfm2.5_8b_a1b.f16.gguf",
                          "LFM2.5-8B-A1B-BF16-00001-of-00002.gguf", "x/LFM2.5-8B-A1B/model.safetensors",
                          "x/LFM2.5-8B-A1B/model-00001-of-00003.safetensors", "LFM2.5-8B-A1B-UD-Q4_K_XL.gguf"}) {
    INFO(own);
    CHECK(is_model(own));
  }
  for (const char* other : {"LFM2.5-8B-A1B-Base-Q4_0.gguf", "/LFM2.5-8B-A1B/LFM2-350M.gguf", "my-LFM2.5-8B-A1B.gguf",
                            "LFM2.5-8B-A1B-finetune.gguf", "LFM2.5-8B", "model.gguf", ""}) {
    INFO(other);
    CHECK_FALSE(is_model(other));
  }
  Json report = ExampleReport();
  report["model"]["general_name"] = "LFM2.5-1.2B";
  CHECK(Check(report, claim).verdict == ClaimVerdict::kNotComparable);
  CHECK_THAT(Check(report, claim).reason, test::Contains("another model: the weights call themselves LFM2.5-1.2B"));
  for (const char* nothing : {"Model", "model-00001-of-00002", "0123456789abcdef0123456789abcdef01234567", " "}) {
    report["model"]["general_name"] = nothing;  // then the file's name counts
    INFO(nothing);
    CHECK(Check(report, claim).verdict == ClaimVerdict::kReproduced);
  }
  report["model"]["general_name"] = "LFM2.5 8B A1B";
  report["model"]["path"] = "other.gguf";
  report["model"]["formats"] = Json::parse(R"([{"format": "Q4_0", "bytes": 9}, {"format": "F32", "bytes": 1}])");
  const ClaimCard card = Check(report, claim);
  CHECK(card.verdict == ClaimVerdict::kReproduced);
  CHECK_THAT(ToText(card), test::Contains("weight format (here Q4_0 + F32)"));
}

TEST_CASE("what cannot be compared, and why") {
  const Claim claim = ExampleClaim("88.76");
  const auto reason = [&](const Json& report, const ClaimOptions& options = {}) {
    const ClaimCard card = Check(report, claim, options);
    CHECK(card.verdict == ClaimVerdict::kNotComparable);
    return card.reason;
  };
  Json report = ExampleReport();
  CHECK_THAT(reason(report, {"LFM2-8B-A1B", 0.04, 20}), test::Contains("another model"));
  report["model"]["path"] = "LFM2-8B-A1B.gguf";
  // What was measured is shown all the same.
  const ClaimCard other = Check(report, claim);
  REQUIRE(other.measured.size() == 1);
  CHECK(other.measured[0].value == Approx(88));
  CHECK_THAT(ToText(other), test::Contains("accuracy 88.00 %, 95 % interval 86.00 to 90.00"));
  CHECK_THAT(ToText(other), test::Contains("NOT COMPARABLE: another model"));
  CHECK_THAT(reason(report), test::Contains("another model: LFM2-8B-A1B.gguf"));
  CHECK(Check(report, claim, {"lfm2.5-8B-A1B", 0.04, 20}).verdict == ClaimVerdict::kReproduced);
  report["model"] = {{"adapter", "replay"}, {"path", "LFM2.5-8B-A1B/completions.jsonl"}};
  CHECK_THAT(reason(report), test::Contains("do not name"));

  report = ExampleReport();
  report["tasks"][0]["dataset"] = {{"name", "sample"}, {"rows", 60}};
  CHECK_THAT(reason(report), test::Contains("other rows: sample has 60, the claim is about 500"));
  report["tasks"][0]["metrics"][0]["n"] = 0;
  CHECK_THAT(reason(report), test::Contains("no accuracy"));
  report["tasks"] = Json::array();
  CHECK_THAT(reason(report), test::Contains("math500 was not run"));
  for (const Json& odd : {Json(nullptr), Json(5), Json::array({1}), Json{{"tasks", 1}, {"model", 2}}}) reason(odd);
}

TEST_CASE("a speed of an evaluation needs the device, and has no interval") {
  Claim claim = ExampleClaim("146");
  claim.unit = "tok/s";
  claim.about = true;
  claim.task.clear();
  claim.measures = {"decode_tok_per_s"};
  claim.device = "AMD Ryzen AI Max+";
  Json report = ExampleReport();
  CHECK(Check(report, claim).verdict == ClaimVerdict::kReproduced);
  claim.value = ParsePrintedNumber("253", "test");
  CHECK(Check(report, claim).verdict == ClaimVerdict::kNotReproduced);
  report["settings"]["batch"] = 16;
  CHECK(Check(report, claim).differs.size() == 1);
  CHECK(Check(report, claim).verdict == ClaimVerdict::kNotComparable);  // sixteen texts at once are another load
  claim.device = "Apple M5 Max";
  CHECK_THAT(Check(report, claim).reason, test::Contains("another device: AMD RYZEN"));
  claim.device.clear();
  report["timings"].erase("decode_tok_per_s");
  CHECK_THAT(Check(report, claim).reason, test::Contains("not measured"));
}

TEST_CASE("an index has its own range") {
  Claim claim = ExampleClaim("-24.70");
  claim.unit = "index";
  Json report = ExampleReport();
  report["tasks"][0]["metrics"][0] = Json::parse(
      R"({"name": "accuracy", "value": -20.0, "ci95_low": -27.9, "ci95_high": -12.1, "n": 500, "range": [-100, 100]})");
  report["tasks"][0].erase("bounds");
  CHECK(Check(report, claim).verdict == ClaimVerdict::kReproduced);  // 7.9 of 200 is within 4 %
  CHECK(Check(report, claim, {"", 0.03, 20}).verdict == ClaimVerdict::kInconclusive);
}

}  // namespace
}  // namespace tidemark
