#include "backends/int8_panels.h"
namespace tidemark {
const Int8Kernels* Avx2Int8Kernels() { return nullptr; }
}  // namespace tidemark
