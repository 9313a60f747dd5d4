// Reading, writing and cutting blocks of token ids (format in the header).
#include "evals/token_blocks.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "engine/core/error.h"

namespace tidemark {
namespace {

TokenBlock ParseLine(std::string_view line, const std::string& place, int64_t vocab) {
  constexpr std::string_view kBlanks = " \t\r";
  TokenBlock block;
  bool bar = false;
  for (size_t begin = line.find_first_not_of(kBlanks); begin < line.size(); begin = line.find_first_not_of(kBlanks, begin)) {
    const size_t end = std::min(line.find_first_of(kBlanks, begin), line.size());
    const std::string_view word = line.substr(begin, end - begin);
    begin = end;
    if (word == "|") {
      if (bar || block.ids.empty()) throw Error(place, "a bar in the wrong place", "one bar at most, between two ids");
      bar = true;
      block.first_target = block.ids.size();
      continue;
    }
    TokenId id = -1;
    const auto [rest, error] = std::from_chars(word.data(), word.data() + word.size(), id);
    if (error != std::errc() || rest != word.data() + word.size() || id < 0 || id >= vocab) {
      throw Error(place, "\"" + Printable(word) + "\"", fmt::format("a token id in [0, {})", vocab));
    }
    block.ids.push_back(id);
  }
  if (block.ids.size() < 2) throw Error(place, fmt::format("{} token", block.ids.size()), "at least 2 in a block");
  if (block.first_target >= block.ids.size()) throw Error(place, "a bar behind the last id", "one bar at most, between two ids");
  return block;
}

}  // namespace

std::vector<TokenBlock> ParseTokenBlocks(std::string_view text, std::string_view place, int64_t vocab) {
  std::vector<TokenBlock> blocks;
  int64_t number = 0;
  for (size_t begin = 0; begin < text.size();) {
    const size_t end = std::min(text.find('\n', begin), text.size());
    const std::string_view line = text.substr(begin, end - begin);
    begin = end + 1;
    ++number;
    if (line.find_first_not_of(" \t\r") == std::string_view::npos) continue;
    blocks.push_back(ParseLine(line, fmt::format("{}, line {}", place, number), vocab));
  }
  if (blocks.empty()) throw Error(std::string(place), "no token ids", "a block of token ids on each line");
  return blocks;
}

std::string FormatTokenBlocks(std::span<const TokenBlock> blocks) {
  std::string text;
  for (const TokenBlock& block : blocks) {
    for (size_t i = 0; i < block.ids.size(); ++i) {
      text += fmt::format("{}{}{}", i == 0 ? "" : " ", i == block.first_target && i > 1 ? "| " : "", block.ids[i]);
    }
    text += "\n";
  }
  return text;
}

std::vector<TokenBlock> CutIntoBlocks(std::span<const TokenId> ids, std::optional<TokenId> bos, size_t length) {
  TM_CHECK(length >= 2, "length {}", length);
  std::vector<TokenBlock> blocks;
  const size_t step = bos ? length - 1 : length;
  for (size_t begin = 0; begin < ids.size(); begin += step) {
    const std::span<const TokenId> part = ids.subspan(begin, std::min(step, ids.size() - begin));
    TokenBlock block;
    if (bos) block.ids.push_back(*bos);
    block.ids.insert(block.ids.end(), part.begin(), part.end());
    if (block.ids.size() >= 2) blocks.push_back(std::move(block));
  }
  return blocks;
}

}  // namespace tidemark
