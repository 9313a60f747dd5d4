// One product by oneDNN on the calling thread, shared by the oneDNN backends. oneDNN generates machine code for every shape
// (some 80 us), so the primitives are kept, up to a fixed number.
#ifndef TIDEMARK_BACKENDS_ONEDNN_PRODUCT_H_
#define TIDEMARK_BACKENDS_ONEDNN_PRODUCT_H_

#include <cstdint>
#include <memory>
#include <string>

#include "engine/core/cpu.h"
#include "engine/core/tensor.h"

namespace tidemark {

class OnednnProducts {
 public:
  enum class Inputs { kF32, kBf16 };

  explicit OnednnProducts(Inputs inputs);
  ~OnednnProducts();

  // y = x * transpose(w), summed in float32. x: [y.rows, k] with `x_stride` values from row to row (kBf16: x_stride == k);
  // w: [y.cols, k] contiguous; both of the type given at construction. Results depend on nothing but the operands: a row of y is
  // computed in blocks of at most kMaxRows rows. Thread-safe. Throws Error when oneDNN refuses.
  void Multiply(const void* x, int64_t x_stride, const void* w, int64_t k, Matrix y) const;

  static constexpr int64_t kMaxRows = 512;  // bounds the output scratch and the number of shapes

 private:
  struct Cache;
  std::unique_ptr<Cache> cache_;
};

// Empty, or why no oneDNN backend can run: the library was built for a thread pool whose size we cannot set.
std::string WhyNotOnednn();

// "oneDNN 2.6.3 (OpenMP), 1 thread of its own per caller, instruction set avx512_core_bf16"
std::string OnednnDetails();

// Whether oneDNN itself will use bfloat16 instructions (an environment variable can forbid them).
bool OnednnUsesBf16();

}  // namespace tidemark

#endif  // TIDEMARK_BACKENDS_ONEDNN_PRODUCT_H_
