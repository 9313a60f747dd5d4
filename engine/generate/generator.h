// Many requests through one model: continuous batching. New requests join as others end; a request's tokens are the same
// whatever else is in the batch, because the draw for its position p is a function of (seed, stream, p) alone.
#ifndef TIDEMARK_ENGINE_GENERATE_GENERATOR_H_
#define TIDEMARK_ENGINE_GENERATE_GENERATOR_H_

#include <atomic>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/core/thread_pool.h"
#include "engine/generate/options.h"
#include "engine/model/model.h"
#include "engine/tokenizer/tokenizer.h"

namespace tidemark {

struct GenerateRequest {
  std::vector<TokenId> prompt;  // at least one id
  GenerateOptions options;
  uint64_t stream = 0;  // names the random stream within the seed, e.g. StableHash(sample id) + repeat
};

struct GenerateResult {
  std::vector<TokenId> tokens;  // generated, the stopping token excluded
  std::string text;             // decoded, cut before a stop string; empty without a tokenizer
  StopReason stop = StopReason::kError;
  std::string error;                        // why, if stop is kError
  double time_to_first_token_seconds = 0;   // from the moment the request joined the batch
  std::vector<double> inter_token_seconds;  // between consecutive generated tokens
};

struct GeneratorOptions {
  int max_batch = 16;                         // sequences that run at once
  int prefill_chunk = 512;                    // most prompt tokens of all requests together in one step
  int64_t context = 4096;                     // most positions of one sequence, prompt included
  const Format* kv_format = nullptr;          // nullptr: f32
  int64_t shared_bytes = int64_t{512} << 20;  // most memory for states after common beginnings of prompts; 0: none are kept
  std::vector<TokenId> extra_eos_ids = {};    // end tokens besides the tokenizer's own
};

struct GeneratorTotals {  // over the life of the generator, for throughput figures
  int64_t prefill_tokens = 0, decode_tokens = 0;
  int64_t shared_tokens = 0;                       // of prompts, not computed because another prompt begins with them
  double prefill_seconds = 0, decode_seconds = 0;  // a mixed step is split by its token counts
  double pack_seconds = 0;                         // of packing that was deferred until then; in neither of the two
};

class Generator {
 public:
  // tokenizer may be null (ids only). All arguments outlive the generator.
  Generator(const Model& model, const Tokenizer* tokenizer, ThreadPool& pool, GeneratorOptions options);

  using OnToken = std::function<void(size_t request, TokenId id, std::string_view new_text)>;
  using OnDone = std::function<void(size_t request, const GenerateResult& result)>;
  // Runs all requests; results in request order. on_done is called as each ends. A request that cannot run (prompt longer than
  // the context, id out of range) ends with kError; the others go on. If cancel becomes true, the rest end with kCancelled.
  std::vector<GenerateResult> Run(std::span<const GenerateRequest> requests, const OnDone& on_done = {},
                                  const OnToken& on_token = {}, const std::atomic<bool>* cancel = nullptr);

  const GeneratorTotals& totals() const { return totals_; }

 private:
  const Model* model_;
  const Tokenizer* tokenizer_;
  Workspace workspace_;
  GeneratorOptions options_;
  GeneratorTotals totals_;
};

}  // namespace tidemark

#endif  // TIDEMARK_ENGINE_GENERATE_GENERATOR_H_
