// What `speed` plans, refuses, computes from samples, writes and reads again; and one real run on the shipped model.
#include "bench/speed.h"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <string>

#include "backends/backends.h"
#include "bench/active_bytes.h"
#include "bench/child.h"
#include "bench/page_cache.h"
#include "bench/speed_report.h"
#include "engine/model/models.h"
#include "tests/support/catch.h"
#include "tests/support/complaint.h"
#include "tests/support/paths.h"

namespace tidemark {
namespace {

using test::Complaint;
using test::Contains;

std::filesystem::path TinyModel() {
  return std::filesystem::path(TIDEMARK_SOURCE_DIR) / "models" / "tidemark-tiny" / "model.gguf";
}

SpeedVariant Variant(const std::string& backend, int threads, const char* kv = "f32") {
  SpeedVariant v;
  v.label = backend;
  v.backend = backend;
  v.precision = "exact";
  v.load.cpu = DetectCpu();
  v.load.backends = ParseBackendList(backend, v.load.cpu);
  v.threads = threads;
  v.kv_format = FindFormat(kv);
  return v;
}

SpeedOptions Quick() {
  SpeedOptions options;
  options.prompts = {9};
  options.generate = 3;
  options.depths = {0, 5};
  options.batches = {1, 2};
  options.repetitions = 2;
  options.chunk = 4;
  options.mixed_chunk = 4;
  options.peaks = {int64_t{1} << 20, 0.002};
  return options;
}

TEST_CASE("the plan crosses depths with prompts and batches, and names say what was measured") {
  SpeedOptions options = Quick();
  std::vector<std::string> names;
  for (const SpeedTest& test : PlanTests(options)) names.push_back(test.Name());
  CHECK(names == std::vector<std::string>{"prefill 9", "decode 3", "decode 3 x 2", "mixed 9 + 1", "mixed 9 + 2", "prefill 9 at 5",
                                          "decode 3 at 5", "decode 3 x 2 at 5", "mixed 9 + 1 at 5", "mixed 9 + 2 at 5"});
  options.prompts = {0};
  CHECK(PlanTests(options).size() == 4);
  options.generate = 0;
  CHECK(PlanTests(options).empty());
}

TEST_CASE("histories that do not fit are refused before anything is allocated") {
  const auto store = WeightStore::Open(TinyModel());
  SpeedOptions options = Quick();
  const std::vector<SpeedVariant> variants = {Variant("naive", 1)};
  CHECK(Complaint([&] { RefuseWhatDoesNotFit(store->Config(), options, variants, int64_t{1} << 30); }).empty());
  options.depths = {1 << 24};
  options.batches = {1024};
  const std::string complaint = Complaint([&] { RefuseWhatDoesNotFit(store->Config(), options, variants, int64_t{1} << 30); });
  CHECK_THAT(complaint, Contains("1024 sequences of 16777219 positions"));
  CHECK_THAT(complaint, Contains("at most 1.0 GiB"));
  CHECK(Complaint([&] { RefuseWhatDoesNotFit(store->Config(), options, variants, 0); }).empty());  // not known
}

TEST_CASE("active bytes are the stored tensors, experts counted by use") {
  const auto store = WeightStore::Open(TinyModel());
  const ModelConfig& c = store->Config();
  const ActiveWeights w = CountActiveWeights(*store);
  int64_t tensors = 0;
  for (const TensorInfo& tensor : store->Tensors()) tensors += tensor.bytes;
  // All experts, everything dense and the tied head: the whole file, up to small tensors that are stored in other formats.
  const double all = BytesPerStep(w, static_cast<double>(c.num_experts));
  CHECK(all == Approx(static_cast<double>(tensors)).epsilon(0.02));
  const double one = BytesPerStep(w, static_cast<double>(c.num_experts_per_tok));
  CHECK(one < all);
  CHECK(w.flops_per_token > 0);
  CHECK(ExpectedExperts(c, 1) == Approx(static_cast<double>(c.num_experts_per_tok)));
  CHECK(ExpectedExperts(c, 1000) == Approx(static_cast<double>(c.num_experts)));
}

TEST_CASE("a run measures every test of every variant in turn") {
  SpeedOptions options = Quick();
  options.ledger = true;
  options.sustained_seconds = 0.02;
  std::vector<std::string> progress;
  options.progress = [&](const std::string& line) { progress.push_back(line); };
  const std::vector<SpeedVariant> variants = {Variant("naive", 1), Variant("naive", 2, "f16")};
  const SpeedResult result = MeasureSpeed(TinyModel(), variants, options);
  REQUIRE(result.rows.size() == 20);
  CHECK_FALSE(result.interrupted);
  CHECK_FALSE(progress.empty());
  for (const SpeedRow& row : result.rows) {
    INFO(row.test.Name());
    CHECK(row.samples.size() == 2);
    for (const SpeedSample& s : row.samples) {
      CHECK(s.seconds > 0);
      CHECK(s.prefill_tokens == (row.test.kind == SpeedKind::kDecode ? 0 : 9));
      CHECK(s.decode_tokens == (row.test.kind == SpeedKind::kPrefill ? 0 : row.test.batch * 3));  // 3 steps, or 3 chunks of 4
      CHECK((s.time_to_first_token_seconds > 0) == (row.test.kind != SpeedKind::kDecode));
    }
    if (row.test.kind == SpeedKind::kDecode) CHECK(row.experts_per_layer >= 1);
    CHECK((RatioToFirst(result, row).n == 2) == (row.variant == 1));
    if (row.test.kind != SpeedKind::kMixed) CHECK(ShareOfLimit(result, variants, row) > 0);
  }
  REQUIRE(result.loaded.size() == 2);
  CHECK(result.loaded[0].loads.size() == 1);
  CHECK(result.loaded[1].loads.empty());  // the same packed model
  CHECK(result.loaded[0].peak_bytes > 0);
  CHECK(result.loaded[0].kv_bytes == 2 * result.loaded[1].kv_bytes);
  CHECK(result.peaks.size() == 2);
  REQUIRE(result.ledgers.size() == 4);
  CHECK(result.sustained.size() == 4);
  for (const Ledger& ledger : result.ledgers) {
    double sum = 0;
    for (const LedgerLine& line : ledger.lines) sum += line.run_seconds;
    CHECK(sum == Approx(ledger.token_seconds).epsilon(0.05));
  }
  const auto ledger = SpeedJson(result, variants, options)["ledgers"][0];
  const auto alone = ledger["micro_benchmarks"];
  CHECK(alone["sum_seconds"].get<double>() > 0);
  CHECK(alone["remainder_seconds"].get<double>() ==
        Approx(ledger["token_seconds"].get<double>() - alone["sum_seconds"].get<double>()));
  CHECK(ledger["lines"].back()["name"] == "sampling");
  CHECK(ledger["lines"].back().contains("micro_benchmark_seconds_per_token"));
  const std::string text = SpeedMarkdown(result, variants, "tiny");
  for (const char* part :
       {"decode 3 x 2 at 5", "of reading", "ratio to the first", "load to first token", "remainder", "sustained"})
    CHECK_THAT(text, Contains(part));
}

TEST_CASE("a variant is compared with the limit of its own threads and instruction sets") {
  SpeedVariant wide = Variant("naive", 2), narrow = wide;
  narrow.isa = "avx2";
  SpeedResult result;
  result.model = nlohmann::ordered_json::object();
  result.file_bytes = 1;
  result.loaded.resize(2);
  result.peaks.resize(2);
  for (size_t v = 0; v < 2; ++v) {
    result.loaded[v].shares = {{.backend = "x", .precision = Precision::kInt8, .stored_bytes = 1}};
    result.peaks[v].threads = 2;
    result.peaks[v].isa = v == 0 ? "" : "avx2";
    result.peaks[v].int8_ops = {v == 0 ? "amx" : "avx2", v == 0 ? 1e12 : 1e11};
    SpeedRow row;
    row.test = {SpeedKind::kPrefill, 10, 0, 0, 1};
    row.variant = v;
    row.flops_per_token = 1e9;
    row.samples.push_back({1, 50, 0, 1, {}});
    result.rows.push_back(row);
  }
  CHECK(ShareOfLimit(result, {wide, narrow}, result.rows[0]) == Approx(0.05));
  CHECK(ShareOfLimit(result, {wide, narrow}, result.rows[1]) == Approx(0.5));
  const std::string text = SpeedMarkdown(result, {wide, narrow}, "tiny");
  CHECK_THAT(text, Contains("5 % of int8 arithmetic (amx)"));
  CHECK_THAT(text, Contains("50 % of int8 arithmetic (avx2)"));
  CHECK_THAT(text, Contains("| 1x "));  // the ratio of one pair has no interval
  SpeedOptions options;
  CHECK(SpeedJson(result, {wide, narrow}, options)["rows"][1]["limit"]["isa"] == "avx2");
}

TEST_CASE("the JSON of one variant is read again, and repetitions of several processes add up") {
  SpeedOptions options = Quick();
  options.repetitions = 1;
  options.limits = false;
  const std::vector<SpeedVariant> variants = {Variant("naive", 1)};
  const SpeedResult one = MeasureSpeed(TinyModel(), variants, options);
  const auto json = SpeedJson(one, variants, options);
  const SpeedResult read = ParseSpeedJson(json);
  REQUIRE(read.rows.size() == one.rows.size());
  CHECK(read.rows[1].samples[0].step_seconds == one.rows[1].samples[0].step_seconds);
  CHECK(read.rows[1].test == one.rows[1].test);
  SpeedResult all;
  for (int r = 0; r < 2; ++r) {
    MergeRepetition(read, 0, all);
    MergeRepetition(read, 1, all);
  }
  REQUIRE(all.rows.size() == 2 * one.rows.size());
  for (size_t i = 0; i < all.rows.size(); ++i) {
    CHECK(all.rows[i].variant == i % 2);
    CHECK(all.rows[i].test == one.rows[i / 2].test);
    CHECK(all.rows[i].samples.size() == 2);
  }
  CHECK(RatioToFirst(all, all.rows[1]).value == 1);
  CHECK(all.loaded[1].loads.size() == 2);
  CHECK_THAT(Complaint([] { ParseSpeedJson({{"rows", 1}}); }), Contains("tidemark-speed"));
  auto bad = json;
  bad["rows"][0]["samples"] = "none";
  CHECK_THAT(Complaint([&] { ParseSpeedJson(bad); }), Contains("tidemark-speed"));
}

TEST_CASE("a cancelled run keeps what it has and says so") {
  SpeedOptions options = Quick();
  std::atomic<bool> cancel = false;
  options.cancel = &cancel;
  options.progress = [&](const std::string& line) {
    if (line.find("test 2 of") != std::string::npos) cancel = true;
  };
  const std::vector<SpeedVariant> variants = {Variant("naive", 1)};
  const SpeedResult result = MeasureSpeed(TinyModel(), variants, options);
  CHECK(result.interrupted);
  REQUIRE(result.rows.size() == 1);
  CHECK(result.rows[0].test.kind == SpeedKind::kPrefill);
  CHECK_THAT(SpeedMarkdown(result, variants, "tiny"), Contains("interrupted"));
}

TEST_CASE("a synthetic history takes the same steps as one made by prefill") {
  SpeedOptions options = Quick();
  options.depths = {70};
  options.limits = false;
  options.mixed = false;
  for (const DepthFill fill : {DepthFill::kPrefill, DepthFill::kSynthetic}) {
    options.fill = fill;
    const SpeedResult result = MeasureSpeed(TinyModel(), {Variant("naive", 2, "f16")}, options);
    REQUIRE(result.rows.size() == 3);
    const bool said = std::any_of(result.notes.begin(), result.notes.end(),
                                  [](const std::string& note) { return note.find("synthetic") != std::string::npos; });
    CHECK(said == (fill == DepthFill::kSynthetic));
  }
}

TEST_CASE("the page cache tells how much of a file it holds") {
  const test::TemporaryDirectory directory;
  CHECK(CachedShare({directory.path() / "absent"}) == -1);
  const double share = CachedShare({TinyModel()});
  CHECK(share >= 0);
  CHECK(share <= 1);
  DropFromPageCache({TinyModel(), directory.path() / "absent"});
}

TEST_CASE("columns of a Markdown table line up") {
  CHECK(MarkdownTable({"a", "bb"}, {{"ccc", "d"}}) == "| a   | bb |\n|-----|----|\n| ccc | d  |\n");
}

}  // namespace
}  // namespace tidemark
