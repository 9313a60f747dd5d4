// safetensors to StoredModel: plain Hugging Face checkpoints (experts one by one, stacked or fused) and MLX-quantised ones.
//
// Every tensor of the files is named, sized and placed first (Source); then each canonical matrix is assembled from its sources
// and compared with the list that the configuration implies. MLX packing: ml-explore/mlx python/src/ops.cpp (quantize).
#include <algorithm>
#include <cstring>
#include <unordered_map>
#include <utility>

#include "engine/core/error.h"
#include "engine/weights/expected_tensors.h"
#include "engine/weights/hf_config.h"
#include "engine/weights/hf_names.h"
#include "engine/weights/safetensors_file.h"
#include "engine/weights/stored_model.h"
#include "engine/weights/strict_json.h"
#include "engine/weights/tokenizer_data.h"

namespace tidemark {
namespace {

// A matrix, stack or vector as it lies in one file.
struct Source {
  HfName name;
  std::string place;  // file and tensor, for messages
  std::string file_name;
  const SafetensorsTensor* values = nullptr;
  const SafetensorsTensor* scales = nullptr;  // MLX-quantised only
  const SafetensorsTensor* biases = nullptr;
};

// A canonical matrix while its pieces are being found.
struct Assembly {
  const Format* format = nullptr;
  const Format* scale_format = nullptr;
  std::map<int64_t, StoredMatrix::Piece> pieces;  // by expert; 0 for a single matrix
};

class Reader {
 public:
  Reader(const HfTexts& texts, std::span<const FileBytes> files) : texts_(texts), files_(files) {}

  StoredModel Read() {
    const std::string place = texts_.directory + "/config.json";
    const Json root = ParseJsonObject(texts_.config, place);
    model_.config = ReadHfConfig(root, place);
    quantization_ = ReadMlxQuantization(root, place);
    for (const auto& [key, value] : root.items()) AddMetadata("config.json: " + key, value);
    for (const FileBytes& file : files_) ParseFile(file);
    CheckIndex();
    CollectSources();
    for (ExpectedTensor& tensor : ExpectedTensors(model_.config)) expected_.emplace(tensor.name, tensor);
    for (const Source& source : sources_) Place(source);
    Assemble();
    model_.container = quantization_ ? fmt::format("safetensors (MLX {}-bit)", quantization_->default_bits) : "safetensors";
    model_.tokenizer = HfTokenizer(texts_, model_.config.vocab_size);
    return std::move(model_);
  }

 private:
  void AddMetadata(const std::string& key, const Json& value) {
    const std::string type = value.is_array() ? fmt::format("array[{}]", value.size()) : std::string(value.type_name());
    model_.metadata.push_back({Printable(key), type, Printable(value.dump(-1, ' ', false, Json::error_handler_t::replace), 200)});
  }

  void ParseFile(const FileBytes& file) {
    parsed_.emplace_back(file.name, ParseSafetensors(file.bytes, file.name));
    model_.file_bytes += static_cast<int64_t>(file.bytes.size());
    for (const auto& [key, value] : parsed_.back().second.metadata) AddMetadata("__metadata__: " + key, Json(value));
  }

  // The index and the shards must tell the same story: a stale shard is found here, not in strange logits.
  void CheckIndex() const {
    if (texts_.index.empty()) return;
    const std::string place = texts_.directory + ": index";
    const Json root = ParseJsonObject(texts_.index, place);
    const Json& map = root.at("weight_map");  // checked by ShardNames
    size_t found = 0;
    for (const auto& [path, file] : parsed_) {
      const std::string file_name = std::filesystem::path(path).filename().string();
      for (const SafetensorsTensor& tensor : file.tensors) {
        const auto it = map.find(tensor.name);
        if (it == map.end() || *it != file_name) {
          throw Error(path + ": tensor " + Printable(tensor.name),
                      it == map.end() ? "no entry in the index" : "index entry " + Printable(it->dump()), file_name);
        }
        ++found;
      }
    }
    if (found != map.size())
      throw Error(place, fmt::format("{} tensors named", map.size()), fmt::format("{}, all that the files hold", found));
  }

  void CollectSources() {
    std::unordered_map<std::string, size_t> by_module;  // -> sources_
    std::vector<std::pair<HfName, const SafetensorsTensor*>> extras;
    std::vector<std::string> extra_places;
    for (const auto& [path, file] : parsed_) {
      for (const SafetensorsTensor& tensor : file.tensors) {
        const std::string place = path + ": tensor " + Printable(tensor.name);
        const auto name = ParseHfName(tensor.name);
        if (!name) throw Error(place, "an unknown tensor", "the tensors of an LFM2 model");
        if (name->field != HfName::Field::kValues) {
          extras.emplace_back(*name, &tensor);
          extra_places.push_back(place);
          continue;
        }
        // The name without ".weight" is the key; a bias vector of the same module is a tensor of its own.
        const bool bias = tensor.name.size() > 5 && tensor.name.compare(tensor.name.size() - 5, 5, ".bias") == 0;
        if (!by_module.emplace(bias ? tensor.name : name->module, sources_.size()).second)
          throw Error(place, "the tensor twice", "unique names");
        sources_.push_back({*name, place, std::filesystem::path(path).filename().string(), &tensor, nullptr, nullptr});
      }
    }
    for (size_t i = 0; i < extras.size(); ++i) {
      const auto& [name, tensor] = extras[i];
      const auto it = by_module.find(name.module);
      if (it == by_module.end()) throw Error(extra_places[i], "no quants", name.module + ".weight beside it");
      Source& source = sources_[it->second];
      const SafetensorsTensor*& slot = name.field == HfName::Field::kScales ? source.scales : source.biases;
      if (slot != nullptr) throw Error(extra_places[i], "the tensor twice", "unique names");
      slot = tensor;
    }
  }

  // Shape in values that the source must have.
  static std::vector<int64_t> SourceShape(const Source& source, const ExpectedTensor& expected) {
    if (source.name.expert >= 0) return {expected.n, expected.k};
    if (!source.name.second.empty()) return {expected.experts, 2 * expected.n, expected.k};
    return expected.Shape();
  }

  // The kernel of a depthwise convolution has a third axis of size 1, in the middle (PyTorch) or at the end (MLX); the bytes are
  // the same [H, taps] in both.
  static bool ShapeFits(const std::vector<int64_t>& found, const std::vector<int64_t>& wanted, const std::string& canonical) {
    if (found == wanted) return true;
    const bool kernel = canonical.size() > 22 && canonical.compare(canonical.size() - 22, 22, ".shortconv.conv.weight") == 0;
    return kernel &&
           (found == std::vector<int64_t>{wanted[0], 1, wanted[1]} || found == std::vector<int64_t>{wanted[0], wanted[1], 1});
  }

  static const Format* FloatFormat(const SafetensorsTensor& tensor, const std::string& place) {
    const char* name = tensor.dtype == "F32" ? "f32" : tensor.dtype == "F16" ? "f16" : tensor.dtype == "BF16" ? "bf16" : nullptr;
    if (name == nullptr) throw Error(place, "dtype " + Printable(tensor.dtype), "F32, F16 or BF16");
    return FindFormat(name);
  }

  const Format* QuantizedFormat(const Source& source, const std::vector<int64_t>& shape) const {
    const std::string& place = source.place;
    if (!quantization_) throw Error(place, "scales beside it", "no scales, because config.json has no quantization");
    const Format* format = quantization_->FormatOf(source.name.module);
    if (format == nullptr) throw Error(place, "scales beside it", "none: config.json says this module is not quantised");
    if (source.scales == nullptr || source.biases == nullptr)
      throw Error(place, "scales or biases alone", "both (affine quantisation)");
    const int64_t k = shape.back();
    if (k % format->block_values != 0 || format->Bytes(k) % 4 != 0) {
      throw Error(place, fmt::format("rows of {} values", k),
                  fmt::format("a multiple of the group size {}", format->block_values));
    }
    std::vector<int64_t> words = shape, groups = shape;
    words.back() = format->Bytes(k) / 4;
    groups.back() = k / format->block_values;
    if (source.values->dtype != "U32" || source.values->shape != words) {
      throw Error(place, Printable(source.values->dtype) + " " + PrintShape(source.values->shape),
                  fmt::format("U32 {} for {}", PrintShape(words), format->name));
    }
    for (const SafetensorsTensor* part : {source.scales, source.biases}) {
      if (part->shape != groups || part->dtype != source.scales->dtype) {
        throw Error(place, fmt::format("{} {} {}", Printable(part->name), Printable(part->dtype), PrintShape(part->shape)),
                    fmt::format("{} {}", Printable(source.scales->dtype), PrintShape(groups)));
      }
    }
    return format;
  }

  void Place(const Source& source) {
    const auto it = expected_.find(source.name.canonical);
    if (it == expected_.end()) {
      if (source.name.canonical == "output.weight") return CheckRepeatedHead(source);
      throw Error(source.place, "a tensor that this configuration does not have", "only the tensors of config.json's model");
    }
    const ExpectedTensor& expected = it->second;
    const std::vector<int64_t> shape = SourceShape(source, expected);
    if (source.name.expert >= expected.experts && source.name.expert >= 0) {
      throw Error(source.place, fmt::format("expert {}", source.name.expert),
                  fmt::format("experts 0 to {}", expected.experts - 1));
    }
    const bool quantized = source.scales != nullptr || source.biases != nullptr;
    const Format* format = quantized ? QuantizedFormat(source, shape) : FloatFormat(*source.values, source.place);
    if (!quantized && !ShapeFits(source.values->shape, shape, source.name.canonical)) {
      throw Error(source.place, "shape " + PrintShape(source.values->shape), PrintShape(shape) + " from config.json");
    }
    AddPieces(source, expected, format);
    int64_t bytes = static_cast<int64_t>(source.values->data.size());
    if (quantized) bytes += static_cast<int64_t>(source.scales->data.size() + source.biases->data.size());
    model_.tensors.push_back({source.values->name, format, shape, bytes, source.file_name});
  }

  void AddPieces(const Source& source, const ExpectedTensor& expected, const Format* format) {
    const Format* scale_format = source.scales == nullptr ? nullptr : FloatFormat(*source.scales, source.place);
    const int64_t row_bytes = format->Bytes(expected.k);
    const int64_t scale_row_bytes = scale_format == nullptr ? 0 : scale_format->Bytes(expected.k / format->block_values);
    const auto add = [&](const std::string& canonical, int64_t expert, int64_t first_row) {
      Assembly& assembly = assemblies_[canonical];
      if (assembly.format == nullptr) {
        assembly.format = format;
        assembly.scale_format = scale_format;
      }
      if (assembly.format != format || assembly.scale_format != scale_format) {
        throw Error(source.place, std::string(format->name), fmt::format("{} like the other experts", assembly.format->name));
      }
      StoredMatrix::Piece piece;
      piece.data = source.values->data.data() + first_row * row_bytes;
      if (scale_format != nullptr) {
        piece.scales = source.scales->data.data() + first_row * scale_row_bytes;
        piece.biases = source.biases->data.data() + first_row * scale_row_bytes;
      }
      if (!assembly.pieces.emplace(expert, piece).second)
        throw Error(source.place, "the weights twice", "one tensor for " + canonical);
    };
    if (source.name.expert >= 0) return add(source.name.canonical, source.name.expert, 0);
    if (expected.experts == 0) return add(source.name.canonical, 0, 0);
    const bool fused = !source.name.second.empty();
    const int64_t rows = fused ? 2 * expected.n : expected.n;
    for (int64_t e = 0; e < expected.experts; ++e) {
      add(source.name.canonical, e, e * rows);
      if (fused) add(source.name.second, e, e * rows + expected.n);
    }
  }

  // A tied model may store its head once more, if it is the same.
  void CheckRepeatedHead(const Source& head) const {
    const auto same = [](const SafetensorsTensor* a, const SafetensorsTensor* b) {
      if (a == nullptr || b == nullptr) return a == b;
      return a->dtype == b->dtype && a->shape == b->shape && std::equal(a->data.begin(), a->data.end(), b->data.begin());
    };
    for (const Source& source : sources_) {
      if (source.name.canonical != "token_embd.weight") continue;
      if (same(source.values, head.values) && same(source.scales, head.scales) && same(source.biases, head.biases)) return;
    }
    throw Error(head.place, "a head of its own", "none or a copy of the embedding, because tie_word_embeddings is true");
  }

  void Assemble() {
    for (const auto& [name, expected] : expected_) {
      const std::string place = texts_.directory + ": tensor " + name;
      const auto it = assemblies_.find(name);
      if (it == assemblies_.end())
        throw Error(place, "no such tensor", "shape " + PrintShape(expected.Shape()), "are all shards there?");
      const Assembly& assembly = it->second;
      const int64_t count = expected.experts == 0 ? 1 : expected.experts;
      if (static_cast<int64_t>(assembly.pieces.size()) != count) {
        throw Error(place, fmt::format("{} experts", assembly.pieces.size()), fmt::format("{}", count), "are all shards there?");
      }
      StoredMatrix matrix{assembly.format, assembly.scale_format, expected.experts, expected.n, expected.k, {}};
      for (const auto& [expert, piece] : assembly.pieces) matrix.pieces.push_back(piece);
      model_.matrices.emplace(name, std::move(matrix));
    }
  }

  const HfTexts& texts_;
  std::span<const FileBytes> files_;
  StoredModel model_;
  std::optional<MlxQuantization> quantization_;
  std::vector<std::pair<std::string, SafetensorsFile>> parsed_;  // by path
  std::vector<Source> sources_;
  std::map<std::string, ExpectedTensor> expected_;
  std::map<std::string, Assembly> assemblies_;
};

}  // namespace

std::vector<std::string> ShardNames(const std::string& index, const std::string& place) {
  const Json root = ParseJsonObject(index, place);
  const JsonFields fields(root, place);
  const Json* map = fields.Find("weight_map");
  if (map == nullptr || !map->is_object() || map->empty()) {
    throw Error(fields.PlaceOf("weight_map"), map == nullptr ? "no such key" : JsonKind(*map), "an object: tensor to file name");
  }
  std::vector<std::string> names;
  for (const auto& [tensor, file] : map->items()) {
    const std::string name = file.is_string() ? file.get<std::string>() : "";
    // A plain name: neither absolute nor leading out of the directory.
    if (name.empty() || name == "." || name == ".." || name.find('/') != std::string::npos ||
        name.find('\0') != std::string::npos) {
      throw Error(place + ": tensor " + Printable(tensor), "file '" + Printable(name) + "'",
                  "the name of a file beside the index");
    }
    names.push_back(name);
  }
  std::sort(names.begin(), names.end());
  names.erase(std::unique(names.begin(), names.end()), names.end());
  return names;
}

StoredModel ReadSafetensorsModel(const HfTexts& texts, std::span<const FileBytes> files) { return Reader(texts, files).Read(); }

}  // namespace tidemark
