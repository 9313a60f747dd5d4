// A model on disk, whatever its container: configuration, tokenizer data, and tensors by canonical name.
//
// Canonical names are GGUF's ("blk.3.attn_q.weight"); the safetensors readers translate. The store maps files and hands out
// views; it never copies a weight matrix, with one exception: tiny tensors whose stored layout differs (a transposed
// convolution kernel) are rearranged once. Every size is checked against the configuration before a view is made.
#ifndef TIDEMARK_ENGINE_WEIGHTS_WEIGHT_STORE_H_
#define TIDEMARK_ENGINE_WEIGHTS_WEIGHT_STORE_H_

#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "engine/core/tensor.h"
#include "engine/core/token.h"
#include "engine/model/config.h"

namespace tidemark {

// One tensor as stored, for inspect and for reports.
struct TensorInfo {
  std::string name;  // as in the file
  const Format* format = nullptr;
  std::vector<int64_t> shape;  // outermost first ([E, n, k], [n, k] or [n]), in values, also for packed formats
  int64_t bytes = 0;           // stored, scales and biases included
  std::string file;            // file name within the model
};

// What a tokenizer is built from. Either a GGUF vocabulary or the text of tokenizer.json; kind says which.
struct TokenizerData {
  enum class Kind { kNone, kGguf, kJson } kind = Kind::kNone;
  // kGguf
  std::string model;                 // tokenizer.ggml.model, "gpt2" = byte-level BPE
  std::string pre;                   // tokenizer.ggml.pre, "lfm2", "llama-bpe", "qwen2", ...
  std::vector<std::string> tokens;   // [V] in byte-level spelling
  std::vector<int32_t> token_types;  // [V] 1 normal, 2 unknown, 3 control, 4 user defined, 5 unused, 6 byte
  std::vector<std::string> merges;   // "left right", by rank
  // kJson
  std::string tokenizer_json;         // whole file
  std::string tokenizer_config_json;  // whole file; empty if absent
  // both
  std::optional<TokenId> bos_id, eos_id, pad_id;
  std::vector<TokenId> extra_eos_ids;  // further end tokens, where the files name several
  std::optional<bool> add_bos;
  std::string chat_template;  // Jinja text; empty: none
};

// A key of the file's metadata, printed ("u32", "2048"); long arrays are shortened.
struct MetadataEntry {
  std::string key, type, value;
};

class WeightStore {
 public:
  virtual ~WeightStore() = default;

  // Opens a .gguf file, a .safetensors file, a model.safetensors.index.json, or a directory holding config.json and weights.
  // Throws Error: file, key or tensor, found, expected.
  static std::unique_ptr<WeightStore> Open(const std::filesystem::path& path);

  virtual const ModelConfig& Config() const = 0;
  virtual const TokenizerData& Tokenizer() const = 0;
  virtual std::string Container() const = 0;                // "GGUF v3", "safetensors", "safetensors (MLX 4-bit)"
  virtual std::span<const TensorInfo> Tensors() const = 0;  // in file order
  virtual std::span<const MetadataEntry> Metadata() const = 0;
  virtual std::vector<std::filesystem::path> Files() const = 0;  // weight files, in order
  virtual int64_t FileBytes() const = 0;                         // of all weight files together

  virtual bool Has(std::string_view canonical_name) const = 0;
  // The matrix [n, k] (a vector is [1, k]) with exactly that shape; throws Error otherwise.
  virtual WeightView Get(std::string_view canonical_name, int64_t n, int64_t k) const = 0;
  // Expert e of a stack such as "blk.5.ffn_gate_exps.weight", each [n, k].
  virtual WeightView GetExpert(std::string_view canonical_name, int64_t expert, int64_t n, int64_t k) const = 0;
  // Tells the kernel that the stored bytes of w will not be read soon (they were repacked).
  virtual void DropPages(const WeightView& w) const = 0;
};

// Parameters counted from tensor shapes; active = per token: experts count k of E, a tied embedding once.
struct ParameterCount {
  int64_t total = 0;
  int64_t active = 0;
};
ParameterCount CountParameters(const WeightStore& store);

}  // namespace tidemark

#endif  // TIDEMARK_ENGINE_WEIGHTS_WEIGHT_STORE_H_
