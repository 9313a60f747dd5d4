// Token ids of texts to measure logits on, one block per line, so that two programs can be given the very same input:
//
//   1 3 27 901 | 44 812 4
//
// Ids separated by blanks; each block runs from its first id with nothing before it. Positions count whose next token lies
// behind the bar (an answer, say, after its question); without a bar all that have a next token in the block.
#ifndef TIDEMARK_EVALS_TOKEN_BLOCKS_H_
#define TIDEMARK_EVALS_TOKEN_BLOCKS_H_

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/core/token.h"

namespace tidemark {

struct TokenBlock {
  std::vector<TokenId> ids;  // at least 2
  size_t first_target = 1;   // logits after ids[i - 1] count for every i >= first_target; in [1, ids.size() - 1]
};

// Throws Error naming `place` and the line: no block, a block too short, an id outside [0, vocab), a bar in front of the first
// id, behind the last, or twice.
std::vector<TokenBlock> ParseTokenBlocks(std::string_view text, std::string_view place, int64_t vocab);

std::string FormatTokenBlocks(std::span<const TokenBlock> blocks);  // what ParseTokenBlocks reads back

// Cuts a text of ids (without BOS) into blocks of `length` >= 2 tokens, each with `bos` in front if there is one; a rest too
// short to have a next token is dropped.
std::vector<TokenBlock> CutIntoBlocks(std::span<const TokenId> ids, std::optional<TokenId> bos, size_t length);

}  // namespace tidemark

#endif  // TIDEMARK_EVALS_TOKEN_BLOCKS_H_
