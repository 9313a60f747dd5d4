// IFEval: does a response obey instructions a program can check? (Zhou et al. 2023, arXiv 2311.07911)
//
// Twenty-five kinds of instruction, each with one small checker. A response is judged twice: strictly, as it is; and loosely, on
// eight variants without asterisks, first line or last line, any of which may pass. Verdicts equal the reference
// implementation's (google-research instruction_following_eval) with NLTK 3.9.1 and langdetect 1.0.9 under a fixed seed.
#ifndef TIDEMARK_EVALS_IFEVAL_IFEVAL_H_
#define TIDEMARK_EVALS_IFEVAL_IFEVAL_H_

#include <nlohmann/json.hpp>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "evals/ifeval/tables.h"

namespace tidemark {

struct Instruction {
  std::string id;         // "keywords:existence"
  nlohmann::json kwargs;  // object; a null argument counts as absent (the hub's copy of the data has them all)
};

struct InstructionVerdict {
  bool strict = false;
  bool loose = false;  // never false where strict is true
};

// The ids of all checkers, in table order.
std::vector<std::string_view> IfevalInstructionIds();

// Throws Error if the id is unknown or an argument is missing, superfluous, of the wrong type or out of range: an instruction
// that cannot be checked must not pass silently. place: what the message names, such as "row 1000, instruction 2".
void ValidateInstruction(const Instruction& instruction, std::string_view place);

// The instructions of one dataset row, validated: "instruction_id_list" and "kwargs", one object per id. Throws Error.
std::vector<Instruction> ParseInstructions(const nlohmann::json& row, std::string_view place);

// One verdict per instruction, in order. response: UTF-8 (ill-formed bytes become U+FFFD), the reasoning trace already removed. A
// blank text follows nothing. Throws Error as ValidateInstruction does. Time grows linearly with the response.
std::vector<InstructionVerdict> CheckIfeval(std::string_view response, std::span<const Instruction> instructions,
                                            const IfevalTables& tables = EmbeddedIfevalTables());

// The texts a loose verdict looks at, in order: the response, without '*', then without first line, last line, both, then these
// three without '*'. Lines end at '\n'; what loses a line is also trimmed.
std::vector<std::u32string> LooseVariants(std::u32string_view response);

}  // namespace tidemark

#endif  // TIDEMARK_EVALS_IFEVAL_IFEVAL_H_
