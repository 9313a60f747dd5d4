// GGUF to StoredModel: configuration from the <architecture>.* keys, then every tensor against the shape that the
// configuration implies. Key names: ggml-org/llama.cpp gguf-py/gguf/constants.py; what lfm2 files hold: conversion/lfm2.py.
#include <algorithm>
#include <cstring>
#include <unordered_map>
#include <utility>

#include "engine/core/error.h"
#include "engine/weights/expected_tensors.h"
#include "engine/weights/gguf_file.h"
#include "engine/weights/stored_model.h"
#include "engine/weights/tokenizer_data.h"

namespace tidemark {
namespace {

using TensorMap = std::unordered_map<std::string_view, const GgufTensor*>;

std::string TensorPlace(const GgufFile& file, std::string_view name) { return file.place + ": tensor " + Printable(name); }

std::string ReadArchitecture(const GgufFile& file) {
  std::string architecture = GgufString(file, "general.architecture");
  if (architecture == "lfm2" || architecture == "lfm2moe") return architecture;
  throw Error(file.place + ": key general.architecture", "'" + Printable(architecture) + "'", "lfm2 or lfm2moe",
              architecture == "dflash" ? "this is a speculative drafter, give the main model's file"
                                       : "other architectures are not supported");
}

// head_count_kv: one entry per layer, 0 on convolution layers; or one number for all, which makes every layer attention.
void ReadLayerTypes(const GgufFile& file, const std::string& prefix, ModelConfig& config) {
  const std::string key = prefix + "attention.head_count_kv";
  const GgufValue* value = file.Find(key);
  std::vector<int64_t> heads;
  if (value != nullptr && value->is_array) {
    heads = GgufInts(file, key, static_cast<uint64_t>(ConfigLimits::kLayers));
  } else {
    heads.assign(static_cast<size_t>(config.num_hidden_layers), GgufInt(file, key, 1, config.num_attention_heads));
  }
  if (static_cast<int64_t>(heads.size()) != config.num_hidden_layers) {
    throw Error(file.place + ": key " + key, fmt::format("{} entries", heads.size()),
                fmt::format("{}, one per block", config.num_hidden_layers));
  }
  for (const int64_t count : heads) {
    if (count < 0 || (count > 0 && config.num_attention_heads % count != 0)) {
      throw Error(file.place + ": key " + key, fmt::format("{}", count),
                  fmt::format("0 or a divisor of {}", config.num_attention_heads));
    }
    if (count > 0 && config.num_key_value_heads > 0 && count != config.num_key_value_heads) {
      throw Error(file.place + ": key " + key, fmt::format("{} and {}", config.num_key_value_heads, count),
                  "the same number on every attention layer");
    }
    if (count > 0) config.num_key_value_heads = count;
    config.layer_types.push_back(count == 0 ? LayerType::kConv : LayerType::kFullAttention);
  }
}

void ReadHeadDim(const GgufFile& file, const std::string& prefix, ModelConfig& config) {
  const auto key_length = GgufOptionalInt(file, prefix + "attention.key_length", 1, ConfigLimits::kHeadDim);
  const auto value_length = GgufOptionalInt(file, prefix + "attention.value_length", 1, ConfigLimits::kHeadDim);
  if (!key_length && config.hidden_size % config.num_attention_heads != 0) {
    throw Error(file.place + ": key " + prefix + "embedding_length", fmt::format("{}", config.hidden_size),
                fmt::format("a multiple of the {} heads", config.num_attention_heads));
  }
  config.head_dim = key_length.value_or(config.hidden_size / config.num_attention_heads);
  const auto expect_same = [&](const std::optional<int64_t>& found, const char* key) {
    if (found && *found != config.head_dim) {
      throw Error(file.place + ": key " + prefix + key, fmt::format("{}", *found),
                  fmt::format("{}, the head dimension", config.head_dim));
    }
  };
  expect_same(value_length, "attention.value_length");
  expect_same(GgufOptionalInt(file, prefix + "rope.dimension_count", 0, INT32_MAX), "rope.dimension_count");
}

// Settings that would change the arithmetic and that no supported model uses: refuse instead of ignoring them.
void RefuseUnsupported(const GgufFile& file, const std::string& prefix) {
  const std::string scaling = GgufOptionalString(file, prefix + "rope.scaling.type").value_or("none");
  if (scaling != "none")
    throw Error(file.place + ": key " + prefix + "rope.scaling.type", "'" + Printable(scaling) + "'", "none");
  const int64_t window = GgufOptionalInt(file, prefix + "attention.sliding_window", 0, INT64_MAX).value_or(0);
  if (window != 0)
    throw Error(file.place + ": key " + prefix + "attention.sliding_window", fmt::format("{}", window), "no window");
  const int64_t splits = GgufOptionalInt(file, "split.count", 0, INT64_MAX).value_or(0);
  if (splits > 1) {
    throw Error(file.place + ": key split.count", fmt::format("{} parts", splits), "one file",
                "merge them first (llama-gguf-split --merge)");
  }
}

void ReadExperts(const GgufFile& file, const std::string& prefix, ModelConfig& config) {
  using L = ConfigLimits;
  config.num_experts = GgufInt(file, prefix + "expert_count", 1, L::kExperts);
  config.num_experts_per_tok = GgufInt(file, prefix + "expert_used_count", 1, config.num_experts);
  config.moe_intermediate_size = GgufInt(file, prefix + "expert_feed_forward_length", 1, L::kWidth);
  config.num_dense_layers = GgufInt(file, prefix + "leading_dense_block_count", 0, config.num_hidden_layers);
  const int64_t gating = GgufInt(file, prefix + "expert_gating_func", 0, INT32_MAX);
  if (gating != 2) throw Error(file.place + ": key " + prefix + "expert_gating_func", fmt::format("{}", gating), "2 (sigmoid)");
  config.norm_topk_prob = GgufOptionalBool(file, prefix + "expert_weights_norm").value_or(true);
  const double scale = GgufOptionalFloat(file, prefix + "expert_weights_scale").value_or(1.0);
  config.routed_scaling_factor = scale == 0 ? 1.0 : scale;  // llama.cpp writes 0 for "not set"
}

ModelConfig ReadConfig(const GgufFile& file, const TensorMap& tensors) {
  using L = ConfigLimits;
  ModelConfig config;
  config.architecture = ReadArchitecture(file);
  const std::string prefix = config.architecture + ".";
  RefuseUnsupported(file, prefix);
  config.hidden_size = GgufInt(file, prefix + "embedding_length", 1, L::kHidden);
  config.num_hidden_layers = GgufInt(file, prefix + "block_count", 1, L::kLayers);
  config.max_position_embeddings = GgufInt(file, prefix + "context_length", 1, L::kContext);
  config.intermediate_size = GgufInt(file, prefix + "feed_forward_length", 0, L::kWidth);
  config.num_attention_heads = GgufInt(file, prefix + "attention.head_count", 1, L::kHeads);
  config.norm_eps = GgufFloat(file, prefix + "attention.layer_norm_rms_epsilon");
  config.rope_theta = GgufFloat(file, prefix + "rope.freq_base");
  config.conv_L_cache = GgufInt(file, prefix + "shortconv.l_cache", 1, L::kTaps);
  ReadLayerTypes(file, prefix, config);
  ReadHeadDim(file, prefix, config);
  config.num_dense_layers = config.num_hidden_layers;
  if (config.architecture == "lfm2moe") ReadExperts(file, prefix, config);
  const auto vocab_size = GgufOptionalInt(file, prefix + "vocab_size", 1, L::kVocab);
  const auto embedding = tensors.find("token_embd.weight");
  if (embedding == tensors.end()) throw Error(TensorPlace(file, "token_embd.weight"), "no such tensor", "the embedding matrix");
  const auto& shape = embedding->second->shape;
  config.vocab_size = vocab_size.value_or(shape.size() >= 2 ? shape[shape.size() - 2] : 1);
  // Facts that GGUF states only by the presence of tensors.
  const auto any_ends_with = [&](std::string_view suffix) {
    return std::any_of(tensors.begin(), tensors.end(), [&](const auto& entry) {
      return entry.first.size() > suffix.size() && entry.first.substr(entry.first.size() - suffix.size()) == suffix;
    });
  };
  config.use_expert_bias = any_ends_with(".exp_probs_b.bias");
  config.conv_bias = any_ends_with(".shortconv.conv.bias");
  CheckConfig(config, file.place);
  return config;
}

// output.weight makes the head untied, unless it repeats the embedding byte for byte.
bool HeadIsTied(const TensorMap& tensors) {
  const auto head = tensors.find("output.weight"), embedding = tensors.find("token_embd.weight");
  if (head == tensors.end()) return true;
  const GgufTensor &a = *head->second, &b = *embedding->second;
  return a.format == b.format && a.shape == b.shape && std::memcmp(a.data.data(), b.data.data(), a.data.size()) == 0;
}

// ggml fills missing dimensions with 1, so {2048} and {2048, 1} are the same shape.
std::vector<int64_t> WithoutLeadingOnes(std::vector<int64_t> shape) {
  while (shape.size() > 1 && shape.front() == 1) shape.erase(shape.begin());
  return shape;
}

StoredMatrix CheckedMatrix(const GgufFile& file, const GgufTensor& tensor, const ExpectedTensor& expected) {
  if (WithoutLeadingOnes(tensor.shape) != WithoutLeadingOnes(expected.Shape())) {
    throw Error(TensorPlace(file, tensor.name), "shape " + PrintShape(tensor.shape),
                PrintShape(expected.Shape()) + " from the file's metadata");
  }
  StoredMatrix matrix;
  matrix.format = tensor.format;
  matrix.experts = expected.experts;
  matrix.n = expected.n;
  matrix.k = expected.k;
  const int64_t count = expected.experts == 0 ? 1 : expected.experts;
  const int64_t stride = expected.n * tensor.format->Bytes(expected.k);
  for (int64_t e = 0; e < count; ++e) matrix.pieces.push_back({tensor.data.data() + e * stride, nullptr, nullptr});
  return matrix;
}

void ReadMatrices(const GgufFile& file, const TensorMap& tensors, StoredModel& model) {
  size_t used = 0;
  for (const ExpectedTensor& expected : ExpectedTensors(model.config)) {
    const auto it = tensors.find(expected.name);
    if (it == tensors.end())
      throw Error(TensorPlace(file, expected.name), "no such tensor", "shape " + PrintShape(expected.Shape()));
    model.matrices.emplace(expected.name, CheckedMatrix(file, *it->second, expected));
    ++used;
  }
  const bool repeated_head = model.config.tie_word_embeddings && tensors.count("output.weight") != 0;
  if (used + (repeated_head ? 1 : 0) == tensors.size()) return;
  for (const GgufTensor& tensor : file.tensors) {
    if (model.matrices.count(tensor.name) == 0 && !(repeated_head && tensor.name == "output.weight")) {
      throw Error(TensorPlace(file, tensor.name), "a tensor that this configuration does not have",
                  "only the tensors of " + model.config.architecture);
    }
  }
}

void CheckVocabulary(const GgufFile& file, const StoredModel& model) {
  if (model.tokenizer.kind == TokenizerData::Kind::kNone) return;
  if (static_cast<int64_t>(model.tokenizer.tokens.size()) != model.config.vocab_size) {
    throw Error(file.place + ": key tokenizer.ggml.tokens", fmt::format("{} tokens", model.tokenizer.tokens.size()),
                fmt::format("{}, the rows of token_embd.weight", model.config.vocab_size));
  }
}

}  // namespace

StoredModel ReadGgufModel(const FileBytes& bytes) {
  const GgufFile file = ParseGguf(bytes.bytes, bytes.name);
  TensorMap tensors;
  for (const GgufTensor& tensor : file.tensors) tensors.emplace(tensor.name, &tensor);
  StoredModel model;
  model.file_bytes = static_cast<int64_t>(bytes.bytes.size());
  model.container = fmt::format("GGUF v{}", file.version);
  model.config = ReadConfig(file, tensors);
  model.config.tie_word_embeddings = HeadIsTied(tensors);
  ReadMatrices(file, tensors, model);
  model.tokenizer = GgufTokenizer(file);
  CheckVocabulary(file, model);
  const std::string file_name = std::filesystem::path(bytes.name).filename().string();
  for (const GgufTensor& tensor : file.tensors) {
    model.tensors.push_back({tensor.name, tensor.format, tensor.shape, static_cast<int64_t>(tensor.data.size()), file_name});
  }
  for (const GgufEntry& entry : file.entries)
    model.metadata.push_back({entry.key, PrintGgufType(entry.value), PrintGgufValue(entry.value)});
  return model;
}

}  // namespace tidemark
