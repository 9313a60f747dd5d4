// The objects that backends.cc lists; each is defined in the file of its name and lives as long as the program. The factories
// of an optional library exist only in a build that has it.
#ifndef TIDEMARK_BACKENDS_TABLE_H_
#define TIDEMARK_BACKENDS_TABLE_H_

#include "engine/core/matmul.h"

namespace tidemark {

const MatmulBackend* NaiveBackend();
const MatmulBackend* Avx512F32Backend();  // nullptr where the compiler does not target it, like all own kernels
const MatmulBackend* Avx2F32Backend();
const MatmulBackend* AmxInt8Backend();
const MatmulBackend* AmxBf16Backend();
const MatmulBackend* Avx512Bf16Backend();
const MatmulBackend* Avx512Int8Backend();
const MatmulBackend* Avx2Int8Backend();
const MatmulBackend* OpenBlasF32Backend();  // with TIDEMARK_HAVE_OPENBLAS
const MatmulBackend* OnednnF32Backend();    // with TIDEMARK_HAVE_ONEDNN
const MatmulBackend* OnednnBf16Backend();   // likewise

}  // namespace tidemark

#endif  // TIDEMARK_BACKENDS_TABLE_H_
