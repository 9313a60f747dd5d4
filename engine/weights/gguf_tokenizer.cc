// The GGUF half of tokenizer_data.h.
#include <string>
#include <string_view>
#include <unordered_set>
#include <utility>

#include "engine/core/error.h"
#include "engine/core/utf8.h"
#include "engine/weights/expected_tensors.h"
#include "engine/weights/tokenizer_data.h"

namespace tidemark {
namespace {

constexpr uint64_t kMaxMerges = uint64_t{1} << 26;

std::string Place(const GgufFile& file, const char* key) { return file.place + ": key tokenizer.ggml." + key; }

std::optional<TokenId> SpecialId(const GgufFile& file, const char* key, int64_t vocab_size) {
  const auto id = GgufOptionalInt(file, std::string("tokenizer.ggml.") + key, 0, vocab_size - 1);
  return id ? std::optional<TokenId>(static_cast<TokenId>(*id)) : std::nullopt;
}

bool IsOneCharacter(std::string_view text) {
  size_t position = 0;
  return !text.empty() && NextCodePoint(text, position).has_value() && position == text.size();
}

// "left right": one space between two parts (a byte-level part holds no space itself), whose concatenation is a token. Parts
// arise only as single characters or as results of merges, and results are tokens; so a merge with a longer part that is no token
// can never apply. Vocabularies cut to a size hold such merges: they are left out, which changes no encoding.
void ResolveMerges(const GgufFile& file, TokenizerData& data) {
  const std::unordered_set<std::string_view> known(data.tokens.begin(), data.tokens.end());
  std::string whole;
  std::vector<std::string> live;
  live.reserve(data.merges.size());
  for (size_t i = 0; i < data.merges.size(); ++i) {
    const std::string_view merge = data.merges[i];
    const size_t space = merge.find(' ', 1);
    bool resolves = space != std::string_view::npos && space + 1 < merge.size();
    bool reachable = true;
    if (resolves) {
      const std::string_view left = merge.substr(0, space), right = merge.substr(space + 1);
      whole.assign(left).append(right);
      resolves = known.count(whole) != 0;
      for (const std::string_view part : {left, right}) {
        if (known.count(part) != 0) continue;
        reachable = false;
        resolves &= !IsOneCharacter(part);
      }
    }
    if (!resolves) {
      throw Error(Place(file, "merges"), fmt::format("merge {} '{}'", i, Printable(merge)),
                  "two tokens whose concatenation is a token");
    }
    if (reachable) live.push_back(std::move(data.merges[i]));
  }
  data.merges = std::move(live);
}

}  // namespace

TokenizerData GgufTokenizer(const GgufFile& file) {
  TokenizerData data;
  data.chat_template = GgufOptionalString(file, "tokenizer.chat_template").value_or("");
  data.model = GgufOptionalString(file, "tokenizer.ggml.model").value_or("no_vocab");
  if (data.model == "no_vocab" || data.model == "none") return data;
  data.kind = TokenizerData::Kind::kGguf;
  data.pre = GgufOptionalString(file, "tokenizer.ggml.pre").value_or("");
  data.tokens = GgufStrings(file, "tokenizer.ggml.tokens", static_cast<uint64_t>(ConfigLimits::kVocab));
  if (data.tokens.empty()) throw Error(Place(file, "tokens"), "no tokens", "at least one");
  const auto vocab_size = static_cast<int64_t>(data.tokens.size());
  if (file.Find("tokenizer.ggml.token_type") != nullptr) {
    const auto types = GgufInts(file, "tokenizer.ggml.token_type", data.tokens.size());
    if (types.size() != data.tokens.size()) {
      throw Error(Place(file, "token_type"), fmt::format("{} elements", types.size()),
                  fmt::format("{}, one per token", data.tokens.size()));
    }
    for (const int64_t type : types) {
      if (type < 0 || type > 6) throw Error(Place(file, "token_type"), fmt::format("type {}", type), "0 to 6");
      data.token_types.push_back(static_cast<int32_t>(type));
    }
  } else {
    data.token_types.assign(data.tokens.size(), 1);
  }
  if (file.Find("tokenizer.ggml.merges") != nullptr) data.merges = GgufStrings(file, "tokenizer.ggml.merges", kMaxMerges);
  if (data.model == "gpt2") ResolveMerges(file, data);
  data.bos_id = SpecialId(file, "bos_token_id", vocab_size);
  data.eos_id = SpecialId(file, "eos_token_id", vocab_size);
  data.pad_id = SpecialId(file, "padding_token_id", vocab_size);
  // A second end token, written by converters of models whose turn end differs from the text end.
  const auto end_of_turn = SpecialId(file, "eot_token_id", vocab_size);
  if (end_of_turn && end_of_turn != data.eos_id) data.extra_eos_ids.push_back(*end_of_turn);
  data.add_bos = GgufOptionalBool(file, "tokenizer.ggml.add_bos_token");
  return data;
}

}  // namespace tidemark
