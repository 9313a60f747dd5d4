#include "evals/ifeval/ifeval.h"

#include <algorithm>

#include "engine/core/utf8.h"
#include "evals/ifeval/checkers.h"
#include "evals/ifeval/python_text.h"

namespace tidemark {
namespace {

std::u32string WithoutAsterisks(std::u32string text) {
  std::erase(text, U'*');
  return text;
}

}  // namespace

std::vector<std::string_view> IfevalInstructionIds() {
  std::vector<std::string_view> ids;
  for (const ifeval::Checker& checker : ifeval::AllCheckers()) ids.push_back(checker.id);
  return ids;
}

std::vector<std::u32string> LooseVariants(std::u32string_view response) {
  // Without line i: what follows the first newline, or precedes the last one; one line leaves nothing.
  const size_t first = response.find(U'\n'), last = response.rfind(U'\n');
  std::u32string_view no_first, no_last, no_both;
  if (first != response.npos) {
    no_first = response.substr(first + 1);
    no_last = response.substr(0, last);
    if (first < last) no_both = response.substr(first + 1, last - first - 1);
  }
  std::vector<std::u32string> variants = {std::u32string(response), WithoutAsterisks(std::u32string(response))};
  for (std::u32string_view text : {no_first, no_last, no_both}) variants.emplace_back(python::Strip(text));
  for (size_t i = 2; i < 5; ++i) variants.push_back(WithoutAsterisks(variants[i]));
  return variants;
}

std::vector<InstructionVerdict> CheckIfeval(std::string_view response, std::span<const Instruction> instructions,
                                            const IfevalTables& tables) {
  std::vector<std::u32string> variants = LooseVariants(DecodeUtf8(response));
  const bool blank = python::IsBlank(variants[0]);
  // Equal and blank texts need no second look; the response itself stays first.
  for (size_t i = 1; i < variants.size();) {
    const bool useless =
        python::IsBlank(variants[i]) || std::find(variants.begin(), variants.begin() + i, variants[i]) != variants.begin() + i;
    useless ? void(variants.erase(variants.begin() + i)) : void(++i);
  }
  std::vector<InstructionVerdict> verdicts;
  for (const Instruction& instruction : instructions) {
    ValidateInstruction(instruction, "instruction " + std::to_string(verdicts.size() + 1));
    const ifeval::Checker& checker = *ifeval::FindChecker(instruction.id);
    const ifeval::Arguments arguments(instruction.kwargs);
    const auto follows = [&](const std::u32string& text) { return checker.follows(text, arguments, tables); };
    InstructionVerdict verdict;
    verdict.strict = !blank && follows(variants[0]);
    verdict.loose = verdict.strict || (!blank && std::any_of(variants.begin() + 1, variants.end(), follows));
    verdicts.push_back(verdict);
  }
  return verdicts;
}

}  // namespace tidemark
