#include "engine/weights/inspect.h"

#include <fmt/format.h>

#include <algorithm>

#include "engine/core/error.h"
#include "engine/weights/expected_tensors.h"

namespace tidemark {
namespace {

using OrderedJson = nlohmann::ordered_json;

int64_t CountValues(const TensorInfo& tensor) {
  int64_t values = 1;
  for (const int64_t size : tensor.shape) values *= size;
  return values;
}

// 1234567 as "1,234,567".
std::string Grouped(int64_t number) {
  std::string digits = fmt::format("{}", number);
  for (int64_t i = static_cast<int64_t>(digits.size()) - 3; i > 0; i -= 3) digits.insert(static_cast<size_t>(i), 1, ',');
  return digits;
}

void AppendConfig(const ModelConfig& config, std::string& out) {
  out += "\nconfiguration\n";
  const OrderedJson json = ConfigToJson(config);
  for (const auto& [key, value] : json.items()) {
    out += fmt::format("  {:<26} {}\n", key, value.is_string() ? value.get<std::string>() : value.dump());
  }
}

void AppendTensors(const InspectReport& report, std::string& out) {
  size_t width = 4;
  for (const TensorInfo& tensor : report.tensors) width = std::max(width, tensor.name.size());
  out += fmt::format("\n{} tensors\n", report.tensors.size());
  for (const TensorInfo& tensor : report.tensors) {
    out += fmt::format("  {:<{}}  {:<12} {:>20} {:>16}", Printable(tensor.name), width, tensor.format->name,
                       PrintShape(tensor.shape), Grouped(tensor.bytes));
    if (report.files.size() > 1) out += "  " + Printable(tensor.file);
    out += '\n';
  }
}

}  // namespace

InspectReport Inspect(const WeightStore& store) {
  InspectReport report;
  for (const auto& path : store.Files()) report.files.push_back(path.string());
  report.file_bytes = store.FileBytes();
  report.container = store.Container();
  report.config = store.Config();
  report.metadata.assign(store.Metadata().begin(), store.Metadata().end());
  report.tensors.assign(store.Tensors().begin(), store.Tensors().end());
  report.parameters = CountParameters(store);
  for (const TensorInfo& tensor : report.tensors) {
    const auto same = [&](const InspectReport::FormatShare& share) { return share.format == tensor.format->name; };
    auto share = std::find_if(report.formats.begin(), report.formats.end(), same);
    if (share == report.formats.end()) share = report.formats.insert(share, {std::string(tensor.format->name), 0, 0, 0});
    const int64_t values = CountValues(tensor);
    ++share->tensors;
    share->parameters += values;
    share->bytes += tensor.bytes;
    report.tensor_bytes += tensor.bytes;
    report.stored_parameters += values;
  }
  std::stable_sort(report.formats.begin(), report.formats.end(), [](const auto& a, const auto& b) { return a.bytes > b.bytes; });
  if (report.stored_parameters > 0) {
    report.bits_per_weight = 8.0 * static_cast<double>(report.tensor_bytes) / static_cast<double>(report.stored_parameters);
  }
  const TokenizerData& tokenizer = store.Tokenizer();
  report.has_tokenizer = tokenizer.kind != TokenizerData::Kind::kNone;
  report.vocabulary_tokens = static_cast<int64_t>(tokenizer.tokens.size());
  report.has_chat_template = !tokenizer.chat_template.empty();
  return report;
}

OrderedJson ConfigToJson(const ModelConfig& c) {
  OrderedJson types = OrderedJson::array();
  for (const LayerType type : c.layer_types) types.push_back(type == LayerType::kConv ? "conv" : "full_attention");
  OrderedJson json = {{"architecture", c.architecture},
                      {"hidden_size", c.hidden_size},
                      {"num_hidden_layers", c.num_hidden_layers},
                      {"layer_types", types},
                      {"num_attention_heads", c.num_attention_heads},
                      {"num_key_value_heads", c.num_key_value_heads},
                      {"head_dim", c.head_dim},
                      {"intermediate_size", c.intermediate_size}};
  if (c.num_experts > 0) {
    json["num_dense_layers"] = c.num_dense_layers;
    json["num_experts"] = c.num_experts;
    json["num_experts_per_tok"] = c.num_experts_per_tok;
    json["moe_intermediate_size"] = c.moe_intermediate_size;
    json["use_expert_bias"] = c.use_expert_bias;
    json["norm_topk_prob"] = c.norm_topk_prob;
    json["routed_scaling_factor"] = c.routed_scaling_factor;
  }
  json["vocab_size"] = c.vocab_size;
  json["max_position_embeddings"] = c.max_position_embeddings;
  json["norm_eps"] = c.norm_eps;
  json["rope_theta"] = c.rope_theta;
  json["conv_L_cache"] = c.conv_L_cache;
  json["conv_bias"] = c.conv_bias;
  json["tie_word_embeddings"] = c.tie_word_embeddings;
  return json;
}

OrderedJson ToJson(const InspectReport& report) {
  OrderedJson formats = OrderedJson::array(), metadata = OrderedJson::array(), tensors = OrderedJson::array();
  for (const auto& share : report.formats) {
    formats.push_back(
        {{"format", share.format}, {"tensors", share.tensors}, {"parameters", share.parameters}, {"bytes", share.bytes}});
  }
  // Printable: values are foreign text, and JSON must be valid UTF-8.
  for (const auto& entry : report.metadata) {
    metadata.push_back({{"key", Printable(entry.key, 256)}, {"type", entry.type}, {"value", Printable(entry.value, 256)}});
  }
  for (const auto& tensor : report.tensors) {
    tensors.push_back({{"name", Printable(tensor.name, 256)},
                       {"format", std::string(tensor.format->name)},
                       {"shape", tensor.shape},
                       {"bytes", tensor.bytes},
                       {"file", Printable(tensor.file, 256)}});
  }
  OrderedJson files = OrderedJson::array();
  for (const std::string& file : report.files) files.push_back(Printable(file, 4096));
  return {
      {"files", files},
      {"file_bytes", report.file_bytes},
      {"container", report.container},
      {"config", ConfigToJson(report.config)},
      {"parameters", {{"total", report.parameters.total}, {"active", report.parameters.active}}},
      {"tensor_bytes", report.tensor_bytes},
      {"stored_parameters", report.stored_parameters},
      {"bits_per_weight", report.bits_per_weight},
      {"formats", formats},
      {"tokenizer",
       {{"present", report.has_tokenizer}, {"tokens", report.vocabulary_tokens}, {"chat_template", report.has_chat_template}}},
      {"metadata", metadata},
      {"tensors", tensors}};
}

std::string ToText(const InspectReport& report) {
  std::string out;
  for (const std::string& file : report.files) out += fmt::format("file        {}\n", Printable(file, 4096));
  out += fmt::format("size        {} bytes\n", Grouped(report.file_bytes));
  out += fmt::format("container   {}\n", report.container);
  out += fmt::format("parameters  {} total, {} active per token\n", Grouped(report.parameters.total),
                     Grouped(report.parameters.active));
  out += fmt::format("weights     {} bytes, {:.3f} bits per weight\n", Grouped(report.tensor_bytes), report.bits_per_weight);
  const std::string tokens =
      report.vocabulary_tokens > 0 ? fmt::format("{} tokens", Grouped(report.vocabulary_tokens)) : "tokenizer.json";
  out += fmt::format("tokenizer   {}{}\n", report.has_tokenizer ? tokens : "none",
                     report.has_chat_template ? ", chat template" : "");
  out += "\nformats\n";
  for (const auto& share : report.formats) {
    out += fmt::format("  {:<12} {:>5} tensors {:>16} parameters {:>16} bytes\n", share.format, share.tensors,
                       Grouped(share.parameters), Grouped(share.bytes));
  }
  AppendConfig(report.config, out);
  out += fmt::format("\n{} metadata entries\n", report.metadata.size());
  for (const auto& entry : report.metadata) {
    out += fmt::format("  {} ({}): {}\n", Printable(entry.key, 256), entry.type, Printable(entry.value, 256));
  }
  AppendTensors(report, out);
  return out;
}

}  // namespace tidemark
