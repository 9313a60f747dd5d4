// Every container and layout of one model gives the same numbers. The fixtures hold weights that all formats represent exactly
// (tests/golden/weights/make_fixtures.py), so equality is demanded bit for bit.
#include <cstring>
#include <vector>

#include "engine/core/error.h"
#include "engine/core/tensor.h"
#include "engine/weights/expected_tensors.h"
#include "engine/weights/weight_store.h"
#include "tests/support/catch.h"
#include "tests/support/paths.h"

namespace tidemark {
namespace {

std::unique_ptr<WeightStore> OpenGolden(const std::string& name) { return WeightStore::Open(test::Golden("weights/" + name)); }

// All values of a canonical tensor, experts one after another.
std::vector<float> Values(const WeightStore& store, const ExpectedTensor& tensor) {
  std::vector<float> values(static_cast<size_t>(tensor.Values()));
  if (tensor.experts == 0) {
    DequantizeRows(store.Get(tensor.name, tensor.n, tensor.k), 0, tensor.n, values.data());
  }
  for (int64_t e = 0; e < tensor.experts; ++e) {
    DequantizeRows(store.GetExpert(tensor.name, e, tensor.n, tensor.k), 0, tensor.n, values.data() + e * tensor.n * tensor.k);
  }
  return values;
}

void CheckSame(const WeightStore& store, const WeightStore& reference) {
  for (const ExpectedTensor& tensor : ExpectedTensors(reference.Config())) {
    INFO(tensor.name);
    REQUIRE(store.Has(tensor.name));
    const std::vector<float> a = Values(store, tensor), b = Values(reference, tensor);
    size_t differing = 0;
    for (size_t i = 0; i < a.size(); ++i) differing += std::memcmp(&a[i], &b[i], sizeof(float)) != 0;
    CHECK(differing == 0);
  }
}

void CheckSameConfig(const ModelConfig& a, const ModelConfig& b) {
  CHECK(a.architecture == b.architecture);
  CHECK(a.hidden_size == b.hidden_size);
  CHECK(a.layer_types == b.layer_types);
  CHECK(a.num_attention_heads == b.num_attention_heads);
  CHECK(a.num_key_value_heads == b.num_key_value_heads);
  CHECK(a.head_dim == b.head_dim);
  CHECK(a.intermediate_size == b.intermediate_size);
  CHECK(a.num_dense_layers == b.num_dense_layers);
  CHECK(a.num_experts == b.num_experts);
  CHECK(a.num_experts_per_tok == b.num_experts_per_tok);
  CHECK(a.moe_intermediate_size == b.moe_intermediate_size);
  CHECK(a.use_expert_bias == b.use_expert_bias);
  CHECK(a.norm_topk_prob == b.norm_topk_prob);
  CHECK(a.vocab_size == b.vocab_size);
  CHECK(a.max_position_embeddings == b.max_position_embeddings);
  CHECK(static_cast<float>(a.norm_eps) == static_cast<float>(b.norm_eps));
  CHECK(a.rope_theta == b.rope_theta);
  CHECK(a.conv_L_cache == b.conv_L_cache);
  CHECK(a.tie_word_embeddings == b.tie_word_embeddings);
}

}  // namespace

TEST_CASE("Every container of the MoE model holds the same weights") {
  const auto reference = OpenGolden("moe-f32.gguf");
  CHECK(reference->Config().architecture == "lfm2moe");
  CHECK(reference->Config().tie_word_embeddings);
  for (const char* name : {"moe-q4_0.gguf", "moe-single-bf16", "moe-single-bf16/model.safetensors", "moe-sharded-f16",
                           "moe-sharded-f16/model.safetensors.index.json", "moe-fused-bf16", "moe-mlx-4bit", "moe-mlx-8bit"}) {
    INFO(name);
    const auto store = OpenGolden(name);
    CheckSameConfig(store->Config(), reference->Config());
    CheckSame(*store, *reference);
    CHECK(CountParameters(*store).total == CountParameters(*reference).total);
  }
}

TEST_CASE("The dense untied model is the same in GGUF and in safetensors with legacy keys") {
  const auto reference = OpenGolden("dense-q8_0.gguf");
  const auto store = OpenGolden("dense-untied-bf16");
  CHECK_FALSE(store->Config().tie_word_embeddings);
  CHECK(store->Config().intermediate_size == 64);  // 90 -> 60 -> rounded up to a multiple of 32
  CheckSameConfig(store->Config(), reference->Config());
  CheckSame(*store, *reference);
}

TEST_CASE("A store says what it holds") {
  const auto gguf = OpenGolden("moe-q4_0.gguf");
  CHECK(gguf->Container() == "GGUF v3");
  CHECK(gguf->Files().size() == 1);
  CHECK(gguf->FileBytes() == static_cast<int64_t>(std::filesystem::file_size(test::Golden("weights/moe-q4_0.gguf"))));
  CHECK(gguf->Tensors().size() == 31);
  const auto sharded = OpenGolden("moe-sharded-f16");
  CHECK(sharded->Container() == "safetensors");
  CHECK(sharded->Files().size() == 2);
  const auto mlx = OpenGolden("moe-mlx-4bit");
  CHECK(mlx->Container() == "safetensors (MLX 4-bit)");
  int64_t stored = 0;
  for (const TensorInfo& tensor : mlx->Tensors()) stored += tensor.bytes;
  CHECK(stored < mlx->FileBytes());
  CHECK(mlx->Get("blk.2.ffn_gate_inp.weight", 3, 32).format == FindFormat("mlx_q8_g32"));
  CHECK(mlx->Get("token_embd.weight", 64, 32).format == FindFormat("mlx_q4_g32"));
  CHECK(mlx->Get("token_embd.weight", 64, 32).StoredBytes() == 64 * (16 + 2 + 2));
  mlx->DropPages(mlx->Get("token_embd.weight", 64, 32));
}

TEST_CASE("Asking for what is not there is an error with name and shape") {
  const auto store = OpenGolden("moe-q4_0.gguf");
  CHECK_THROWS_WITH(store->Get("blk.9.attn_q.weight", 32, 32), test::Contains("blk.9.attn_q.weight"));
  CHECK_THROWS_WITH(store->Get("blk.1.attn_q.weight", 32, 16), test::Contains("[32, 16]"));
  CHECK_THROWS_WITH(store->Get("blk.2.ffn_up_exps.weight", 32, 32), test::Contains("stack of 3 experts"));
  CHECK_THROWS_AS(store->GetExpert("blk.2.ffn_up_exps.weight", 3, 32, 32), Error);
  CHECK_THROWS_AS(store->GetExpert("blk.1.attn_q.weight", 0, 32, 32), Error);
}

TEST_CASE("Tokenizer data comes from GGUF keys or from the JSON files") {
  const auto gguf = OpenGolden("moe-f32.gguf");
  const TokenizerData& a = gguf->Tokenizer();
  CHECK(a.kind == TokenizerData::Kind::kGguf);
  CHECK(a.model == "gpt2");
  CHECK(a.pre == "lfm2");
  CHECK(a.tokens.size() == 64);
  CHECK(a.token_types[7] == 3);
  CHECK(a.merges == std::vector<std::string>{"t h", "th e"});
  CHECK(a.bos_id == 1);
  CHECK(a.eos_id == 7);
  CHECK(a.pad_id == 0);
  CHECK(a.add_bos == false);
  CHECK_THAT(a.chat_template, test::Contains("bos_token"));

  const auto hf = OpenGolden("moe-single-bf16");
  const TokenizerData& b = hf->Tokenizer();
  CHECK(b.kind == TokenizerData::Kind::kJson);
  CHECK_THAT(b.tokenizer_json, test::Contains("\"merges\""));
  CHECK(b.bos_id == 1);
  CHECK(b.eos_id == 7);
  CHECK(b.extra_eos_ids == std::vector<TokenId>{2});  // generation_config.json lists [7, 2]
  CHECK(b.pad_id == 0);                               // only config.json has it
  CHECK(b.add_bos == true);
  CHECK(b.chat_template == "{{ 1 }}");
  CHECK(OpenGolden("moe-fused-bf16")->Tokenizer().kind == TokenizerData::Kind::kNone);
}

TEST_CASE("Files of the reference quantiser open, with the parameters that the shapes imply") {
  const auto golden = test::SharedData("golden");
  if (!golden) TM_SKIP("no shared data (golden/tiny-lfm2moe-*.gguf)");
  int opened = 0;
  for (const auto& entry : std::filesystem::directory_iterator(*golden)) {
    if (entry.path().extension() != ".gguf") continue;
    const auto store = WeightStore::Open(entry.path());
    CHECK(CountParameters(*store).total == 3020808);
    ++opened;
  }
  CHECK(opened >= 10);
}

}  // namespace tidemark
