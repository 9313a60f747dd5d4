// The whole path from config.json and the bytes of a safetensors file to dequantised weights. The input is the text of
// config.json, a zero byte, and the weight file.
#include <algorithm>

#include "tests/support/open_model.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const uint8_t* end = std::find(data, data + size, uint8_t{0});
  if (end == data + size) return 0;
  tidemark::HfTexts texts;
  texts.directory = "model";
  texts.config.assign(reinterpret_cast<const char*>(data), static_cast<size_t>(end - data));
  const auto* weights = reinterpret_cast<const std::byte*>(end + 1);
  tidemark::test::TrySafetensors(texts, {weights, static_cast<size_t>(data + size - (end + 1))});
  return 0;
}
