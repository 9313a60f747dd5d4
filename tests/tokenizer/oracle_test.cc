// Ids and texts equal to HF tokenizers on generated strings: 100,000 for each class, by hashes of blocks of 1000.
#include "tests/tokenizer/oracle.h"

#include <unicode/uchar.h>

#include "engine/core/error.h"
#include "engine/tokenizer/pre_tokenizer.h"
#include "tests/support/catch.h"

namespace tidemark::test {
namespace {

constexpr int kBlock = 1000;

// Compares all blocks of one entry of hashes.json; a failure names the block.
void CheckAgainst(const Json& expected, const Tokenizer& tokenizer, const Json& tables) {
  for (size_t block = 0; block < expected["special"].size(); ++block) {
    StringGenerator source(tables, block);
    SequenceHash special, plain, decoded;
    for (int i = 0; i < kBlock; ++i) {
      const std::string text = source.String();
      special.Add(tokenizer.Encode(text, true));
      plain.Add(tokenizer.Encode(text, false));
    }
    for (int i = 0; i < kBlock; ++i) {
      std::vector<TokenId> ids(1 + source.Below(12));
      for (TokenId& id : ids) id = static_cast<TokenId>(source.Below(static_cast<uint64_t>(tokenizer.VocabSize())));
      decoded.Add(Bytes(EncodeUtf8(DecodeUtf8(tokenizer.Decode(ids, i % 2 != 0)))));
    }
    INFO("block " << block);
    CHECK(special.Hex() == expected["special"][block]);
    CHECK(plain.Hex() == expected["plain"][block]);
    CHECK(decoded.Hex() == expected["decoded"][block]);
  }
}

const PreTokenizer& PreTokenizerNamed(const std::string& name) {
  for (const PreTokenizer& p : AllPreTokenizers()) {
    if (p.name == name) return p;
  }
  throw Error("test", name, "a pre-tokenizer");
}

// Unicode 14 or earlier, as the Python that wrote the hashes knows it; later assignments may differ between ICU versions.
bool AssignedInUnicode14(UChar32 c) {
  UVersionInfo age;
  u_charAge(c, age);
  return age[0] >= 1 && age[0] <= 14 && !U_IS_SURROGATE(c) && !U_IS_UNICODE_NONCHAR(c);
}

std::string SplitText(UChar32 code_point) {
  std::string c;
  AppendUtf8(static_cast<char32_t>(code_point), c);
  return "a" + c + "b " + c + "1'" + c + "s" + c + c + " \n" + c + "\n " + c + "2" + c + "3'r" + c + "  " + c + "x!" + c;
}

// Every string decodes to itself; with NFC, to its normal form, which then is a fixed point.
void CheckRoundTrip(const Tokenizer& tokenizer, const Json& tables, bool exact) {
  StringGenerator source(tables, 5000);
  for (int i = 0; i < 5000; ++i) {
    const std::string text = source.String();
    const std::vector<TokenId> ids = tokenizer.Encode(text, i % 2 == 0);
    const std::string decoded = tokenizer.Decode(ids, true);
    if (exact && decoded != text) FAIL_CHECK("\"" << text << "\" became \"" << decoded << "\"");
    if (tokenizer.Decode(tokenizer.Encode(decoded, i % 2 == 0), true) != decoded) FAIL_CHECK("not stable: \"" << text << "\"");
    StreamingDecoder stream(tokenizer, true);
    std::string streamed;
    for (const TokenId id : ids) {
      const std::string part = stream.Add(id);
      if (!IsValidUtf8(part)) FAIL_CHECK("half a character of \"" << text << "\"");
      streamed += part;
    }
    streamed += stream.Finish();
    if (streamed != decoded) FAIL_CHECK("streamed \"" << streamed << "\" instead of \"" << decoded << "\"");
  }
}

TEST_CASE("ids and texts equal HF tokenizers for every class and variant") {
  const Json tables = GoldenJson("generator.json"), hashes = GoldenJson("hashes.json");
  for (const Json& variant : hashes["variants"]) {
    INFO(variant["name"].get<std::string>());
    Json vocabulary = GoldenJson(variant["base"].get<std::string>() + ".json");
    vocabulary.merge_patch(variant["patch"]);
    CheckAgainst(variant, *FromJson(vocabulary), tables);
  }
}

TEST_CASE("a GGUF vocabulary gives the ids of the same tokenizer.json") {
  const Json tables = GoldenJson("generator.json"), hashes = GoldenJson("hashes.json");
  const std::pair<const char*, const char*> kNames[] = {
      {"llama3", "lfm2"}, {"llama3", "llama-bpe"}, {"gpt2", "gpt-2"}, {"qwen2", "qwen2"}};
  for (const auto& [base, pre] : kNames) {
    INFO(base << " as " << pre);
    const auto tokenizer = Tokenizer::Create(GgufDataOf(GoldenJson(std::string(base) + ".json"), pre));
    Json expected;
    for (const Json& variant : hashes["variants"]) {
      if (variant["name"] == base) expected = variant;
    }
    for (const char* key : {"special", "plain", "decoded"}) expected[key].erase(expected[key].begin() + 10, expected[key].end());
    CheckAgainst(expected, *tokenizer, tables);
  }
}

TEST_CASE("every character is split as the expressions say") {
  const Json hashes = GoldenJson("hashes.json");
  const CharClassTable classes;
  constexpr UChar32 kBlockSize = 0x4000;
  for (const auto& [name, expected] : hashes["splits"].items()) {
    const PreTokenizer& pre_tokenizer = PreTokenizerNamed(name);
    for (UChar32 start = 0; start < 0x110000; start += kBlockSize) {
      SequenceHash hash;
      for (UChar32 c = start; c < start + kBlockSize; ++c) {
        if (!AssignedInUnicode14(c)) continue;
        const std::string text = SplitText(c);
        std::vector<size_t> lengths;
        for (size_t pos = 0; pos < text.size();) {
          const size_t end = pre_tokenizer.word_end(classes, text, pos);
          lengths.push_back(end - pos);
          pos = end;
        }
        hash.Add(lengths);
      }
      INFO(name << " from U+" << std::hex << start);
      CHECK(hash.Hex() == expected[static_cast<size_t>(start / kBlockSize)]);
    }
  }
}

TEST_CASE("text survives encoding, decoding and streaming") {
  const Json tables = GoldenJson("generator.json");
  for (const char* name : {"llama3", "gpt2", "qwen2"}) {
    INFO(name);
    CheckRoundTrip(*FromJson(GoldenJson(std::string(name) + ".json")), tables, std::string(name) != "qwen2");
  }
}

}  // namespace
}  // namespace tidemark::test
