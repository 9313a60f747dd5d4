#include "engine/weights/gguf_writer.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "engine/core/checked.h"
#include "engine/core/error.h"
#include "engine/core/file.h"

namespace tidemark {
namespace {

constexpr uint64_t kAlignment = 32;

template <typename T>
void Append(std::string& out, T value) {
  char bytes[sizeof(T)];
  std::memcpy(bytes, &value, sizeof(T));
  out.append(bytes, sizeof(T));
}

void AppendString(std::string& out, std::string_view text) {
  Append<uint64_t>(out, text.size());
  out += text;
}

uint64_t Padded(uint64_t bytes) {
  const auto padded = CheckedRoundUp(bytes, kAlignment);
  TM_CHECK(padded, "{} bytes", bytes);
  return *padded;
}

template <typename T>
std::span<const std::byte> BytesOf(const T& value) {
  return std::as_bytes(std::span(&value, 1));
}

}  // namespace

void GgufWriter::AddRaw(const std::string& key, GgufType type, bool is_array, uint64_t count,
                        std::span<const std::byte> payload) {
  TM_CHECK(std::find(keys_.begin(), keys_.end(), key) == keys_.end(), "key {} twice", key);
  keys_.push_back(key);
  AppendString(entries_, key);
  if (is_array) Append(entries_, static_cast<uint32_t>(GgufType::kArray));
  Append(entries_, static_cast<uint32_t>(type));
  if (is_array) Append<uint64_t>(entries_, count);
  entries_.append(reinterpret_cast<const char*>(payload.data()), payload.size());
}

void GgufWriter::AddU32(const std::string& key, uint32_t value) { AddRaw(key, GgufType::kU32, false, 1, BytesOf(value)); }
void GgufWriter::AddF32(const std::string& key, float value) { AddRaw(key, GgufType::kF32, false, 1, BytesOf(value)); }

void GgufWriter::AddBool(const std::string& key, bool value) {
  const uint8_t byte = value ? 1 : 0;
  AddRaw(key, GgufType::kBool, false, 1, BytesOf(byte));
}

void GgufWriter::AddString(const std::string& key, std::string_view value) {
  std::string payload;
  AppendString(payload, value);
  AddRaw(key, GgufType::kString, false, 1, std::as_bytes(std::span(payload)));
}

void GgufWriter::AddInts(const std::string& key, std::span<const int32_t> values) {
  AddRaw(key, GgufType::kI32, true, values.size(), std::as_bytes(values));
}

void GgufWriter::AddStrings(const std::string& key, std::span<const std::string> values) {
  std::string payload;
  for (const std::string& value : values) AppendString(payload, value);
  AddRaw(key, GgufType::kString, true, values.size(), std::as_bytes(std::span(payload)));
}

void GgufWriter::AddTensor(const std::string& name, std::vector<int64_t> shape, const Format* format,
                           std::span<const std::byte> bytes) {
  TM_CHECK(!shape.empty() && shape.size() <= 4 && name.size() < 64 && format->ggml_type >= 0, "{}: {} dimensions, format {}",
           name, shape.size(), format->name);
  int64_t values = 1;
  for (const int64_t size : shape) values *= size;
  TM_CHECK(shape.back() % format->block_values == 0 && static_cast<int64_t>(bytes.size()) == format->Bytes(values),
           "{}: {} bytes for {} {}", name, bytes.size(), values, format->name);
  tensors_.push_back({name, std::move(shape), format, {bytes.begin(), bytes.end()}});
}

void GgufWriter::AddTensor(const std::string& name, std::vector<int64_t> shape, const Format* format,
                           std::span<const float> values) {
  TM_CHECK(format->quantize != nullptr, "{}: format {} is read-only", name, format->name);
  std::vector<std::byte> bytes(static_cast<size_t>(format->Bytes(static_cast<int64_t>(values.size()))));
  format->quantize(values, bytes.data());
  AddTensor(name, std::move(shape), format, std::span<const std::byte>(bytes));
}

std::string GgufWriter::Serialize() const {
  std::string out = "GGUF";
  Append<uint32_t>(out, 3);
  Append<uint64_t>(out, tensors_.size());
  Append<uint64_t>(out, keys_.size());
  out += entries_;
  uint64_t offset = 0;
  for (const Tensor& tensor : tensors_) {
    AppendString(out, tensor.name);
    Append(out, static_cast<uint32_t>(tensor.shape.size()));
    for (auto size = tensor.shape.rbegin(); size != tensor.shape.rend(); ++size) Append<int64_t>(out, *size);
    Append<int32_t>(out, tensor.format->ggml_type);
    Append<uint64_t>(out, offset);
    offset = Padded(offset + tensor.bytes.size());
  }
  out.resize(Padded(out.size()), '\0');
  for (const Tensor& tensor : tensors_) {
    out.append(reinterpret_cast<const char*>(tensor.bytes.data()), tensor.bytes.size());
    out.resize(Padded(out.size()), '\0');
  }
  return out;
}

void GgufWriter::Write(const std::filesystem::path& path) const { WriteFileAtomically(path, Serialize()); }

void AddModelKeys(const ModelConfig& c, GgufWriter& writer) {
  const std::string p = c.architecture + ".";
  const auto add = [&](const char* key, int64_t value) { writer.AddU32(p + key, static_cast<uint32_t>(value)); };
  writer.AddString("general.architecture", c.architecture);
  add("block_count", c.num_hidden_layers);
  add("context_length", c.max_position_embeddings);
  add("embedding_length", c.hidden_size);
  add("feed_forward_length", c.intermediate_size);
  add("attention.head_count", c.num_attention_heads);
  std::vector<int32_t> heads;
  for (const LayerType type : c.layer_types)
    heads.push_back(type == LayerType::kConv ? 0 : static_cast<int32_t>(c.num_key_value_heads));
  writer.AddInts(p + "attention.head_count_kv", heads);
  if (c.head_dim * c.num_attention_heads != c.hidden_size) {
    add("attention.key_length", c.head_dim);
    add("attention.value_length", c.head_dim);
  }
  writer.AddF32(p + "attention.layer_norm_rms_epsilon", static_cast<float>(c.norm_eps));
  writer.AddF32(p + "rope.freq_base", static_cast<float>(c.rope_theta));
  add("vocab_size", c.vocab_size);
  add("shortconv.l_cache", c.conv_L_cache);
  if (c.num_experts == 0) return;
  add("expert_count", c.num_experts);
  add("expert_used_count", c.num_experts_per_tok);
  add("expert_feed_forward_length", c.moe_intermediate_size);
  add("expert_gating_func", 2);  // sigmoid
  add("leading_dense_block_count", c.num_dense_layers);
  if (!c.norm_topk_prob) writer.AddBool(p + "expert_weights_norm", false);
  if (c.routed_scaling_factor != 1.0) writer.AddF32(p + "expert_weights_scale", static_cast<float>(c.routed_scaling_factor));
}

}  // namespace tidemark
