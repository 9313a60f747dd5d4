#include "cli/route_recording.h"

#include "engine/core/error.h"
#include "engine/core/file.h"

namespace tidemark::cli {

void AddRouteFlag(CLI::App& command, std::string& file) {
  command.add_option("--record-routes", file, "write how often each expert was chosen to this file, for `bench --routes`");
}

RouteRecording::RouteRecording(const std::string& file, Model* model) : file_(file), model_(file.empty() ? nullptr : model) {
  if (file_.empty()) return;
  if (model_ == nullptr) throw Error("--record-routes", "a model that runs elsewhere", "a model file");
  if (model_->Config().num_experts == 0) throw Error("--record-routes", "a dense model", "a mixture of experts");
  counts_.num_experts = model_->Config().num_experts;
  counts_.num_experts_per_tok = model_->Config().num_experts_per_tok;
  model_->SetRouteRecorder([this](int64_t layer, std::span<const int32_t> experts) { counts_.Add(layer, experts); });
}

RouteRecording::~RouteRecording() {
  if (model_ != nullptr) model_->SetRouteRecorder({});
}

void RouteRecording::Write() const {
  if (file_.empty()) return;
  if (counts_.layers.empty()) throw Error("--record-routes", "no token went through the model", "at least one");
  WriteFileAtomically(file_, RoutesJson(counts_).dump() + "\n");
}

}  // namespace tidemark::cli
