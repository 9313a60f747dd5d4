// The tokenizer keys of a GGUF v3 file, read as plainly as possible: the oracle side of tests at real size.
#ifndef TIDEMARK_TESTS_TOKENIZER_GGUF_VOCABULARY_H_
#define TIDEMARK_TESTS_TOKENIZER_GGUF_VOCABULARY_H_

#include <cstring>
#include <filesystem>
#include <string>
#include <vector>

#include "engine/core/error.h"
#include "engine/core/file.h"
#include "engine/weights/weight_store.h"

namespace tidemark::test {

class GgufVocabularyReader {
 public:
  explicit GgufVocabularyReader(const std::filesystem::path& path) : bytes_(ReadFile(path)) {}

  TokenizerData Read() {
    pos_ = 16;  // magic, version, tensor count
    TokenizerData data;
    data.kind = TokenizerData::Kind::kGguf;
    for (uint64_t left = Take<uint64_t>(); left > 0; --left) {
      const std::string key = TakeString();
      const auto type = Take<uint32_t>();
      if (key == "tokenizer.ggml.model") {
        data.model = TakeString();
      } else if (key == "tokenizer.ggml.pre") {
        data.pre = TakeString();
      } else if (key == "tokenizer.ggml.tokens") {
        data.tokens = TakeStrings();
      } else if (key == "tokenizer.ggml.merges") {
        data.merges = TakeStrings();
      } else if (key == "tokenizer.ggml.token_type") {
        TakeArrayHeader();
        for (uint64_t i = 0; i < count_; ++i) data.token_types.push_back(Take<int32_t>());
      } else if (key == "tokenizer.ggml.bos_token_id") {
        data.bos_id = Take<TokenId>();
      } else if (key == "tokenizer.ggml.eos_token_id") {
        data.eos_id = Take<TokenId>();
      } else {
        Skip(type);
      }
    }
    return data;
  }

 private:
  template <typename T>
  T Take() {
    T value;
    TM_CHECK(pos_ + sizeof value <= bytes_.size(), "test file ends early");
    std::memcpy(&value, bytes_.data() + pos_, sizeof value);
    pos_ += sizeof value;
    return value;
  }
  std::string TakeString() {
    const auto size = Take<uint64_t>();
    pos_ += size;
    return bytes_.substr(pos_ - size, size);
  }
  void TakeArrayHeader() {
    type_ = Take<uint32_t>();
    count_ = Take<uint64_t>();
  }
  std::vector<std::string> TakeStrings() {
    TakeArrayHeader();
    std::vector<std::string> strings;
    for (uint64_t i = 0; i < count_; ++i) strings.push_back(TakeString());
    return strings;
  }
  void Skip(uint32_t type) {
    constexpr int kSizes[] = {1, 1, 2, 2, 4, 4, 4, 1, 0, 0, 8, 8, 8};
    if (type == 8) {
      TakeString();
    } else if (type == 9) {
      TakeArrayHeader();
      const uint32_t element = type_;
      for (uint64_t i = count_; i > 0; --i) Skip(element);
    } else {
      pos_ += static_cast<size_t>(kSizes[type]);
    }
  }

  std::string bytes_;
  size_t pos_ = 0;
  uint32_t type_ = 0;  // of the array just begun
  uint64_t count_ = 0;
};

}  // namespace tidemark::test

#endif  // TIDEMARK_TESTS_TOKENIZER_GGUF_VOCABULARY_H_
