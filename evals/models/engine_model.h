// Our own engine as a text model: weights, tokenizer and chat template of one model file, continuous batching over all requests.
#ifndef TIDEMARK_EVALS_MODELS_ENGINE_MODEL_H_
#define TIDEMARK_EVALS_MODELS_ENGINE_MODEL_H_

#include "engine/core/thread_pool.h"
#include "engine/generate/generator.h"
#include "engine/generate/loaded_model.h"
#include "evals/models/models.h"

namespace tidemark {

class EngineModel : public TextModel {
 public:
  // Loads and packs. Throws Error: the file, or a file without tokenizer or chat template.
  EngineModel(ModelFile file, const ModelOptions& options);

  // A request's messages go through the chat template; its random stream is named after its id, so that its text depends
  // neither on the other requests nor on their order. A template error fails that request alone.
  std::vector<Completion> Complete(std::span<const Request> requests, const OnDone& on_done,
                                   const std::atomic<bool>* cancel) override;
  // Hashes the weight files at the first call of either (FileHash: large files once per machine).
  nlohmann::ordered_json Describe() const override;
  // Weights, tokenizer, chat template, context, KV format, backends with their precision. Threads and batch change no text.
  nlohmann::ordered_json Identity() const override;
  nlohmann::ordered_json Timings() const override;

  const LoadedModel& loaded() const { return loaded_; }

 private:
  // The ids of a request, or its error.
  GenerateRequest Prepare(const Request& request, Completion& completion) const;

  ModelFile file_;
  ThreadPool pool_;
  LoadedModel loaded_;
  GeneratorOptions generator_options_;
  Generator generator_;
  std::vector<const MatmulBackend*> backends_;
  mutable nlohmann::ordered_json hashes_;  // Describe's files, hashed once
};

}  // namespace tidemark

#endif  // TIDEMARK_EVALS_MODELS_ENGINE_MODEL_H_
