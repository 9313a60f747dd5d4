// Which matrices a token meets on its way through an LFM2 model, and how often.
#include <map>
#include <tuple>

#include "bench/benchmarks.h"
#include "engine/core/error.h"

namespace tidemark {

std::vector<MatmulShape> ModelShapes(const ModelConfig& c, const FormatOf& format_of) {
  std::vector<MatmulShape> shapes;
  std::map<std::tuple<std::string, const Format*>, size_t> known;
  const auto add = [&](const std::string& role, const std::string& tensor, int64_t n, int64_t k, int64_t uses) {
    const Format* format = format_of(tensor, n, k);
    const auto [it, fresh] = known.try_emplace({role, format}, shapes.size());
    if (fresh) shapes.push_back({role, n, k, 0, format});
    shapes[it->second].uses_per_token += uses;
  };
  const int64_t h = c.hidden_size, q = c.num_attention_heads * c.head_dim, kv = c.num_key_value_heads * c.head_dim;
  for (int64_t i = 0; i < c.num_hidden_layers; ++i) {
    const std::string p = "blk." + std::to_string(i) + ".";
    if (c.layer_types[static_cast<size_t>(i)] == LayerType::kConv) {
      add("conv_in", p + "shortconv.in_proj.weight", 3 * h, h, 1);
      add("conv_out", p + "shortconv.out_proj.weight", h, h, 1);
    } else {
      add("attention_q", p + "attn_q.weight", q, h, 1);
      add("attention_k", p + "attn_k.weight", kv, h, 1);
      add("attention_v", p + "attn_v.weight", kv, h, 1);
      add("attention_out", p + "attn_output.weight", h, q, 1);
    }
    const bool moe = c.IsMoe(i);
    const std::string prefix = moe ? "expert_" : "dense_", suffix = moe ? "_exps.weight" : ".weight";
    const int64_t width = moe ? c.moe_intermediate_size : c.intermediate_size, uses = moe ? c.num_experts_per_tok : 1;
    add(prefix + "gate", p + "ffn_gate" + suffix, width, h, uses);
    add(prefix + "up", p + "ffn_up" + suffix, width, h, uses);
    add(prefix + "down", p + "ffn_down" + suffix, h, width, uses);
  }
  add("head", c.tie_word_embeddings ? "token_embd.weight" : "output.weight", c.vocab_size, h, 1);
  return shapes;
}

Op OpOfRole(const std::string& role) {
  static const std::map<std::string, Op> kOps = {{"conv_in", Op::kConvIn},
                                                 {"conv_out", Op::kConvOut},
                                                 {"attention_q", Op::kAttentionQkv},
                                                 {"attention_k", Op::kAttentionQkv},
                                                 {"attention_v", Op::kAttentionQkv},
                                                 {"attention_out", Op::kAttentionOut},
                                                 {"dense_gate", Op::kDenseGateUp},
                                                 {"dense_up", Op::kDenseGateUp},
                                                 {"dense_down", Op::kDenseDown},
                                                 {"expert_gate", Op::kExpertGateUp},
                                                 {"expert_up", Op::kExpertGateUp},
                                                 {"expert_down", Op::kExpertDown},
                                                 {"head", Op::kHead}};
  const auto it = kOps.find(role);
  TM_CHECK(it != kOps.end(), "role {}", role);
  return it->second;
}

}  // namespace tidemark
