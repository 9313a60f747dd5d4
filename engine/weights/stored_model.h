// What every container reader produces, and the one WeightStore built from it.
//
// A reader works on bytes in memory (mapped files in the program, plain buffers in tests and fuzz targets) and fills a
// StoredModel; MakeWeightStore adds ownership of the mappings. So the readers have no file handling and the store no format
// knowledge. A model in memory (an embedded one) opens as MakeWeightStore(ReadGgufModel({name, bytes}), {}).
#ifndef TIDEMARK_ENGINE_WEIGHTS_STORED_MODEL_H_
#define TIDEMARK_ENGINE_WEIGHTS_STORED_MODEL_H_

#include <cstddef>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/core/file.h"
#include "engine/weights/weight_store.h"

namespace tidemark {

// One matrix, or a stack of E matrices of one shape, wherever the pieces lie.
struct StoredMatrix {
  const Format* format = nullptr;
  const Format* scale_format = nullptr;  // split formats only
  int64_t experts = 0;                   // 0: a single matrix
  int64_t n = 0, k = 0;
  struct Piece {
    const std::byte* data = nullptr;
    const std::byte* scales = nullptr;
    const std::byte* biases = nullptr;
  };
  std::vector<Piece> pieces;  // one per expert, or one

  WeightView View(const std::string& name, int64_t expert) const;  // expert -1: the single matrix
};

struct StoredModel {
  ModelConfig config;
  TokenizerData tokenizer;
  std::string container;
  std::vector<TensorInfo> tensors;
  std::vector<MetadataEntry> metadata;
  int64_t file_bytes = 0;                                     // of all weight files
  std::map<std::string, StoredMatrix, std::less<>> matrices;  // by canonical name
};

// Bytes of one file with its name for messages.
struct FileBytes {
  std::string name;
  std::span<const std::byte> bytes;
};

// A GGUF file. Views point into file.bytes. Throws Error.
StoredModel ReadGgufModel(const FileBytes& file);

// The texts around safetensors files; an empty one is absent (config is required).
struct HfTexts {
  std::string directory;          // for messages
  std::string config;             // config.json
  std::string generation_config;  // generation_config.json
  std::string tokenizer;          // tokenizer.json
  std::string tokenizer_config;   // tokenizer_config.json
  std::string chat_template;      // chat_template.jinja
  std::string index;              // model.safetensors.index.json
};

// The shard files that an index names, in alphabetical order; each a plain file name beside the index. place: for messages.
// Throws Error, among others for names that lead out of the directory.
std::vector<std::string> ShardNames(const std::string& index, const std::string& place);

// One or more safetensors files, plain or MLX-quantised. Throws Error.
StoredModel ReadSafetensorsModel(const HfTexts& texts, std::span<const FileBytes> files);

// The store answers from model and keeps the mappings alive that model points into. files may be empty if the caller keeps
// the bytes (tests).
std::unique_ptr<WeightStore> MakeWeightStore(StoredModel model, std::vector<MappedFile> files);

}  // namespace tidemark

#endif  // TIDEMARK_ENGINE_WEIGHTS_STORED_MODEL_H_
