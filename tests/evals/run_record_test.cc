#include "evals/run_record.h"

#include <sys/stat.h>

#include <fstream>

#include "engine/core/error.h"
#include "engine/core/file.h"
#include "engine/core/sha256.h"
#include "evals/models/file_hash.h"
#include "evals/settings.h"
#include "tests/support/catch.h"
#include "tests/support/paths.h"

namespace tidemark {
namespace {

using Json = nlohmann::ordered_json;

TEST_CASE("the digest is the hash of the canonical JSON, whatever the order of the members") {
  const Json parts = {{"tasks", {{"b", 0.1}, {"a", {1, -2}}}}, {"model", "m \xC3\xA9"}};
  const Json other = {{"model", "m \xC3\xA9"}, {"tasks", {{"a", {1, -2}}, {"b", 0.1}}}};
  CHECK(RunDigest(parts) == Sha256Hex("{\"model\":\"m \xC3\xA9\",\"tasks\":{\"a\":[1,-2],\"b\":0.1}}"));
  CHECK(RunDigest(parts) == RunDigest(other));
  CHECK(RunDigest(Json::parse(parts.dump())) == RunDigest(parts));
}

TEST_CASE("settings survive the way through JSON") {
  GenerateOptions options;
  options.sampling = {SamplerOrder::kLlamaCpp, 0.1, 5, 0.95, 0.05, 1.05, 64};
  options.max_new_tokens = 77;
  options.stop_strings = {"\n\n", "\xC3\xA9"};
  options.stop_ids = {2, 7};
  options.ignore_eos = true;
  options.seed = ~uint64_t{0};
  const Json json = SettingsToJson(options);
  CHECK(SettingsToJson(SettingsFromJson(Json::parse(json.dump()), "t")).dump() == json.dump());
  Json wrong = json;
  wrong["top_k"] = "many";
  CHECK_THROWS_AS(SettingsFromJson(wrong, "t"), Error);
  wrong.erase("top_k");
  CHECK_THROWS_AS(SettingsFromJson(wrong, "t"), Error);

  Task task;
  task.prompts = {{"plain", ""}, {"boxed", ""}};
  task.graders = {{"strict", ""}};
  const Json protocol = ProtocolToJson(task, {"card", "boxed", "", "", false});
  CHECK(protocol.dump() == R"({"name":"card","strip_reasoning":false,"prompt":"boxed","grader":"strict"})");
  CHECK(ProtocolToJson(task, ProtocolFromJson(protocol, "t")) == protocol);
  const Json extracted = ProtocolToJson(task, {"card", "boxed", "", "", false, true});
  CHECK(extracted["grade_extracted"] == true);
  CHECK(ProtocolToJson(task, ProtocolFromJson(extracted, "t")) == extracted);
}

TEST_CASE("shards are written I/N") {
  CHECK(ParseShard("3/8") == Shard{3, 8});
  CHECK(ParseShard("1/1").whole());
  for (const char* wrong : {"", "1", "1/", "/2", "0/2", "3/2", "1/2 ", "a/b", "-1/2", "1/0", "1/99999999999999999999"}) {
    CHECK_THROWS_AS(ParseShard(wrong), Error);
  }
}

TEST_CASE("changes are named, a few of them") {
  const Json was = {{"a", {{"x", 1}, {"y", "s"}}}, {"b", Json::array({1})}};
  CHECK(DescribeChanges(was, was).empty());
  Json is = was;
  is["a"]["x"] = 2;
  is.erase("b");
  is["c"] = true;
  CHECK(DescribeChanges(was, is) == "a/x is 2, was 1; b is absent, was [1]; c is true, was absent");
  Json many;
  for (int i = 0; i < 9; ++i) many[std::to_string(i)] = i;
  CHECK_THAT(DescribeChanges(Json::object(), many), test::Contains("; and 4 more"));
}

TEST_CASE("the hash of a large file is remembered until the file changes") {
  const test::TemporaryDirectory directory;
  const auto file = directory.path() / "model", cache = directory.path() / "cache";
  std::ofstream(file) << "weights";
  const std::string right = Sha256Hex("weights");
  CHECK(FileHash(file, cache, 1) == right);
  CHECK_FALSE(std::filesystem::exists(cache / "hashes"));  // it was changed a moment ago
  // An entry for the file as it is: written by hand, because a file that is old enough would take a test of seconds.
  struct stat s;
  REQUIRE(stat(file.c_str(), &s) == 0);
  const auto entry = cache / "hashes" / (Sha256Hex(file.string()).substr(0, 32) + ".json");
  std::filesystem::create_directories(entry.parent_path());
  const auto remember = [&](const std::string& hash) {
    const Json json = {{"stamp", fmt::format("{}:{}:{}:{}.{:09}:{}.{:09}", s.st_dev, s.st_ino, s.st_size, s.st_mtim.tv_sec,
                                             s.st_mtim.tv_nsec, s.st_ctim.tv_sec, s.st_ctim.tv_nsec)},
                       {"sha256", hash}};
    std::ofstream(entry) << json.dump();
  };
  const std::string remembered(64, 'a');
  remember(remembered);
  CHECK(FileHash(file, cache, 1) == remembered);
  CHECK(FileHash(file, cache, 1000) == right);
  remember("not a hash");
  CHECK(FileHash(file, cache, 1) == right);
  std::ofstream(entry) << "{\"stamp\": [";
  CHECK(FileHash(file, cache, 1) == right);
  remember(remembered);
  std::ofstream(file) << "changed";
  CHECK(FileHash(file, cache, 1) == Sha256Hex("changed"));
  CHECK_THROWS_AS(FileHash(directory.path() / "absent", cache, 1), Error);
}

}  // namespace
}  // namespace tidemark
