#include "engine/core/op_timer.h"

#include "engine/core/error.h"

namespace tidemark {

std::string_view OpName(Op op) {
  static constexpr std::array<std::string_view, static_cast<size_t>(Op::kCount)> kNames = {
      "embed",  "rotation",       "norm",        "conv_in",       "short_conv",    "conv_out",   "attention_qkv",
      "rope",   "store_kv",       "attention",   "attention_out", "dense_gate_up", "dense_down", "routing",
      "gather", "expert_gate_up", "expert_down", "scatter",       "swiglu",        "residual",   "head"};
  TM_CHECK(op < Op::kCount, "op {}", static_cast<int>(op));
  return kNames[static_cast<size_t>(op)];
}

}  // namespace tidemark
