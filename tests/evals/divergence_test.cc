// Divergence of logits: figures against sums done by hand, intervals against their definitions, blocks of tokens, files of
// logits.
#include "evals/divergence.h"

#include <cmath>
#include <cstring>
#include <limits>

#include "engine/core/error.h"
#include "engine/core/file.h"
#include "evals/logits_file.h"
#include "evals/token_blocks.h"
#include "reports/distributions.h"
#include "tests/support/catch.h"
#include "tests/support/paths.h"

namespace tidemark::test {
namespace {

float Log(double x) { return static_cast<float>(std::log(x)); }

TEST_CASE("divergence of a position is the sum by hand") {
  const std::vector<float> p = {Log(0.5), Log(0.25), Log(0.25)}, q = {Log(0.25), Log(0.5), Log(0.25)};
  const PositionDivergence d = Diverge(p, q, 2);
  CHECK_THAT(d.kl, Catch::Matchers::WithinAbs(0.5 * std::log(2) - 0.25 * std::log(2), 1e-7));
  CHECK_FALSE(d.same_top);
  CHECK_THAT(d.reference_nll, Catch::Matchers::WithinAbs(std::log(4), 1e-6));
  CHECK_THAT(d.tested_nll, Catch::Matchers::WithinAbs(std::log(4), 1e-6));
}

TEST_CASE("divergence ignores a shift of all logits, is 0 for equal ones and never negative") {
  const std::vector<float> p = {1, 2, 3, -40}, shifted = {101, 102, 103, 60};
  CHECK(Diverge(p, p, 0).kl == 0);
  CHECK(Diverge(p, shifted, 0).kl >= 0);
  CHECK(Diverge(p, shifted, 0).kl < 1e-12);
  CHECK(Diverge(p, shifted, 1).same_top);
  const std::vector<float> huge = {1e4f, -1e4f}, other = {-1e4f, 1e4f};
  CHECK_THAT(Diverge(huge, other, 0).kl, Catch::Matchers::WithinRel(2e4, 1e-6));
  CHECK(Diverge(std::vector<float>{2, 2, 1}, std::vector<float>{3, 1, 1}, 0).same_top);  // a tie: the lowest id
}

TEST_CASE("the summary of positions in blocks") {
  DivergenceTally tally;
  tally.BeginBlock();
  tally.Add({0.1, true, 1, 1.5});
  tally.Add({0.3, false, 1, 1.5});
  tally.BeginBlock();  // nothing counts in it
  tally.BeginBlock();
  tally.Add({0.2, true, 2, 2.5});
  const DivergenceSummary s = tally.Summary();
  CHECK(s.blocks == 2);
  CHECK(s.positions == 3);
  CHECK_THAT(s.mean_kl, Catch::Matchers::WithinAbs(0.2, 1e-12));
  CHECK_THAT(s.median_kl, Catch::Matchers::WithinAbs(0.2, 1e-12));
  CHECK(s.max_kl == 0.3);
  CHECK_THAT(s.p99_kl, Catch::Matchers::WithinAbs(0.298, 1e-9));
  CHECK_THAT(s.agreement, Catch::Matchers::WithinAbs(2.0 / 3, 1e-12));
  CHECK(s.agreement_interval.low < 0.6);
  CHECK(s.agreement_interval.high > 0.7);
  REQUIRE(s.mean_kl_interval);
  CHECK_THAT(s.mean_kl_interval->low, Catch::Matchers::WithinAbs(0.2, 1e-9));  // both blocks have the same mean
  CHECK_THAT(s.reference_perplexity, Catch::Matchers::WithinRel(std::exp(4.0 / 3), 1e-12));
  CHECK_THAT(s.tested_perplexity, Catch::Matchers::WithinRel(std::exp(5.5 / 3), 1e-12));
  CHECK(ToJson(s).at("kl_nats").at("mean_interval").size() == 2);
}

TEST_CASE("blocks of one position give Student's interval of the mean; one block gives none") {
  DivergenceTally tally;
  const std::vector<double> values = {1, 2, 4, 9};
  for (const double value : values) {
    tally.BeginBlock();
    tally.Add({value, true, 0, 0});
  }
  const DivergenceSummary s = tally.Summary();
  const double variance = (9.0 + 4 + 0 + 25) / 3, half = StudentQuantile(0.975, 3) * std::sqrt(variance / 4);
  CHECK(s.mean_kl == 4);
  CHECK_THAT(s.mean_kl_interval->high, Catch::Matchers::WithinRel(4 + half, 1e-12));
  CHECK(s.mean_kl_interval->low == 0);  // 4 - half is below
  DivergenceTally one;
  one.BeginBlock();
  one.Add({0.5, true, 0, 0});
  CHECK_FALSE(one.Summary().mean_kl_interval);
  CHECK(ToJson(one.Summary()).at("kl_nats").at("mean_interval").is_null());
}

TEST_CASE("the difference of two sides is paired by block") {
  DivergenceTally a, b;
  const std::vector<double> text = {1, 20, 300}, more = {0.1, 0.2, 0.3};  // blocks differ far more than sides
  for (size_t i = 0; i < text.size(); ++i) {
    for (DivergenceTally* side : {&a, &b}) side->BeginBlock();
    a.Add({text[i] + more[i], true, 0, 0});
    b.Add({text[i], true, 0, 0});
  }
  const KlDifference d = a.Minus(b);
  CHECK_THAT(d.mean, Catch::Matchers::WithinAbs(0.2, 1e-9));
  const double half = StudentQuantile(0.975, 2) * 0.1 / std::sqrt(3);
  CHECK_THAT(d.interval->low, Catch::Matchers::WithinAbs(0.2 - half, 1e-9));
  CHECK_THAT(d.interval->high, Catch::Matchers::WithinAbs(0.2 + half, 1e-9));
  CHECK_THAT(b.Minus(a).mean, Catch::Matchers::WithinAbs(-0.2, 1e-9));
}

TEST_CASE("token blocks: what is read, what is refused, and back again") {
  const auto blocks = ParseTokenBlocks("1 2 3\n\n  4\t5 | 6\r\n7 | 8 9", "t", 10);
  REQUIRE(blocks.size() == 3);
  CHECK(blocks[0].ids == std::vector<TokenId>{1, 2, 3});
  CHECK(blocks[0].first_target == 1);
  CHECK(blocks[1].first_target == 2);
  CHECK(blocks[2].first_target == 1);
  CHECK(FormatTokenBlocks(blocks) == "1 2 3\n4 5 | 6\n7 8 9\n");
  const std::vector<std::pair<std::string, std::string>> wrong = {{"", "no token ids"},
                                                                  {"\n \n", "no token ids"},
                                                                  {"1\n", "1 token"},
                                                                  {"1 10\n", "\"10\""},
                                                                  {"1 -2\n", "\"-2\""},
                                                                  {"1 2x\n", "\"2x\""},
                                                                  {"1 2\n| 1 2\n", "line 2"},
                                                                  {"1 | 2 | 3\n", "wrong place"},
                                                                  {"1 2 |\n", "behind the last"},
                                                                  {"1 99999999999\n", "99999999999"}};
  for (const auto& [text, message] : wrong) {
    INFO(text);
    CHECK_THROWS_WITH(ParseTokenBlocks(text, "t", 10), Contains(message));
  }
}

TEST_CASE("a text is cut into blocks that each begin with BOS") {
  const std::vector<TokenId> ids = {1, 2, 3, 4, 5};
  const auto with = CutIntoBlocks(ids, 9, 3);
  REQUIRE(with.size() == 3);
  CHECK(with[0].ids == std::vector<TokenId>{9, 1, 2});
  CHECK(with[2].ids == std::vector<TokenId>{9, 5});
  const auto without = CutIntoBlocks(ids, std::nullopt, 2);
  REQUIRE(without.size() == 2);  // the fifth token has no next one
  CHECK(without[1].ids == std::vector<TokenId>{3, 4});
  CHECK(CutIntoBlocks({}, 9, 2).empty());
}

TEST_CASE("a file of logits is read as it was written") {
  const TemporaryDirectory directory;
  const auto path = directory.path() / "logits";
  const std::vector<TokenId> first = {3, 1}, second = {2};
  const std::vector<float> a = {1, 2, 3, 4, 5, 6, 7, 8}, b = {-1, 0, 1, 2};
  {
    LogitsWriter writer(path, 4, 2);
    writer.Add(first, a);
    writer.Add(second, b);
    writer.Finish();
  }
  const MappedFile file(path);
  const LogitsReader reader(file.bytes(), "logits");
  CHECK(reader.vocab() == 4);
  REQUIRE(reader.blocks() == 2);
  CHECK(reader.Ids(0) == first);
  CHECK(reader.Logits(0) == a);
  CHECK(reader.Ids(1) == second);
  CHECK(reader.Logits(1) == b);
  CHECK_THROWS_AS(LogitsWriter("/nowhere/at/all", 4, 1), Error);
}

TEST_CASE("a file of logits that was not finished is not left behind") {
  const TemporaryDirectory directory;
  const auto path = directory.path() / "logits";
  { LogitsWriter writer(path, 4, 2); }
  CHECK(std::filesystem::is_empty(directory.path()));
}

TEST_CASE("a file of logits is replaced only when the new one is whole, also while it is being read") {
  const TemporaryDirectory directory;
  const auto path = directory.path() / "logits";
  const std::vector<TokenId> ids = {3};
  const std::vector<float> before = {1, 2, 3, 4}, after = {5, 6, 7, 8};
  {
    LogitsWriter writer(path, 4, 1);
    writer.Add(ids, before);
    writer.Finish();
  }
  const MappedFile mapped(path);
  const LogitsReader reader(mapped.bytes(), "logits");
  {
    LogitsWriter writer(path, 4, 1);
    writer.Add(ids, after);
  }
  CHECK(LogitsReader(MappedFile(path).bytes(), "logits").blocks() == 1);
  CHECK(reader.Logits(0) == before);
  {
    LogitsWriter writer(path, 4, 1);
    writer.Add(ids, after);
    writer.Finish();
  }
  CHECK(reader.Logits(0) == before);
  const MappedFile now(path);
  CHECK(LogitsReader(now.bytes(), "logits").Logits(0) == after);
}

TEST_CASE("broken files of logits are refused at every cut and for every hostile size") {
  std::string good("TMLOGIT1");
  const auto word = [](uint32_t value) {
    std::string bytes(4, 0);
    std::memcpy(bytes.data(), &value, 4);
    return bytes;
  };
  const std::string row = word(0) + word(0);
  const auto read = [](const std::string& bytes) {
    const LogitsReader reader(std::as_bytes(std::span(bytes)), "f");
    for (size_t b = 0; b < reader.blocks(); ++b) (void)reader.Logits(b);
  };
  const std::string whole = good + word(2) + word(2) + word(1) + word(7) + row + word(1) + word(8) + row;
  CHECK_NOTHROW(read(whole));
  for (size_t cut = 0; cut < whole.size(); ++cut) {
    INFO(cut);
    CHECK_THROWS_AS(read(whole.substr(0, cut)), Error);
  }
  CHECK_THROWS_WITH(read(whole + "x"), Contains("behind the last block"));
  CHECK_THROWS_WITH(read(good + word(0) + word(1) + word(1) + word(0)), Contains("at least one of each"));
  CHECK_THROWS_WITH(read(good + word(2) + word(0)), Contains("at least one of each"));
  CHECK_THROWS_WITH(read(good + word(2) + word(1) + word(0)), Contains("without tokens"));
  CHECK_THROWS_AS(read(good + word(~0u) + word(~0u) + word(~0u) + row), Error);
  const float bad = std::numeric_limits<float>::quiet_NaN();
  std::string nan(4, 0);
  std::memcpy(nan.data(), &bad, 4);
  CHECK_THROWS_WITH(read(good + word(2) + word(1) + word(1) + word(0) + word(0) + nan), Contains("finite"));
}

}  // namespace
}  // namespace tidemark::test
