// Any bytes as a protocol: refused with an Error or accepted, and what is accepted can be looked up.
#include <cstdint>
#include <string_view>

#include "engine/core/error.h"
#include "evals/protocol.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace tidemark;
  try {
    const Protocol protocol = ParseProtocol({reinterpret_cast<const char*>(data), size}, "fuzz");
    for (const ProtocolTask& task : protocol.tasks) {
      if (&protocol.For(task.task) != &task || task.repeats < 1 || task.generate.max_new_tokens < 1) __builtin_trap();
    }
  } catch (const Error&) {
  }
  return 0;
}
