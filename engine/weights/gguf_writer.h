// Writes GGUF v3 files: for models of our own making, for tests, and for mutation tests.
// Layout: ggml-org/ggml docs/gguf.md; the reader in gguf_file.h accepts exactly what this produces.
#ifndef TIDEMARK_ENGINE_WEIGHTS_GGUF_WRITER_H_
#define TIDEMARK_ENGINE_WEIGHTS_GGUF_WRITER_H_

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/core/format.h"
#include "engine/model/config.h"
#include "engine/weights/gguf_file.h"

namespace tidemark {

class GgufWriter {
 public:
  // Keys must be new (TM_CHECK).
  void AddU32(const std::string& key, uint32_t value);
  void AddF32(const std::string& key, float value);
  void AddBool(const std::string& key, bool value);
  void AddString(const std::string& key, std::string_view value);
  void AddInts(const std::string& key, std::span<const int32_t> values);
  void AddStrings(const std::string& key, std::span<const std::string> values);
  // Any scalar or array by its payload bytes; see GgufValue.
  void AddRaw(const std::string& key, GgufType type, bool is_array, uint64_t count, std::span<const std::byte> payload);

  // Stored bytes of a tensor; shape is outermost first, bytes.size() must be what shape and format imply (TM_CHECK).
  void AddTensor(const std::string& name, std::vector<int64_t> shape, const Format* format, std::span<const std::byte> bytes);
  // The same from float32 values, quantised here; format->quantize must exist.
  void AddTensor(const std::string& name, std::vector<int64_t> shape, const Format* format, std::span<const float> values);

  std::string Serialize() const;                        // the whole file
  void Write(const std::filesystem::path& path) const;  // complete or absent; throws Error

 private:
  struct Tensor {
    std::string name;
    std::vector<int64_t> shape;
    const Format* format;
    std::vector<std::byte> bytes;
  };
  std::string entries_;
  std::vector<std::string> keys_;
  std::vector<Tensor> tensors_;
};

// general.architecture and every <architecture>.* key of config, as llama.cpp's converter writes them (conversion/lfm2.py).
void AddModelKeys(const ModelConfig& config, GgufWriter& writer);

}  // namespace tidemark

#endif  // TIDEMARK_ENGINE_WEIGHTS_GGUF_WRITER_H_
