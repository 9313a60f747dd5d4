#include "engine/weights/expected_tensors.h"

#include <algorithm>

#include "engine/core/error.h"

namespace tidemark {
namespace {

void CheckRange(const std::string& place, const char* field, int64_t value, int64_t min, int64_t max) {
  if (value < min || value > max) {
    throw Error(place + ": " + field, fmt::format("{}", value), fmt::format("{} to {}", min, max));
  }
}

void CheckExperts(const ModelConfig& c, const std::string& place) {
  CheckRange(place, "num_experts", c.num_experts, 1, ConfigLimits::kExperts);
  CheckRange(place, "num_experts_per_tok (experts used per token)", c.num_experts_per_tok, 1, c.num_experts);
  CheckRange(place, "moe_intermediate_size (width of one expert)", c.moe_intermediate_size, 1, ConfigLimits::kWidth);
  CheckRange(place, "width of all experts of a token", c.num_experts_per_tok * std::max(c.moe_intermediate_size, c.hidden_size),
             1, ConfigLimits::kWidth);
}

class List {
 public:
  explicit List(std::vector<ExpectedTensor>& tensors) : tensors_(tensors) {}
  void Vector(const std::string& name, int64_t k) { tensors_.push_back({name, 0, 1, k, true}); }
  void MatrixOf(const std::string& name, int64_t n, int64_t k) { tensors_.push_back({name, 0, n, k, false}); }
  void Stack(const std::string& name, int64_t experts, int64_t n, int64_t k) { tensors_.push_back({name, experts, n, k, false}); }

 private:
  std::vector<ExpectedTensor>& tensors_;
};

void AddConvolution(const ModelConfig& c, const std::string& p, List& list) {
  const int64_t h = c.hidden_size;
  list.MatrixOf(p + "shortconv.conv.weight", h, c.conv_L_cache);
  list.MatrixOf(p + "shortconv.in_proj.weight", 3 * h, h);
  list.MatrixOf(p + "shortconv.out_proj.weight", h, h);
  if (!c.conv_bias) return;
  list.Vector(p + "shortconv.conv.bias", h);
  list.Vector(p + "shortconv.in_proj.bias", 3 * h);
  list.Vector(p + "shortconv.out_proj.bias", h);
}

void AddAttention(const ModelConfig& c, const std::string& p, List& list) {
  const int64_t h = c.hidden_size, q = c.num_attention_heads * c.head_dim, kv = c.num_key_value_heads * c.head_dim;
  list.MatrixOf(p + "attn_q.weight", q, h);
  list.MatrixOf(p + "attn_k.weight", kv, h);
  list.MatrixOf(p + "attn_v.weight", kv, h);
  list.MatrixOf(p + "attn_output.weight", h, q);
  list.Vector(p + "attn_q_norm.weight", c.head_dim);
  list.Vector(p + "attn_k_norm.weight", c.head_dim);
}

void AddFeedForward(const ModelConfig& c, int64_t layer, const std::string& p, List& list) {
  const int64_t h = c.hidden_size;
  if (!c.IsMoe(layer)) {
    list.MatrixOf(p + "ffn_gate.weight", c.intermediate_size, h);
    list.MatrixOf(p + "ffn_up.weight", c.intermediate_size, h);
    list.MatrixOf(p + "ffn_down.weight", h, c.intermediate_size);
    return;
  }
  list.MatrixOf(p + "ffn_gate_inp.weight", c.num_experts, h);
  if (c.use_expert_bias) list.Vector(p + "exp_probs_b.bias", c.num_experts);
  list.Stack(p + "ffn_gate_exps.weight", c.num_experts, c.moe_intermediate_size, h);
  list.Stack(p + "ffn_up_exps.weight", c.num_experts, c.moe_intermediate_size, h);
  list.Stack(p + "ffn_down_exps.weight", c.num_experts, h, c.moe_intermediate_size);
}

}  // namespace

std::vector<int64_t> ExpectedTensor::Shape() const {
  if (is_vector) return {k};
  if (experts == 0) return {n, k};
  return {experts, n, k};
}

void CheckConfig(const ModelConfig& c, const std::string& place) {
  using L = ConfigLimits;
  CheckRange(place, "hidden_size (embedding length)", c.hidden_size, 1, L::kHidden);
  CheckRange(place, "num_hidden_layers (block count)", c.num_hidden_layers, 1, L::kLayers);
  CheckRange(place, "number of layer types", static_cast<int64_t>(c.layer_types.size()), c.num_hidden_layers,
             c.num_hidden_layers);
  CheckRange(place, "num_attention_heads (head count)", c.num_attention_heads, 1, L::kHeads);
  CheckRange(place, "head_dim", c.head_dim, 1, L::kHeadDim);
  CheckRange(place, "width of all attention heads", c.num_attention_heads * c.head_dim, 1, L::kWidth);
  CheckRange(place, "vocab_size", c.vocab_size, 1, L::kVocab);
  CheckRange(place, "max_position_embeddings (context length)", c.max_position_embeddings, 1, L::kContext);
  CheckRange(place, "conv_L_cache (convolution taps)", c.conv_L_cache, 1, L::kTaps);
  CheckRange(place, "num_dense_layers", c.num_dense_layers, 0, c.num_hidden_layers);
  bool has_attention = false;
  for (const LayerType type : c.layer_types) has_attention |= type == LayerType::kFullAttention;
  if (has_attention) {
    CheckRange(place, "num_key_value_heads", c.num_key_value_heads, 1, c.num_attention_heads);
    if (c.num_attention_heads % c.num_key_value_heads != 0) {
      throw Error(place + ": num_key_value_heads", fmt::format("{}", c.num_key_value_heads),
                  fmt::format("a divisor of the {} attention heads", c.num_attention_heads));
    }
  }
  if (c.head_dim % 2 != 0) throw Error(place + ": head_dim", fmt::format("{}", c.head_dim), "an even number (rotary pairs)");
  if (c.num_experts == 0 || c.num_dense_layers > 0) {
    CheckRange(place, "intermediate_size (feed-forward length)", c.intermediate_size, 1, L::kWidth);
  }
  if (c.num_experts != 0) CheckExperts(c, place);
  if (!(c.norm_eps >= 0 && c.norm_eps < 1)) throw Error(place + ": norm_eps", fmt::format("{}", c.norm_eps), "0 to 1");
  if (!(c.rope_theta > 0)) throw Error(place + ": rope_theta", fmt::format("{}", c.rope_theta), "a positive number");
}

std::vector<ExpectedTensor> ExpectedTensors(const ModelConfig& config) {
  std::vector<ExpectedTensor> tensors;
  List list(tensors);
  list.MatrixOf("token_embd.weight", config.vocab_size, config.hidden_size);
  list.Vector("token_embd_norm.weight", config.hidden_size);
  if (!config.tie_word_embeddings) list.MatrixOf("output.weight", config.vocab_size, config.hidden_size);
  for (int64_t i = 0; i < config.num_hidden_layers; ++i) {
    const std::string p = fmt::format("blk.{}.", i);
    list.Vector(p + "attn_norm.weight", config.hidden_size);
    list.Vector(p + "ffn_norm.weight", config.hidden_size);
    if (config.layer_types[static_cast<size_t>(i)] == LayerType::kConv) {
      AddConvolution(config, p, list);
    } else {
      AddAttention(config, p, list);
    }
    AddFeedForward(config, i, p, list);
  }
  return tensors;
}

std::string PrintShape(const std::vector<int64_t>& shape) {
  std::string out = "[";
  for (size_t i = 0; i < shape.size(); ++i) out += fmt::format("{}{}", i == 0 ? "" : ", ", shape[i]);
  return out + "]";
}

}  // namespace tidemark
