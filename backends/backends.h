// The table of matmul backends: one file that defines one object, one row here.
#ifndef TIDEMARK_BACKENDS_BACKENDS_H_
#define TIDEMARK_BACKENDS_BACKENDS_H_

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/core/matmul.h"

namespace tidemark {

// A row: a backend, or the reason why this build does not have it.
struct BackendEntry {
  std::string_view name;
  std::string_view summary;                // one line for `list backends`
  const MatmulBackend* backend = nullptr;  // nullptr: not built in
  std::string_view missing;                // why, if so ("built without OpenBLAS: ...")
};

// In the order of preference of "auto", the reference last. Coarser arithmetic is faster and comes first where it is allowed.
std::span<const BackendEntry> AllBackends();

// "naive", "openblas_f32,naive", "auto": the backends in order of preference. "auto" stands for all that can run on `cpu` and
// round no more than `bound` says; a backend given by name may round as it likes. Throws Error for an unknown name, for one that
// is not built in, and for one that cannot run on this machine at all.
std::vector<const MatmulBackend*> ParseBackendList(std::string_view list, const Cpu& cpu, Precision bound = Precision::kExact);

}  // namespace tidemark

#endif  // TIDEMARK_BACKENDS_BACKENDS_H_
