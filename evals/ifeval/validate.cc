// Arguments against the checker's row: fail closed. Other ports of this benchmark passed unknown ids silently.
#include <algorithm>
#include <cmath>

#include "engine/core/error.h"
#include "engine/core/utf8.h"
#include "evals/ifeval/checkers.h"
#include "evals/ifeval/ifeval.h"
#include "evals/ifeval/python_text.h"

namespace tidemark {
namespace {

using ifeval::ArgumentKind;
using ifeval::ArgumentSpec;
using nlohmann::json;

bool IsText(const json& value) { return value.is_string() && !python::IsBlank(DecodeUtf8(value.get_ref<const std::string&>())); }

bool IsInteger(const json& value, double least) {
  if (!value.is_number()) return false;
  const double number = value.get<double>();
  return std::floor(number) == number && number >= least && number <= 1e9;
}

bool HasKind(const json& value, ArgumentKind kind) {
  switch (kind) {
    case ArgumentKind::kCount:
      return IsInteger(value, 0);
    case ArgumentKind::kOrdinal:
      return IsInteger(value, 1);
    case ArgumentKind::kRelation:
      return value == "less than" || value == "at least";
    case ArgumentKind::kText:
      return IsText(value);
    case ArgumentKind::kTextList:
      return value.is_array() && !value.empty() && std::all_of(value.begin(), value.end(), IsText);
    case ArgumentKind::kCharacter:
      return value.is_string() && DecodeUtf8(value.get_ref<const std::string&>()).size() == 1;
  }
  return false;
}

std::string_view Expectation(ArgumentKind kind) {
  switch (kind) {
    case ArgumentKind::kCount:
      return "an integer from 0 to 1000000000";
    case ArgumentKind::kOrdinal:
      return "an integer from 1 to 1000000000";
    case ArgumentKind::kRelation:
      return "\"less than\" or \"at least\"";
    case ArgumentKind::kText:
      return "a string that is not blank";
    case ArgumentKind::kTextList:
      return "a list of strings that are not blank";
    case ArgumentKind::kCharacter:
      return "a string of one character";
  }
  return "";
}

std::string Shown(const json& value) { return Printable(value.dump(-1, ' ', false, json::error_handler_t::replace)); }

void ValidateArgument(const json& kwargs, const ArgumentSpec& spec, const std::string& place) {
  const auto found = kwargs.find(std::string(spec.name));
  const std::string expected(Expectation(spec.kind));
  if (found == kwargs.end() || found->is_null())
    throw Error(place, "no argument " + std::string(spec.name), expected,
                "compare with a row of the set that comes with the program: `tidemark datasets`");
  if (!HasKind(*found, spec.kind))
    throw Error(place, std::string(spec.name) + " = " + Shown(*found), expected,
                "compare with a row of the set that comes with the program: `tidemark datasets`");
}

}  // namespace

void ValidateInstruction(const Instruction& instruction, std::string_view place) {
  const ifeval::Checker* checker = ifeval::FindChecker(instruction.id);
  const std::string where = std::string(place) + " (" + Printable(instruction.id) + ")";
  if (checker == nullptr)
    throw Error(where, "an unknown instruction id", "one of the 25 ids of IFEval",
                "compare with a row of the set that comes with the program: `tidemark datasets`");
  if (!instruction.kwargs.is_object())
    throw Error(where, "arguments " + Shown(instruction.kwargs), "an object",
                "compare with a row of the set that comes with the program: `tidemark datasets`");
  for (const ArgumentSpec& spec : checker->arguments) ValidateArgument(instruction.kwargs, spec, where);
  for (const auto& [name, value] : instruction.kwargs.items()) {
    const auto named = [&name = name](const ArgumentSpec& spec) { return spec.name == name; };
    const bool known = std::any_of(checker->arguments.begin(), checker->arguments.end(), named);
    if (!known && !value.is_null())
      throw Error(where, "an argument " + Printable(name), "only those the instruction takes",
                  "compare with a row of the set that comes with the program: `tidemark datasets`");
  }
  // The reference would silently pick a random paragraph.
  if (instruction.id == "length_constraints:nth_paragraph_first_word" &&
      instruction.kwargs["nth_paragraph"].get<double>() > instruction.kwargs["num_paragraphs"].get<double>()) {
    throw Error(where, "nth_paragraph above num_paragraphs", "at most num_paragraphs",
                "compare with a row of the set that comes with the program: `tidemark datasets`");
  }
}

std::vector<Instruction> ParseInstructions(const json& row, std::string_view place) {
  const std::string where(place);
  if (!row.is_object())
    throw Error(where, Shown(row), "an object", "compare with a row of the set that comes with the program: `tidemark datasets`");
  const json ids = row.value("instruction_id_list", json()), kwargs = row.value("kwargs", json());
  if (!ids.is_array() || ids.empty())
    throw Error(where, "no instruction_id_list", "a list of at least one id",
                "compare with a row of the set that comes with the program: `tidemark datasets`");
  if (!kwargs.is_array() || kwargs.size() != ids.size()) {
    throw Error(where, "kwargs that do not match instruction_id_list", "one object for each id",
                "compare with a row of the set that comes with the program: `tidemark datasets`");
  }
  std::vector<Instruction> instructions;
  for (size_t i = 0; i < ids.size(); ++i) {
    const std::string part = where + ", instruction " + std::to_string(i + 1);
    if (!ids[i].is_string())
      throw Error(part, Shown(ids[i]), "an id as a string",
                  "compare with a row of the set that comes with the program: `tidemark datasets`");
    Instruction instruction{ids[i].get<std::string>(), kwargs[i]};
    if (instruction.kwargs.is_object()) {
      for (auto it = instruction.kwargs.begin(); it != instruction.kwargs.end();) {
        it = it->is_null() ? instruction.kwargs.erase(it) : std::next(it);
      }
    }
    ValidateInstruction(instruction, part);
    instructions.push_back(std::move(instruction));
  }
  return instructions;
}

}  // namespace tidemark
