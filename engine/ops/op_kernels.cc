#include "engine/ops/op_kernels.h"

#include <cmath>
#include <cstring>
#include <limits>
#include <utility>

#include "engine/core/vector_math.h"
#include "engine/ops/reduce.h"

namespace tidemark {
namespace {

constexpr int kVectorBytes = 16;
#include "engine/ops/op_loops.h"

constexpr OpKernels kKernels = MakeOpKernels("plain");

}  // namespace

const OpKernels& PlainOpKernels() { return kKernels; }

std::vector<const OpKernels*> RunnableOpKernels(const Cpu& cpu) {
  std::vector<const OpKernels*> kernels = {&PlainOpKernels()};
  const bool avx2 = cpu.avx2 && cpu.fma && cpu.f16c;
  if (avx2 && Avx2OpKernels() != nullptr) kernels.push_back(Avx2OpKernels());
  if (avx2 && cpu.avx512 && Avx512OpKernels() != nullptr) kernels.push_back(Avx512OpKernels());
  return kernels;
}

const OpKernels& BestOpKernels(const Cpu& cpu) { return *RunnableOpKernels(cpu).back(); }

const OpKernels& BestOpKernels() {
  static const OpKernels& best = BestOpKernels(DetectCpu());
  return best;
}

}  // namespace tidemark
