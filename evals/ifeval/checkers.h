// The table of checkers: one function and one row per instruction id. Only this folder includes it.
//
// A checker gets one variant of the response, which is never blank, and arguments that have been validated against its row, so
// it can read them without doubt. Matching is by hand instead of regular expressions: linear in the text whatever the input.
#ifndef TIDEMARK_EVALS_IFEVAL_CHECKERS_H_
#define TIDEMARK_EVALS_IFEVAL_CHECKERS_H_

#include <cstdint>
#include <nlohmann/json.hpp>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "evals/ifeval/tables.h"

namespace tidemark::ifeval {

// What an argument must be. kCount: integer >= 0; kOrdinal: integer >= 1; kRelation: "less than" or "at least"; kText: string
// that is not blank; kTextList: array of at least one kText; kCharacter: string of one code point.
enum class ArgumentKind { kCount, kOrdinal, kRelation, kText, kTextList, kCharacter };

struct ArgumentSpec {
  std::string_view name;
  ArgumentKind kind;
};

// Validated arguments of one instruction.
class Arguments {
 public:
  explicit Arguments(const nlohmann::json& kwargs) : kwargs_(kwargs) {}
  int64_t Integer(std::string_view name) const;
  std::u32string Text(std::string_view name) const;
  std::vector<std::u32string> TextList(std::string_view name) const;
  // Does count stand in the relation named `relation` to the number named `threshold`?
  bool Compare(int64_t count, std::string_view relation, std::string_view threshold) const;

 private:
  const nlohmann::json& kwargs_;
};

struct Checker {
  std::string_view id;
  std::vector<ArgumentSpec> arguments;
  bool (*follows)(std::u32string_view text, const Arguments& arguments, const IfevalTables& tables);
};

std::span<const Checker> AllCheckers();
const Checker* FindChecker(std::string_view id);  // nullptr: unknown

// keywords.cc
bool KeywordsExistence(std::u32string_view text, const Arguments& arguments, const IfevalTables& tables);
bool KeywordsFrequency(std::u32string_view text, const Arguments& arguments, const IfevalTables& tables);
bool KeywordsForbidden(std::u32string_view text, const Arguments& arguments, const IfevalTables& tables);
bool LetterFrequency(std::u32string_view text, const Arguments& arguments, const IfevalTables& tables);
// length.cc
bool NumberSentences(std::u32string_view text, const Arguments& arguments, const IfevalTables& tables);
bool NumberWords(std::u32string_view text, const Arguments& arguments, const IfevalTables& tables);
bool NumberParagraphs(std::u32string_view text, const Arguments& arguments, const IfevalTables& tables);
bool NthParagraphFirstWord(std::u32string_view text, const Arguments& arguments, const IfevalTables& tables);
// content.cc
bool NumberPlaceholders(std::u32string_view text, const Arguments& arguments, const IfevalTables& tables);
bool Postscript(std::u32string_view text, const Arguments& arguments, const IfevalTables& tables);
bool TwoResponses(std::u32string_view text, const Arguments& arguments, const IfevalTables& tables);
bool RepeatPrompt(std::u32string_view text, const Arguments& arguments, const IfevalTables& tables);
bool EndPhrase(std::u32string_view text, const Arguments& arguments, const IfevalTables& tables);
bool Quotation(std::u32string_view text, const Arguments& arguments, const IfevalTables& tables);
bool NoComma(std::u32string_view text, const Arguments& arguments, const IfevalTables& tables);
// format.cc
bool NumberBulletLists(std::u32string_view text, const Arguments& arguments, const IfevalTables& tables);
bool ConstrainedResponse(std::u32string_view text, const Arguments& arguments, const IfevalTables& tables);
bool HighlightedSections(std::u32string_view text, const Arguments& arguments, const IfevalTables& tables);
bool MultipleSections(std::u32string_view text, const Arguments& arguments, const IfevalTables& tables);
bool JsonFormat(std::u32string_view text, const Arguments& arguments, const IfevalTables& tables);
bool Title(std::u32string_view text, const Arguments& arguments, const IfevalTables& tables);
// language.cc
bool ResponseLanguage(std::u32string_view text, const Arguments& arguments, const IfevalTables& tables);
bool EnglishCapital(std::u32string_view text, const Arguments& arguments, const IfevalTables& tables);
bool EnglishLowercase(std::u32string_view text, const Arguments& arguments, const IfevalTables& tables);
bool CapitalWordFrequency(std::u32string_view text, const Arguments& arguments, const IfevalTables& tables);

}  // namespace tidemark::ifeval

#endif  // TIDEMARK_EVALS_IFEVAL_CHECKERS_H_
