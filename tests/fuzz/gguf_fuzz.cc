// The whole path from the bytes of a GGUF file to dequantised weights.
#include "tests/support/open_model.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  tidemark::test::TryGguf({reinterpret_cast<const std::byte*>(data), size});
  return 0;
}
