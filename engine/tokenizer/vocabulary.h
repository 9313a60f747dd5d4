// What a tokenizer file says, whatever its form: the two readers produce it, BpeTokenizer is built from it.
#ifndef TIDEMARK_ENGINE_TOKENIZER_VOCABULARY_H_
#define TIDEMARK_ENGINE_TOKENIZER_VOCABULARY_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/core/token.h"
#include "engine/tokenizer/pre_tokenizer.h"
#include "engine/weights/weight_store.h"

namespace tidemark {

enum class TokenKind : uint8_t {
  kUnused,       // no token string: a padding row or a hole in the numbering
  kModel,        // of the byte-pair model: spelled byte by byte, made by merges
  kUserDefined,  // always matched in the text before the split
  kControl,      // matched before the split only where special tokens are parsed
};

struct VocabularyToken {
  std::string bytes;  // what it decodes to
  TokenKind kind = TokenKind::kUnused;
  bool in_model = false;  // bytes may be reached by merges (an added token can be of the model as well)
};

// A token matched as a literal before the split, with the flags of tokenizer.json.
struct AddedToken {
  std::string content;
  TokenId id = 0;
  bool special = false;
  bool single_word = false;  // only where no word character stands on either side
  bool lstrip = false;       // takes the white space before it along
  bool rstrip = false;       // takes the white space after it along
  bool normalized = false;   // matched after normalisation, in its normalised form
};

// Two neighbours that become one token; the rank is the position in the list.
struct Merge {
  TokenId left, right, merged;
};

struct Vocabulary {
  std::vector<VocabularyToken> tokens;  // [V] by id
  std::vector<AddedToken> added;
  std::vector<Merge> merges;
  const PreTokenizer* split = nullptr;  // nullptr: each text between added tokens is one word
  bool ignore_merges = false;           // a word that is a token is that token, whatever the merges make of it
  bool add_prefix_space = false;
  bool nfc = false;  // text is normalised to NFC first
  bool add_bos = false;
  std::optional<TokenId> bos, eos;
};

// Throw Error: key, found, expected.
Vocabulary ReadGgufVocabulary(const TokenizerData& data);
Vocabulary ReadJsonVocabulary(const TokenizerData& data);

// Largest vocabulary accepted; four times the largest published one.
inline constexpr size_t kMaxVocabulary = size_t{1} << 20;

// Exact byte strings of the model's tokens -> id: open addressing over a power of two, at most half full.
class WordMap {
 public:
  // tokens must outlive the map and keep its size; ids with in_model are entered, the first of equal strings wins.
  explicit WordMap(const std::vector<VocabularyToken>& tokens);
  TokenId Find(std::string_view bytes) const;  // -1: none

 private:
  struct Slot {
    uint32_t hash;
    TokenId id;  // -1: empty
  };
  const std::vector<VocabularyToken>& tokens_;
  std::vector<Slot> slots_;
};

// Resolves merges written as spellings ("Ġt", "he") against the model's tokens.
class MergeReader {
 public:
  explicit MergeReader(const std::vector<VocabularyToken>& tokens) : words_(tokens) {}
  // index: rank, for the message. Throws Error if a part or the joined token is not of the vocabulary.
  Merge Resolve(std::string_view left, std::string_view right, size_t index) const;
  // "left right"
  Merge ResolvePair(std::string_view line, size_t index) const;

 private:
  WordMap words_;
};

}  // namespace tidemark

#endif  // TIDEMARK_ENGINE_TOKENIZER_VOCABULARY_H_
