#include "evals/reasoning.h"

#include "tests/support/catch.h"

namespace tidemark {
namespace {

TEST_CASE("only what follows the last closing marker is the answer") {
  const Answer answer = StripReasoning("<think>a</think>b</think>\n\nc");
  CHECK(answer.text == "\n\nc");
  CHECK(answer.has_reasoning);
  CHECK_FALSE(answer.unclosed);
  CHECK(StripReasoning("no opening</think>x").text == "x");
  CHECK(StripReasoning("<think></think>").text.empty());
  CHECK_FALSE(StripReasoning("<think></think>").unclosed);
}

TEST_CASE("a trace that never closes leaves no answer") {
  const Answer answer = StripReasoning("<think>and so on");
  CHECK(answer.text.empty());
  CHECK(answer.unclosed);
  CHECK(StripReasoning("and so on", {}, true).unclosed);
  CHECK(StripReasoning("and so on", {}, true).text.empty());
}

TEST_CASE("without markers everything is the answer") {
  const Answer answer = StripReasoning("plain");
  CHECK(answer.text == "plain");
  CHECK_FALSE(answer.has_reasoning);
  CHECK_FALSE(answer.unclosed);
  CHECK(StripReasoning("").text.empty());
  CHECK_FALSE(StripReasoning("").unclosed);
}

TEST_CASE("the markers can be chosen") {
  const ReasoningMarkers markers{"[R]", "[/R]"};
  CHECK(StripReasoning("[R]x[/R]y<think>", markers).text == "y<think>");
  CHECK(StripReasoning("[R]x", markers).unclosed);
  CHECK(StripReasoning("<think>x", markers).text == "<think>x");
}

}  // namespace
}  // namespace tidemark
