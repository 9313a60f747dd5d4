#include "backends/plain_tiles.h"

namespace tidemark {

std::string WhyNoTiles(const Cpu& cpu, bool needs_amx) {
  if (!(cpu.avx2 && cpu.fma && cpu.f16c && cpu.avx512 && cpu.avx512_vnni && cpu.avx512_bf16)) {
    return "this processor has no AVX-512 with VNNI and BF16";
  }
  if (!needs_amx || (cpu.amx_tile && cpu.amx_int8 && cpu.amx_bf16)) return {};
  if (!cpu.isa_cap.empty()) return "AMX is hidden by --isa " + cpu.isa_cap;
  return "no AMX tiles with int8 and bfloat16: the processor has none, or the system does not grant them";
}

}  // namespace tidemark
