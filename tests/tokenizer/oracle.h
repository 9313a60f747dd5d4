// The string generator and the hashes of tests/golden/tokenizer/make_golden.py, and helpers to build tokenizers in tests.
#ifndef TIDEMARK_TESTS_TOKENIZER_ORACLE_H_
#define TIDEMARK_TESTS_TOKENIZER_ORACLE_H_

#include <fmt/format.h>

#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "engine/core/file.h"
#include "engine/core/utf8.h"
#include "engine/tokenizer/tokenizer.h"
#include "tests/support/paths.h"

namespace tidemark::test {

using Json = nlohmann::json;

inline Json GoldenJson(const std::string& name) { return Json::parse(ReadFile(Golden("tokenizer/" + name))); }

// A 64-bit linear congruential generator over the tables of generator.json; one stream for each block of 1000 strings.
class StringGenerator {
 public:
  StringGenerator(const Json& tables, uint64_t stream) : tables_(tables), state_(0x9E3779B97F4A7C15u * (stream + 1)) {}

  uint64_t Below(uint64_t n) {
    state_ = state_ * 6364136223846793005u + 1442695040888963407u;
    return (state_ >> 33) % n;
  }

  std::string String() {
    std::string out;
    for (uint64_t pieces = 1 + Below(12); pieces > 0; --pieces) AppendPiece(out);
    return out;
  }

 private:
  const Json& Pick(const char* table) {
    const Json& list = tables_.at(table);
    return list[Below(list.size())];
  }
  void AppendPiece(std::string& out) {
    const uint64_t kind = Below(100);
    if (kind < 30) {
      out += Pick("snippets").get<std::string>();
    } else if (kind < 45) {
      const Json& range = Pick("ranges");
      for (uint64_t n = 1 + Below(8); n > 0; --n) AppendFrom(range, out);
    } else if (kind < 62) {
      for (uint64_t n = 1 + Below(4); n > 0; --n) out += Pick("spaces").get<std::string>();
    } else if (kind < 70) {
      for (uint64_t n = 1 + Below(6); n > 0; --n) out += static_cast<char>('0' + Below(10));
    } else if (kind < 78) {
      for (uint64_t n = 1 + Below(3); n > 0; --n) out += static_cast<char>('!' + Below(15));
    } else if (kind < 86) {
      out += Pick("contractions").get<std::string>();
    } else {
      AppendFrom(Pick("ranges"), out);
    }
  }
  void AppendFrom(const Json& range, std::string& out) {
    const uint64_t low = range[0].get<uint64_t>(), high = range[1].get<uint64_t>();
    AppendUtf8(static_cast<char32_t>(low + Below(high - low + 1)), out);
  }

  const Json& tables_;
  uint64_t state_;
};

// Order-dependent hash of sequences of small non-negative numbers.
class SequenceHash {
 public:
  template <typename Values>
  void Add(const Values& values) {
    for (const auto value : values) hash_ = (hash_ ^ (static_cast<uint64_t>(value) + 1)) * kPrime;
    hash_ *= kPrime;
  }
  std::string Hex() const { return fmt::format("{:016x}", hash_); }

 private:
  static constexpr uint64_t kPrime = 0x100000001B3u;
  uint64_t hash_ = 0;
};

inline std::vector<unsigned char> Bytes(const std::string& text) { return {text.begin(), text.end()}; }

inline std::unique_ptr<Tokenizer> FromJson(const Json& tokenizer_json) {
  TokenizerData data;
  data.kind = TokenizerData::Kind::kJson;
  data.tokenizer_json = tokenizer_json.dump();
  return Tokenizer::Create(data);
}

// The same vocabulary as a GGUF converter would write it.
inline TokenizerData GgufDataOf(const Json& tokenizer_json, const std::string& pre) {
  TokenizerData data;
  data.kind = TokenizerData::Kind::kGguf;
  data.model = "gpt2";
  data.pre = pre;
  const auto set = [&](size_t id, const std::string& text, int type) {
    if (id >= data.tokens.size()) {
      data.tokens.resize(id + 1, "[PAD]");
      data.token_types.resize(id + 1, 5);
    }
    data.tokens[id] = text;
    data.token_types[id] = type;
  };
  for (const auto& [text, id] : tokenizer_json["model"]["vocab"].items()) set(id.get<size_t>(), text, 1);
  for (const Json& token : tokenizer_json["added_tokens"]) {
    set(token["id"].get<size_t>(), token["content"].get<std::string>(), token["special"].get<bool>() ? 3 : 4);
  }
  for (const Json& merge : tokenizer_json["model"]["merges"]) {
    data.merges.push_back(merge.is_string() ? merge.get<std::string>()
                                            : merge[0].get<std::string>() + " " + merge[1].get<std::string>());
  }
  return data;
}

}  // namespace tidemark::test

#endif  // TIDEMARK_TESTS_TOKENIZER_ORACLE_H_
