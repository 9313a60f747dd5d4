// Answers from a file of stored responses: an evaluation without a model.
#ifndef TIDEMARK_EVALS_MODELS_REPLAY_MODEL_H_
#define TIDEMARK_EVALS_MODELS_REPLAY_MODEL_H_

#include <filesystem>

#include "evals/responses.h"
#include "evals/text_model.h"

namespace tidemark {

// A request is matched by its id, else by the exact text of its last user message. A request without a row is a failed sample.
class ReplayModel : public TextModel {
 public:
  // Throws Error: unreadable or malformed file.
  explicit ReplayModel(const std::filesystem::path& path);

  std::vector<Completion> Complete(std::span<const Request> requests, const OnDone& on_done,
                                   const std::atomic<bool>* cancel) override;
  bool KnowsStopReasons() const override { return responses_.AllHaveStops(); }
  void CheckTask(std::string_view task) const override { responses_.CheckTask(task); }
  nlohmann::ordered_json Describe() const override;
  nlohmann::ordered_json Identity() const override;

  const StoredResponses& responses() const { return responses_; }

 private:
  std::filesystem::path path_;
  StoredResponses responses_;
};

}  // namespace tidemark

#endif  // TIDEMARK_EVALS_MODELS_REPLAY_MODEL_H_
