// The tokenizer.ggml.* keys of a GGUF file. Token types and what the pre-tokenizer's name implies: llama.cpp src/llama-vocab.cpp.
#include "engine/core/error.h"
#include "engine/tokenizer/byte_level.h"
#include "engine/tokenizer/vocabulary.h"

namespace tidemark {
namespace {

// Values of tokenizer.ggml.token_type.
enum GgufTokenType : int32_t { kNormal = 1, kUnknown = 2, kControl = 3, kUserDefined = 4, kUnused = 5, kByte = 6 };

TokenKind KindOfType(int32_t type, size_t id) {
  switch (type) {
    case kNormal:
    case kByte:
      return TokenKind::kModel;
    case kUnknown:
    case kControl:
      return TokenKind::kControl;
    case kUserDefined:
      return TokenKind::kUserDefined;
    case kUnused:
      return TokenKind::kUnused;
    default:
      throw Error(fmt::format("tokenizer.ggml.token_type[{}]", id), fmt::format("{}", type), "1 to 6");
  }
}

std::optional<TokenId> CheckedId(std::string_view key, std::optional<TokenId> id, size_t count) {
  if (id && (*id < 0 || static_cast<size_t>(*id) >= count)) {
    throw Error(std::string(key), fmt::format("{}", *id), fmt::format("a token id below {}", count));
  }
  return id;
}

void AddToken(const std::string& text, TokenKind kind, Vocabulary& v) {
  const auto id = static_cast<TokenId>(v.tokens.size());
  VocabularyToken token;
  token.kind = kind;
  std::optional<std::string> bytes = BytesOfSpelling(text);
  if (kind == TokenKind::kModel) {
    token.in_model = bytes.has_value();
    token.bytes = bytes ? *std::move(bytes) : text;
  } else if (kind != TokenKind::kUnused && !text.empty()) {
    // Written as it is, not byte by byte. A user-defined token may be a part of merges as well.
    token.in_model = kind == TokenKind::kUserDefined && bytes && *bytes == text;
    token.bytes = text;
    v.added.push_back({.content = text, .id = id, .special = kind == TokenKind::kControl});
  }
  v.tokens.push_back(std::move(token));
}

}  // namespace

Vocabulary ReadGgufVocabulary(const TokenizerData& data) {
  if (data.model != "gpt2") {
    throw Error("tokenizer.ggml.model", "\"" + Printable(data.model) + "\"", "\"gpt2\" (byte-level BPE)",
                "other tokenizer models are not supported");
  }
  Vocabulary v;
  v.split = FindPreTokenizerByGgufName(data.pre);
  if (v.split == nullptr) {
    std::string known;
    for (const PreTokenizer& p : AllPreTokenizers()) {
      for (const std::string_view name : p.gguf_names) known += (known.empty() ? "" : ", ") + std::string(name);
    }
    throw Error("tokenizer.ggml.pre", "\"" + Printable(data.pre) + "\"", "one of " + known);
  }
  const size_t count = data.tokens.size();
  if (count == 0 || count > kMaxVocabulary) {
    throw Error("tokenizer.ggml.tokens", fmt::format("{} tokens", count), fmt::format("1 to {}", kMaxVocabulary));
  }
  if (!data.token_types.empty() && data.token_types.size() != count) {
    throw Error("tokenizer.ggml.token_type", fmt::format("{} entries", data.token_types.size()),
                fmt::format("{}, one for each token", count));
  }
  v.tokens.reserve(count);
  for (size_t id = 0; id < count; ++id) {
    AddToken(data.tokens[id], data.token_types.empty() ? TokenKind::kModel : KindOfType(data.token_types[id], id), v);
  }
  const MergeReader reader(v.tokens);
  v.merges.reserve(data.merges.size());
  for (size_t i = 0; i < data.merges.size(); ++i) v.merges.push_back(reader.ResolvePair(data.merges[i], i));
  v.ignore_merges = v.split->gguf_ignore_merges;
  v.nfc = v.split->gguf_nfc;
  v.bos = CheckedId("tokenizer.ggml.bos_token_id", data.bos_id, count);
  v.eos = CheckedId("tokenizer.ggml.eos_token_id", data.eos_id, count);
  v.add_bos = data.add_bos.value_or(v.split->gguf_add_bos) && v.bos.has_value();
  return v;
}

}  // namespace tidemark
