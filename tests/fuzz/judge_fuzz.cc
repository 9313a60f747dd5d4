// The match judge, the reader of judges' replies and the CSV reader: any bytes give a grade, none, or an Error.
#include <string>

#include "datasets/csv.h"
#include "engine/core/error.h"
#include "evals/omniscience/match.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace tidemark;  // NOLINT: a fuzz target
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (const auto grade = omniscience::ParseGrade(text); grade && omniscience::GradeLetter(*grade).size() != 1) __builtin_trap();
  try {
    ParseCsv(text, "fuzz", {.max_line_bytes = 4096, .max_rows = 1000});
  } catch (const Error&) {
  }
  // question, gold, alias and answer, one per line; the answer keeps its line ends.
  static constexpr const char* kKinds[] = {"", "name", "person", "number", "identifier", "date", "code"};
  omniscience::Gold gold;
  std::string_view rest = text;
  std::string alias;
  for (std::string* part : {&gold.question, &gold.answer, &alias}) {
    const size_t end = std::min(rest.find('\n'), rest.size());
    *part = rest.substr(0, std::min<size_t>(end, 300));
    rest.remove_prefix(std::min(rest.size(), end + 1));
  }
  gold.aliases = {alias};
  for (const char* kind : kKinds) {
    gold.kind = kind;
    if (omniscience::GradeByMatch(gold, rest).rule.empty()) __builtin_trap();
  }
  gold.digits = 3;
  gold.answerable = false;
  omniscience::GradeByMatch(gold, rest);
  return 0;
}
