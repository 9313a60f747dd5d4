#include "engine/weights/hf_names.h"

#include <fmt/format.h>

#include <span>
#include <utility>

namespace tidemark {
namespace {

using Row = std::pair<std::string_view, std::string_view>;

// Modules outside the layers, and inside "model.layers.i."; the parameter name (".weight", ...) follows.
constexpr Row kGlobal[] = {
    {"model.embed_tokens", "token_embd"}, {"model.embedding_norm", "token_embd_norm"}, {"lm_head", "output"}};
constexpr Row kLayer[] = {
    {"operator_norm", "attn_norm"},
    {"ffn_norm", "ffn_norm"},
    {"conv.in_proj", "shortconv.in_proj"},
    {"conv.conv", "shortconv.conv"},
    {"conv.out_proj", "shortconv.out_proj"},
    {"self_attn.q_proj", "attn_q"},
    {"self_attn.k_proj", "attn_k"},
    {"self_attn.v_proj", "attn_v"},
    {"self_attn.out_proj", "attn_output"},
    {"self_attn.q_layernorm", "attn_q_norm"},
    {"self_attn.k_layernorm", "attn_k_norm"},
    {"feed_forward.w1", "ffn_gate"},
    {"feed_forward.w3", "ffn_up"},
    {"feed_forward.w2", "ffn_down"},
    {"feed_forward.gate_proj", "ffn_gate"},
    {"feed_forward.up_proj", "ffn_up"},
    {"feed_forward.down_proj", "ffn_down"},
    {"feed_forward.gate", "ffn_gate_inp"},
    {"feed_forward.switch_mlp.gate_proj", "ffn_gate_exps"},
    {"feed_forward.switch_mlp.up_proj", "ffn_up_exps"},
    {"feed_forward.switch_mlp.down_proj", "ffn_down_exps"},
};
// Behind "feed_forward.experts.j.".
constexpr Row kExpert[] = {{"w1", "ffn_gate_exps"},        {"w3", "ffn_up_exps"},      {"w2", "ffn_down_exps"},
                           {"gate_proj", "ffn_gate_exps"}, {"up_proj", "ffn_up_exps"}, {"down_proj", "ffn_down_exps"}};

std::string_view Lookup(std::span<const Row> rows, std::string_view key) {
  for (const auto& [from, to] : rows) {
    if (from == key) return to;
  }
  return {};
}

bool TakePrefix(std::string_view& text, std::string_view prefix) {
  if (text.substr(0, prefix.size()) != prefix) return false;
  text.remove_prefix(prefix.size());
  return true;
}

// "12." at the front of text.
std::optional<int64_t> TakeNumber(std::string_view& text) {
  const size_t dot = text.find('.');
  if (dot == 0 || dot == std::string_view::npos || dot > 6 || (text[0] == '0' && dot > 1)) return std::nullopt;
  int64_t number = 0;
  for (const char c : text.substr(0, dot)) {
    if (c < '0' || c > '9') return std::nullopt;
    number = number * 10 + (c - '0');
  }
  text.remove_prefix(dot + 1);
  return number;
}

// The part of a name behind the last dot, if it is a parameter name.
std::string_view TakeParameter(std::string_view& name) {
  const size_t dot = name.rfind('.');
  if (dot == std::string_view::npos) return {};
  const std::string_view last = name.substr(dot + 1);
  if (last != "weight" && last != "bias" && last != "scales" && last != "biases") return {};
  name = name.substr(0, dot);
  return last;
}

std::optional<HfName> ParseLayerName(std::string_view rest, const std::string& layer, std::string_view parameter, HfName name) {
  if (rest == "feed_forward.expert_bias" && parameter.empty()) {
    name.canonical = layer + "exp_probs_b.bias";
    return name;
  }
  // Fused experts are bare parameters in transformers 5 ("experts.gate_up_proj"), modules elsewhere (".weight").
  if (parameter != "bias" && rest == "feed_forward.experts.gate_up_proj") {
    name.canonical = layer + "ffn_gate_exps.weight";
    name.second = layer + "ffn_up_exps.weight";
    return name;
  }
  if (parameter != "bias" && rest == "feed_forward.experts.down_proj") {
    name.canonical = layer + "ffn_down_exps.weight";
    return name;
  }
  std::string_view module;
  if (TakePrefix(rest, "feed_forward.experts.")) {
    const auto expert = TakeNumber(rest);
    if (!expert) return std::nullopt;
    name.expert = *expert;
    module = Lookup(kExpert, rest);
  } else {
    module = Lookup(kLayer, rest);
  }
  if (module.empty() || parameter.empty()) return std::nullopt;
  name.canonical = layer + std::string(module) + (parameter == "bias" ? ".bias" : ".weight");
  return name;
}

}  // namespace

std::optional<HfName> ParseHfName(std::string_view full) {
  std::string_view rest = full;
  const std::string_view parameter = TakeParameter(rest);
  HfName name;
  name.module = std::string(rest);
  if (parameter == "scales") name.field = HfName::Field::kScales;
  if (parameter == "biases") name.field = HfName::Field::kBiases;
  if (TakePrefix(rest, "model.layers.")) {
    const auto layer = TakeNumber(rest);
    if (!layer) return std::nullopt;
    return ParseLayerName(rest, fmt::format("blk.{}.", *layer), parameter, std::move(name));
  }
  const std::string_view module = Lookup(kGlobal, rest);
  if (module.empty() || parameter.empty() || parameter == "bias") return std::nullopt;
  name.canonical = std::string(module) + ".weight";
  return name;
}

}  // namespace tidemark
