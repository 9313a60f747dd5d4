// What the measurements share: the options, a context of llama.cpp as llama-bench sets it up, and a batch of tokens.
#ifndef TIDEMARK_SCRIPTS_PEER_LLAMA_SESSION_H_
#define TIDEMARK_SCRIPTS_PEER_LLAMA_SESSION_H_

#include <stdexcept>
#include <string>
#include <vector>

#include "llama_api.h"

namespace peer {

inline constexpr int kBatch = 2048, kMicroBatch = 512;  // llama-bench's

struct Options {
  std::string model, lib, variant = "best", tokens, logits_out, kv = "f16", flash = "auto", quantize, out;
  std::vector<int> prompts, gens, depths = {0}, sequences = {1};
  int threads = 2, repetitions = 5, poll = 50, seed = 1;
  bool repack = true, list = false;
};

inline ggml_type KvType(const std::string& name) {
  if (name == "f16") return GGML_TYPE_F16;
  if (name == "f32") return GGML_TYPE_F32;
  if (name == "bf16") return GGML_TYPE_BF16;
  if (name == "q8_0") return GGML_TYPE_Q8_0;
  throw std::runtime_error("--kv-type " + name + ": expected f16, f32, bf16 or q8_0");
}

inline llama_flash_attn_type FlashType(const std::string& name) {
  if (name == "auto") return LLAMA_FLASH_ATTN_TYPE_AUTO;
  if (name == "on" || name == "1") return LLAMA_FLASH_ATTN_TYPE_ENABLED;
  if (name == "off" || name == "0") return LLAMA_FLASH_ATTN_TYPE_DISABLED;
  throw std::runtime_error("-fa " + name + ": expected auto, on or off");
}

// A context with the thread pool that llama-bench would give it.
class Context {
 public:
  Context(const Api& api, llama_model* model, const Options& o, int tokens_per_sequence, int sequences) : api_(api) {
    llama_context_params params = api.llama_context_default_params();
    const int padded = (tokens_per_sequence + 255) / 256 * 256;
    params.n_ctx = static_cast<uint32_t>(padded) * static_cast<uint32_t>(sequences);
    params.n_batch = kBatch;
    params.n_ubatch = kMicroBatch;
    params.n_seq_max = static_cast<uint32_t>(sequences);
    params.n_threads = params.n_threads_batch = o.threads;
    params.flash_attn_type = FlashType(o.flash);
    params.type_k = params.type_v = KvType(o.kv);
    params.kv_unified = false;
    context_ = api.llama_init_from_model(model, params);
    if (context_ == nullptr) throw std::runtime_error("llama.cpp could not make a context");
    ggml_threadpool_params pool = api.ggml_threadpool_params_default(o.threads);
    pool.poll = static_cast<uint32_t>(o.poll);
    pool_ = api.ggml_threadpool_new(&pool);
    if (pool_ == nullptr) throw std::runtime_error("llama.cpp could not make a thread pool");
    api.llama_attach_threadpool(context_, pool_, nullptr);
  }
  ~Context() {
    api_.llama_free(context_);
    api_.ggml_threadpool_free(pool_);
  }
  Context(const Context&) = delete;
  Context& operator=(const Context&) = delete;

  llama_context* get() const { return context_; }
  void Clear() { api_.llama_memory_clear(api_.llama_get_memory(context_), false); }

 private:
  const Api& api_;
  llama_context* context_ = nullptr;
  ggml_threadpool* pool_ = nullptr;
};

class Batch {
 public:
  Batch(const Api& api, int capacity) : api_(api), batch_(api.llama_batch_init(capacity, 0, 1)) {}
  ~Batch() { api_.llama_batch_free(batch_); }
  Batch(const Batch&) = delete;
  Batch& operator=(const Batch&) = delete;

  void Clear() { batch_.n_tokens = 0; }
  void Add(int token, int position, int sequence, bool logits) {
    const int i = batch_.n_tokens++;
    batch_.token[i] = token;
    batch_.pos[i] = position;
    batch_.n_seq_id[i] = 1;
    batch_.seq_id[i][0] = sequence;
    batch_.logits[i] = logits;
  }
  void Decode(llama_context* context) {
    const int status = api_.llama_decode(context, batch_);
    if (status != 0) throw std::runtime_error("llama_decode failed with " + std::to_string(status));
    api_.llama_synchronize(context);
  }

 private:
  const Api& api_;
  llama_batch batch_;
};

// llama_logits.cc: logits of every position of --tokens, into --logits-out. Throws std::runtime_error.
void DumpLogits(const Api& api, llama_model* model, int vocabulary, const Options& options);

// llama_logits.cc: --model stored anew as --quantize says, by llama.cpp's own quantiser, into --out. Throws std::runtime_error.
void QuantizeModel(const Api& api, const Options& options);

}  // namespace peer

#endif  // TIDEMARK_SCRIPTS_PEER_LLAMA_SESSION_H_
