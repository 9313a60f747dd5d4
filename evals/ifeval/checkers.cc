#include "evals/ifeval/checkers.h"

#include <algorithm>
#include <array>

#include "engine/core/error.h"
#include "engine/core/utf8.h"

namespace tidemark::ifeval {

int64_t Arguments::Integer(std::string_view name) const {
  const nlohmann::json& value = kwargs_.at(std::string(name));
  // Hub tables with empty cells turn integers into floats; validation has made sure that they are whole.
  return value.is_number_float() ? static_cast<int64_t>(value.get<double>()) : value.get<int64_t>();
}

std::u32string Arguments::Text(std::string_view name) const {
  return DecodeUtf8(kwargs_.at(std::string(name)).get_ref<const std::string&>());
}

std::vector<std::u32string> Arguments::TextList(std::string_view name) const {
  std::vector<std::u32string> texts;
  for (const nlohmann::json& item : kwargs_.at(std::string(name)))
    texts.push_back(DecodeUtf8(item.get_ref<const std::string&>()));
  return texts;
}

bool Arguments::Compare(int64_t count, std::string_view relation, std::string_view threshold) const {
  const int64_t limit = Integer(threshold);
  return kwargs_.at(std::string(relation)) == "less than" ? count < limit : count >= limit;
}

std::span<const Checker> AllCheckers() {
  using enum ArgumentKind;
  static const std::array<Checker, 25> checkers = {{
      {"keywords:existence", {{"keywords", kTextList}}, KeywordsExistence},
      {"keywords:frequency", {{"keyword", kText}, {"frequency", kCount}, {"relation", kRelation}}, KeywordsFrequency},
      {"keywords:forbidden_words", {{"forbidden_words", kTextList}}, KeywordsForbidden},
      {"keywords:letter_frequency",
       {{"letter", kCharacter}, {"let_frequency", kCount}, {"let_relation", kRelation}},
       LetterFrequency},
      {"language:response_language", {{"language", kText}}, ResponseLanguage},
      {"length_constraints:number_sentences", {{"num_sentences", kCount}, {"relation", kRelation}}, NumberSentences},
      {"length_constraints:number_words", {{"num_words", kCount}, {"relation", kRelation}}, NumberWords},
      {"length_constraints:number_paragraphs", {{"num_paragraphs", kCount}}, NumberParagraphs},
      {"length_constraints:nth_paragraph_first_word",
       {{"num_paragraphs", kOrdinal}, {"nth_paragraph", kOrdinal}, {"first_word", kText}},
       NthParagraphFirstWord},
      {"detectable_content:number_placeholders", {{"num_placeholders", kCount}}, NumberPlaceholders},
      {"detectable_content:postscript", {{"postscript_marker", kText}}, Postscript},
      {"detectable_format:number_bullet_lists", {{"num_bullets", kCount}}, NumberBulletLists},
      {"detectable_format:constrained_response", {}, ConstrainedResponse},
      {"detectable_format:number_highlighted_sections", {{"num_highlights", kCount}}, HighlightedSections},
      {"detectable_format:multiple_sections", {{"section_spliter", kText}, {"num_sections", kCount}}, MultipleSections},
      {"detectable_format:json_format", {}, JsonFormat},
      {"detectable_format:title", {}, Title},
      {"combination:two_responses", {}, TwoResponses},
      {"combination:repeat_prompt", {{"prompt_to_repeat", kText}}, RepeatPrompt},
      {"startend:end_checker", {{"end_phrase", kText}}, EndPhrase},
      {"startend:quotation", {}, Quotation},
      {"change_case:capital_word_frequency",
       {{"capital_frequency", kCount}, {"capital_relation", kRelation}},
       CapitalWordFrequency},
      {"change_case:english_capital", {}, EnglishCapital},
      {"change_case:english_lowercase", {}, EnglishLowercase},
      {"punctuation:no_comma", {}, NoComma},
  }};
  return checkers;
}

const Checker* FindChecker(std::string_view id) {
  const auto all = AllCheckers();
  const auto found = std::find_if(all.begin(), all.end(), [id](const Checker& c) { return c.id == id; });
  return found == all.end() ? nullptr : &*found;
}

}  // namespace tidemark::ifeval
