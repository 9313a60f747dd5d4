// Weights straight to bfloat16, for backends that multiply in it: no float32 copy in between.
#ifndef TIDEMARK_ENGINE_FORMATS_BF16_ROWS_H_
#define TIDEMARK_ENGINE_FORMATS_BF16_ROWS_H_

#include <cstdint>

#include "engine/core/tensor.h"

namespace tidemark {

// Rows [first_row, first_row + rows) of w into dst[rows, w.k], contiguous: the float32 values of DequantizeRows rounded to
// nearest even. Exact for bf16 weights. Any format; thread-safe; no allocation.
void DequantizeToBf16(const WeightView& w, int64_t first_row, int64_t rows, uint16_t* dst);

}  // namespace tidemark

#endif  // TIDEMARK_ENGINE_FORMATS_BF16_ROWS_H_
