#include "evals/omniscience/grade.h"

namespace tidemark::omniscience {

std::string_view GradeLetter(Grade grade) {
  static constexpr std::string_view kLetters = "ABCD";
  return kLetters.substr(static_cast<size_t>(grade), 1);
}

std::string_view GradeName(Grade grade) {
  static constexpr std::string_view kNames[] = {"correct", "incorrect", "partial", "not_attempted"};
  return kNames[static_cast<size_t>(grade)];
}

std::optional<Grade> FindGrade(std::string_view letter) {
  for (const Grade grade : kGrades) {
    if (GradeLetter(grade) == letter) return grade;
  }
  return std::nullopt;
}

std::optional<Grade> ParseGrade(std::string_view reply) {
  constexpr std::string_view kSpace = " \t\r\n\v\f";
  const size_t last = reply.find_last_not_of(kSpace);
  if (last == reply.npos) return std::nullopt;
  reply = reply.substr(0, last + 1);
  const size_t line = reply.find_last_of("\r\n");
  if (line != reply.npos) reply.remove_prefix(line + 1);
  constexpr std::string_view kAround = " \t*_`\"'().";
  const size_t begin = reply.find_first_not_of(kAround);
  if (begin == reply.npos) return std::nullopt;
  return FindGrade(reply.substr(begin, reply.find_last_not_of(kAround) - begin + 1));
}

}  // namespace tidemark::omniscience
