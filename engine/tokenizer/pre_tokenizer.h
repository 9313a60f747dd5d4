// Splitting text into words before byte-pair merging.
//
// Published tokenizers give the split as a regular expression. The handful of expressions in use are written here as scanners:
// each alternative of the expression becomes a branch, tried in the same order, over real Unicode classes. A scanner is one row
// of the table in pre_tokenizer.cc, found by the name a GGUF file carries or by the exact text of the expression in
// tokenizer.json. An expression that is not in the table is an error, never approximated.
// Sources: openai/gpt-2 src/encoder.py; the Split pattern in tokenizer.json of Llama 3, LFM2 and Qwen2; names as in llama.cpp
// src/llama-vocab.cpp.
#ifndef TIDEMARK_ENGINE_TOKENIZER_PRE_TOKENIZER_H_
#define TIDEMARK_ENGINE_TOKENIZER_PRE_TOKENIZER_H_

#include <cstddef>
#include <span>
#include <string_view>

#include "engine/tokenizer/char_class.h"

namespace tidemark {

struct PreTokenizer {
  std::string_view name;  // of the class, for messages: "llama3"

  // End of the word that begins at pos. text is valid UTF-8, pos < text.size() is the start of a character; the result is > pos.
  size_t (*word_end)(const CharClassTable& classes, std::string_view text, size_t pos);

  std::span<const std::string_view> patterns;    // spellings of the expression that mean this split
  std::span<const std::string_view> gguf_names;  // tokenizer.ggml.pre
  // What a GGUF file leaves to the name: whole words before merges, BOS before raw prompts when the file is silent, NFC first.
  bool gguf_ignore_merges;
  bool gguf_add_bos;
  bool gguf_nfc;
};

std::span<const PreTokenizer> AllPreTokenizers();
// nullptr: unknown.
const PreTokenizer* FindPreTokenizerByGgufName(std::string_view name);
const PreTokenizer* FindPreTokenizerByPattern(std::string_view pattern);
// The GPT-2 split, built into HF's ByteLevel pre-tokenizer.
const PreTokenizer& Gpt2PreTokenizer();

}  // namespace tidemark

#endif  // TIDEMARK_ENGINE_TOKENIZER_PRE_TOKENIZER_H_
