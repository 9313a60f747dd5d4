// config.json of Hugging Face (and MLX) checkpoints: the model's shape, and how its weights are quantised.
#ifndef TIDEMARK_ENGINE_WEIGHTS_HF_CONFIG_H_
#define TIDEMARK_ENGINE_WEIGHTS_HF_CONFIG_H_

#include <map>
#include <optional>
#include <string>

#include "engine/core/format.h"
#include "engine/model/config.h"
#include "engine/weights/strict_json.h"

namespace tidemark {

// All spellings of old and new files are accepted; see the table in hf_config.cc. intermediate_size is the effective width of a
// dense layer. Throws Error naming file and key. Checked by CheckConfig.
ModelConfig ReadHfConfig(const Json& root, const std::string& place);

// MLX affine quantisation: one default and exceptions by module path ("model.layers.2.feed_forward.gate").
struct MlxQuantization {
  int64_t default_bits = 0;
  const Format* default_format = nullptr;
  std::map<std::string, const Format*> modules;  // nullptr: stored as floats

  // Format of a module that has scales. nullptr: the configuration says it is not quantised.
  const Format* FormatOf(const std::string& module) const;
};

// nullopt: the file has no quantisation. Throws Error for a method or mode that is not MLX affine, or a bit width and group size
// that no format of the table has.
std::optional<MlxQuantization> ReadMlxQuantization(const Json& root, const std::string& place);

}  // namespace tidemark

#endif  // TIDEMARK_ENGINE_WEIGHTS_HF_CONFIG_H_
