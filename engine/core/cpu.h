// What the processor can do, asked of the processor itself (CPUID and XGETBV), never guessed from its name: virtual machines
// hide and show features freely. Passed as a value so that a caller can hide features (--isa) and tests can compare paths.
#ifndef TIDEMARK_ENGINE_CORE_CPU_H_
#define TIDEMARK_ENGINE_CORE_CPU_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace tidemark {

struct Cpu {
  std::string brand;     // "AMD EPYC ...", as the processor reports it
  std::string vendor;    // "GenuineIntel", "AuthenticAMD"
  int logical_cpus = 1;  // this process may run on (affinity mask)

  // Usable now: the processor has it and the operating system saves its registers.
  bool sse4_2 = false;
  bool avx2 = false;
  bool fma = false;
  bool f16c = false;
  bool avx_vnni = false;
  bool avx512 = false;  // F, BW, CD, DQ and VL together: the server baseline
  bool avx512_vnni = false;
  bool avx512_vbmi = false;
  bool avx512_bf16 = false;
  bool avx512_fp16 = false;
  bool amx_tile = false;  // the kernel granted tile state to this process as well
  bool amx_int8 = false;
  bool amx_bf16 = false;

  // Bytes of each data or unified cache as one core sees it; 0: unknown.
  int64_t l1d_bytes = 0;
  int64_t l2_bytes = 0;
  int64_t l3_bytes = 0;

  std::string isa_cap;  // what CapIsa hid the rest above; empty: nothing is hidden

  // Code of the regions of isa_region.h can run.
  bool RunsAvx2() const { return avx2 && fma && f16c; }
  bool RunsAvx512() const { return RunsAvx2() && avx512; }
  bool RunsAvx512Vnni() const { return RunsAvx512() && avx512_vnni; }
  bool RunsAvx512Bf16() const { return RunsAvx512() && avx512_bf16; }
  bool RunsAmx() const { return RunsAvx512Vnni() && RunsAvx512Bf16() && amx_tile && amx_int8 && amx_bf16; }

  std::vector<std::string> Features() const;  // names of the true bits, in the order above
};

// Asks the processor and the kernel. Requests permission for AMX tiles (arch_prctl, once per process is enough).
Cpu DetectCpu();

// Hides the instruction sets above `level`, for comparisons and tests: "avx2" (plain AVX2, FMA and F16C, without AVX-VNNI),
// "avx512" (everything but AMX) or "amx" (nothing hidden). Code of other libraries and dequantisation outside own kernels still
// choose by themselves.
void CapIsa(std::string_view level, Cpu& cpu);

}  // namespace tidemark

#endif  // TIDEMARK_ENGINE_CORE_CPU_H_
