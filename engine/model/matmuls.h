// Lists of products on the backends that packed their weights.
#ifndef TIDEMARK_ENGINE_MODEL_MATMULS_H_
#define TIDEMARK_ENGINE_MODEL_MATMULS_H_

#include <initializer_list>
#include <span>

#include "engine/core/matmul.h"
#include "engine/model/model.h"
#include "engine/ops/op_kernels.h"

namespace tidemark {

// Runs independent products, each on the backend that packed its weights; one list per backend, in order of first use. A gated or
// gathered call whose backend does not take it is run as what it stands for: copied rows, two products, SwiGlu.
// The time goes to `role` of the workspace's account, that of copied rows and SwiGlu to their own.
void RunMatmuls(std::span<const MatmulCall> calls, Workspace& workspace, Op role, const OpKernels& ops);
inline void RunMatmuls(std::initializer_list<MatmulCall> calls, Workspace& workspace, Op role, const OpKernels& ops) {
  RunMatmuls(std::span(calls.begin(), calls.size()), workspace, role, ops);
}

}  // namespace tidemark

#endif  // TIDEMARK_ENGINE_MODEL_MATMULS_H_
