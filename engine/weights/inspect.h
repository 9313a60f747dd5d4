// What `tidemark inspect FILE` says about a model, as a value; JSON and text are two ways of printing it.
#ifndef TIDEMARK_ENGINE_WEIGHTS_INSPECT_H_
#define TIDEMARK_ENGINE_WEIGHTS_INSPECT_H_

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "engine/model/config.h"
#include "engine/weights/weight_store.h"

namespace tidemark {

struct InspectReport {
  // How much of the model one storage format holds. scale bytes of split formats are included.
  struct FormatShare {
    std::string format;
    int64_t tensors = 0;
    int64_t parameters = 0;
    int64_t bytes = 0;
  };

  std::vector<std::string> files;
  int64_t file_bytes = 0;
  std::string container;
  ModelConfig config;
  std::vector<MetadataEntry> metadata;
  std::vector<TensorInfo> tensors;
  std::vector<FormatShare> formats;  // most bytes first
  int64_t tensor_bytes = 0;
  int64_t stored_parameters = 0;  // of all tensors, a repeated tied head included
  double bits_per_weight = 0;     // 8 * tensor_bytes / stored_parameters
  ParameterCount parameters;      // total and active per token
  int64_t vocabulary_tokens = 0;  // token strings of a GGUF vocabulary; 0: none or tokenizer.json
  bool has_tokenizer = false;
  bool has_chat_template = false;
};

InspectReport Inspect(const WeightStore& store);

// Config fields under their config.json names; layer_types as "conv" and "full_attention".
nlohmann::ordered_json ConfigToJson(const ModelConfig& config);
nlohmann::ordered_json ToJson(const InspectReport& report);

// For people: summary, configuration, format mix, metadata, tensors; ends with a newline.
std::string ToText(const InspectReport& report);

}  // namespace tidemark

#endif  // TIDEMARK_ENGINE_WEIGHTS_INSPECT_H_
