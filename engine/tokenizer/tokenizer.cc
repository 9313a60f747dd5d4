#include "engine/tokenizer/tokenizer.h"

#include <cstring>
#include <unordered_map>

#include "engine/core/error.h"
#include "engine/core/utf8.h"
#include "engine/tokenizer/added_tokens.h"
#include "engine/tokenizer/bpe.h"
#include "engine/tokenizer/byte_level.h"
#include "engine/tokenizer/normalize.h"
#include "engine/tokenizer/vocabulary.h"

namespace tidemark {
namespace {

std::vector<AddedToken> Select(const std::vector<AddedToken>& added, bool normalized, bool nfc) {
  std::vector<AddedToken> selected;
  for (const AddedToken& token : added) {
    if (token.normalized != normalized) continue;
    selected.push_back(token);
    if (normalized && nfc) selected.back().content = NormalizeNfc(token.content);
  }
  return selected;
}

// Text goes through five stages: added tokens are cut out, the rest is normalised, added tokens of normalised form are cut
// out, what is left is split into words, words are merged.
class BpeTokenizer : public Tokenizer {
 public:
  explicit BpeTokenizer(Vocabulary vocabulary)
      : vocabulary_(std::move(vocabulary)),
        raw_added_(Select(vocabulary_.added, false, vocabulary_.nfc)),
        normalized_added_(Select(vocabulary_.added, true, vocabulary_.nfc)),
        raw_matcher_(raw_added_),
        normalized_matcher_(normalized_added_),
        encoder_(vocabulary_.tokens, vocabulary_.merges, vocabulary_.ignore_merges) {
    for (const AddedToken& token : vocabulary_.added) literals_.emplace(token.content, token.id);
  }

  std::vector<TokenId> Encode(std::string_view text, bool parse_special) const override {
    std::string repaired;
    if (!IsValidUtf8(text)) {
      repaired = EncodeUtf8(DecodeUtf8(text));
      text = repaired;
    }
    std::vector<TokenId> ids;
    ids.reserve(text.size() / 3);
    std::vector<TextPiece> pieces, inner;
    raw_matcher_.Split(text, parse_special, pieces);
    for (const TextPiece& piece : pieces) {
      if (piece.id >= 0) {
        ids.push_back(piece.id);
        continue;
      }
      std::string normalized;
      std::string_view segment = piece.text;
      if (vocabulary_.nfc && !IsTriviallyNfc(segment)) {
        normalized = NormalizeNfc(segment);
        segment = normalized;
      }
      inner.clear();
      normalized_matcher_.Split(segment, parse_special, inner);
      for (const TextPiece& part : inner) {
        if (part.id >= 0) {
          ids.push_back(part.id);
        } else {
          EncodeText(part.text, ids);
        }
      }
    }
    return ids;
  }

  std::string TokenBytes(TokenId id, bool print_special) const override {
    if (!IsKnown(id) || (IsControl(id) && !print_special)) return {};
    return vocabulary_.tokens[id].bytes;
  }

  int64_t VocabSize() const override { return static_cast<int64_t>(vocabulary_.tokens.size()); }
  bool IsControl(TokenId id) const override { return IsKnown(id) && vocabulary_.tokens[id].kind == TokenKind::kControl; }
  bool IsUsable(TokenId id) const override { return IsKnown(id) && vocabulary_.tokens[id].kind != TokenKind::kUnused; }

  std::optional<TokenId> Find(std::string_view token) const override {
    const auto literal = literals_.find(std::string(token));
    if (literal != literals_.end()) return literal->second;
    const std::optional<std::string> bytes = BytesOfSpelling(token);
    const TokenId id = bytes ? encoder_.FindToken(*bytes) : -1;
    return id >= 0 ? std::optional<TokenId>(id) : std::nullopt;
  }

  std::optional<TokenId> Bos() const override { return vocabulary_.bos; }
  std::optional<TokenId> Eos() const override { return vocabulary_.eos; }
  bool AddBos() const override { return vocabulary_.add_bos; }

 private:
  bool IsKnown(TokenId id) const { return id >= 0 && static_cast<size_t>(id) < vocabulary_.tokens.size(); }

  void EncodeText(std::string_view text, std::vector<TokenId>& ids) const {
    std::string prefixed;
    if (vocabulary_.add_prefix_space && text[0] != ' ') {
      prefixed.assign(1, ' ').append(text);
      text = prefixed;
    }
    for (size_t pos = 0; pos < text.size();) {
      const size_t end = vocabulary_.split != nullptr ? vocabulary_.split->word_end(classes_, text, pos) : text.size();
      encoder_.Append(text.substr(pos, end - pos), ids);
      pos = end;
    }
  }

  const Vocabulary vocabulary_;
  const std::vector<AddedToken> raw_added_, normalized_added_;
  const AddedTokenMatcher raw_matcher_, normalized_matcher_;
  const CharClassTable classes_;
  const BytePairEncoder encoder_;
  std::unordered_map<std::string, TokenId> literals_;  // added tokens by content
};

// Invalid sequences become U+FFFD; valid text is passed through.
std::string Repaired(std::string text) { return IsValidUtf8(text) ? text : EncodeUtf8(DecodeUtf8(text)); }

}  // namespace

std::unique_ptr<Tokenizer> Tokenizer::Create(const TokenizerData& data) {
  switch (data.kind) {
    case TokenizerData::Kind::kGguf:
      return std::make_unique<BpeTokenizer>(ReadGgufVocabulary(data));
    case TokenizerData::Kind::kJson:
      return std::make_unique<BpeTokenizer>(ReadJsonVocabulary(data));
    case TokenizerData::Kind::kNone:
      break;
  }
  throw Error("tokenizer", "none in the model", "tokenizer.ggml.* keys or tokenizer.json");
}

std::string Tokenizer::Decode(std::span<const TokenId> ids, bool print_special) const {
  std::string text;
  for (const TokenId id : ids) text += TokenBytes(id, print_special);
  return text;
}

std::string StreamingDecoder::Add(TokenId id) {
  pending_ += tokenizer_->TokenBytes(id, print_special_);
  const size_t complete = CompleteUtf8Prefix(pending_);
  std::string text = pending_.substr(0, complete);
  pending_.erase(0, complete);
  return Repaired(std::move(text));
}

std::string StreamingDecoder::Finish() {
  std::string text = Repaired(std::move(pending_));
  pending_.clear();
  return text;
}

}  // namespace tidemark
