// GGUF: the parser's limits one by one, the checks against the configuration, and the writer.
#include <cstring>
#include <functional>

#include "engine/core/error.h"
#include "engine/weights/expected_tensors.h"
#include "engine/weights/gguf_file.h"
#include "engine/weights/gguf_writer.h"
#include "engine/weights/inspect.h"
#include "engine/weights/stored_model.h"
#include "engine/weights/tokenizer_data.h"
#include "tests/support/catch.h"
#include "tests/support/open_model.h"
#include "tests/support/paths.h"

namespace tidemark {
namespace {

std::span<const std::byte> Bytes(const std::string& text) { return std::as_bytes(std::span(text)); }

// The message with which reading the file fails; "opened" if it does not.
std::string Message(const std::string& file) {
  try {
    ReadGgufModel({"f.gguf", Bytes(file)});
  } catch (const Error& error) {
    return error.what();
  }
  return "opened";
}

ModelConfig TinyConfig() {
  ModelConfig c;
  c.architecture = "lfm2moe";
  c.hidden_size = 32;
  c.num_hidden_layers = 3;
  c.layer_types = {LayerType::kConv, LayerType::kFullAttention, LayerType::kConv};
  c.num_attention_heads = 4;
  c.num_key_value_heads = 2;
  c.head_dim = 8;
  c.intermediate_size = 64;
  c.num_dense_layers = 1;
  c.num_experts = 4;
  c.num_experts_per_tok = 2;
  c.moe_intermediate_size = 32;
  c.use_expert_bias = true;
  c.vocab_size = 40;
  c.max_position_embeddings = 128;
  return c;
}

// A file of zeros with config's tensors; edit may change the list or add keys first.
using Edit = std::function<void(std::vector<ExpectedTensor>&, GgufWriter&)>;
std::string Build(const ModelConfig& config, const Edit& edit = {}, const Format* format = FindFormat("f32")) {
  GgufWriter writer;
  AddModelKeys(config, writer);
  std::vector<ExpectedTensor> tensors = ExpectedTensors(config);
  if (edit) edit(tensors, writer);
  for (const ExpectedTensor& tensor : tensors) {
    const std::vector<float> zeros(static_cast<size_t>(tensor.Values()));
    const Format* stored = tensor.k % format->block_values == 0 ? format : FindFormat("f32");
    writer.AddTensor(tensor.name, tensor.Shape(), stored, std::span<const float>(zeros));
  }
  return writer.Serialize();
}

// A header with counts only, then raw bytes.
std::string Raw(uint32_t version, uint64_t tensors, uint64_t entries, const std::string& rest = {}) {
  std::string out = "GGUF";
  out.append(reinterpret_cast<const char*>(&version), 4);
  out.append(reinterpret_cast<const char*>(&tensors), 8);
  out.append(reinterpret_cast<const char*>(&entries), 8);
  return out + rest;
}

template <typename T>
std::string Little(T value) {
  return {reinterpret_cast<const char*>(&value), sizeof value};
}
std::string Text(const std::string& text) { return Little<uint64_t>(text.size()) + text; }

}  // namespace

TEST_CASE("What the writer writes, the reader reads") {
  const ModelConfig config = TinyConfig();
  for (const char* format : {"f32", "bf16", "q8_0", "q4_0"}) {
    const StoredModel model = ReadGgufModel({"f.gguf", Bytes(Build(config, {}, FindFormat(format)))});
    CHECK(model.config.architecture == config.architecture);
    CHECK(model.config.layer_types == config.layer_types);
    CHECK(model.config.head_dim == config.head_dim);
    CHECK(model.config.moe_intermediate_size == config.moe_intermediate_size);
    CHECK(model.config.use_expert_bias);
    CHECK(model.tensors.size() == ExpectedTensors(config).size());
  }
  ModelConfig untied = config;
  untied.tie_word_embeddings = false;
  const std::string file = Build(untied, [](std::vector<ExpectedTensor>&, GgufWriter&) {});
  // A head of zeros equals the embedding of zeros: tolerated as a copy.
  CHECK(ReadGgufModel({"f.gguf", Bytes(file)}).config.tie_word_embeddings);
}

TEST_CASE("GGUF headers out of bounds are refused by name") {
  CHECK_THAT(Message("GGU"), test::Contains("f.gguf"));
  CHECK_THAT(Message("GGML" + std::string(64, '\0')), test::Contains("GGUF file"));
  CHECK_THAT(Message(Raw(1, 0, 0)), test::Contains("GGUF version 1, expected version 2 or 3"));
  CHECK_THAT(Message(Raw(0x03000000, 0, 0)), test::Contains("big-endian"));
  CHECK_THAT(Message(Raw(4, 0, 0)), test::Contains("version 4"));
  CHECK_THAT(Message(Raw(3, UINT64_MAX, 0)), test::Contains("tensors, expected at most"));
  CHECK_THAT(Message(Raw(3, 0, UINT64_MAX)), test::Contains("metadata keys"));
  CHECK_THAT(Message(Raw(3, 0, 1, Little(UINT64_MAX))), test::Contains("at most 65535 bytes"));
  CHECK_THAT(Message(Raw(3, 0, 1, Little<uint64_t>(100) + "abc")), test::Contains("bytes left"));
  CHECK_THAT(Message(Raw(3, 0, 1, Text("") + Little<uint32_t>(4) + Little<uint32_t>(1))), test::Contains("UTF-8"));
  CHECK_THAT(Message(Raw(3, 0, 1, Text("\xff") + Little<uint32_t>(4) + Little<uint32_t>(1))), test::Contains("UTF-8"));
  CHECK_THAT(Message(Raw(3, 0, 1, Text("a") + Little<uint32_t>(13))), test::Contains("value type 13"));
  CHECK_THAT(Message(Raw(3, 0, 1, Text("a") + Little<uint32_t>(7) + "\x02")), test::Contains("bool with value 2"));
  CHECK_THAT(Message(Raw(3, 0, 1, Text("a") + Little<uint32_t>(9) + Little<uint32_t>(9) + Little<uint64_t>(1))),
             test::Contains("array of arrays"));
  CHECK_THAT(Message(Raw(3, 0, 1, Text("a") + Little<uint32_t>(9) + Little<uint32_t>(4) + Little(UINT64_MAX))),
             test::Contains("at most 1073741824"));
  CHECK_THAT(Message(Raw(3, 0, 1, Text("a") + Little<uint32_t>(9) + Little<uint32_t>(4) + Little<uint64_t>(1 << 30))),
             test::Contains("bytes left"));
  const std::string twice = Text("a") + Little<uint32_t>(4) + Little<uint32_t>(1);
  CHECK_THAT(Message(Raw(3, 0, 2, twice + twice)), test::Contains("key a: found the key twice"));
  for (const uint32_t alignment : {0u, 3u, 1u << 21}) {
    CHECK_THAT(Message(Raw(3, 0, 1, Text("general.alignment") + Little<uint32_t>(4) + Little(alignment))),
               test::Contains("power of two"));
  }
}

TEST_CASE("GGUF tensor infos out of bounds are refused by name") {
  const auto info = [](const std::string& name, const std::vector<int64_t>& dims, int32_t type, uint64_t offset) {
    std::string out = Text(name) + Little(static_cast<uint32_t>(dims.size()));
    for (const int64_t d : dims) out += Little(d);
    return out + Little(type) + Little(offset);
  };
  const auto message = [&](const std::string& infos, uint64_t count = 1) {
    return Message(Raw(3, count, 0, infos + std::string(256, '\0')));
  };
  CHECK_THAT(message(info(std::string(64, 'x'), {32}, 0, 0)), test::Contains("at most 63 bytes"));
  CHECK_THAT(message(info("t", {}, 0, 0)), test::Contains("tensor t: found 0 dimensions"));
  CHECK_THAT(message(info("t", {1, 1, 1, 1, 1}, 0, 0)), test::Contains("5 dimensions"));
  CHECK_THAT(message(info("t", {0}, 0, 0)), test::Contains("of size 0"));
  CHECK_THAT(message(info("t", {-1}, 0, 0)), test::Contains("of size -1"));
  CHECK_THAT(message(info("t", {INT64_MAX, 3}, 0, 0)), test::Contains("overflows"));
  CHECK_THAT(message(info("t", {int64_t{1} << 62}, 0, 0)), test::Contains("overflows"));
  CHECK_THAT(message(info("t", {int64_t{1} << 61}, 0, 0)), test::Contains("expected at least"));
  CHECK_THAT(message(info("t", {int64_t{1} << 40}, 0, 0)), test::Contains("expected at least"));
  CHECK_THAT(message(info("t", {32}, 4, 0)), test::Contains("tensor t: found ggml tensor type 4, expected one of f32"));
  CHECK_THAT(message(info("t", {32}, -7, 0)), test::Contains("type -7"));
  CHECK_THAT(message(info("t", {31}, 8, 0)), test::Contains("rows of 31 values in q8_0, expected a multiple of 32"));
  CHECK_THAT(message(info("t", {32}, 0, 32)), test::Contains("offset 32, expected 0"));
  CHECK_THAT(message(info("t", {8}, 0, 0) + info("t", {8}, 0, 32), 2), test::Contains("the tensor twice"));
  CHECK_THAT(message(info("t", {8}, 0, 0) + info("u", {8}, 0, 0), 2), test::Contains("tensor u: found offset 0, expected 32"));
}

TEST_CASE("Configurations that contradict themselves are refused by key") {
  const auto changed = [](auto change) {
    ModelConfig config = TinyConfig();
    change(config);
    // The tensors stay those of the original: the key check must come first.
    GgufWriter writer;
    AddModelKeys(config, writer);
    for (const ExpectedTensor& tensor : ExpectedTensors(TinyConfig())) {
      const std::vector<float> zeros(static_cast<size_t>(tensor.Values()));
      writer.AddTensor(tensor.name, tensor.Shape(), FindFormat("f32"), std::span<const float>(zeros));
    }
    return Message(writer.Serialize());
  };
  CHECK(changed([](ModelConfig&) {}) == "opened");
  CHECK_THAT(changed([](ModelConfig& c) { c.layer_types.pop_back(); }), test::Contains("2 entries, expected 3, one per block"));
  CHECK_THAT(changed([](ModelConfig& c) { c.num_key_value_heads = 3; }), test::Contains("0 or a divisor of 4"));
  CHECK_THAT(changed([](ModelConfig& c) { c.num_experts_per_tok = 5; }),
             test::Contains("lfm2moe.expert_used_count: found 5, expected 1 to 4"));
  CHECK_THAT(changed([](ModelConfig& c) { c.num_dense_layers = 4; }), test::Contains("leading_dense_block_count"));
  CHECK_THAT(changed([](ModelConfig& c) { c.vocab_size = 41; }),
             test::Contains("token_embd.weight: found shape [40, 32], expected [41, 32]"));
  CHECK_THAT(changed([](ModelConfig& c) { c.moe_intermediate_size = 33; }),
             test::Contains("blk.1.ffn_gate_exps.weight: found shape [4, 32, 32]"));
  CHECK_THAT(changed([](ModelConfig& c) { c.num_experts = 5; }), test::Contains("blk.1.ffn_gate_inp.weight"));
  CHECK_THAT(changed([](ModelConfig& c) { c.layer_types[2] = LayerType::kFullAttention; }),
             test::Contains("blk.2.attn_q.weight: found no such tensor"));
  CHECK_THAT(changed([](ModelConfig& c) { c.hidden_size = int64_t{1} << 31; }), test::Contains("embedding_length"));
  // Thin matrices need few bytes however long they are; the activations they ask for are bounded all the same.
  CHECK_THAT(changed([](ModelConfig& c) { c.intermediate_size = 1 << 24; }), test::Contains("feed_forward_length"));
  CHECK_THAT(changed([](ModelConfig& c) { c.head_dim = 1 << 16; }), test::Contains("key_length"));
  CHECK_THAT(changed([](ModelConfig& c) {
               c.num_attention_heads = c.num_key_value_heads = 1 << 12;
               c.head_dim = 1 << 10;
             }),
             test::Contains("width of all attention heads: found 4194304"));
  CHECK_THAT(changed([](ModelConfig& c) {
               c.num_experts = c.num_experts_per_tok = 1 << 12;
               c.moe_intermediate_size = 1 << 10;
             }),
             test::Contains("width of all experts of a token"));
  CHECK_THAT(changed([](ModelConfig& c) { c.norm_eps = 2; }), test::Contains("norm_eps"));
  CHECK_THAT(changed([](ModelConfig& c) { c.architecture = "dflash"; }),
             test::Contains("'dflash', expected lfm2 or lfm2moe (this is a speculative drafter"));
  CHECK_THAT(changed([](ModelConfig& c) { c.architecture = "llama"; }), test::Contains("'llama', expected lfm2 or lfm2moe"));
}

TEST_CASE("Missing, unknown and repeated tensors") {
  const ModelConfig config = TinyConfig();
  CHECK_THAT(Message(Build(config, [](auto& tensors, auto&) { tensors.pop_back(); })),
             test::Contains("blk.2.ffn_down_exps.weight: found no such tensor"));
  CHECK_THAT(Message(Build(config,
                           [](auto& tensors, auto&) {
                             tensors.push_back({"blk.0.attn_q.weight", 0, 32, 32, false});
                           })),
             test::Contains("blk.0.attn_q.weight: found a tensor that this configuration does not have"));
  CHECK_THAT(Message(Build(config,
                           [](auto& tensors, auto&) {
                             tensors.push_back({"rope_freqs.weight", 0, 1, 4, true});
                           })),
             test::Contains("rope_freqs.weight"));
  GgufWriter writer;
  AddModelKeys(config, writer);
  for (const ExpectedTensor& tensor : ExpectedTensors(config)) {
    const std::vector<float> zeros(static_cast<size_t>(tensor.Values()));
    writer.AddTensor(tensor.name, tensor.Shape(), FindFormat("f32"), std::span<const float>(zeros));
  }
  const std::vector<float> ones(40 * 32, 1.0f);
  writer.AddTensor("output.weight", {40, 32}, FindFormat("f32"), std::span<const float>(ones));
  const std::string file = writer.Serialize();
  const StoredModel model = ReadGgufModel({"f.gguf", Bytes(file)});
  CHECK_FALSE(model.config.tie_word_embeddings);
  CHECK(model.matrices.count("output.weight") == 1);
}

TEST_CASE("Settings that would change the arithmetic are refused") {
  const auto with = [](auto add) { return Message(Build(TinyConfig(), [&](auto&, GgufWriter& writer) { add(writer); })); };
  CHECK(with([](GgufWriter& w) { w.AddString("lfm2moe.rope.scaling.type", "none"); }) == "opened");
  CHECK_THAT(with([](GgufWriter& w) { w.AddString("lfm2moe.rope.scaling.type", "yarn"); }),
             test::Contains("'yarn', expected none"));
  CHECK_THAT(with([](GgufWriter& w) { w.AddU32("lfm2moe.attention.sliding_window", 128); }), test::Contains("sliding_window"));
  CHECK_THAT(with([](GgufWriter& w) { w.AddU32("split.count", 2); }), test::Contains("2 parts"));
  CHECK_THAT(with([](GgufWriter& w) { w.AddU32("lfm2moe.rope.dimension_count", 4); }), test::Contains("rope.dimension_count"));
  CHECK_THAT(with([](GgufWriter& w) { w.AddU32("lfm2moe.attention.key_length", 16); }), test::Contains("attn_q.weight"));
}

TEST_CASE("GGUF vocabularies are checked") {
  const auto with = [](std::vector<std::string> tokens, const std::vector<std::string>& merges, auto add) {
    tokens.resize(40, "x");
    return Message(Build(TinyConfig(), [&](auto&, GgufWriter& w) {
      w.AddString("tokenizer.ggml.model", "gpt2");
      w.AddStrings("tokenizer.ggml.tokens", tokens);
      w.AddStrings("tokenizer.ggml.merges", merges);
      add(w);
    }));
  };
  const auto none = [](GgufWriter&) {};
  CHECK(with({"a", "b", "ab"}, {"a b"}, none) == "opened");
  for (const char* merge : {"a c", "ab", "a ", " b", "b a", ""}) {
    CHECK_THAT(with({"a", "b", "ab"}, {"a b", merge}, none), test::Contains("merge 1 '" + std::string(merge) + "'"));
  }
  // A half that no merge can produce: harmless, and left out.
  GgufWriter cut;
  cut.AddString("tokenizer.ggml.model", "gpt2");
  cut.AddStrings("tokenizer.ggml.tokens", std::vector<std::string>{"a", "b", "ab", "abcd"});
  cut.AddStrings("tokenizer.ggml.merges", std::vector<std::string>{"ab cd", "a b"});
  const std::string cut_file = cut.Serialize();
  CHECK(GgufTokenizer(ParseGguf(Bytes(cut_file), "f")).merges == std::vector<std::string>{"a b"});
  CHECK_THAT(with({"a"}, {}, [](GgufWriter& w) { w.AddU32("tokenizer.ggml.bos_token_id", 40); }),
             test::Contains("bos_token_id: found 40, expected 0 to 39"));
  CHECK_THAT(with({"a"}, {}, [](GgufWriter& w) { w.AddInts("tokenizer.ggml.token_type", std::vector<int32_t>(39, 1)); }),
             test::Contains("39 elements, expected 40"));
  CHECK_THAT(Message(Build(TinyConfig(),
                           [](auto&, GgufWriter& w) {
                             w.AddString("tokenizer.ggml.model", "gpt2");
                             w.AddStrings("tokenizer.ggml.tokens", std::vector<std::string>(39, "x"));
                           })),
             test::Contains("39 tokens, expected 40, the rows of token_embd.weight"));
}

TEST_CASE("A vocabulary of real size reads whole") {
  const auto path = test::SharedData("tokenizer/llama-bpe.gguf");
  if (!path) TM_SKIP("no shared data (tokenizer/llama-bpe.gguf)");
  const MappedFile mapped(*path);
  const TokenizerData data = GgufTokenizer(ParseGguf(mapped.bytes(), path->string()));
  CHECK(data.tokens.size() == 128256);
  CHECK(data.merges.size() == 280147);
  CHECK(data.pre == "llama-bpe");
}

TEST_CASE("The published 8B shape is counted and laid out as published") {
  // Q4_K_M of LFM2.5-8B-A1B: which tensor gets which type, and the file sizes, are those of the official repository. The file
  // here is sparse: header, then a hole.
  ModelConfig c;
  c.architecture = "lfm2moe";
  c.hidden_size = 2048;
  c.num_hidden_layers = 24;
  c.layer_types.assign(24, LayerType::kConv);
  for (const size_t i : {2, 6, 10, 14, 18, 21}) c.layer_types[i] = LayerType::kFullAttention;
  c.num_attention_heads = 32;
  c.num_key_value_heads = 8;
  c.head_dim = 64;
  c.intermediate_size = 7168;
  c.num_dense_layers = 2;
  c.num_experts = 32;
  c.num_experts_per_tok = 4;
  c.moe_intermediate_size = 1792;
  c.use_expert_bias = true;
  c.vocab_size = 128000;
  c.max_position_embeddings = 128000;
  c.rope_theta = 5e6;
  GgufWriter writer;
  AddModelKeys(c, writer);
  const auto format_of = [](const ExpectedTensor& tensor) {
    const auto has = [&](const char* part) { return tensor.name.find(part) != std::string::npos; };
    if (tensor.is_vector || has("ffn_gate_inp") || has("shortconv.conv")) return FindFormat("f32");
    const int layer = tensor.name[0] == 'b' ? std::atoi(tensor.name.c_str() + 4) : -1;
    const auto among = [&](std::initializer_list<int> layers) {
      return std::find(layers.begin(), layers.end(), layer) != layers.end();
    };
    const bool more = layer < 0 || (has("ffn_down") && among({0, 1, 2, 5, 8, 11, 14, 17, 20, 21, 22, 23})) ||
                      (has("attn_v") && among({10, 21}));
    return FindFormat(more ? "q6_k" : "q4_k");
  };
  const std::vector<ExpectedTensor> tensors = ExpectedTensors(c);
  CHECK(tensors.size() == 256);
  for (const ExpectedTensor& tensor : tensors) writer.DeclareTensor(tensor.name, tensor.Shape(), format_of(tensor));
  const std::string header = writer.Header();
  const uint64_t offset = writer.DataBytes();
  CHECK(offset + 8'238'560 == 5'155'564'768);  // the published file size, with its constant header

  test::TemporaryDirectory directory;
  const auto path = directory.path() / "sparse.gguf";
  WriteFileAtomically(path, header);
  std::filesystem::resize_file(path, header.size() + offset);
  const auto store = WeightStore::Open(path);
  const ParameterCount parameters = CountParameters(*store);
  CHECK(parameters.total == 8'467'856'832);
  CHECK(parameters.active == 1'685'667'264);
  const InspectReport report = Inspect(*store);
  CHECK(report.tensor_bytes == static_cast<int64_t>(offset));
  CHECK(report.formats.size() == 3);
  std::filesystem::resize_file(path, header.size() + offset - 1);
  CHECK_THROWS_WITH(WeightStore::Open(path), test::Contains("incomplete"));
}

}  // namespace tidemark
