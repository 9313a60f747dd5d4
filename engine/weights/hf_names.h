// Tensor names of Hugging Face and MLX checkpoints to canonical names.
// Sources: spec of huggingface/transformers models/lfm2*/modeling_*.py; ml-explore/mlx-lm mlx_lm/models/lfm2_moe.py (sanitize).
#ifndef TIDEMARK_ENGINE_WEIGHTS_HF_NAMES_H_
#define TIDEMARK_ENGINE_WEIGHTS_HF_NAMES_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace tidemark {

struct HfName {
  enum class Field { kValues, kScales, kBiases };  // kScales and kBiases: of an MLX-quantised matrix
  std::string canonical;                           // "blk.5.ffn_gate_exps.weight"
  std::string second;   // fused gate and up: the canonical name of the second half of the rows; else empty
  int64_t expert = -1;  // one expert of a stack stored one by one; -1: the whole tensor
  Field field = Field::kValues;
  std::string module;  // the name without ".weight", ".scales", ".biases": key of quantisation overrides
};

// nullopt: not a name of an LFM2 model. Layer and expert numbers have no leading zeros and at most 6 digits.
std::optional<HfName> ParseHfName(std::string_view name);

}  // namespace tidemark

#endif  // TIDEMARK_ENGINE_WEIGHTS_HF_NAMES_H_
