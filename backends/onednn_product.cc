// Measured choices (oneDNN 2.6.3, one thread, weights in cache, 64 x 128 x 2048):
// - Weights stay as unpacked, row by row, and oneDNN rearranges them inside: 450 GFLOP/s in bfloat16 against 525 for weights
//   rearranged beforehand, a step that takes twice as long as the whole product.
// - The result is contiguous: with gaps between rows the library falls back to an older kernel (300 GFLOP/s), so a panel's
//   result goes through a small buffer when y is wider than the panel.
#include "backends/onednn_product.h"

#include <oneapi/dnnl/dnnl_debug.h>

#include <algorithm>
#include <map>
#include <mutex>
#include <shared_mutex>
#include <tuple>

#include "backends/library_threads.h"
#include "backends/onednn_api.h"
#include "backends/unpack.h"
#include "engine/core/error.h"

namespace tidemark {
namespace {

using Descriptor = dnnl::memory::desc;

struct Shape {
  int64_t m, n, k, x_stride;
  bool operator<(const Shape& o) const { return std::tie(m, n, k, x_stride) < std::tie(o.m, o.n, o.k, o.x_stride); }
};

struct Product {
  dnnl::matmul::primitive_desc descriptor;
  dnnl::matmul primitive;
};

constexpr size_t kMaxProducts = 2048;  // some kilobytes each

const dnnl::engine& CpuEngine() {
  static const dnnl::engine engine(dnnl::engine::kind::cpu, 0);
  return engine;
}

Product MakeProduct(const Shape& s, dnnl::memory::data_type type) {
  const Descriptor x({s.m, s.k}, type, dnnl::memory::dims{s.x_stride, 1});
  const Descriptor w({s.k, s.n}, type, dnnl::memory::dims{1, s.k});
  const Descriptor y({s.m, s.n}, dnnl::memory::data_type::f32, dnnl::memory::dims{s.n, 1});
  dnnl::primitive_attr attributes;
  attributes.set_scratchpad_mode(dnnl::scratchpad_mode::user);  // else every kept primitive would hold its own buffers
  attributes.set_fpmath_mode(dnnl::fpmath_mode::strict);        // whatever ONEDNN_DEFAULT_FPMATH_MODE says
  Product product;
  product.descriptor = MakeMatmulDescriptor(CpuEngine(), x, w, y, attributes);
  product.primitive = dnnl::matmul(product.descriptor);
  return product;
}

}  // namespace

struct OnednnProducts::Cache {
  dnnl::memory::data_type type;
  int64_t value_bytes;
  std::shared_mutex mutex;
  std::map<Shape, std::shared_ptr<const Product>> products;

  std::shared_ptr<const Product> Get(const Shape& shape) {
    {
      const std::shared_lock lock(mutex);
      if (const auto it = products.find(shape); it != products.end()) return it->second;
    }
    auto made = std::make_shared<const Product>(MakeProduct(shape, type));
    const std::unique_lock lock(mutex);
    if (products.size() >= kMaxProducts) products.clear();
    return products.try_emplace(shape, std::move(made)).first->second;
  }

  void Execute(const Shape& shape, const void* x, const void* w, float* y) {
    const std::shared_ptr<const Product> product = Get(shape);
    const auto& d = product->descriptor;
    dnnl::stream stream(CpuEngine());
    std::byte* scratch = ThreadScratch(ScratchUse::kLibrary, static_cast<int64_t>(d.scratchpad_desc().get_size()));
    // oneDNN's memory objects know no const; inputs are only read.
    product->primitive.execute(stream, {{DNNL_ARG_SRC, {d.src_desc(), CpuEngine(), const_cast<void*>(x)}},
                                        {DNNL_ARG_WEIGHTS, {d.weights_desc(), CpuEngine(), const_cast<void*>(w)}},
                                        {DNNL_ARG_DST, {d.dst_desc(), CpuEngine(), y}},
                                        {DNNL_ARG_SCRATCHPAD, {d.scratchpad_desc(), CpuEngine(), scratch}}});
    stream.wait();
  }
};

OnednnProducts::OnednnProducts(Inputs inputs) : cache_(std::make_unique<Cache>()) {
  cache_->type = inputs == Inputs::kF32 ? dnnl::memory::data_type::f32 : dnnl::memory::data_type::bf16;
  cache_->value_bytes = inputs == Inputs::kF32 ? 4 : 2;
}

OnednnProducts::~OnednnProducts() = default;

void OnednnProducts::Multiply(const void* x, int64_t x_stride, const void* w, int64_t k, Matrix y) const {
  UseOneOpenMpThread();  // before a primitive is made as well: oneDNN fixes its split of the work then
  try {
    for (int64_t first = 0; first < y.rows; first += kMaxRows) {
      const int64_t rows = std::min(kMaxRows, y.rows - first);
      const std::byte* block = static_cast<const std::byte*>(x) + first * x_stride * cache_->value_bytes;
      const Shape shape = {rows, y.cols, k, rows == 1 ? k : x_stride};
      float* out = y.data + first * y.stride;
      if (rows == 1 || y.stride == y.cols) {
        cache_->Execute(shape, block, w, out);
        continue;
      }
      float* dense = reinterpret_cast<float*>(ThreadScratch(ScratchUse::kOutput, rows * y.cols * int64_t{sizeof(float)}));
      cache_->Execute(shape, block, w, dense);
      for (int64_t r = 0; r < rows; ++r) std::copy_n(dense + r * y.cols, y.cols, out + r * y.stride);
    }
  } catch (const dnnl::error& e) {
    throw Error(fmt::format("oneDNN matmul {} x {} x {}", y.rows, y.cols, k), e.what(),
                "a product that this library can compute");
  }
}

std::string WhyNotOnednn() {
#if DNNL_CPU_THREADING_RUNTIME == DNNL_RUNTIME_SEQ
  return {};
#elif DNNL_CPU_THREADING_RUNTIME == DNNL_RUNTIME_OMP
  if (OpenMpIsLoaded()) return {};
  return "oneDNN is built for OpenMP, but no OpenMP runtime is loaded whose thread count could be set";
#else
  return "oneDNN is built for a thread pool other than OpenMP, which would compete with ours";
#endif
}

std::string OnednnDetails() {
  const dnnl_version_t* version = dnnl_version();
  const char* runtime = DNNL_CPU_THREADING_RUNTIME == DNNL_RUNTIME_OMP ? "OpenMP" : "sequential";
  const auto isa = static_cast<dnnl_cpu_isa_t>(dnnl::get_effective_cpu_isa());
  return fmt::format("oneDNN {}.{}.{} ({}), 1 thread of its own per caller, instruction set {}", version->major, version->minor,
                     version->patch, runtime, dnnl_cpu_isa2str(isa));
}

bool OnednnUsesBf16() {
  const auto isa = static_cast<unsigned>(dnnl::get_effective_cpu_isa());
  constexpr auto kNeeded = static_cast<unsigned>(dnnl_cpu_isa_avx512_core_bf16);
  return (isa & kNeeded) == kNeeded;  // the identifiers are sets of bits: AMX includes it
}

}  // namespace tidemark
