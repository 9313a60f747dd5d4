#include "backends/plain_tiles.h"

namespace tidemark {

std::string WhyNoTiles(const Cpu& cpu, bool needs_amx) {
  if (!cpu.RunsAvx512Vnni() || !cpu.RunsAvx512Bf16()) {
    return "this processor has no AVX-512 with VNNI and BF16";
  }
  if (!needs_amx || cpu.RunsAmx()) return {};
  if (!cpu.isa_cap.empty()) return "AMX is hidden by --isa " + cpu.isa_cap;
  return "no AMX tiles with int8 and bfloat16: the processor has none, or the system does not grant them";
}

}  // namespace tidemark
