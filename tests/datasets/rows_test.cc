#include "datasets/rows.h"

#include <fstream>
#include <set>

#include "datasets/fetch.h"
#include "datasets/manifest.h"
#include "engine/core/error.h"
#include "tests/support/catch.h"
#include "tests/support/paths.h"

namespace tidemark {
namespace {

std::string Complaint(std::string_view text, const RowLimits& limits = {}) {
  try {
    ParseJsonLines(text, "f", limits);
  } catch (const Error& e) {
    return e.what();
  }
  return "";
}

TEST_CASE("rows keep their line numbers over blank lines, CRLF and a byte-order mark") {
  const auto rows = ParseJsonLines("\xEF\xBB\xBF{\"a\":1}\r\n\n   \n{\"b\":[null]}", "f");
  REQUIRE(rows.size() == 2);
  CHECK(rows[0].line == 1);
  CHECK(rows[0].json["a"] == 1);
  CHECK(rows[1].line == 4);
  CHECK(ParseJsonLines("", "f").empty());
}

TEST_CASE("broken rows are refused with file and line") {
  CHECK_THAT(Complaint("{\"a\":1}\n{\"a\":"), test::Contains("f:2") && test::Contains("malformed JSON"));
  CHECK_THAT(Complaint("{\"a\":1} x"), test::Contains("f:1"));
  CHECK_THAT(Complaint("[1]"), test::Contains("an array"));
  CHECK_THAT(Complaint("17"), test::Contains("f:1"));
  CHECK_THAT(Complaint("{\"a\":\"\xFF\"}"), test::Contains("not UTF-8"));
  CHECK_THAT(Complaint("{\"a\":{\"b\":1,\"b\":2}}"), test::Contains("twice"));
  CHECK_THAT(Complaint("{\"a\":1}\n{\"a\":1}", {.max_rows = 1}), test::Contains("f:2"));
  CHECK_THAT(Complaint("{\"a\":\"" + std::string(100, 'x') + "\"}", {.max_line_bytes = 50}), test::Contains("at most 50 bytes"));
  const std::string deep = "{\"a\":" + std::string(100000, '[') + std::string(100000, ']') + "}";
  CHECK_THAT(Complaint(deep), test::Contains("nesting deeper than 64"));
  CHECK_THAT(Complaint("{\"a\":1e999}"), test::Contains("f:1"));
}

TEST_CASE("the embedded IFEval rows have the official shape and cover every instruction") {
  const Dataset dataset = LoadDataset("ifeval", "");
  CHECK(dataset.name == "sample:ifeval");
  CHECK(dataset.rows.size() == 20);
  std::set<std::string> ids;
  for (const DatasetRow& row : dataset.rows) {
    CHECK(row.json["key"].is_number_integer());
    CHECK(row.json["prompt"].is_string());
    CHECK(row.json["instruction_id_list"].size() == row.json["kwargs"].size());
    for (const auto& id : row.json["instruction_id_list"]) ids.insert(id.get<std::string>());
  }
  CHECK(ids.size() == 25);
  CHECK_THROWS_AS(LoadDataset("unheard_of", ""), Error);
  CHECK_THROWS_AS(LoadDataset("ifeval", "/nonexistent/rows.jsonl"), Error);
}

TEST_CASE("a file with the official bytes is recognised whatever its name") {
  const auto path = test::SharedData("ifeval/input_data.jsonl");
  if (!path) TM_SKIP("the official IFEval rows are not beside the checkout");
  const Dataset dataset = LoadDataset("ifeval", path->string());
  CHECK(dataset.name == "ifeval");
  CHECK(static_cast<int64_t>(dataset.rows.size()) == FindDataset("ifeval").rows);
}

TEST_CASE("the manifest is well formed and bad ones are refused") {
  CHECK(ListDatasets().size() == 4);
  for (const DatasetEntry& entry : ListDatasets()) CHECK(entry.url.substr(0, 8) == "https://");
  CHECK_THROWS_AS(FindDataset("ifevil"), Error);
  CHECK_THROWS_AS(ParseManifest("[", "m"), Error);
  CHECK_THROWS_AS(ParseManifest("{}", "m"), Error);
  CHECK_THROWS_AS(ParseManifest(R"({"datasets":[{"name":"x"}]})", "m"), Error);
}

}  // namespace
}  // namespace tidemark
