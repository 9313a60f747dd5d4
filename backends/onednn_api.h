// The one difference between oneDNN 2.x and 3.x that concerns us: 3.x builds a primitive descriptor from the memory
// descriptors, 2.x through an operation descriptor first.
#ifndef TIDEMARK_BACKENDS_ONEDNN_API_H_
#define TIDEMARK_BACKENDS_ONEDNN_API_H_

#include <oneapi/dnnl/dnnl.hpp>

namespace tidemark {

// dst = src * weights. Throws dnnl::error when this library has no implementation.
inline dnnl::matmul::primitive_desc MakeMatmulDescriptor(const dnnl::engine& engine, const dnnl::memory::desc& src,
                                                         const dnnl::memory::desc& weights, const dnnl::memory::desc& dst,
                                                         const dnnl::primitive_attr& attributes) {
#if DNNL_VERSION_MAJOR >= 3
  return dnnl::matmul::primitive_desc(engine, src, weights, dst, attributes);
#else
  return dnnl::matmul::primitive_desc(dnnl::matmul::desc(src, weights, dst), attributes, engine);
#endif
}

}  // namespace tidemark

#endif  // TIDEMARK_BACKENDS_ONEDNN_API_H_
