#include "engine/tokenizer/vocabulary.h"

#include <algorithm>
#include <cstring>

#include "engine/core/error.h"
#include "engine/tokenizer/byte_level.h"

namespace tidemark {
namespace {

// Multiply-and-shift over eight bytes at a time; only its spread matters, not its strength.
uint32_t HashBytes(std::string_view bytes) {
  constexpr uint64_t kMultiplier = 0x9E3779B97F4A7C15u;
  uint64_t hash = bytes.size() * kMultiplier;
  const char* p = bytes.data();
  size_t left = bytes.size();
  for (; left >= 8; p += 8, left -= 8) {
    uint64_t chunk;
    std::memcpy(&chunk, p, 8);
    hash = (hash ^ chunk) * kMultiplier;
    hash ^= hash >> 32;
  }
  uint64_t rest = 0;
  if (left > 0) std::memcpy(&rest, p, left);
  hash = (hash ^ rest) * kMultiplier;
  return static_cast<uint32_t>(hash >> 32);
}

std::string RankName(size_t index) { return fmt::format("tokenizer merge {}", index); }

}  // namespace

WordMap::WordMap(const std::vector<VocabularyToken>& tokens) : tokens_(tokens) {
  size_t size = 16;
  while (size < tokens.size() * 2) size *= 2;
  slots_.assign(size, {0, -1});
  for (size_t id = 0; id < tokens.size(); ++id) {
    if (!tokens[id].in_model || tokens[id].bytes.empty()) continue;
    const uint32_t hash = HashBytes(tokens[id].bytes);
    size_t slot = hash & (size - 1);
    while (slots_[slot].id >= 0 && !(slots_[slot].hash == hash && tokens[slots_[slot].id].bytes == tokens[id].bytes)) {
      slot = (slot + 1) & (size - 1);
    }
    if (slots_[slot].id < 0) slots_[slot] = {hash, static_cast<TokenId>(id)};
  }
}

TokenId WordMap::Find(std::string_view bytes) const {
  const uint32_t hash = HashBytes(bytes);
  const size_t mask = slots_.size() - 1;
  for (size_t slot = hash & mask; slots_[slot].id >= 0; slot = (slot + 1) & mask) {
    if (slots_[slot].hash == hash && tokens_[slots_[slot].id].bytes == bytes) return slots_[slot].id;
  }
  return -1;
}

Merge MergeReader::Resolve(std::string_view left, std::string_view right, size_t index) const {
  const auto bytes_of = [&](std::string_view part) {
    std::optional<std::string> bytes = BytesOfSpelling(part);
    if (!bytes || bytes->empty()) throw Error(RankName(index), "\"" + Printable(part) + "\"", "a part in byte-level spelling");
    return *std::move(bytes);
  };
  const auto id_of = [&](const std::string& bytes) {
    const TokenId id = words_.Find(bytes);
    if (id < 0) throw Error(RankName(index), "\"" + Printable(SpellingOfBytes(bytes)) + "\"", "a token of the vocabulary");
    return id;
  };
  const std::string left_bytes = bytes_of(left), right_bytes = bytes_of(right);
  return {id_of(left_bytes), id_of(right_bytes), id_of(left_bytes + right_bytes)};
}

Merge MergeReader::ResolvePair(std::string_view line, size_t index) const {
  const size_t space = line.find(' ');
  if (space == std::string_view::npos || line.find(' ', space + 1) != std::string_view::npos) {
    throw Error(RankName(index), "\"" + Printable(line) + "\"", "two parts with one space between");
  }
  return Resolve(line.substr(0, space), line.substr(space + 1), index);
}

}  // namespace tidemark
