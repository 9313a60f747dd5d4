// Text to token ids and back: byte-level BPE as GPT-2, Llama 3, Qwen 2 and LFM2 use it.
#ifndef TIDEMARK_ENGINE_TOKENIZER_TOKENIZER_H_
#define TIDEMARK_ENGINE_TOKENIZER_TOKENIZER_H_

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/core/token.h"
#include "engine/weights/weight_store.h"

namespace tidemark {

class Tokenizer {
 public:
  virtual ~Tokenizer() = default;

  // Throws Error: unknown model or pre-tokenizer, a merge whose parts do not resolve, malformed tokenizer.json.
  static std::unique_ptr<Tokenizer> Create(const TokenizerData& data);

  // Ids of text. parse_special: control tokens written out in the text become their ids (rendered chat templates); otherwise
  // they are plain text (user input). Never adds BOS. Invalid UTF-8 becomes U+FFFD first.
  virtual std::vector<TokenId> Encode(std::string_view text, bool parse_special) const = 0;

  // The bytes of one token; control tokens give "" unless print_special. Not necessarily whole characters.
  virtual std::string TokenBytes(TokenId id, bool print_special) const = 0;
  // All ids joined; invalid UTF-8 is kept as it is.
  std::string Decode(std::span<const TokenId> ids, bool print_special) const;

  virtual int64_t VocabSize() const = 0;  // ids [0, VocabSize()) are known here; the model may have more rows
  virtual bool IsControl(TokenId id) const = 0;
  virtual bool IsUsable(TokenId id) const = 0;  // false: padding row without a token string; masked when sampling
  virtual std::optional<TokenId> Find(std::string_view token) const = 0;  // exact token string ("<|im_end|>")
  virtual std::optional<TokenId> Bos() const = 0;
  virtual std::optional<TokenId> Eos() const = 0;
  virtual bool AddBos() const = 0;  // raw completion prompts begin with BOS
};

// Joins token bytes and hands out only whole UTF-8 characters, so that a stream never shows half of one.
class StreamingDecoder {
 public:
  explicit StreamingDecoder(const Tokenizer& tokenizer, bool print_special = false)
      : tokenizer_(&tokenizer), print_special_(print_special) {}
  std::string Add(TokenId id);  // characters completed by this token; may be empty
  std::string Finish();         // what is left, incomplete bytes as U+FFFD

 private:
  const Tokenizer* tokenizer_;
  bool print_special_;
  std::string pending_;
};

}  // namespace tidemark

#endif  // TIDEMARK_ENGINE_TOKENIZER_TOKENIZER_H_
