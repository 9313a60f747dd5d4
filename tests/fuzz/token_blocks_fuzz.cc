// Blocks of token ids: any text gives blocks that are read back the same after being written, or an Error.
#include <string_view>

#include "engine/core/error.h"
#include "evals/token_blocks.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  constexpr int64_t kVocab = 1000;
  try {
    const auto blocks = tidemark::ParseTokenBlocks({reinterpret_cast<const char*>(data), size}, "fuzz", kVocab);
    const auto again = tidemark::ParseTokenBlocks(tidemark::FormatTokenBlocks(blocks), "fuzz", kVocab);
    if (again.size() != blocks.size()) __builtin_trap();
    for (size_t b = 0; b < blocks.size(); ++b) {
      const auto& block = blocks[b];
      if (block.ids != again[b].ids || block.first_target != again[b].first_target) __builtin_trap();
      if (block.first_target < 1 || block.first_target >= block.ids.size()) __builtin_trap();
      for (const tidemark::TokenId id : block.ids) {
        if (id < 0 || id >= kVocab) __builtin_trap();
      }
    }
  } catch (const tidemark::Error&) {
  }
  return 0;
}
