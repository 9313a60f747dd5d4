// The weights of LFM2 / LFM2-MoE in memory: matrices as their backend packed them, small tensors as float32.
#ifndef TIDEMARK_ENGINE_MODEL_LFM2_WEIGHTS_H_
#define TIDEMARK_ENGINE_MODEL_LFM2_WEIGHTS_H_

#include <memory>
#include <optional>
#include <vector>

#include "engine/core/matmul.h"
#include "engine/model/config.h"
#include "engine/model/packer.h"

namespace tidemark {

using PackedMatrix = std::unique_ptr<const PackedWeights>;

// Biases are empty unless the model was trained with conv_bias.
struct Lfm2Conv {
  PackedMatrix in_proj;              // [3H, H], rows B, C, x
  PackedMatrix out_proj;             // [H, H]
  std::vector<float> kernel;         // [taps, H]: transposed, so that channels are contiguous
  std::vector<float> bias;           // [H]
  std::vector<float> in_proj_bias;   // [3H]
  std::vector<float> out_proj_bias;  // [H]
};

struct Lfm2Attention {
  PackedMatrix q_proj;             // [nh * d, H]
  PackedMatrix k_proj, v_proj;     // [nkv * d, H]
  PackedMatrix out_proj;           // [H, nh * d]
  std::vector<float> q_layernorm;  // [d]
  std::vector<float> k_layernorm;  // [d]
};

struct Lfm2Mlp {    // one dense feed-forward or one expert, width I
  PackedMatrix w1;  // [I, H] gate
  PackedMatrix w3;  // [I, H] up
  PackedMatrix w2;  // [H, I] down
};

struct Lfm2Moe {
  std::vector<float> gate;         // [E, H] router, always float32
  std::vector<float> expert_bias;  // [E] or empty
  std::vector<Lfm2Mlp> experts;    // [E]
};

struct Lfm2Layer {
  std::vector<float> operator_norm;  // [H]
  std::vector<float> ffn_norm;       // [H]
  std::optional<Lfm2Conv> conv;      // exactly one of the two
  std::optional<Lfm2Attention> attention;
  std::optional<Lfm2Mlp> mlp;  // exactly one of the two
  std::optional<Lfm2Moe> moe;
};

struct Lfm2Weights {
  WeightView embed_tokens;            // [V, H], rows are dequantised as they are looked up
  std::vector<Lfm2Layer> layers;      // [L]
  std::vector<float> embedding_norm;  // [H]: the norm after the last layer, despite its name
  PackedMatrix lm_head;               // [V, H]; of a tied model the embedding, packed
};

// Throws Error as LoadLfm2 does.
Lfm2Weights LoadLfm2Weights(const ModelConfig& config, WeightPacker& packer);

}  // namespace tidemark

#endif  // TIDEMARK_ENGINE_MODEL_LFM2_WEIGHTS_H_
