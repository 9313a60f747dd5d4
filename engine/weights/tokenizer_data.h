// TokenizerData from the two places it lives in: GGUF keys, and the JSON files beside safetensors.
#ifndef TIDEMARK_ENGINE_WEIGHTS_TOKENIZER_DATA_H_
#define TIDEMARK_ENGINE_WEIGHTS_TOKENIZER_DATA_H_

#include <cstdint>

#include "engine/weights/gguf_file.h"
#include "engine/weights/stored_model.h"
#include "engine/weights/weight_store.h"

namespace tidemark {

// The tokenizer.* keys. Checked: lengths of the parallel arrays, special ids inside the vocabulary, and for byte-level BPE that
// the result and both halves of every merge are tokens; merges that cannot apply because a longer half is no token are left out.
// Model "no_vocab" or no model key: Kind::kNone. Works on vocabulary-only files of any architecture. Throws Error.
TokenizerData GgufTokenizer(const GgufFile& file);

// tokenizer.json and tokenizer_config.json are passed on as text (the tokenizer interprets them). Read here: the chat template
// (chat_template.jinja, else the key of tokenizer_config.json), add_bos_token, and the special ids, the first source that has
// the id winning: generation_config.json, config.json, the token strings of tokenizer_config.json. A list of end tokens gives
// eos_id and extra_eos_ids. Ids must lie in [0, vocab_size). Throws Error.
TokenizerData HfTokenizer(const HfTexts& texts, int64_t vocab_size);

}  // namespace tidemark

#endif  // TIDEMARK_ENGINE_WEIGHTS_TOKENIZER_DATA_H_
