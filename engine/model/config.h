// The shape of an LFM2 / LFM2-MoE model. Fields keep the names of Hugging Face's config.json (spec: transformers
// models/lfm2/configuration_lfm2.py and models/lfm2_moe/configuration_lfm2_moe.py), whatever file they were read from.
#ifndef TIDEMARK_ENGINE_MODEL_CONFIG_H_
#define TIDEMARK_ENGINE_MODEL_CONFIG_H_

#include <cstdint>
#include <string>
#include <vector>

namespace tidemark {

enum class LayerType { kConv, kFullAttention };

struct ModelConfig {
  std::string architecture;            // row of engine/model/models.cc: "lfm2", "lfm2moe"
  int64_t hidden_size = 0;             // H
  int64_t num_hidden_layers = 0;       // L
  std::vector<LayerType> layer_types;  // [L]
  int64_t num_attention_heads = 0;     // nh
  int64_t num_key_value_heads = 0;     // nkv, of every attention layer
  int64_t head_dim = 0;                // d
  int64_t intermediate_size = 0;       // width of a dense feed-forward, after any adjustment
  int64_t num_dense_layers = 0;        // layers [0, num_dense_layers) are dense; L for a dense model
  int64_t num_experts = 0;             // E; 0: dense model
  int64_t num_experts_per_tok = 0;     // k
  int64_t moe_intermediate_size = 0;   // width of one expert
  bool use_expert_bias = false;        // the bias takes part in the selection only
  bool norm_topk_prob = true;
  double routed_scaling_factor = 1.0;
  int64_t vocab_size = 0;  // V, rows of the embedding, padding included
  int64_t max_position_embeddings = 0;
  double norm_eps = 1e-5;
  double rope_theta = 1e6;
  int64_t conv_L_cache = 3;  // taps of the short convolution
  bool conv_bias = false;
  bool tie_word_embeddings = true;

  bool IsMoe(int64_t layer) const { return num_experts > 0 && layer >= num_dense_layers; }
};

}  // namespace tidemark

#endif  // TIDEMARK_ENGINE_MODEL_CONFIG_H_
