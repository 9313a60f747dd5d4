// Finding the tokens that are matched as literals before text is split: leftmost first, the longest of those that begin there,
// without overlap. This is how HF tokenizers searches (Aho-Corasick, leftmost-longest); here a trie is walked from each position
// whose byte begins some token.
#ifndef TIDEMARK_ENGINE_TOKENIZER_ADDED_TOKENS_H_
#define TIDEMARK_ENGINE_TOKENIZER_ADDED_TOKENS_H_

#include <array>
#include <cstdint>
#include <string_view>
#include <vector>

#include "engine/tokenizer/vocabulary.h"

namespace tidemark {

// A stretch of text: one added token, or text in between (id -1).
struct TextPiece {
  std::string_view text;
  TokenId id;
};

class AddedTokenMatcher {
 public:
  // Contents must not be empty. added must outlive the matcher; only the tokens given are matched.
  explicit AddedTokenMatcher(const std::vector<AddedToken>& added);

  bool empty() const { return nodes_.size() == 1; }
  // Cuts text (valid UTF-8) into pieces that join to it, appended to pieces. with_special: control tokens match too.
  void Split(std::string_view text, bool with_special, std::vector<TextPiece>& pieces) const;

 private:
  struct Node {
    int32_t token = -1;        // index in added_ of the token that ends here
    int32_t first_child = -1;  // children form a list
    int32_t next_sibling = -1;
    unsigned char byte = 0;  // on the edge from the parent
  };
  int32_t Child(int32_t node, unsigned char byte) const;
  void Insert(std::string_view content, int32_t token);
  // The longest token at pos; nullptr: none.
  const AddedToken* LongestAt(std::string_view text, size_t pos, bool with_special) const;

  const std::vector<AddedToken>& added_;
  std::vector<Node> nodes_;           // nodes_[0] is the root
  std::array<int32_t, 256> at_root_;  // child of the root; -1: none
};

}  // namespace tidemark

#endif  // TIDEMARK_ENGINE_TOKENIZER_ADDED_TOKENS_H_
