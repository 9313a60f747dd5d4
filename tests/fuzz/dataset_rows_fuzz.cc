// JSON Lines reader: any bytes give rows or an Error, in bounded time and memory.
#include "datasets/rows.h"
#include "engine/core/error.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  try {
    const auto rows = tidemark::ParseJsonLines(text, "fuzz", {.max_line_bytes = 4096, .max_rows = 1000});
    for (const auto& row : rows) {
      if (!row.json.is_object() || row.line < 1) __builtin_trap();
      row.json.dump();
    }
  } catch (const tidemark::Error&) {
  }
  return 0;
}
