// The public interface: loose variants, validation, aggregation, the official rows, and behaviour under hostile texts.
#include "evals/ifeval/ifeval.h"

#include <chrono>
#include <fstream>

#include "engine/core/error.h"
#include "engine/core/utf8.h"
#include "evals/ifeval/summary.h"
#include "tests/ifeval/sample_instructions.h"
#include "tests/support/catch.h"
#include "tests/support/paths.h"

namespace tidemark {
namespace {

using nlohmann::json;

InstructionVerdict Check(std::string_view response, const std::string& id, const json& kwargs) {
  const Instruction instruction{id, kwargs};
  return CheckIfeval(response, {&instruction, 1})[0];
}

TEST_CASE("loose variants drop asterisks and outer lines") {
  const auto variants = LooseVariants(U" *a*\nb\n *c ");
  const std::vector<std::u32string> expected = {U" *a*\nb\n *c ", U" a\nb\n c ", U"b\n *c", U"*a*\nb", U"b",
                                                U"b\n c",         U"a\nb",       U"b"};
  CHECK(variants == expected);
  const auto one_line = LooseVariants(U"*x*");
  CHECK(one_line == std::vector<std::u32string>{U"*x*", U"x", U"", U"", U"", U"", U"", U""});
  CHECK(LooseVariants(U"a\nb")[4].empty());
}

TEST_CASE("loose accepts what only a variant follows") {
  const InstructionVerdict verdict = Check("Sure, here you go:\n\"quoted\"", "startend:quotation", json::object());
  CHECK_FALSE(verdict.strict);
  CHECK(verdict.loose);
}

TEST_CASE("a blank response follows nothing") {
  for (const char* blank : {"", " ", "\n\n", "\xE3\x80\x80", "\x1C\xC2\x85"}) {
    for (const Instruction& instruction : test::SampleInstructions()) {
      const InstructionVerdict verdict = CheckIfeval(blank, {&instruction, 1})[0];
      CHECK_FALSE(verdict.strict);
      CHECK_FALSE(verdict.loose);
    }
  }
}

TEST_CASE("only asterisks: strict sees text, the variants see none") {
  CHECK(Check("***", "punctuation:no_comma", json::object()).strict);
  CHECK_FALSE(Check("***", "detectable_format:title", json::object()).loose);
}

TEST_CASE("letter_frequency counts characters that are no letters literally") {
  const json hashes = {{"letter", "#"}, {"let_frequency", 4}, {"let_relation", "at least"}};
  CHECK(Check("#a #b ##", "keywords:letter_frequency", hashes).strict);
  CHECK_FALSE(Check("#a #b #", "keywords:letter_frequency", hashes).strict);
}

TEST_CASE("unknown ids and bad arguments fail closed") {
  const auto fails = [](const std::string& id, const json& kwargs) {
    CHECK_THROWS_AS(ValidateInstruction({id, kwargs}, "row 7"), Error);
    const Instruction instruction{id, kwargs};
    CHECK_THROWS_AS(CheckIfeval("text", {&instruction, 1}), Error);
  };
  fails("keywords:everything", json::object());
  fails("", json::object());
  fails("punctuation:no_comma", json::array());
  fails("punctuation:no_comma", {{"surprise", 1}});
  fails("keywords:existence", json::object());
  fails("keywords:existence", {{"keywords", json::array()}});
  fails("keywords:existence", {{"keywords", "word"}});
  fails("keywords:existence", {{"keywords", {"a", ""}}});
  fails("keywords:existence", {{"keywords", {"a", 3}}});
  fails("keywords:letter_frequency", {{"letter", "ab"}, {"let_frequency", 1}, {"let_relation", "at least"}});
  fails("length_constraints:number_words", {{"num_words", 5}, {"relation", "at most"}});
  fails("length_constraints:number_words", {{"num_words", 5}, {"relation", nullptr}});
  fails("length_constraints:number_words", {{"num_words", -5}, {"relation", "at least"}});
  fails("length_constraints:number_words", {{"num_words", 5.5}, {"relation", "at least"}});
  fails("length_constraints:number_words", {{"num_words", "5"}, {"relation", "at least"}});
  fails("length_constraints:nth_paragraph_first_word", {{"num_paragraphs", 2}, {"nth_paragraph", 3}, {"first_word", "a"}});
  fails("startend:end_checker", {{"end_phrase", "  "}});
  try {
    ValidateInstruction({"keywords:frequency", {{"keyword", "a"}, {"frequency", true}, {"relation", "at least"}}}, "row 1000");
    FAIL("no error");
  } catch (const Error& error) {
    CHECK_THAT(error.what(),
               test::Contains("row 1000") && test::Contains("keywords:frequency") && test::Contains("frequency = true"));
  }
}

TEST_CASE("nulls of the hub's copy are dropped, whole floats are integers") {
  const json row = {{"instruction_id_list", {"length_constraints:number_words"}},
                    {"kwargs", {{{"num_words", 2.0}, {"relation", "at least"}, {"keywords", nullptr}}}}};
  const auto instructions = ParseInstructions(row, "row 1");
  REQUIRE(instructions.size() == 1);
  CHECK(instructions[0].kwargs.size() == 2);
  CHECK(CheckIfeval("two words", instructions)[0].strict);
  CHECK_FALSE(CheckIfeval("one", instructions)[0].strict);
  CHECK_THROWS_AS(ParseInstructions({{"instruction_id_list", {"punctuation:no_comma"}}, {"kwargs", json::array()}}, "row"),
                  Error);
  CHECK_THROWS_AS(ParseInstructions({{"kwargs", json::array()}}, "row"), Error);
  CHECK_THROWS_AS(ParseInstructions(json::array(), "row"), Error);
}

TEST_CASE("the summary counts prompts, instructions, families and ids") {
  const Instruction comma{"punctuation:no_comma", json::object()}, quote{"startend:quotation", json::object()};
  IfevalSummary summary;
  CHECK(summary.MeanOfFour() == 0);
  summary.Add(std::vector{comma, quote}, std::vector<InstructionVerdict>{{true, true}, {false, true}});
  summary.Add(std::vector{comma, comma}, std::vector<InstructionVerdict>{{true, true}, {true, true}});
  CHECK(summary.prompt.strict.Share() == 0.5);
  CHECK(summary.prompt.loose.Share() == 1.0);
  CHECK(summary.instruction.strict.followed == 3);
  CHECK(summary.instruction.strict.total == 4);
  CHECK(summary.by_id.at("punctuation:no_comma").strict.total == 3);
  CHECK(summary.by_family.at("startend").loose.followed == 1);
  CHECK(summary.MeanOfFour() == (0.5 + 1.0 + 0.75 + 1.0) / 4);
}

TEST_CASE("the official rows are valid and scored in well under a second") {
  const auto path = test::SharedData("ifeval/input_data.jsonl");
  if (!path) TM_SKIP("official IFEval rows (input_data.jsonl) are not here; set TIDEMARK_DATA");
  std::ifstream in(*path);
  IfevalSummary summary;
  std::string response;
  for (int i = 0; i < 40; ++i) response += "This is *sentence* number " + std::to_string(i) + ", written by Dr. Jones.\n";
  const auto start = std::chrono::steady_clock::now();
  for (std::string line; std::getline(in, line);) {
    const json row = json::parse(line);
    const auto instructions = ParseInstructions(row, "row " + row["key"].dump());
    summary.Add(instructions, CheckIfeval(response, instructions));
  }
  const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
  CHECK(summary.prompt.strict.total == 541);
  CHECK(summary.instruction.strict.total == 834);
  CHECK(summary.by_family.size() == 9);
  CHECK(summary.by_id.size() == 25);
  WARN("541 rows scored in " << seconds.count() << " s");
  CHECK(seconds.count() < 20);  // a quadratic step would take far longer, a sanitizer build stays below
}

// Texts on which a backtracking matcher, or a scan that starts over, takes quadratic time.
TEST_CASE("hostile responses take linear time") {
  const char* units[] = {"*",
                         "[",
                         "<",
                         ".",
                         ". ",
                         "!",
                         "-",
                         "\n",
                         " ",
                         "'",
                         "\"",
                         "`",
                         "a",
                         "A",
                         "@",
                         "a@",
                         "http",
                         "{",
                         "[1,",
                         "***",
                         "* \n",
                         "** a",
                         "<<a",
                         "a.",
                         "P.",
                         "\xCE\xA3",
                         "\xCC\x87",
                         "\xCE\xA3\xCC\x87",
                         "\xE3\x80\x80",
                         "a\xE3\x80\x80.",
                         "SECTION ",
                         "\xFF",
                         "A.B. ",
                         "n't",
                         "'t ",
                         "cannot",
                         "1,",
                         "-.",
                         "x.) "};
  std::vector<Instruction> instructions = test::SampleInstructions();
  for (const char* unit : units) {
    std::string response;
    while (response.size() < 80000) response += unit;
    const auto start = std::chrono::steady_clock::now();
    CheckIfeval(response, instructions);
    CheckIfeval("x\n" + response + "\ny.", instructions);
    const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
    INFO("unit " << Printable(unit) << ": " << seconds.count() << " s");
    CHECK(seconds.count() < 15);
  }
}

}  // namespace
}  // namespace tidemark
