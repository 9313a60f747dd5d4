// Behaviour case by case: special tokens, padding rows, BOS, damaged input, streaming, errors.
#include "engine/tokenizer/tokenizer.h"

#include "engine/core/error.h"
#include "engine/tokenizer/bpe.h"
#include "engine/tokenizer/byte_level.h"
#include "tests/support/catch.h"
#include "tests/tokenizer/oracle.h"

namespace tidemark::test {
namespace {

// The message of the Error that building a tokenizer throws; "" if it is built.
std::string Refusal(const TokenizerData& data) {
  try {
    Tokenizer::Create(data);
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

std::string RefusalOfJson(const std::string& text) {
  TokenizerData data;
  data.kind = TokenizerData::Kind::kJson;
  data.tokenizer_json = text;
  return Refusal(data);
}

std::string RefusalWith(const char* patch) {
  Json vocabulary = GoldenJson("llama3.json");
  vocabulary.merge_patch(Json::parse(patch));
  return RefusalOfJson(vocabulary.dump());
}

TEST_CASE("all bytes have a spelling and back") {
  std::string all;
  for (int byte = 0; byte < 256; ++byte) all += static_cast<char>(byte);
  CHECK(BytesOfSpelling(SpellingOfBytes(all)) == all);
  CHECK(SpellingOfBytes(" \n") == "\u0120\u010A");
  CHECK(SpellingOfBytes("\xAD") == "\u0143");
  CHECK(BytesOfSpelling(" ") == std::nullopt);
  CHECK(BytesOfSpelling("\u0144") == std::nullopt);
  CHECK(BytesOfSpelling("\xFF") == std::nullopt);
}

TEST_CASE("control tokens are text for users and ids for templates") {
  const auto tokenizer = FromJson(GoldenJson("llama3.json"));
  const TokenId im_start = *tokenizer->Find("<|im_start|>");
  CHECK(tokenizer->IsControl(im_start));
  CHECK(tokenizer->Encode("<|im_start|>", true) == std::vector<TokenId>{im_start});
  const auto plain = tokenizer->Encode("<|im_start|>", false);
  CHECK(plain.size() > 1);
  CHECK(std::find(plain.begin(), plain.end(), im_start) == plain.end());
  CHECK(tokenizer->Decode(plain, false) == "<|im_start|>");
  CHECK(tokenizer->TokenBytes(im_start, false).empty());
  CHECK(tokenizer->TokenBytes(im_start, true) == "<|im_start|>");
  const TokenId think = *tokenizer->Find("<think>");
  CHECK_FALSE(tokenizer->IsControl(think));
  CHECK(tokenizer->Encode("<think>", false) == std::vector<TokenId>{think});
  CHECK(tokenizer->TokenBytes(think, false) == "<think>");
  CHECK(tokenizer->Find("no such token") == std::nullopt);
}

TEST_CASE("padding rows and ids outside the vocabulary are not usable") {
  TokenizerData data = GgufDataOf(GoldenJson("llama3.json"), "lfm2");
  const auto rows = static_cast<TokenId>(data.tokens.size());
  data.tokens.push_back("[PAD" + std::to_string(rows) + "]");
  data.token_types.push_back(5);
  const auto tokenizer = Tokenizer::Create(data);
  CHECK(tokenizer->VocabSize() == rows + 1);
  CHECK(tokenizer->IsUsable(rows - 1));
  for (const TokenId id : {rows, rows + 1, TokenId{-1}}) {
    CHECK_FALSE(tokenizer->IsUsable(id));
    CHECK_FALSE(tokenizer->IsControl(id));
    CHECK(tokenizer->TokenBytes(id, true).empty());
  }
  CHECK(tokenizer->Find("[PAD" + std::to_string(rows) + "]") == std::nullopt);
  Json with_hole = GoldenJson("gpt2.json");
  with_hole["added_tokens"][7]["id"] = with_hole["added_tokens"][7]["id"].get<int>() + 3;
  const auto holey = FromJson(with_hole);
  CHECK_FALSE(holey->IsUsable(static_cast<TokenId>(holey->VocabSize() - 2)));
  CHECK(holey->IsUsable(static_cast<TokenId>(holey->VocabSize() - 1)));
}

TEST_CASE("BOS: the file, then the template, then the family") {
  TokenizerData data = GgufDataOf(GoldenJson("llama3.json"), "lfm2");
  CHECK_FALSE(Tokenizer::Create(data)->AddBos());  // there is none to add
  data.bos_id = 5;
  CHECK(Tokenizer::Create(data)->AddBos());
  data.add_bos = false;
  CHECK_FALSE(Tokenizer::Create(data)->AddBos());
  TokenizerData gpt2 = GgufDataOf(GoldenJson("gpt2.json"), "gpt-2");
  gpt2.bos_id = 5;
  CHECK_FALSE(Tokenizer::Create(gpt2)->AddBos());

  Json json = GoldenJson("llama3.json");
  CHECK_FALSE(FromJson(json)->AddBos());
  const TokenId bos = *FromJson(json)->Find("<|startoftext|>");
  json["post_processor"] = {
      {"type", "TemplateProcessing"},
      {"single",
       {{{"SpecialToken", {{"id", "<|startoftext|>"}, {"type_id", 0}}}}, {{"Sequence", {{"id", "A"}, {"type_id", 0}}}}}},
      {"pair", Json::array()},
      {"special_tokens", {{"<|startoftext|>", {{"id", "<|startoftext|>"}, {"ids", {bos}}, {"tokens", {"<|startoftext|>"}}}}}}};
  CHECK(FromJson(json)->AddBos());
  CHECK(FromJson(json)->Bos() == bos);

  TokenizerData with_config;
  with_config.kind = TokenizerData::Kind::kJson;
  with_config.tokenizer_json = GoldenJson("llama3.json").dump();
  with_config.tokenizer_config_json =
      R"({"bos_token": {"content": "<|startoftext|>"}, "eos_token": "<|im_end|>", "add_bos_token": true, "other": [1]})";
  const auto configured = Tokenizer::Create(with_config);
  CHECK(configured->Bos() == bos);
  CHECK(configured->Eos() == configured->Find("<|im_end|>"));
  CHECK(configured->AddBos());
  with_config.tokenizer_config_json = R"({"bos_token": "<nowhere>"})";
  CHECK_THAT(Refusal(with_config), Contains("bos_token") && Contains("<nowhere>"));
}

TEST_CASE("damaged UTF-8 becomes U+FFFD") {
  const auto tokenizer = FromJson(GoldenJson("llama3.json"));
  CHECK(tokenizer->Encode("a\xFFz\xE2\x82", false) == tokenizer->Encode("a\uFFFDz\uFFFD", false));
  CHECK(tokenizer->Encode("", true).empty());
}

TEST_CASE("streaming holds back what may still become a character") {
  TokenizerData data = GgufDataOf(GoldenJson("gpt2.json"), "gpt-2");
  const auto tokenizer = Tokenizer::Create(data);
  const auto byte = [&](const char* bytes) { return *tokenizer->Find(SpellingOfBytes(bytes)); };
  StreamingDecoder stream(*tokenizer);
  CHECK(stream.Add(byte("\xF0")).empty());
  CHECK(stream.Add(byte("\x9F")).empty());
  CHECK(stream.Add(byte("\x98")).empty());
  CHECK(stream.Add(byte("\x80")) == "\U0001F600");
  CHECK(stream.Add(byte("\xE2")).empty());
  CHECK(stream.Add(byte("a")) == "\uFFFDa");
  CHECK(stream.Add(byte("\x80")) == "\uFFFD");
  CHECK(stream.Add(byte("\xE2")).empty());
  CHECK(stream.Finish() == "\uFFFD");
  CHECK(stream.Finish().empty());
}

TEST_CASE("the heap, the scan and the shortcut merge alike") {
  const Json tables = GoldenJson("generator.json");
  const Json vocabulary = GoldenJson("gpt2.json");
  TokenizerData data;
  data.kind = TokenizerData::Kind::kJson;
  data.tokenizer_json = vocabulary.dump();
  const Vocabulary v = ReadJsonVocabulary(data);
  const BytePairEncoder encoder(v.tokens, v.merges, v.ignore_merges);
  StringGenerator source(tables, 77);
  std::string longer;
  for (int i = 0; i < 5000; ++i) {
    const std::string text = source.String();
    longer = i % 50 == 0 ? text : longer + text;
    for (const std::string& word : {text, longer}) {
      std::vector<TokenId> by_scan, by_heap, by_all;
      encoder.AppendByScan(word, by_scan);
      encoder.AppendByHeap(word, by_heap);
      encoder.Append(word, by_all);
      if (by_scan != by_heap || by_scan != by_all) FAIL_CHECK("differs on \"" << word << "\"");
    }
  }
}

TEST_CASE("GGUF vocabularies that cannot be right are refused") {
  const TokenizerData good = GgufDataOf(GoldenJson("llama3.json"), "lfm2");
  CHECK(Refusal(good).empty());
  TokenizerData bad = good;
  bad.pre = "default";
  CHECK_THAT(Refusal(bad), Contains("tokenizer.ggml.pre") && Contains("default") && Contains("lfm2"));
  bad = good;
  bad.model = "llama";
  CHECK_THAT(Refusal(bad), Contains("tokenizer.ggml.model") && Contains("llama"));
  bad = good;
  bad.merges[7] = "Qx Zy";
  CHECK_THAT(Refusal(bad), Contains("merge 7") && Contains("Qx"));
  bad.merges[7] = "QxZy";
  CHECK_THAT(Refusal(bad), Contains("merge 7") && Contains("one space"));
  bad = good;
  bad.token_types.pop_back();
  CHECK_THAT(Refusal(bad), Contains("token_type"));
  bad = good;
  bad.token_types[3] = 9;
  CHECK_THAT(Refusal(bad), Contains("token_type[3]"));
  bad = good;
  bad.eos_id = 1 << 30;
  CHECK_THAT(Refusal(bad), Contains("eos_token_id"));
  bad = good;
  bad.tokens.clear();
  CHECK_THAT(Refusal(bad), Contains("0 tokens"));
  CHECK_THAT(Refusal(TokenizerData{}), Contains("none in the model"));
}

TEST_CASE("tokenizer.json that means something else is refused by key") {
  CHECK(RefusalWith("{}").empty());
  CHECK_THAT(RefusalOfJson("{\"model\": "), Contains("malformed JSON"));
  CHECK_THAT(RefusalOfJson("[]"), Contains("a JSON object"));
  CHECK_THAT(RefusalOfJson(std::string(100000, '[')), Contains("nesting"));
  std::string bomb = "{\"version\": [";
  for (int i = 0; i < (1 << 22) + 1; ++i) bomb += "{},";
  CHECK_THAT(RefusalOfJson(bomb + "{}]}"), Contains("a huge JSON document"));
  CHECK_THAT(RefusalOfJson("{}"), Contains("model"));
  CHECK_THAT(RefusalWith(R"({"surprise": 1})"), Contains("surprise"));
  CHECK_THAT(RefusalWith(R"({"model": {"type": "Unigram"}})"), Contains("model.type") && Contains("Unigram"));
  CHECK_THAT(RefusalWith(R"({"model": {"byte_fallback": true}})"), Contains("byte_fallback"));
  CHECK_THAT(RefusalWith(R"({"model": {"dropout": 0.1}})"), Contains("dropout"));
  CHECK_THAT(RefusalWith(R"({"model": {"end_of_word_suffix": "</w>"}})"), Contains("end_of_word_suffix"));
  CHECK_THAT(RefusalWith(R"({"model": {"vocab": {"zz": 2000000000}}})"), Contains("zz") && Contains("2000000000"));
  CHECK_THAT(RefusalWith(R"({"model": {"vocab": {"zz": -1}}})"), Contains("zz"));
  CHECK_THAT(RefusalWith(R"({"model": {"vocab": {"zz": 1.5}}})"), Contains("zz"));
  CHECK_THAT(RefusalWith(R"({"model": {"vocab": {"zz": 3}}})"), Contains("id 3 twice"));
  CHECK_THAT(RefusalWith(R"({"model": {"merges": [["a"]]}})"), Contains("merges[0]"));
  CHECK_THAT(RefusalWith(R"({"model": {"merges": [["zz", "a"]]}})"), Contains("merge 0") && Contains("zz"));
  CHECK_THAT(RefusalWith(R"({"normalizer": {"type": "Lowercase"}})"), Contains("normalizer") && Contains("Lowercase"));
  CHECK_THAT(RefusalWith(R"({"pre_tokenizer": {"type": "Whitespace"}})"), Contains("pre_tokenizer"));
  CHECK_THAT(RefusalWith(R"({"pre_tokenizer": null})"), Contains("pre_tokenizer"));
  CHECK_THAT(RefusalWith(R"({"post_processor": {"type": "BertProcessing"}})"), Contains("post_processor"));
  CHECK_THAT(RefusalWith(R"({"decoder": {"type": "Metaspace"}})"), Contains("decoder") && Contains("Metaspace"));
  CHECK_THAT(RefusalWith(R"({"added_tokens": [{"id": 3, "content": "xyzzy"}]})"), Contains("added_tokens[0]"));
  CHECK_THAT(RefusalWith(R"({"added_tokens": [{"id": 1200, "content": ""}]})"), Contains("content"));
  Json long_token = GoldenJson("llama3.json");
  long_token["added_tokens"][0]["content"] = std::string(1025, 'x');
  CHECK_THAT(RefusalOfJson(long_token.dump()), Contains("added_tokens[0].content") && Contains("1025"));
  Json unknown_split = GoldenJson("llama3.json");
  unknown_split["pre_tokenizer"]["pretokenizers"][0]["pattern"]["Regex"] = "\\w+|\\s+";
  CHECK_THAT(RefusalOfJson(unknown_split.dump()), Contains("Split.pattern") && Contains("\\w+"));
}

TEST_CASE("a byte without a token is an error of that text alone") {
  const auto tokenizer = FromJson(Json::parse(R"({"model": {"type": "BPE", "vocab": {"a": 0, "b": 1, "ab": 2}, "merges": ["a b"]},
      "pre_tokenizer": {"type": "ByteLevel", "add_prefix_space": false}, "decoder": {"type": "ByteLevel"}})"));
  CHECK(tokenizer->Encode("abba", false) == std::vector<TokenId>{2, 1, 0});
  CHECK_THROWS_AS(tokenizer->Encode("abc", false), Error);
}

}  // namespace
}  // namespace tidemark::test
