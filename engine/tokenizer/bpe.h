// Byte-pair merging of one word: of all neighbouring pairs that merge, the one of lowest rank (leftmost on ties) merges next,
// until none is left. Sennrich et al. 2016, "Neural Machine Translation of Rare Words with Subword Units", section 3.2, on bytes.
//
// Three paths with the same result. A word that is a token of its own is one lookup: valid at once with ignore_merges, otherwise
// for those tokens that their own bytes merge to, which is worked out once. Short words keep the ranks of all pairs in an array
// and scan it for the minimum. Long words use a heap over a linked list, O(n log n), so that a megabyte without a break is no
// trap.
#ifndef TIDEMARK_ENGINE_TOKENIZER_BPE_H_
#define TIDEMARK_ENGINE_TOKENIZER_BPE_H_

#include <array>
#include <cstdint>
#include <string_view>
#include <vector>

#include "engine/tokenizer/vocabulary.h"

namespace tidemark {

class BytePairEncoder {
 public:
  // tokens must outlive the encoder.
  BytePairEncoder(const std::vector<VocabularyToken>& tokens, const std::vector<Merge>& merges, bool ignore_merges);

  // Appends the ids of a word of at least one byte. Throws Error if a byte has no token.
  void Append(std::string_view word, std::vector<TokenId>& ids) const;
  // The same by merging alone: the plain scan in O(n^2), and the heap in O(n log n). For tests, and parts of Append.
  void AppendByScan(std::string_view word, std::vector<TokenId>& ids) const;
  void AppendByHeap(std::string_view word, std::vector<TokenId>& ids) const;

  TokenId FindToken(std::string_view bytes) const { return words_.Find(bytes); }  // -1: none

 private:
  struct PairSlot {
    uint64_t key;   // left << 32 | right
    uint32_t rank;  // kNoRank: empty
  };
  static constexpr uint32_t kNoRank = 0xFFFFFFFF;

  uint32_t Rank(TokenId left, TokenId right) const;
  TokenId ByteToken(char byte) const;
  bool MergesToItself(TokenId id) const;

  const std::vector<VocabularyToken>& tokens_;
  WordMap words_;
  std::array<TokenId, 256> byte_tokens_;  // -1: no token of this one byte
  std::vector<PairSlot> pairs_;           // open addressing over a power of two, at most half full
  std::vector<TokenId> merged_;           // [rank]
  std::vector<bool> whole_word_;          // [V] a word with these bytes is this token
};

}  // namespace tidemark

#endif  // TIDEMARK_ENGINE_TOKENIZER_BPE_H_
