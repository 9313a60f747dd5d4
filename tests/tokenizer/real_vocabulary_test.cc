// The same comparisons at real size: Llama 3's 128,256 tokens, where the official file is at hand.
#include <chrono>
#include <sstream>

#include "tests/support/catch.h"
#include "tests/tokenizer/gguf_vocabulary.h"
#include "tests/tokenizer/oracle.h"

namespace tidemark::test {
namespace {

constexpr const char* kFile = "tokenizer/llama-bpe.gguf";
constexpr const char* kReason = "tokenizer/llama-bpe.gguf is not in the shared data ($TIDEMARK_DATA)";

std::vector<std::string> SplitAt(const std::string& text, const std::string& separator) {
  std::vector<std::string> parts;
  size_t begin = 0;
  for (size_t end; (end = text.find(separator, begin)) != std::string::npos; begin = end + separator.size()) {
    parts.push_back(text.substr(begin, end - begin));
  }
  parts.push_back(text.substr(begin));
  return parts;
}

TEST_CASE("the reference strings of llama.cpp give the reference ids") {
  const auto path = SharedData(kFile);
  if (!path) TM_SKIP(kReason);
  const auto tokenizer = Tokenizer::Create(GgufVocabularyReader(*path).Read());
  std::string input = ReadFile(*SharedData("tokenizer/llama-bpe.inp")), output = ReadFile(*SharedData("tokenizer/llama-bpe.out"));
  const auto texts = SplitAt(input, "\n__ggml_vocab_test__\n");
  auto lines = SplitAt(output, "\n");
  if (lines.back().empty()) lines.pop_back();
  REQUIRE(texts.size() >= lines.size());
  for (size_t i = 0; i < lines.size(); ++i) {
    std::istringstream numbers(lines[i]);
    std::vector<TokenId> expected;
    for (TokenId id; numbers >> id;) expected.push_back(id);
    INFO("string " << i);
    CHECK(tokenizer->Encode(texts[i], false) == expected);
    CHECK(tokenizer->Decode(expected, true) == texts[i]);
  }
  CHECK(tokenizer->AddBos());
  CHECK(tokenizer->Bos() == 128000);
  CHECK(tokenizer->Find("<|eot_id|>") == 128009);
}

TEST_CASE("100,000 generated strings give the ids of HF tokenizers with a real vocabulary") {
  const auto path = SharedData(kFile);
  if (!path) TM_SKIP(kReason);
  const auto tokenizer = Tokenizer::Create(GgufVocabularyReader(*path).Read());
  const Json tables = GoldenJson("generator.json"), expected = GoldenJson("hashes.json")["llama-bpe"];
  REQUIRE(expected["special"].size() == 100);
  for (size_t block = 0; block < 100; ++block) {
    StringGenerator source(tables, block);
    SequenceHash special, plain, decoded;
    for (int i = 0; i < 1000; ++i) {
      const std::string text = source.String();
      special.Add(tokenizer->Encode(text, true));
      plain.Add(tokenizer->Encode(text, false));
    }
    for (int i = 0; i < 1000; ++i) {
      std::vector<TokenId> ids(1 + source.Below(12));
      for (TokenId& id : ids) id = static_cast<TokenId>(source.Below(static_cast<uint64_t>(tokenizer->VocabSize())));
      decoded.Add(Bytes(EncodeUtf8(DecodeUtf8(tokenizer->Decode(ids, i % 2 != 0)))));
    }
    INFO("block " << block);
    CHECK(special.Hex() == expected["special"][block]);
    CHECK(plain.Hex() == expected["plain"][block]);
    CHECK(decoded.Hex() == expected["decoded"][block]);
  }
}

TEST_CASE("a megabyte without a break takes seconds at most") {
  const auto path = SharedData(kFile);
  if (!path) TM_SKIP(kReason);
  const auto tokenizer = Tokenizer::Create(GgufVocabularyReader(*path).Read());
  std::string letters;
  uint64_t state = 1;
  while (letters.size() < 1'000'000) {
    state = state * 6364136223846793005u + 1442695040888963407u;
    letters += static_cast<char>('a' + (state >> 33) % 26);
  }
  for (const std::string& text :
       {letters, std::string(1'000'000, 'a'), std::string(1'000'000, ' '), std::string(1'000'000, '=')}) {
    const auto start = std::chrono::steady_clock::now();
    const std::vector<TokenId> ids = tokenizer->Encode(text, true);
    const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    CHECK(tokenizer->Decode(ids, true) == text);
    CHECK(seconds < 60);  // quadratic merging would take hours; sanitizers and busy machines are allowed for
    WARN("1 MB of '" << text.substr(0, 3) << "...' in " << seconds << " s");
  }
}

}  // namespace
}  // namespace tidemark::test
