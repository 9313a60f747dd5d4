// A file of logits of another program: any bytes give blocks whose sizes fit, or an Error.
#include "engine/core/error.h"
#include "evals/logits_file.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  try {
    const tidemark::LogitsReader reader({reinterpret_cast<const std::byte*>(data), size}, "fuzz");
    for (size_t b = 0; b < reader.blocks(); ++b) {
      if (reader.Logits(b).size() != reader.Ids(b).size() * static_cast<size_t>(reader.vocab())) __builtin_trap();
    }
  } catch (const tidemark::Error&) {
  }
  return 0;
}
