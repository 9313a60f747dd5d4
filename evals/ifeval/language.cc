// Families "language" and "change_case".
#include "engine/core/utf8.h"
#include "evals/ifeval/checkers.h"
#include "evals/ifeval/python_text.h"
#include "evals/ifeval/word_tokens.h"

namespace tidemark::ifeval {
namespace {

// A text in which no language can be detected at all counts as followed.
bool IsLanguage(std::u32string_view text, std::string_view code, const IfevalTables& tables) {
  const std::string detected = tables.languages.Detect(text);
  return detected.empty() || detected == code;
}

}  // namespace

bool ResponseLanguage(std::u32string_view text, const Arguments& arguments, const IfevalTables& tables) {
  return IsLanguage(text, EncodeUtf8(arguments.Text("language")), tables);
}

bool EnglishCapital(std::u32string_view text, const Arguments&, const IfevalTables& tables) {
  return python::IsUpperText(text) && IsLanguage(text, "en", tables);
}

bool EnglishLowercase(std::u32string_view text, const Arguments&, const IfevalTables& tables) {
  return python::IsLowerText(text) && IsLanguage(text, "en", tables);
}

bool CapitalWordFrequency(std::u32string_view text, const Arguments& arguments, const IfevalTables& tables) {
  int64_t count = 0;
  for (std::u32string_view sentence : tables.punkt.Sentences(text)) {
    for (const std::u32string& word : WordTokens(sentence)) count += python::IsUpperText(word);
  }
  return arguments.Compare(count, "capital_relation", "capital_frequency");
}

}  // namespace tidemark::ifeval
