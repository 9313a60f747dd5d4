#include "evals/loops.h"

#include <chrono>
#include <string>

#include "engine/core/random.h"
#include "tests/support/catch.h"

namespace tidemark {
namespace {

std::string Times(const std::string& piece, int times) {
  std::string text;
  for (int i = 0; i < times; ++i) text += piece;
  return text;
}

// The definition, tried for every period.
size_t SlowPeriod(const std::string& text) {
  size_t best = 0, best_length = 0;
  for (size_t period = 1; kLoopTimes * period <= text.size(); ++period) {
    size_t length = period;
    while (length < text.size() && text[text.size() - 1 - length] == text[text.size() - 1 - length + period]) ++length;
    if (length >= std::max(kLoopBytes, kLoopTimes * period) && length > best_length) best = period, best_length = length;
  }
  return best;
}

TEST_CASE("loops are found, in every script and however they are cut") {
  const std::string pieces[] = {"a",
                                "ha ",
                                "the answer is 4. ",
                                "Wait, let me check that again.\n\n",
                                "\xE4\xBD\xA0\xE5\xA5\xBD\xEF\xBC\x8C\xE4\xB8\x96\xE7\x95\x8C\xE3\x80\x82",  // Chinese
                                "\xD9\x85\xD8\xB1\xD8\xAD\xD8\xA8\xD8\xA7 ",
                                "\xF0\x9F\x98\x80",  // Arabic, an emoji
                                std::string(300, 'x') + "a longer paragraph with a tail"};
  for (const std::string& piece : pieces) {
    const std::string text = "First a sentence that differs. " + Times(piece, static_cast<int>(600 / piece.size()) + 5);
    for (size_t cut = 0; cut < piece.size() && cut < 40; ++cut) {
      INFO("piece of " << piece.size() << " bytes, cut by " << cut);
      CHECK(FindLoop(text.substr(0, text.size() - cut)).period ==
            (piece == pieces[7] ? piece.size() : SlowPeriod(piece == "a" ? Times("a", 300) : Times(piece, 300))));
    }
    CHECK(FindLoop(text + "\xEF\xBF\xBD").length >= kLoopBytes);  // half a character became U+FFFD
  }
}

TEST_CASE("legitimate repetition is no loop") {
  std::string list, table, code;
  for (int i = 1; i <= 60; ++i) {
    list += std::to_string(i) + ". Take the egg and put it into the basket.\n";
    table += "| row " + std::to_string(i) + " | 0.0 | yes | yes | yes | no |\n";
    code += "  values[" + std::to_string(i) + "] = values[" + std::to_string(i) + "] + 1;\n";
  }
  const std::string refrain =
      "Row, row, row your boat,\nGently down the stream,\nMerrily, merrily, merrily, merrily,\nLife is but a dream.\n";
  const std::string texts[] = {"",
                               "a",
                               list,
                               table,
                               code,
                               "A poem\n" + refrain + "\nA verse between them.\n" + refrain + refrain + refrain,
                               "Title\n" + Times("=", 80) + "\n",
                               "| a | b |\n" + Times("| --- ", 8) + "|\n",
                               "He laughed: " + Times("ha ", 40),
                               "1/3 = 0." + Times("3", 200),
                               Times("loop ", 500) + "but then it ends with a sentence of its own."};
  for (const std::string& text : texts) CHECK(FindLoop(text).length == 0);
}

TEST_CASE("the linear search agrees with the definition") {
  uint64_t n = 0;
  for (int round = 0; round < 300; ++round) {
    const auto draw = [&](int below) { return static_cast<int>(UniformAt(1, 2, n++) * below); };
    std::string piece, text;
    for (int i = draw(90) + 1; i > 0; --i) piece += static_cast<char>('a' + draw(2));
    for (int i = draw(200); i > 0; --i) text += static_cast<char>('a' + draw(3));
    text += Times(piece, draw(12));
    text += piece.substr(0, static_cast<size_t>(draw(static_cast<int>(piece.size()))));
    INFO(text);
    const Repetition found = FindLoop(text);
    CHECK((found.length > 0) == (SlowPeriod(text) > 0));
    CHECK(found.period == SlowPeriod(text));
  }
}

TEST_CASE("a megabyte takes no more than moments") {
  const auto begin = std::chrono::steady_clock::now();
  CHECK(FindLoop(Times("a", 1 << 20)).length == 1 << 20);
  CHECK(FindLoop("b" + Times(Times("a", 500) + "b", 2000)).period == 501);
  CHECK(std::chrono::steady_clock::now() - begin < std::chrono::seconds(5));
}

TEST_CASE("only what ended at a limit can have ended in a loop") {
  Completion completion;
  completion.text = Times("again ", 100);
  for (const auto& [stop, loop] : {std::pair(StopReason::kLength, true), std::pair(StopReason::kContext, true),
                                   std::pair(StopReason::kEos, false), std::pair(StopReason::kStopString, false)}) {
    completion.stop = stop;
    CHECK(EndedInLoop(completion) == loop);
  }
}

}  // namespace
}  // namespace tidemark
