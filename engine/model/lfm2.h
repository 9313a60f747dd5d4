// LFM2 and LFM2-MoE (Liquid AI): a decoder whose layers mix tokens by a gated short convolution or by grouped-query attention and
// then apply a dense or mixture-of-experts SwiGLU. Source: transformers models/lfm2/modeling_lfm2.py and
// models/lfm2_moe/modeling_lfm2_moe.py (Hugging Face); the dense model is the special case without experts.
#ifndef TIDEMARK_ENGINE_MODEL_LFM2_H_
#define TIDEMARK_ENGINE_MODEL_LFM2_H_

#include <memory>

#include "engine/model/model.h"

namespace tidemark {

// Throws Error: a configuration the architecture cannot have, a missing tensor, a matrix that no backend can run.
std::unique_ptr<Model> LoadLfm2(const WeightStore& store, const LoadOptions& options, ThreadPool& pool);

}  // namespace tidemark

#endif  // TIDEMARK_ENGINE_MODEL_LFM2_H_
