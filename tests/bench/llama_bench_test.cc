// llama-bench's JSON: files of several versions are read, foreign bytes get a clear complaint, and what we write we read again.
#include "bench/llama_bench.h"

#include <string>

#include "tests/support/catch.h"
#include "tests/support/complaint.h"

namespace tidemark {
namespace {

using test::Complaint;
using test::Contains;

const std::string kPrefill =
    R"({"build_commit": "8cf427ff", "backends": "CPU", "model_type": "lfm2moe 8B", "model_size": 1000, "n_threads": 2, "type_k": "f16",
        "n_prompt": 512, "n_gen": 0, "n_depth": 0, "avg_ts": 55.0, "samples_ts": [54, 56, 55]})";
const std::string kDecode = R"({"n_prompt": 0, "n_gen": 128, "avg_ts": 15.5})";  // before n_depth, and without samples

std::string OneLine(std::string text) {
  for (char& c : text) c = c == '\n' ? ' ' : c;
  return text;
}

SpeedResult TwoRows() {
  SpeedResult result;
  result.file_bytes = 1000;
  result.chunk = 512;
  result.model = {{"architecture", "lfm2moe"}, {"parameters", 8'000'000'000}};
  SpeedRow prefill;
  prefill.test = {SpeedKind::kPrefill, 512, 0, 0, 1};
  for (const double s : {1.0, 1.1, 0.9}) prefill.samples.push_back({s, 512, 0, s, {}});
  SpeedRow decode;
  decode.test = {SpeedKind::kDecode, 0, 128, 0, 1};
  for (const double s : {4.0, 4.2}) decode.samples.push_back({s, 0, 128, 0, {s / 2, s / 2}});
  SpeedRow batch = decode;
  batch.test.batch = 8;
  result.rows = {prefill, decode, batch};
  result.loaded.resize(1);
  return result;
}

std::vector<SpeedVariant> OneVariant() {
  SpeedVariant v;
  v.label = "naive, 2 threads";
  v.backend = "naive";
  v.threads = 2;
  v.kv_format = FindFormat("f16");
  return {v};
}

TEST_CASE("llama-bench's JSON and JSONL are read, with and without samples and depth") {
  const auto array = ParseLlamaBench("[" + kPrefill + "," + kDecode + "]", "peer.json");
  REQUIRE(array.size() == 2);
  CHECK(array[0].prompt == 512);
  CHECK(array[0].tok_per_s == std::vector<double>{54, 56, 55});
  CHECK(array[0].build == "8cf427ff");
  CHECK(array[1].generate == 128);
  CHECK(array[1].depth == 0);
  CHECK(array[1].tok_per_s == std::vector<double>{15.5});
  CHECK(ParseLlamaBench(OneLine(kPrefill) + "\n\n" + kDecode + "\n", "peer.jsonl").size() == 2);
}

TEST_CASE("what is not llama-bench's is refused with the place") {
  const auto complaint = [](const std::string& text) { return Complaint([&] { ParseLlamaBench(text, "peer.json"); }); };
  CHECK_THAT(complaint(""), Contains("0 entries"));
  CHECK_THAT(complaint("[]"), Contains("0 entries"));
  CHECK_THAT(complaint("[1]"), Contains("entry 0"));
  CHECK_THAT(complaint("[{}]"), Contains("n_prompt"));
  CHECK_THAT(complaint(R"([{"n_prompt": -1, "n_gen": 0}])"), Contains("n_prompt"));
  CHECK_THAT(complaint(R"([{"n_prompt": 1e300, "n_gen": 0}])"), Contains("a count"));
  CHECK_THAT(complaint(R"([{"n_prompt": 18446744073709551615, "n_gen": 0}])"), Contains("a count"));
  CHECK_THAT(complaint(R"([{"n_prompt": 0, "n_gen": 0, "avg_ts": 1}])"), Contains("at least one token"));
  CHECK_THAT(complaint(R"([{"n_prompt": 1, "n_gen": 0}])"), Contains("avg_ts"));
  CHECK_THAT(complaint(R"([{"n_prompt": 1, "n_gen": 0, "samples_ts": [0]}])"), Contains("above 0"));
  CHECK_THAT(complaint(R"([{"n_prompt": 1, "n_gen": 0, "samples_ts": []}])"), Contains("array of rates"));
  CHECK_THAT(complaint(R"([{"n_prompt": 1, "n_gen": 0, "avg_ts": 1e300}])"), Contains("1e12"));
  CHECK_THAT(complaint(R"([{"n_prompt": 1, "n_gen": 0, "n_seq": 0, "avg_ts": 1}])"), Contains("n_seq"));
  CHECK_THAT(complaint(kDecode + "\nnonsense"), Contains("line 2"));
  CHECK_THAT(complaint("[{\"n_prompt\": 1, \"n_gen\": 0, \"avg_ts\": \"\xff\"}]"), Contains("peer.json"));
}

TEST_CASE("what we write is what llama-bench would have written, and is read again") {
  const auto json = LlamaBenchJson(TwoRows(), OneVariant(), "model.gguf", DetectCpu());
  REQUIRE(json.size() == 2);  // a batch of 8 has no place in the format
  for (const char* field :
       {"build_commit", "build_number",   "cpu_info",  "gpu_info",   "backends",  "model_filename", "model_type",
        "model_size",   "model_n_params", "n_batch",   "n_ubatch",   "n_threads", "type_k",         "type_v",
        "n_gpu_layers", "use_mmap",       "n_prompt",  "n_gen",      "n_depth",   "test_time",      "avg_ns",
        "stddev_ns",    "avg_ts",         "stddev_ts", "samples_ns", "samples_ts"}) {
    INFO(field);
    CHECK(json[0].contains(field));
  }
  CHECK(json[0]["avg_ns"] == 1'000'000'000);
  CHECK(json[0]["stddev_ns"] == 100'000'000);
  CHECK(json[0]["samples_ns"].size() == 3);
  const auto entries = ParseLlamaBench(json.dump(), "ours");
  REQUIRE(entries.size() == 2);
  CHECK(entries[0].type_k == "f16");
  const auto pairs = SideBySideJson(TwoRows(), OneVariant(), entries);
  REQUIRE(pairs.size() == 2);
  CHECK(pairs[0]["ratio"]["value"].get<double>() == Approx(1));
  CHECK(pairs[1]["ratio"]["low"].get<double>() <= 1);
}

TEST_CASE("a peer's batch stands beside our batch of that size and nothing else") {
  const auto json = SideBySideJson(
      TwoRows(), OneVariant(),
      ParseLlamaBench(R"([{"n_prompt": 0, "n_gen": 128, "n_seq": 8, "avg_ts": 256}, {"n_prompt": 0, "n_gen": 128, "n_seq": 32,
                           "avg_ts": 300}])",
                      "peer.json"));
  REQUIRE(json.size() == 1);
  CHECK(json[0]["test"] == "decode 128 x 8");
}

TEST_CASE("the side-by-side table matches tests, warns of other weights, and says when nothing matches") {
  auto entries = ParseLlamaBench("[" + kPrefill + "," + kDecode + "]", "peer.json");
  const std::string table = SideBySide(TwoRows(), OneVariant(), entries);
  CHECK_THAT(table, Contains("prefill 512"));
  CHECK_THAT(table, Contains("9.31x"));  // 512 / 55
  CHECK_THAT(table, Contains("not measured in turn"));
  CHECK(table.find("same file?") == std::string::npos);
  entries[0].model_size = 2000;
  CHECK_THAT(SideBySide(TwoRows(), OneVariant(), entries), Contains("same file?"));
  CHECK(table.find("threads 2 /") == std::string::npos);
  entries[0].threads = 4;
  entries[0].type_k = "q8_0";
  CHECK_THAT(SideBySide(TwoRows(), OneVariant(), entries), Contains("threads 2 / 4, KV f16 / q8_0"));
  for (LlamaBenchEntry& e : entries) e.depth = 7;
  CHECK_THAT(SideBySide(TwoRows(), OneVariant(), entries), Contains("none of its tests"));
}

}  // namespace
}  // namespace tidemark
