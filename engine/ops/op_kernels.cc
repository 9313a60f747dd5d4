#include "engine/ops/op_kernels.h"

#include <cmath>
#include <cstring>
#include <limits>
#include <utility>

#include "engine/core/vector_math.h"
#include "engine/ops/isa_table.h"
#include "engine/ops/reduce.h"

namespace tidemark {
namespace {

constexpr int kVectorBytes = 16;
#include "engine/ops/op_loops.h"

constexpr OpKernels kKernels = MakeOpKernels("plain");

}  // namespace

const OpKernels& PlainOpKernels() { return kKernels; }

std::vector<const OpKernels*> RunnableOpKernels(const Cpu& cpu) {
  return Runnable(cpu, &PlainOpKernels(), Avx2OpKernels(), Avx512OpKernels());
}

const OpKernels& BestOpKernels(const Cpu& cpu) { return *RunnableOpKernels(cpu).back(); }

const OpKernels& BestOpKernels() {
  static const OpKernels& best = BestOpKernels(DetectCpu());
  return best;
}

}  // namespace tidemark
