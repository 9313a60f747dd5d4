#include "engine/model/lfm2_weights.h"

#include <algorithm>
#include <cmath>
#include <string>

#include "engine/core/error.h"

namespace tidemark {
namespace {

void Require(bool condition, const char* key, const std::string& found, const char* expected) {
  if (!condition) throw Error(key, found, expected);
}

// The relations between config values that Forward relies on. Shapes of tensors are checked by the store.
void CheckConfig(const ModelConfig& c) {
  const auto positive = [](int64_t value, const char* key) {
    Require(value > 0, key, fmt::format("{}", value), "a positive number");
  };
  positive(c.hidden_size, "hidden_size");
  positive(c.vocab_size, "vocab_size");
  positive(c.num_attention_heads, "num_attention_heads");
  positive(c.head_dim, "head_dim");
  positive(c.conv_L_cache, "conv_L_cache");
  Require(static_cast<int64_t>(c.layer_types.size()) == c.num_hidden_layers, "layer_types",
          fmt::format("{} entries", c.layer_types.size()), "one per layer");
  if (std::count(c.layer_types.begin(), c.layer_types.end(), LayerType::kFullAttention) > 0) {
    positive(c.num_key_value_heads, "num_key_value_heads");
    Require(c.num_attention_heads % c.num_key_value_heads == 0, "num_key_value_heads", fmt::format("{}", c.num_key_value_heads),
            "a divisor of num_attention_heads");
  }
  Require(c.head_dim % 2 == 0, "head_dim", fmt::format("{}", c.head_dim), "an even number");
  Require(std::isfinite(c.rope_theta) && c.rope_theta > 0, "rope_theta", fmt::format("{}", c.rope_theta), "a positive number");
  Require(std::isfinite(c.norm_eps) && c.norm_eps >= 0, "norm_eps", fmt::format("{}", c.norm_eps), "a non-negative number");
  if (c.num_experts > 0) {
    Require(c.num_experts_per_tok >= 1 && c.num_experts_per_tok <= c.num_experts, "num_experts_per_tok",
            fmt::format("{}", c.num_experts_per_tok), "1 to num_experts");
  }
}

// A bias that only models trained with conv_bias have: required if the configuration says so, used if it is there.
std::vector<float> OptionalBias(const ModelConfig& config, WeightPacker& packer, const std::string& name, int64_t n) {
  return config.conv_bias || packer.store().Has(name) ? packer.Floats(name, 1, n) : std::vector<float>();
}

Lfm2Conv LoadConv(const ModelConfig& c, WeightPacker& packer, const std::string& prefix) {
  const int64_t hidden = c.hidden_size, taps = c.conv_L_cache;
  Lfm2Conv conv;
  conv.in_proj = packer.Matrix(prefix + "in_proj.weight", 3 * hidden, hidden);
  conv.out_proj = packer.Matrix(prefix + "out_proj.weight", hidden, hidden);
  const std::vector<float> stored = packer.Floats(prefix + "conv.weight", hidden, taps);
  conv.kernel.resize(stored.size());
  for (int64_t j = 0; j < hidden; ++j) {
    for (int64_t i = 0; i < taps; ++i)
      conv.kernel[static_cast<size_t>(i * hidden + j)] = stored[static_cast<size_t>(j * taps + i)];
  }
  conv.bias = OptionalBias(c, packer, prefix + "conv.bias", hidden);
  conv.in_proj_bias = OptionalBias(c, packer, prefix + "in_proj.bias", 3 * hidden);
  conv.out_proj_bias = OptionalBias(c, packer, prefix + "out_proj.bias", hidden);
  return conv;
}

Lfm2Attention LoadAttention(const ModelConfig& c, WeightPacker& packer, const std::string& prefix) {
  const int64_t q_rows = c.num_attention_heads * c.head_dim, kv_rows = c.num_key_value_heads * c.head_dim;
  Lfm2Attention attention;
  attention.q_proj = packer.Matrix(prefix + "attn_q.weight", q_rows, c.hidden_size);
  attention.k_proj = packer.Matrix(prefix + "attn_k.weight", kv_rows, c.hidden_size);
  attention.v_proj = packer.Matrix(prefix + "attn_v.weight", kv_rows, c.hidden_size);
  attention.out_proj = packer.Matrix(prefix + "attn_output.weight", c.hidden_size, q_rows);
  attention.q_layernorm = packer.Floats(prefix + "attn_q_norm.weight", 1, c.head_dim);
  attention.k_layernorm = packer.Floats(prefix + "attn_k_norm.weight", 1, c.head_dim);
  return attention;
}

Lfm2Mlp LoadMlp(const ModelConfig& c, WeightPacker& packer, const std::string& prefix) {
  Lfm2Mlp mlp;
  mlp.w1 = packer.Matrix(prefix + "ffn_gate.weight", c.intermediate_size, c.hidden_size);
  mlp.w3 = packer.Matrix(prefix + "ffn_up.weight", c.intermediate_size, c.hidden_size);
  mlp.w2 = packer.Matrix(prefix + "ffn_down.weight", c.hidden_size, c.intermediate_size);
  return mlp;
}

Lfm2Moe LoadMoe(const ModelConfig& c, WeightPacker& packer, const std::string& prefix) {
  Lfm2Moe moe;
  moe.gate = packer.Floats(prefix + "ffn_gate_inp.weight", c.num_experts, c.hidden_size);
  if (c.use_expert_bias) moe.expert_bias = packer.Floats(prefix + "exp_probs_b.bias", 1, c.num_experts);
  for (int64_t e = 0; e < c.num_experts; ++e) {
    Lfm2Mlp expert;
    expert.w1 = packer.Expert(prefix + "ffn_gate_exps.weight", e, c.moe_intermediate_size, c.hidden_size);
    expert.w3 = packer.Expert(prefix + "ffn_up_exps.weight", e, c.moe_intermediate_size, c.hidden_size);
    expert.w2 = packer.Expert(prefix + "ffn_down_exps.weight", e, c.hidden_size, c.moe_intermediate_size);
    moe.experts.push_back(std::move(expert));
  }
  return moe;
}

}  // namespace

Lfm2Weights LoadLfm2Weights(const ModelConfig& config, WeightPacker& packer) {
  CheckConfig(config);
  const int64_t hidden = config.hidden_size;
  Lfm2Weights weights;
  weights.embed_tokens = packer.store().Get("token_embd.weight", config.vocab_size, hidden);
  for (int64_t i = 0; i < config.num_hidden_layers; ++i) {
    const std::string prefix = fmt::format("blk.{}.", i);
    Lfm2Layer layer;
    layer.operator_norm = packer.Floats(prefix + "attn_norm.weight", 1, hidden);
    layer.ffn_norm = packer.Floats(prefix + "ffn_norm.weight", 1, hidden);
    if (config.layer_types[static_cast<size_t>(i)] == LayerType::kConv) {
      layer.conv = LoadConv(config, packer, prefix + "shortconv.");
    } else {
      layer.attention = LoadAttention(config, packer, prefix);
    }
    if (config.IsMoe(i)) {
      layer.moe = LoadMoe(config, packer, prefix);
    } else {
      layer.mlp = LoadMlp(config, packer, prefix);
    }
    weights.layers.push_back(std::move(layer));
  }
  weights.embedding_norm = packer.Floats("token_embd_norm.weight", 1, hidden);
  weights.lm_head =
      config.tie_word_embeddings ? packer.Pack(weights.embed_tokens) : packer.Matrix("output.weight", config.vocab_size, hidden);
  return weights;
}

}  // namespace tidemark
