// Collects the versions of kernels.h that this machine can run.
#include "engine/formats/kernels.h"

#include <vector>

#include "engine/core/cpu.h"
#include "engine/core/error.h"

namespace tidemark {
namespace {

void Append(std::span<const DequantizeKernel> from, std::string_view format, std::vector<DequantizeKernel>& to) {
  for (const DequantizeKernel& kernel : from) {
    if (kernel.format == format) to.push_back(kernel);
  }
}

std::vector<DequantizeKernel> CollectKernels() {
  const Cpu cpu = DetectCpu();
  std::vector<DequantizeKernel> kernels;
  for (const FormatEntry* entry : AllFormatEntries()) {
    if (entry->plain == nullptr) continue;
    const std::string_view name = entry->format.name;
    kernels.push_back({name, "plain", entry->plain, nullptr});
    if (cpu.RunsAvx2()) Append(Avx2Kernels(), name, kernels);
    if (cpu.RunsAvx512()) Append(Avx512Kernels(), name, kernels);
  }
  return kernels;
}

}  // namespace

std::span<const DequantizeKernel> RunnableKernels() {
  static const std::vector<DequantizeKernel> kernels = CollectKernels();
  return kernels;
}

const DequantizeKernel* BestKernel(std::string_view format) {
  const DequantizeKernel* best = nullptr;
  for (const DequantizeKernel& kernel : RunnableKernels()) {
    if (kernel.format == format) best = &kernel;
  }
  return best;
}

ToFloat BestToFloat(ToFloat plain) {
  for (const FormatEntry* entry : AllFormatEntries()) {
    if (entry->plain == plain) return BestKernel(entry->format.name)->to_float;
  }
  TM_CHECK(false, "a plain kernel that is in no row of the table");
  return plain;
}

}  // namespace tidemark
