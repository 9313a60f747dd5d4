// The sections of tokenizer.json around the model: normalizer, pre_tokenizer, post_processor, decoder.
#ifndef TIDEMARK_ENGINE_TOKENIZER_PIPELINE_JSON_H_
#define TIDEMARK_ENGINE_TOKENIZER_PIPELINE_JSON_H_

#include <optional>

#include "engine/core/token.h"
#include "engine/tokenizer/json_access.h"
#include "engine/tokenizer/pre_tokenizer.h"

namespace tidemark {

struct Pipeline {
  const PreTokenizer* split = nullptr;  // nullptr: ByteLevel without its expression, nothing is split
  bool add_prefix_space = false;
  bool nfc = false;
  bool has_template = false;            // a TemplateProcessing says whether BOS is added
  std::optional<TokenId> template_bos;  // the token it puts first; its range is not checked here
};

// root: the whole tokenizer.json. Throws Error for every stage, option or expression that is not byte-level BPE as GPT-2, Llama
// 3, Qwen 2 and LFM2 use it.
Pipeline ReadPipeline(const Json& root);

}  // namespace tidemark

#endif  // TIDEMARK_ENGINE_TOKENIZER_PIPELINE_JSON_H_
