// Finds out which container a path is, maps its files, and hands them to the reader; parameter counts.
#include "engine/weights/weight_store.h"

#include <cstring>
#include <utility>

#include "engine/core/error.h"
#include "engine/weights/expected_tensors.h"
#include "engine/weights/stored_model.h"

namespace tidemark {
namespace {

namespace fs = std::filesystem;

constexpr uint64_t kMaxJsonBytes = uint64_t{64} << 20;
constexpr uint64_t kMaxTokenizerBytes = uint64_t{256} << 20;
constexpr char kSingleName[] = "model.safetensors";
constexpr char kIndexName[] = "model.safetensors.index.json";

bool Exists(const fs::path& path) {
  std::error_code ignored;
  return fs::exists(path, ignored);
}

std::string ReadIfPresent(const fs::path& path, uint64_t max_bytes) {
  return Exists(path) ? ReadFile(path, max_bytes) : std::string();
}

std::unique_ptr<WeightStore> OpenGguf(MappedFile file) {
  StoredModel model = ReadGgufModel({file.path().string(), file.bytes()});
  std::vector<MappedFile> files;
  files.push_back(std::move(file));
  return MakeWeightStore(std::move(model), std::move(files));
}

// names: files in directory, with the index they come from (empty: a single file).
std::unique_ptr<WeightStore> OpenSafetensors(const fs::path& directory, const std::vector<std::string>& names,
                                             std::string index) {
  const fs::path config = directory / "config.json";
  if (!Exists(config)) throw Error(config.string(), "no such file", "the model's configuration beside its weights");
  HfTexts texts;
  texts.directory = directory.string();
  texts.config = ReadFile(config, kMaxJsonBytes);
  texts.generation_config = ReadIfPresent(directory / "generation_config.json", kMaxJsonBytes);
  texts.tokenizer = ReadIfPresent(directory / "tokenizer.json", kMaxTokenizerBytes);
  texts.tokenizer_config = ReadIfPresent(directory / "tokenizer_config.json", kMaxJsonBytes);
  texts.chat_template = ReadIfPresent(directory / "chat_template.jinja", kMaxJsonBytes);
  texts.index = std::move(index);
  std::vector<MappedFile> files;
  std::vector<FileBytes> bytes;
  for (const std::string& name : names) {
    files.emplace_back(directory / name);
    bytes.push_back({files.back().path().string(), files.back().bytes()});
  }
  StoredModel model = ReadSafetensorsModel(texts, bytes);
  return MakeWeightStore(std::move(model), std::move(files));
}

std::unique_ptr<WeightStore> OpenIndex(const fs::path& path) {
  std::string index = ReadFile(path, kMaxJsonBytes);
  const std::vector<std::string> names = ShardNames(index, path.string());
  return OpenSafetensors(path.has_parent_path() ? path.parent_path() : fs::path("."), names, std::move(index));
}

std::unique_ptr<WeightStore> OpenDirectory(const fs::path& path) {
  if (Exists(path / kSingleName)) return OpenSafetensors(path, {kSingleName}, "");
  if (Exists(path / kIndexName)) return OpenIndex(path / kIndexName);
  throw Error(path.string(), "a directory without weights", fmt::format("{} or {}", kSingleName, kIndexName),
              "give a GGUF file by its own path");
}

}  // namespace

std::unique_ptr<WeightStore> WeightStore::Open(const fs::path& path) {
  std::error_code ignored;
  if (fs::is_directory(path, ignored)) return OpenDirectory(path);
  if (path.filename() == "config.json") return OpenDirectory(path.has_parent_path() ? path.parent_path() : fs::path("."));
  if (path.extension() == ".json") return OpenIndex(path);
  MappedFile file(path);
  if (file.bytes().size() >= 4 && std::memcmp(file.bytes().data(), "GGUF", 4) == 0) return OpenGguf(std::move(file));
  if (path.extension() == ".safetensors") {
    return OpenSafetensors(path.has_parent_path() ? path.parent_path() : fs::path("."), {path.filename().string()}, "");
  }
  if (path.extension() == ".gguf") return OpenGguf(std::move(file));  // fails with the right message
  throw Error(path.string(), "an unknown kind of file", "GGUF, .safetensors, an index .json or a directory with config.json");
}

ParameterCount CountParameters(const WeightStore& store) {
  const ModelConfig& config = store.Config();
  ParameterCount count;
  for (const ExpectedTensor& tensor : ExpectedTensors(config)) {
    const int64_t values = tensor.Values();
    count.total += values;
    count.active += tensor.experts == 0 ? values : values / tensor.experts * config.num_experts_per_tok;
  }
  return count;
}

}  // namespace tidemark
