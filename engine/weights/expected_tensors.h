// Which tensors a model of a given configuration has, and their shapes: the one list that readers check files against, that
// parameters are counted from, and that writers of random models follow. Names are GGUF's.
// Source: ggml-org/llama.cpp gguf-py/gguf/tensor_mapping.py and src/models/lfm2.cpp, lfm2moe.cpp.
#ifndef TIDEMARK_ENGINE_WEIGHTS_EXPECTED_TENSORS_H_
#define TIDEMARK_ENGINE_WEIGHTS_EXPECTED_TENSORS_H_

#include <cstdint>
#include <string>
#include <vector>

#include "engine/model/config.h"

namespace tidemark {

struct ExpectedTensor {
  std::string name;        // canonical
  int64_t experts = 0;     // E of a stack of matrices; 0: not a stack
  int64_t n = 1;           // rows
  int64_t k = 0;           // values per row
  bool is_vector = false;  // stored as [k]

  std::vector<int64_t> Shape() const;  // [E, n, k], [n, k] or [k]
  int64_t Values() const { return (experts == 0 ? 1 : experts) * n * k; }
};

// Largest sizes a configuration may claim, some ten times the largest known. Their products fit in 63 bits, so shape arithmetic
// behind CheckConfig cannot overflow; and a step of 512 tokens keeps every activation below about half a gigabyte, so a small
// file of thin and endless matrices (rows of two values) cannot ask for more memory than a real model.
struct ConfigLimits {
  static constexpr int64_t kHidden = 1 << 16, kLayers = 1024, kHeads = 1 << 12, kHeadDim = 1 << 12, kWidth = 1 << 18;
  static constexpr int64_t kExperts = 1 << 12, kVocab = 1 << 22, kContext = int64_t{1} << 40, kTaps = 64;
};

// Relations between the fields that every reader must check before shapes are derived. place: the file, for messages.
// Throws Error naming the field.
void CheckConfig(const ModelConfig& config, const std::string& place);

// In the order of GGUF files. config has passed CheckConfig. An untied head adds output.weight.
std::vector<ExpectedTensor> ExpectedTensors(const ModelConfig& config);

// "[32, 1792, 2048]"
std::string PrintShape(const std::vector<int64_t>& shape);

}  // namespace tidemark

#endif  // TIDEMARK_ENGINE_WEIGHTS_EXPECTED_TENSORS_H_
