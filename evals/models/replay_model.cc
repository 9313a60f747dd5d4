#include "evals/models/replay_model.h"

#include "engine/core/error.h"

namespace tidemark {

ReplayModel::ReplayModel(const std::filesystem::path& path) : path_(path), responses_(StoredResponses::Load(path)) {}

std::vector<Completion> ReplayModel::Complete(std::span<const Request> requests, const OnDone& on_done,
                                              const std::atomic<bool>* cancel) {
  std::vector<Completion> completions;
  for (const Request& request : requests) {
    Completion completion;
    const StoredResponse* stored = responses_.Find(request.id, request.prompt, request.repeat);
    if (cancel != nullptr && cancel->load()) {
      completion.stop = StopReason::kCancelled;
    } else if (stored == nullptr) {
      completion.error = "no stored response";
    } else {
      completion = stored->completion;
    }
    completion.id = request.id;
    completion.repeat = request.repeat;
    if (on_done && completion.stop != StopReason::kCancelled) on_done(completion);
    completions.push_back(std::move(completion));
  }
  return completions;
}

nlohmann::ordered_json ReplayModel::Describe() const {
  return {{"adapter", "replay"},
          {"path", path_.string()},
          {"sha256", responses_.sha256()},
          {"responses", responses_.rows().size()},
          {"stop_reasons_known", responses_.AllHaveStops()}};
}

nlohmann::ordered_json ReplayModel::Identity() const { return {{"adapter", "replay"}, {"sha256", responses_.sha256()}}; }

}  // namespace tidemark
