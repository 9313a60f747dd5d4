#include "evals/ifeval/summary.h"

#include <algorithm>

#include "engine/core/error.h"

namespace tidemark {
namespace {

void AddVerdict(StrictLoose& counts, bool strict, bool loose) {
  counts.strict.Add(strict);
  counts.loose.Add(loose);
}

}  // namespace

void IfevalSummary::Add(std::span<const Instruction> instructions, std::span<const InstructionVerdict> verdicts) {
  TM_CHECK(instructions.size() == verdicts.size(), "{} instructions, {} verdicts", instructions.size(), verdicts.size());
  for (size_t i = 0; i < instructions.size(); ++i) {
    const std::string& id = instructions[i].id;
    const auto [strict, loose] = verdicts[i];
    AddVerdict(instruction, strict, loose);
    AddVerdict(by_family[id.substr(0, id.find(':'))], strict, loose);
    AddVerdict(by_id[id], strict, loose);
  }
  AddVerdict(prompt, std::all_of(verdicts.begin(), verdicts.end(), [](const auto& v) { return v.strict; }),
             std::all_of(verdicts.begin(), verdicts.end(), [](const auto& v) { return v.loose; }));
}

double IfevalSummary::MeanOfFour() const {
  return (prompt.strict.Share() + prompt.loose.Share() + instruction.strict.Share() + instruction.loose.Share()) / 4;
}

}  // namespace tidemark
