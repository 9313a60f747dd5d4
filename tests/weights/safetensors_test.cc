// safetensors, config.json and MLX: limits, legacy spellings, refusals, and the published parameter counts.
#include <cstring>
#include <fstream>

#include "engine/core/error.h"
#include "engine/core/file.h"
#include "engine/weights/expected_tensors.h"
#include "engine/weights/hf_config.h"
#include "engine/weights/hf_names.h"
#include "engine/weights/safetensors_file.h"
#include "engine/weights/stored_model.h"
#include "engine/weights/strict_json.h"
#include "engine/weights/tokenizer_data.h"
#include "tests/support/catch.h"
#include "tests/support/paths.h"

namespace tidemark {
namespace {

std::span<const std::byte> Bytes(const std::string& text) { return std::as_bytes(std::span(text)); }

std::string Container(const std::string& header, size_t data_bytes) {
  const uint64_t length = header.size();
  return std::string(reinterpret_cast<const char*>(&length), 8) + header + std::string(data_bytes, '\0');
}

template <typename Function>
std::string MessageOf(Function function) {
  try {
    function();
  } catch (const Error& error) {
    return error.what();
  }
  return "fine";
}

std::string ParseMessage(const std::string& file) {
  return MessageOf([&] { ParseSafetensors(Bytes(file), "f"); });
}

std::string HeaderMessage(const std::string& header, size_t data_bytes) { return ParseMessage(Container(header, data_bytes)); }

// The fixture's config.json with some keys replaced (null: removed), and the message of reading it.
Json FixtureConfig(const char* fixture, const Json& patch) {
  Json config = Json::parse(ReadFile(test::Golden(std::string("weights/") + fixture + "/config.json")));
  config.merge_patch(patch);
  return config;
}

std::string ConfigMessage(const Json& patch) {
  const Json config = FixtureConfig("moe-single-bf16", patch);
  return MessageOf([&] { ReadHfConfig(config, "config.json"); });
}

std::string MlxMessage(const Json& quantization) {
  const Json config = {{"quantization", quantization}};
  return MessageOf([&] { ReadMlxQuantization(config, "config.json"); });
}

int64_t TotalParameters(const ModelConfig& config) {
  int64_t total = 0;
  for (const ExpectedTensor& tensor : ExpectedTensors(config)) total += tensor.Values();
  return total;
}

}  // namespace

TEST_CASE("safetensors headers out of bounds are refused by name") {
  const std::string ok = R"({"__metadata__":{"format":"pt"},"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}})";
  CHECK(HeaderMessage(ok, 8) == "fine");
  CHECK_THAT(ParseMessage("1234567"), test::Contains("7 bytes"));
  CHECK_THAT(ParseMessage(std::string(8, '\xff') + "{}"), test::Contains("a header of 18446744073709551615 bytes"));
  CHECK_THAT(HeaderMessage("[]", 0), test::Contains("an array, expected a JSON object"));
  CHECK_THAT(HeaderMessage("{\"a\":", 0), test::Contains("expected well-formed JSON"));
  CHECK_THAT(HeaderMessage(ok, 7), test::Contains("tensor a: found 7 data bytes in the file, expected at least 8"));
  CHECK_THAT(HeaderMessage(ok, 9), test::Contains("9 data bytes, expected 8"));
  const auto entry = [](const char* body) { return HeaderMessage(std::string("{\"a\":{") + body + "}}", 8); };
  CHECK_THAT(entry(R"("dtype":"F32","shape":[2],"data_offsets":[0,4])"),
             test::Contains("4 bytes, expected 8 from dtype and shape"));
  CHECK_THAT(entry(R"("dtype":"F32","shape":[2],"data_offsets":[8,0])"), test::Contains("data_offsets"));
  CHECK_THAT(entry(R"("dtype":"F32","shape":[2],"data_offsets":[8,16])"), test::Contains("data from byte 8, expected byte 0"));
  CHECK_THAT(entry(R"("dtype":"Q4","shape":[2],"data_offsets":[0,8])"), test::Contains("dtype Q4"));
  CHECK_THAT(entry(R"("dtype":"F32","shape":[-2],"data_offsets":[0,8])"), test::Contains("-2"));
  CHECK_THAT(entry(R"("dtype":"F32","shape":[9223372036854775807,9223372036854775807],"data_offsets":[0,8])"),
             test::Contains("overflows"));
  CHECK_THAT(entry(R"("dtype":"F32","shape":[99999999999999999999],"data_offsets":[0,8])"), test::Contains("key shape"));
  CHECK_THAT(entry(R"("dtype":"F32","shape":2,"data_offsets":[0,8])"), test::Contains("expected an array of integers"));
  CHECK_THAT(entry(R"("dtype":"F32","dtype":"F32","shape":[2],"data_offsets":[0,8])"),
             test::Contains("dtype: found the key twice"));
  const std::string a = R"("a":{"dtype":"U8","shape":[4],"data_offsets":[0,4]})",
                    b = R"("b":{"dtype":"U8","shape":[4],"data_offsets":[2,6]})";
  CHECK_THAT(HeaderMessage("{" + a + "," + b + "}", 8), test::Contains("tensor b: found data from byte 2, expected byte 4"));
  CHECK_THAT(HeaderMessage("{" + a + "," + a + "}", 4), test::Contains("key a: found the key twice"));
}

TEST_CASE("JSON is bounded") {
  const auto message = [](const std::string& text) { return MessageOf([&] { ParseJsonObject(text, "f"); }); };
  CHECK_THAT(message("{\"a\":" + std::string(100000, '[')), test::Contains("deeply nested"));
  CHECK_THAT(message("{\"a\":[0" +
                     [] {
                       std::string s;
                       for (int i = 0; i < (1 << 21); ++i) s += ",0";
                       return s;
                     }() +
                     "]}"),
             test::Contains("at most 2097152 values"));
  CHECK_THAT(message("{\"a\":1e999}"), test::Contains("well-formed"));
  CHECK_THAT(message("{\"a\":\"\xff\"}"), test::Contains("well-formed"));
  CHECK_THAT(message("{} x"), test::Contains("well-formed"));
  CHECK_THAT(message(""), test::Contains("well-formed"));
}

TEST_CASE("Configurations: every spelling, and errors that name the key") {
  CHECK(ConfigMessage(Json::object()) == "fine");
  CHECK(ConfigMessage({{"num_attention_heads", nullptr}, {"num_heads", 2}}) == "fine");
  CHECK(ConfigMessage({{"model_type", nullptr}}) == "fine");  // architectures says it
  CHECK_THAT(ConfigMessage({{"model_type", "llama"}}),
             test::Contains("key model_type: found 'llama', expected lfm2 or lfm2_moe"));
  CHECK_THAT(ConfigMessage({{"hidden_size", nullptr}}), test::Contains("key hidden_size: found no such key"));
  CHECK_THAT(ConfigMessage({{"hidden_size", "32"}}), test::Contains("key hidden_size: found \"32\", expected an integer from"));
  CHECK_THAT(ConfigMessage({{"hidden_size", 1e30}}), test::Contains("key hidden_size"));
  CHECK_THAT(ConfigMessage({{"hidden_size", 33}}), test::Contains("a multiple of the 2 heads"));
  CHECK_THAT(ConfigMessage({{"layer_types", {"conv"}}}), test::Contains("1 entries, expected 3 entries"));
  CHECK_THAT(ConfigMessage({{"layer_types", {"conv", "conv", "mamba"}}}),
             test::Contains("\"mamba\", expected conv or full_attention"));
  CHECK_THAT(ConfigMessage({{"layer_types", nullptr}}), test::Contains("layer_types"));
  CHECK_THAT(ConfigMessage({{"layer_types", nullptr}, {"full_attn_idxs", {3}}}),
             test::Contains("full_attn_idxs: found 3, expected an integer from 0 to 2"));
  CHECK_THAT(ConfigMessage({{"num_experts_per_tok", 4}}), test::Contains("num_experts_per_tok"));
  CHECK_THAT(ConfigMessage({{"rope_scaling", {{"rope_type", "yarn"}}}}), test::Contains("'yarn', expected default"));
  CHECK_THAT(ConfigMessage({{"tie_word_embeddings", 1}}), test::Contains("expected true or false"));
  const Json theta = FixtureConfig(
      "moe-single-bf16", {{"rope_theta", nullptr}, {"rope_parameters", {{"rope_theta", 3e6}, {"rope_type", "default"}}}});
  CHECK(ReadHfConfig(theta, "f").rope_theta == 3e6);
}

TEST_CASE("Published models have the published number of parameters") {
  const Json dense = {{"model_type", "lfm2"},
                      {"num_hidden_layers", 16},
                      {"full_attn_idxs", {2, 5, 8, 10, 12, 14}},
                      {"num_key_value_heads", 8},
                      {"vocab_size", 65536},
                      {"max_position_embeddings", 128000},
                      {"block_auto_adjust_ff_dim", true},
                      {"block_multiple_of", 256},
                      {"block_ffn_dim_multiplier", 1.0}};
  const auto total = [](Json config, const Json& patch) {
    config.merge_patch(patch);
    return TotalParameters(ReadHfConfig(config, "config.json"));
  };
  CHECK(total(dense, {{"hidden_size", 1024}, {"num_attention_heads", 16}, {"block_ff_dim", 6656}}) == 354483968);
  CHECK(total(dense, {{"hidden_size", 1536}, {"num_attention_heads", 24}, {"block_ff_dim", 10240}}) == 742489344);
  CHECK(total(dense, {{"hidden_size", 2048}, {"num_attention_heads", 32}, {"intermediate_size", 12288}}) == 1170340608);
  const Json larger = {{"hidden_size", 2048},
                       {"num_attention_heads", 32},
                       {"intermediate_size", 10752},
                       {"num_hidden_layers", 30},
                       {"full_attn_idxs", {2, 5, 9, 13, 17, 21, 24, 27}},
                       {"block_auto_adjust_ff_dim", false}};
  CHECK(total(dense, larger) == 2569272320);
  Json larger_vocabulary = larger;
  larger_vocabulary["vocab_size"] = 128000;
  CHECK(total(dense, larger_vocabulary) == 2697198592);
  const Json moe = {{"model_type", "lfm2_moe"},
                    {"hidden_size", 2048},
                    {"num_attention_heads", 32},
                    {"num_hidden_layers", 24},
                    {"full_attn_idxs", {2, 6, 10, 14, 18, 21}},
                    {"intermediate_size", 7168},
                    {"moe_intermediate_size", 1792},
                    {"num_experts", 32},
                    {"num_experts_per_tok", 4},
                    {"num_dense_layers", 2}};
  CHECK(total(dense, moe) == 8339930560);
}

TEST_CASE("MLX quantisation: what is supported, and clear refusals") {
  CHECK(MlxMessage({{"bits", 4}, {"group_size", 64}}) == "fine");
  CHECK_THAT(MlxMessage({{"bits", 4}, {"group_size", 32}, {"mode", "mxfp4"}}),
             test::Contains("key mode: found 'mxfp4', expected affine"));
  CHECK_THAT(MlxMessage({{"bits", 7}, {"group_size", 64}}), test::Contains("7 bits in groups of 64, expected one of mlx_q2_g32"));
  CHECK_THAT(MlxMessage({{"bits", 4}, {"group_size", 64}, {"m", {{"bits", 1}}}}), test::Contains("key m: found 1 bits"));
  CHECK_THAT(MlxMessage({{"quant_method", "gptq"}, {"bits", 4}}), test::Contains("quant_method: found 'gptq'"));
  CHECK_THAT(MlxMessage("4bit"), test::Contains("key quantization: found a string, expected an object"));
  const Json config = {{"quantization", {{"bits", 4}, {"group_size", 64}, {"a.b", {{"bits", 8}}}, {"c", false}}}};
  const auto quantization = ReadMlxQuantization(config, "f");
  REQUIRE(quantization);
  CHECK(quantization->FormatOf("x") == FindFormat("mlx_q4_g64"));
  CHECK(quantization->FormatOf("a.b") == FindFormat("mlx_q8_g64"));
  CHECK(quantization->FormatOf("c") == nullptr);
}

TEST_CASE("MLX tensors must match the configuration") {
  const std::string weights = ReadFile(test::Golden("weights/moe-mlx-4bit/model.safetensors"));
  const auto message = [&](const Json& patch) {
    HfTexts texts;
    texts.directory = "m";
    texts.config = FixtureConfig("moe-mlx-4bit", patch).dump();
    const FileBytes file{"m/model.safetensors", Bytes(weights)};
    return MessageOf([&] { ReadSafetensorsModel(texts, {&file, 1}); });
  };
  CHECK(message(Json::object()) == "fine");
  CHECK_THAT(message({{"quantization", nullptr}, {"quantization_config", nullptr}}),
             test::Contains("config.json has no quantization"));
  CHECK_THAT(message({{"quantization", {{"bits", 8}}}}), test::Contains("for mlx_q8_g32"));
  CHECK_THAT(message({{"quantization", {{"model.layers.0.conv.in_proj", false}}}}),
             test::Contains("this module is not quantised"));
  CHECK_THAT(message({{"vocab_size", 65}}), test::Contains("model.embed_tokens.weight: found U32 [64, 4], expected U32 [65, 4]"));
}

TEST_CASE("Names of checkpoints map to canonical names") {
  const auto canonical = [](const char* name) { return ParseHfName(name).value_or(HfName{}).canonical; };
  CHECK(canonical("model.layers.12.self_attn.out_proj.weight") == "blk.12.attn_output.weight");
  CHECK(canonical("model.layers.0.feed_forward.gate_proj.scales") == "blk.0.ffn_gate.weight");
  CHECK(canonical("model.layers.3.feed_forward.experts.7.w2.weight") == "blk.3.ffn_down_exps.weight");
  CHECK(canonical("model.layers.3.conv.in_proj.bias") == "blk.3.shortconv.in_proj.bias");
  CHECK(canonical("lm_head.weight") == "output.weight");
  for (const char* name :
       {"", ".", "model.layers", "model.layers.", "model.layers.x.ffn_norm.weight", "model.layers.01.ffn_norm.weight",
        "model.layers.-1.ffn_norm.weight", "model.layers.9999999.ffn_norm.weight", "model.layers.0.ffn_norm",
        "model.layers.0.feed_forward.experts.w1.weight", "model.norm.weight", "embed_tokens.weight"}) {
    INFO(name);
    CHECK_FALSE(ParseHfName(name));
  }
}

TEST_CASE("An index may name only files beside it, and must agree with them") {
  const auto names = [](const Json& map) {
    return MessageOf([&] { ShardNames(Json{{"weight_map", map}}.dump(), "index.json"); });
  };
  CHECK(names({{"a", "x.safetensors"}}) == "fine");
  for (const char* name : {"/etc/passwd", "../x.safetensors", "..", ".", "", "a/b"}) {
    CHECK_THAT(names({{"a", name}}), test::Contains("the name of a file beside the index"));
  }
  CHECK_THAT(names({{"a", 5}}), test::Contains("tensor a"));
  CHECK_THAT(names(Json::array()), test::Contains("key weight_map"));

  test::TemporaryDirectory directory;
  std::filesystem::copy(test::Golden("weights/moe-sharded-f16"), directory.path());
  const auto index_path = directory.path() / "model.safetensors.index.json";
  Json index = Json::parse(ReadFile(index_path));
  CHECK(MessageOf([&] { WeightStore::Open(directory.path()); }) == "fine");
  index["weight_map"]["model.embed_tokens.weight"] = "model-00002-of-00002.safetensors";
  WriteFileAtomically(index_path, index.dump());
  CHECK_THAT(MessageOf([&] { WeightStore::Open(directory.path()); }),
             test::Contains("model.embed_tokens.weight: found index entry"));
  std::filesystem::remove(directory.path() / "model-00002-of-00002.safetensors");
  CHECK_THAT(MessageOf([&] { WeightStore::Open(directory.path()); }),
             test::Contains("model-00002-of-00002.safetensors: found No such file"));
}

TEST_CASE("Special ids, from whichever file names them") {
  HfTexts texts;
  texts.directory = "m";
  texts.config = R"({"eos_token_id": 5})";
  texts.tokenizer_config = R"({"bos_token": {"content": "<s>"}, "added_tokens_decoder": {"3": {"content": "<s>"}},
                               "chat_template": [{"name": "tool_use", "template": "t"}, {"name": "default", "template": "d"}]})";
  const TokenizerData data = HfTokenizer(texts, 16);
  CHECK(data.bos_id == 3);
  CHECK(data.eos_id == 5);
  CHECK_FALSE(data.pad_id);
  CHECK(data.chat_template == "d");
  texts.chat_template = "jinja file";
  CHECK(HfTokenizer(texts, 16).chat_template == "jinja file");
  CHECK_THAT(MessageOf([&] { HfTokenizer(texts, 5); }),
             test::Contains("m/config.json: key eos_token_id: found 5, expected an integer from 0 to 4"));
  texts.config = "{}";
  CHECK_THAT(MessageOf([&] { HfTokenizer(texts, 3); }), test::Contains("added_tokens_decoder: found id 3, expected 0 to 2"));
}

}  // namespace tidemark
