// The figures of an IFEval run: four accuracies, and shares per family and per instruction id.
#ifndef TIDEMARK_EVALS_IFEVAL_SUMMARY_H_
#define TIDEMARK_EVALS_IFEVAL_SUMMARY_H_

#include <cstdint>
#include <map>
#include <span>
#include <string>

#include "evals/ifeval/ifeval.h"

namespace tidemark {

// followed out of total. Share: 0 for an empty one, so that every reported number is finite.
struct FollowedCount {
  int64_t followed = 0;
  int64_t total = 0;

  void Add(bool follows) { followed += follows, ++total; }
  double Share() const { return total == 0 ? 0.0 : static_cast<double>(followed) / static_cast<double>(total); }
};

struct StrictLoose {
  FollowedCount strict, loose;
};

struct IfevalSummary {
  StrictLoose prompt;                            // prompts with all instructions followed
  StrictLoose instruction;                       // single instructions; an id listed twice counts twice
  std::map<std::string, StrictLoose> by_family;  // part of the id before the colon, 9 of them in the data
  std::map<std::string, StrictLoose> by_id;

  // One row of the data set. Both spans have the same length.
  void Add(std::span<const Instruction> instructions, std::span<const InstructionVerdict> verdicts);

  // Mean of the four accuracies, the blend that some harnesses print. Never to be shown without its parts.
  double MeanOfFour() const;
};

}  // namespace tidemark

#endif  // TIDEMARK_EVALS_IFEVAL_SUMMARY_H_
