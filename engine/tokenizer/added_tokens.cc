#include "engine/tokenizer/added_tokens.h"

#include <unicode/uchar.h>

#include "engine/core/utf8.h"

namespace tidemark {
namespace {

// Start of the last character of text[0, end); end > 0.
size_t PreviousCharacter(std::string_view text, size_t end) {
  do {
    --end;
  } while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80);
  return end;
}

char32_t CharacterAt(std::string_view text, size_t pos) { return NextCodePoint(text, pos).value_or(kReplacementCharacter); }

bool IsSpaceAt(std::string_view text, size_t pos) { return u_isUWhiteSpace(static_cast<UChar32>(CharacterAt(text, pos))); }

bool StandsAlone(std::string_view text, size_t begin, size_t end) {
  const bool before = begin > 0 && IsWordCharacter(CharacterAt(text, PreviousCharacter(text, begin)));
  const bool after = end < text.size() && IsWordCharacter(CharacterAt(text, end));
  return !before && !after;
}

}  // namespace

AddedTokenMatcher::AddedTokenMatcher(const std::vector<AddedToken>& added) : added_(added), nodes_(1) {
  at_root_.fill(-1);
  for (size_t i = 0; i < added.size(); ++i) Insert(added[i].content, static_cast<int32_t>(i));
  for (int32_t child = nodes_[0].first_child; child >= 0; child = nodes_[child].next_sibling)
    at_root_[nodes_[child].byte] = child;
}

int32_t AddedTokenMatcher::Child(int32_t node, unsigned char byte) const {
  int32_t child = nodes_[node].first_child;
  while (child >= 0 && nodes_[child].byte != byte) child = nodes_[child].next_sibling;
  return child;
}

void AddedTokenMatcher::Insert(std::string_view content, int32_t token) {
  int32_t node = 0;
  for (const char c : content) {
    const auto byte = static_cast<unsigned char>(c);
    int32_t child = Child(node, byte);
    if (child < 0) {
      child = static_cast<int32_t>(nodes_.size());
      nodes_.push_back({.next_sibling = nodes_[node].first_child, .byte = byte});
      nodes_[node].first_child = child;
    }
    node = child;
  }
  nodes_[node].token = token;
}

const AddedToken* AddedTokenMatcher::LongestAt(std::string_view text, size_t pos, bool with_special) const {
  const AddedToken* longest = nullptr;
  int32_t node = at_root_[static_cast<unsigned char>(text[pos])];
  while (node >= 0) {
    const int32_t token = nodes_[node].token;
    if (token >= 0 && (with_special || !added_[token].special)) longest = &added_[token];
    if (++pos == text.size()) break;
    node = Child(node, static_cast<unsigned char>(text[pos]));
  }
  return longest;
}

void AddedTokenMatcher::Split(std::string_view text, bool with_special, std::vector<TextPiece>& pieces) const {
  size_t done = 0;  // text before is in pieces
  for (size_t pos = 0; pos < text.size();) {
    const AddedToken* token = LongestAt(text, pos, with_special);
    if (token == nullptr) {
      ++pos;
      continue;
    }
    size_t begin = pos, end = pos + token->content.size();
    pos = end;
    if (token->single_word && !StandsAlone(text, begin, end)) continue;
    if (token->lstrip) {
      while (begin > done && IsSpaceAt(text, PreviousCharacter(text, begin))) begin = PreviousCharacter(text, begin);
    }
    if (token->rstrip) {
      while (end < text.size() && IsSpaceAt(text, end)) NextCodePoint(text, end);
    }
    if (begin > done) pieces.push_back({text.substr(done, begin - done), -1});
    pieces.push_back({text.substr(begin, end - begin), token->id});
    pos = done = end;
  }
  if (done < text.size()) pieces.push_back({text.substr(done), -1});
}

}  // namespace tidemark
