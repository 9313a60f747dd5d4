// Every JSON text of a checkpoint: one input plays config.json, the tokenizer's side files, and the index of shards.
#include <functional>
#include <string>

#include "engine/core/error.h"
#include "engine/weights/expected_tensors.h"
#include "engine/weights/hf_config.h"
#include "engine/weights/stored_model.h"
#include "engine/weights/strict_json.h"
#include "engine/weights/tokenizer_data.h"

namespace {

void Try(const std::function<void()>& read) {
  try {
    read();
  } catch (const tidemark::Error&) {
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace tidemark;
  const std::string text(reinterpret_cast<const char*>(data), size);
  Try([&] {
    const Json root = ParseJsonObject(text, "config.json");
    Try([&] { ReadMlxQuantization(root, "config.json"); });
    const ModelConfig config = ReadHfConfig(root, "config.json");
    // Shapes of an accepted configuration must not overflow; a deep one is skipped for speed.
    if (config.num_hidden_layers > 64) return;
    for (const ExpectedTensor& tensor : ExpectedTensors(config)) TM_CHECK(tensor.Values() > 0, "{}", tensor.name);
  });
  Try([&] { ShardNames(text, "index.json"); });
  HfTexts texts;
  texts.directory = "model";
  for (std::string HfTexts::*field : {&HfTexts::config, &HfTexts::generation_config, &HfTexts::tokenizer_config})
    texts.*field = text;
  Try([&] { HfTokenizer(texts, 128); });
  return 0;
}
