// One instruction of each kind (two where an argument changes the way), for tests that feed all checkers the same text.
#ifndef TIDEMARK_TESTS_IFEVAL_SAMPLE_INSTRUCTIONS_H_
#define TIDEMARK_TESTS_IFEVAL_SAMPLE_INSTRUCTIONS_H_

#include <vector>

#include "evals/ifeval/ifeval.h"

namespace tidemark::test {

inline std::vector<Instruction> SampleInstructions() {
  using nlohmann::json;
  const json none = json::object();
  return {
      {"keywords:existence", {{"keywords", {"river", "aab"}}}},
      {"keywords:frequency", {{"keyword", "aa"}, {"frequency", 3}, {"relation", "less than"}}},
      {"keywords:forbidden_words", {{"forbidden_words", {"stone", "a"}}}},
      {"keywords:letter_frequency", {{"letter", "E"}, {"let_frequency", 2}, {"let_relation", "at least"}}},
      {"language:response_language", {{"language", "fi"}}},
      {"length_constraints:number_sentences", {{"num_sentences", 1000000}, {"relation", "at least"}}},
      {"length_constraints:number_words", {{"num_words", 1000000}, {"relation", "at least"}}},
      {"length_constraints:number_paragraphs", {{"num_paragraphs", 3}}},
      {"length_constraints:nth_paragraph_first_word", {{"num_paragraphs", 3}, {"nth_paragraph", 2}, {"first_word", "then"}}},
      {"detectable_content:number_placeholders", {{"num_placeholders", 1000000}}},
      {"detectable_content:postscript", {{"postscript_marker", "P.S."}}},
      {"detectable_content:postscript", {{"postscript_marker", "P.P.S"}}},
      {"detectable_format:number_bullet_lists", {{"num_bullets", 3}}},
      {"detectable_format:constrained_response", none},
      {"detectable_format:number_highlighted_sections", {{"num_highlights", 1000000}}},
      {"detectable_format:multiple_sections", {{"section_spliter", "SECTION"}, {"num_sections", 1000000}}},
      {"detectable_format:json_format", none},
      {"detectable_format:title", none},
      {"combination:two_responses", none},
      {"combination:repeat_prompt", {{"prompt_to_repeat", "Repeat this."}}},
      {"startend:end_checker", {{"end_phrase", "The end."}}},
      {"startend:quotation", none},
      {"change_case:capital_word_frequency", {{"capital_frequency", 1000000}, {"capital_relation", "at least"}}},
      {"change_case:english_capital", none},
      {"change_case:english_lowercase", none},
      {"punctuation:no_comma", none},
  };
}

}  // namespace tidemark::test

#endif  // TIDEMARK_TESTS_IFEVAL_SAMPLE_INSTRUCTIONS_H_
