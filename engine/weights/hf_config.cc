// Key names, legacy spellings and defaults: huggingface/transformers models/lfm2/configuration_lfm2.py and
// models/lfm2_moe/configuration_lfm2_moe.py; MLX: ml-explore/mlx-lm mlx_lm/utils.py.
#include "engine/weights/hf_config.h"

#include <algorithm>
#include <array>
#include <initializer_list>
#include <utility>

#include "engine/core/error.h"
#include "engine/weights/expected_tensors.h"

namespace tidemark {
namespace {

using L = ConfigLimits;

// The first of several spellings that is present.
std::optional<int64_t> AnyInt(const JsonFields& fields, std::initializer_list<const char*> keys, int64_t min, int64_t max) {
  for (const char* key : keys) {
    if (const auto value = fields.OptionalInt(key, min, max)) return value;
  }
  return std::nullopt;
}

int64_t RequireAnyInt(const JsonFields& fields, std::initializer_list<const char*> keys, int64_t min, int64_t max) {
  const auto value = AnyInt(fields, keys, min, max);
  return value ? *value : fields.Int(*keys.begin(), min, max);  // the error names the current spelling
}

std::string ReadArchitecture(const JsonFields& fields) {
  std::string type = fields.OptionalString("model_type").value_or("");
  const Json* classes = fields.Find("architectures");
  if (type.empty() && classes != nullptr && classes->is_array() && !classes->empty() && classes->front().is_string()) {
    const auto name = classes->front().get<std::string>();
    type = name == "Lfm2ForCausalLM" ? "lfm2" : name == "Lfm2MoeForCausalLM" ? "lfm2_moe" : name;
  }
  if (type == "lfm2") return "lfm2";
  if (type == "lfm2_moe") return "lfm2moe";
  throw Error(fields.PlaceOf("model_type"), type.empty() ? "no such key" : "'" + Printable(type) + "'", "lfm2 or lfm2_moe",
              "other architectures are not supported");
}

void ReadLayerTypes(const JsonFields& fields, ModelConfig& config) {
  const auto layers = static_cast<size_t>(config.num_hidden_layers);
  if (const Json* types = fields.Find("layer_types")) {
    const std::string place = fields.PlaceOf("layer_types");
    if (!types->is_array() || types->size() != layers) {
      throw Error(place, types->is_array() ? fmt::format("{} entries", types->size()) : JsonKind(*types),
                  fmt::format("{} entries", layers));
    }
    for (const Json& type : *types) {
      const bool conv = type == "conv";
      if (!conv && type != "full_attention")
        throw Error(place, Printable(type.dump(-1, ' ', true), 60), "conv or full_attention");
      config.layer_types.push_back(conv ? LayerType::kConv : LayerType::kFullAttention);
    }
    return;
  }
  const auto attention = fields.OptionalInts("full_attn_idxs", 0, config.num_hidden_layers - 1, layers);
  if (!attention) throw Error(fields.PlaceOf("layer_types"), "no such key", "a list of conv and full_attention");
  config.layer_types.assign(layers, LayerType::kConv);
  for (const int64_t i : *attention) config.layer_types[static_cast<size_t>(i)] = LayerType::kFullAttention;
}

void RefuseScaling(const JsonFields& rope) {
  for (const char* key : {"rope_type", "type"}) {
    const std::string type = rope.OptionalString(key).value_or("default");
    if (type != "default") throw Error(rope.PlaceOf(key), "'" + Printable(type) + "'", "default");
  }
}

double ReadRopeTheta(const JsonFields& fields) {
  if (const Json* scaling = fields.Find("rope_scaling")) RefuseScaling(JsonFields(*scaling, fields.PlaceOf("rope_scaling")));
  std::optional<double> theta;
  if (const Json* parameters = fields.Find("rope_parameters")) {
    const JsonFields rope(*parameters, fields.PlaceOf("rope_parameters"));
    RefuseScaling(rope);
    theta = rope.OptionalFloat("rope_theta");
  }
  if (!theta) theta = fields.OptionalFloat("rope_theta");
  if (!theta) theta = fields.OptionalFloat("theta");
  return theta.value_or(1e6);
}

// Dense LFM2 states a width that is cut to two thirds, scaled and rounded up when the model is built; MoE files state it as it
// is.
int64_t EffectiveWidth(const JsonFields& fields, const ModelConfig& config) {
  const bool dense = config.architecture == "lfm2";
  int64_t width = dense ? RequireAnyInt(fields, {"block_ff_dim", "intermediate_size"}, 1, L::kWidth)
                        : fields.OptionalInt("intermediate_size", 1, L::kWidth).value_or(0);
  if (!dense || !fields.OptionalBool("block_auto_adjust_ff_dim").value_or(true)) return width;
  width = 2 * width / 3;
  const double multiplier = fields.OptionalFloat("block_ffn_dim_multiplier").value_or(1.0);
  if (!(multiplier > 0 && multiplier <= 1024)) {
    throw Error(fields.PlaceOf("block_ffn_dim_multiplier"), fmt::format("{}", multiplier), "a number above 0 and at most 1024");
  }
  width = static_cast<int64_t>(multiplier * static_cast<double>(width));
  const int64_t multiple = fields.OptionalInt("block_multiple_of", 1, L::kWidth).value_or(256);
  return (width + multiple - 1) / multiple * multiple;
}

void ReadExperts(const JsonFields& fields, ModelConfig& config) {
  config.num_experts = fields.Int("num_experts", 1, L::kExperts);
  config.num_experts_per_tok = fields.Int("num_experts_per_tok", 1, config.num_experts);
  config.moe_intermediate_size = fields.Int("moe_intermediate_size", 1, L::kWidth);
  config.num_dense_layers = fields.Int("num_dense_layers", 0, config.num_hidden_layers);
  config.use_expert_bias = fields.OptionalBool("use_expert_bias").value_or(true);
  config.norm_topk_prob = fields.OptionalBool("norm_topk_prob").value_or(true);
  config.routed_scaling_factor = fields.OptionalFloat("routed_scaling_factor").value_or(1.0);
}

// A name of the table, built from the two numbers, so that this file needs no list of its own.
const Format* MlxFormat(const JsonFields& fields, int64_t default_bits, int64_t default_group) {
  const std::string mode = fields.OptionalString("mode").value_or("affine");
  if (mode != "affine") throw Error(fields.PlaceOf("mode"), "'" + Printable(mode) + "'", "affine");
  const int64_t bits = fields.OptionalInt("bits", 1, 32).value_or(default_bits);
  const int64_t group = fields.OptionalInt("group_size", 1, 1 << 16).value_or(default_group);
  const std::string name = fmt::format("mlx_q{}_g{}", bits, group);
  const Format* format = FindFormat(name);
  if (format != nullptr) return format;
  std::string known = "one of";
  for (const Format* f : AllFormats()) {
    if (f->dequantize_split != nullptr) known.append(1, ' ').append(f->name);
  }
  throw Error(fields.place(), fmt::format("{} bits in groups of {}", bits, group), known);
}

}  // namespace

ModelConfig ReadHfConfig(const Json& root, const std::string& place) {
  const JsonFields fields(root, place);
  ModelConfig config;
  config.architecture = ReadArchitecture(fields);
  config.hidden_size = fields.Int("hidden_size", 1, L::kHidden);
  config.num_hidden_layers = fields.Int("num_hidden_layers", 1, L::kLayers);
  config.num_attention_heads = RequireAnyInt(fields, {"num_attention_heads", "num_heads"}, 1, L::kHeads);
  config.num_key_value_heads = fields.Int("num_key_value_heads", 1, L::kHeads);
  const auto head_dim = fields.OptionalInt("head_dim", 1, L::kHeadDim);
  if (!head_dim && config.hidden_size % config.num_attention_heads != 0) {
    throw Error(fields.PlaceOf("hidden_size"), fmt::format("{}", config.hidden_size),
                fmt::format("a multiple of the {} heads", config.num_attention_heads));
  }
  config.head_dim = head_dim.value_or(config.hidden_size / config.num_attention_heads);
  config.vocab_size = fields.Int("vocab_size", 1, L::kVocab);
  config.max_position_embeddings = fields.Int("max_position_embeddings", 1, L::kContext);
  config.norm_eps = fields.OptionalFloat("norm_eps").value_or(1e-5);
  config.rope_theta = ReadRopeTheta(fields);
  config.conv_L_cache = fields.OptionalInt("conv_L_cache", 1, L::kTaps).value_or(3);
  config.conv_bias = fields.OptionalBool("conv_bias").value_or(false);
  const auto tied = fields.OptionalBool("tie_word_embeddings"), tied_old = fields.OptionalBool("tie_embedding");
  config.tie_word_embeddings = tied ? *tied : tied_old.value_or(true);
  ReadLayerTypes(fields, config);
  config.intermediate_size = EffectiveWidth(fields, config);
  config.num_dense_layers = config.num_hidden_layers;
  if (config.architecture == "lfm2moe") ReadExperts(fields, config);
  CheckConfig(config, place);
  return config;
}

const Format* MlxQuantization::FormatOf(const std::string& module) const {
  const auto it = modules.find(module);
  return it == modules.end() ? default_format : it->second;
}

std::optional<MlxQuantization> ReadMlxQuantization(const Json& root, const std::string& place) {
  const JsonFields fields(root, place);
  const char* key = fields.Find("quantization") != nullptr ? "quantization" : "quantization_config";
  const Json* object = fields.Find(key);
  if (object == nullptr) return std::nullopt;
  const JsonFields quantization(*object, fields.PlaceOf(key));
  if (const auto method = quantization.OptionalString("quant_method")) {
    throw Error(quantization.PlaceOf("quant_method"), "'" + Printable(*method) + "'",
                "no quantisation, or MLX affine (bits and group_size)");
  }
  MlxQuantization result;
  result.default_bits = quantization.Int("bits", 1, 32);
  const int64_t group = quantization.Int("group_size", 1, 1 << 16);
  result.default_format = MlxFormat(quantization, result.default_bits, group);
  for (const auto& [name, value] : object->items()) {
    if (value.is_object()) {
      result.modules[name] = MlxFormat(JsonFields(value, quantization.PlaceOf(Printable(name))), result.default_bits, group);
    } else if (value.is_boolean()) {
      result.modules[name] = value.get<bool>() ? result.default_format : nullptr;
    }
  }
  return result;
}

}  // namespace tidemark
