// The versions of a table of kernels: a plain one and those written for an instruction set.
#ifndef TIDEMARK_ENGINE_OPS_ISA_TABLE_H_
#define TIDEMARK_ENGINE_OPS_ISA_TABLE_H_

#include <vector>

#include "engine/core/cpu.h"

namespace tidemark {

// Those that the processor can run, the plain one first, the fastest last. nullptr: the compiler does not target it.
template <typename Kernels>
std::vector<const Kernels*> Runnable(const Cpu& cpu, const Kernels* plain, const Kernels* avx2, const Kernels* avx512) {
  std::vector<const Kernels*> kernels = {plain};
  if (cpu.RunsAvx2() && avx2 != nullptr) kernels.push_back(avx2);
  if (cpu.RunsAvx512() && avx512 != nullptr) kernels.push_back(avx512);
  return kernels;
}

}  // namespace tidemark

#endif  // TIDEMARK_ENGINE_OPS_ISA_TABLE_H_
