// The functions of llama.cpp that the peer program calls, found at run time in a folder of prebuilt shared libraries, so that one
// build of this program can measure each CPU variant that ships beside them. The headers must be of the libraries' version,
// because parameters are passed as structs: OpenLlama compares the versions.
#ifndef TIDEMARK_SCRIPTS_PEER_LLAMA_API_H_
#define TIDEMARK_SCRIPTS_PEER_LLAMA_API_H_

#include <ggml-backend.h>
#include <ggml-cpu.h>
#include <llama.h>

#include <string>
#include <vector>

namespace peer {

#define PEER_LLAMA_FUNCTIONS(X)          \
  X(llama_version)                       \
  X(llama_backend_init)                  \
  X(llama_log_set)                       \
  X(llama_model_default_params)          \
  X(llama_context_default_params)        \
  X(llama_model_load_from_file)          \
  X(llama_model_free)                    \
  X(llama_model_desc)                    \
  X(llama_model_size)                    \
  X(llama_model_n_params)                \
  X(llama_model_get_vocab)               \
  X(llama_vocab_n_tokens)                \
  X(llama_init_from_model)               \
  X(llama_free)                          \
  X(llama_get_memory)                    \
  X(llama_memory_clear)                  \
  X(llama_attach_threadpool)             \
  X(llama_decode)                        \
  X(llama_synchronize)                   \
  X(llama_batch_init)                    \
  X(llama_batch_free)                    \
  X(llama_get_logits_ith)                \
  X(llama_state_seq_get_size)            \
  X(llama_state_seq_get_data)            \
  X(llama_state_seq_set_data)            \
  X(llama_print_system_info)             \
  X(llama_model_quantize_default_params) \
  X(llama_model_quantize)

#define PEER_GGML_FUNCTIONS(X) \
  X(ggml_backend_load)         \
  X(ggml_backend_reg_by_name)

#define PEER_GGML_BASE_FUNCTIONS(X)    \
  X(ggml_backend_reg_get_proc_address) \
  X(ggml_threadpool_params_default)

// Members have the names of the functions. The two of the thread pool live in the CPU variant.
struct Api {
#define PEER_MEMBER(name) decltype(&::name) name = nullptr;
  PEER_LLAMA_FUNCTIONS(PEER_MEMBER)
  PEER_GGML_FUNCTIONS(PEER_MEMBER)
  PEER_GGML_BASE_FUNCTIONS(PEER_MEMBER)
#undef PEER_MEMBER
  decltype(&::ggml_threadpool_new) ggml_threadpool_new = nullptr;
  decltype(&::ggml_threadpool_free) ggml_threadpool_free = nullptr;
  std::string variant;  // name of the CPU library in use: "haswell", or "native" for the only one there is
};

struct Variant {
  std::string name, path;
  int score = 0;  // 0: this machine cannot run it; otherwise the more the better, as ggml itself chooses
};

// The libggml-cpu-*.so of a folder, best first; where there is only one libggml-cpu.so, that one as "native". Throws
// std::runtime_error where there is none.
std::vector<Variant> FindVariants(const std::string& folder);

// Opens libllama and libggml of the folder and loads one CPU variant: a name, or
//   best    what ggml itself would choose on this machine,
//   avx512  the best one without AMX,
//   avx2    haswell: AVX2, FMA, F16C and no more.
// Throws std::runtime_error saying what is missing or does not fit; `header_version` is of the headers.
Api OpenLlama(const std::string& folder, const std::string& variant, const std::string& header_version);

}  // namespace peer

#endif  // TIDEMARK_SCRIPTS_PEER_LLAMA_API_H_
