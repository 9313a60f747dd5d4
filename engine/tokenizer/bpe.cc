#include "engine/tokenizer/bpe.h"

#include <algorithm>
#include <functional>
#include <queue>

#include "engine/core/error.h"

namespace tidemark {
namespace {

constexpr size_t kScanBytes = 48;  // up to here the scan of an array beats the heap

uint64_t PairKey(TokenId left, TokenId right) {
  return uint64_t{static_cast<uint32_t>(left)} << 32 | static_cast<uint32_t>(right);
}

size_t PairHash(uint64_t key) { return static_cast<size_t>((key * 0x9E3779B97F4A7C15u) >> 24); }

}  // namespace

BytePairEncoder::BytePairEncoder(const std::vector<VocabularyToken>& tokens, const std::vector<Merge>& merges, bool ignore_merges)
    : tokens_(tokens), words_(tokens) {
  for (int byte = 0; byte < 256; ++byte) {
    const char c = static_cast<char>(byte);
    byte_tokens_[byte] = words_.Find({&c, 1});
  }
  size_t size = 16;
  while (size < merges.size() * 2) size *= 2;
  pairs_.assign(size, {0, kNoRank});
  merged_.reserve(merges.size());
  for (const Merge& merge : merges) {
    const uint64_t key = PairKey(merge.left, merge.right);
    size_t slot = PairHash(key) & (size - 1);
    while (pairs_[slot].rank != kNoRank && pairs_[slot].key != key) slot = (slot + 1) & (size - 1);
    pairs_[slot] = {key, static_cast<uint32_t>(merged_.size())};  // a repeated pair: the last rank counts, as in the reference
    merged_.push_back(merge.merged);
  }
  whole_word_.resize(tokens.size());
  for (size_t id = 0; id < tokens.size(); ++id) {
    if (!tokens[id].in_model || tokens[id].kind == TokenKind::kControl) continue;
    whole_word_[id] = ignore_merges || MergesToItself(static_cast<TokenId>(id));
  }
}

bool BytePairEncoder::MergesToItself(TokenId id) const {
  const std::string& bytes = tokens_[id].bytes;
  // Very long tokens exist only in hostile files; leaving them to the merges costs nothing.
  if (bytes.empty() || bytes.size() > 256) return false;
  for (const char byte : bytes) {
    if (byte_tokens_[static_cast<unsigned char>(byte)] < 0) return false;
  }
  std::vector<TokenId> ids;
  if (bytes.size() <= kScanBytes) {
    AppendByScan(bytes, ids);
  } else {
    AppendByHeap(bytes, ids);
  }
  return ids.size() == 1 && ids[0] == id;
}

uint32_t BytePairEncoder::Rank(TokenId left, TokenId right) const {
  const uint64_t key = PairKey(left, right);
  const size_t mask = pairs_.size() - 1;
  for (size_t slot = PairHash(key) & mask; pairs_[slot].rank != kNoRank; slot = (slot + 1) & mask) {
    if (pairs_[slot].key == key) return pairs_[slot].rank;
  }
  return kNoRank;
}

TokenId BytePairEncoder::ByteToken(char byte) const {
  const TokenId id = byte_tokens_[static_cast<unsigned char>(byte)];
  if (id < 0) {
    throw Error("tokenizer", fmt::format("byte 0x{:02X} in the text", static_cast<unsigned char>(byte)),
                "a vocabulary with a token for it");
  }
  return id;
}

void BytePairEncoder::Append(std::string_view word, std::vector<TokenId>& ids) const {
  const TokenId id = words_.Find(word);
  if (id >= 0 && whole_word_[id]) {
    ids.push_back(id);
  } else if (word.size() <= kScanBytes) {
    AppendByScan(word, ids);
  } else {
    AppendByHeap(word, ids);
  }
}

void BytePairEncoder::AppendByScan(std::string_view word, std::vector<TokenId>& ids) const {
  const size_t first = ids.size();
  for (const char byte : word) ids.push_back(ByteToken(byte));
  // The symbols are merged in place at the end of ids; ranks[i] belongs to the pair (i, i + 1).
  TokenId* const symbols = ids.data() + first;
  size_t n = word.size();
  std::array<uint32_t, kScanBytes> short_ranks;
  std::vector<uint32_t> long_ranks;
  if (n > kScanBytes) long_ranks.resize(n);
  uint32_t* const ranks = n > kScanBytes ? long_ranks.data() : short_ranks.data();
  for (size_t i = 0; i + 1 < n; ++i) ranks[i] = Rank(symbols[i], symbols[i + 1]);
  while (n > 1) {
    const size_t best = static_cast<size_t>(std::min_element(ranks, ranks + n - 1) - ranks);
    if (ranks[best] == kNoRank) break;
    symbols[best] = merged_[ranks[best]];
    std::copy(symbols + best + 2, symbols + n, symbols + best + 1);
    if (best + 2 < n) std::copy(ranks + best + 2, ranks + n - 1, ranks + best + 1);
    --n;
    if (best > 0) ranks[best - 1] = Rank(symbols[best - 1], symbols[best]);
    if (best + 1 < n) ranks[best] = Rank(symbols[best], symbols[best + 1]);
  }
  ids.resize(first + n);
}

void BytePairEncoder::AppendByHeap(std::string_view word, std::vector<TokenId>& ids) const {
  TM_CHECK(word.size() < kNoRank, "word of {} bytes", word.size());
  struct Symbol {
    TokenId id;
    uint32_t rank;  // of the pair with the next symbol
    uint32_t previous, next;
  };
  const auto n = static_cast<uint32_t>(word.size());
  std::vector<Symbol> symbols(n);
  for (uint32_t i = 0; i < n; ++i) symbols[i] = {ByteToken(word[i]), kNoRank, i - 1, i + 1};
  // Entries are rank << 32 | position, so the smallest is the lowest rank and then the leftmost. Entries are not taken out when
  // their pair changes; they are recognised by a rank that is no longer the symbol's.
  std::priority_queue<uint64_t, std::vector<uint64_t>, std::greater<>> queue;
  const auto update = [&](uint32_t i) {
    const uint32_t next = symbols[i].next;
    symbols[i].rank = next < n ? Rank(symbols[i].id, symbols[next].id) : kNoRank;
    if (symbols[i].rank != kNoRank) queue.push(uint64_t{symbols[i].rank} << 32 | i);
  };
  for (uint32_t i = 0; i < n; ++i) update(i);
  while (!queue.empty()) {
    const auto rank = static_cast<uint32_t>(queue.top() >> 32);
    const auto i = static_cast<uint32_t>(queue.top());
    queue.pop();
    if (symbols[i].rank != rank) continue;
    const uint32_t removed = symbols[i].next;
    symbols[i].id = merged_[rank];
    symbols[i].next = symbols[removed].next;
    symbols[removed].rank = kNoRank;
    if (symbols[i].next < n) symbols[symbols[i].next].previous = i;
    update(i);
    if (i > 0) update(symbols[i].previous);
  }
  for (uint32_t i = 0; i < n; i = symbols[i].next) ids.push_back(symbols[i].id);
}

}  // namespace tidemark
