// A model that turns tokens into logits. Prefill is one step with many tokens, decode is many steps with one; a batch may mix
// both. A Model is shared and its results never change; what changes while text is generated lives in SequenceState and
// Workspace.
#ifndef TIDEMARK_ENGINE_MODEL_MODEL_H_
#define TIDEMARK_ENGINE_MODEL_MODEL_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "engine/core/matmul.h"
#include "engine/core/op_timer.h"
#include "engine/core/thread_pool.h"
#include "engine/core/token.h"
#include "engine/model/config.h"
#include "engine/model/state.h"
#include "engine/weights/weight_store.h"

namespace tidemark {

// Tokens appended to one sequence. The states of a batch are distinct.
struct Step {
  std::span<const TokenId> tokens;  // at least one, each in [0, V)
  SequenceState* state = nullptr;   // positions [state->length(), + tokens.size()) are written
  // Where logits go: empty: none wanted; V values: of the last token; tokens.size() * V values: of every token.
  std::span<float> logits;
};

// Scratch memory of Forward and the threads it computes on. One per concurrent Forward; grows to the largest batch seen.
class Workspace {
 public:
  explicit Workspace(ThreadPool& pool) : pool_(&pool) {}
  ThreadPool& pool() const { return *pool_; }

  // Uninitialised floats that stay valid until the next request for the same slot. Slots from kFirstMatmulSlot on belong to
  // RunMatmuls, those before to the architecture.
  static constexpr int kFirstMatmulSlot = 24;
  float* Floats(int slot, int64_t count);
  std::vector<int32_t>& Ints(int slot);

  // Keeps account of where the time of Forward goes; nullptr: not measured.
  void SetTimer(OpTimer* timer) { timer_ = timer; }
  void StartTimer() const {
    if (timer_ != nullptr) timer_->Start();
  }
  void Lap(Op op) const {
    if (timer_ != nullptr) timer_->Lap(op);
  }

 private:
  ThreadPool* pool_;
  OpTimer* timer_ = nullptr;
  std::vector<std::vector<float>> floats_;
  std::vector<std::vector<int32_t>> ints_;
};

// Which backend holds how many stored bytes; goes into the report.
struct BackendShare {
  std::string backend;
  Precision precision = Precision::kExact;
  int64_t matrices = 0;
  int64_t stored_bytes = 0;
  int64_t packed_bytes = 0;  // held beyond the file's pages
};

struct LoadOptions {
  std::vector<const MatmulBackend*> backends;  // tried in this order per matrix; the first that can is used
  Cpu cpu;
  bool defer_packing = false;  // where a backend can: matrices are packed when used for the second time (MatmulBackend::Defer)
  // Called while packing with the stored bytes done and the total. May be empty.
  std::function<void(int64_t done, int64_t total)> progress;
};

class Model {
 public:
  virtual ~Model() = default;

  virtual const ModelConfig& Config() const = 0;
  virtual std::span<const BackendShare> Backends() const = 0;
  virtual std::string_view AttentionIsa() const = 0;  // instruction set of its attention kernels: "plain", "avx2", "avx512"

  // Packs every matrix that LoadOptions::defer_packing left for later.
  virtual void FinishPacking(ThreadPool& pool) const = 0;
  // Seconds that packing such matrices has taken so far, in Forward and in FinishPacking.
  virtual double DeferredPackSeconds() const = 0;

  // Runs all steps as one batch: appends to the states and fills the logits asked for. The result of a step does not depend
  // on the other steps, on how a sequence was cut into steps, or on the number of threads (as far as the backend keeps that).
  // The caller checks that a state has room: state->length() + tokens <= state->capacity().
  virtual void Forward(std::span<const Step> steps, Workspace& workspace) const = 0;

  // Number of times each expert was chosen may be recorded by passing a recorder: [layer][token] lists of expert ids.
  // (An empty function records nothing.)
  using RouteRecorder = std::function<void(int64_t layer, std::span<const int32_t> experts_of_rows)>;
  virtual void SetRouteRecorder(RouteRecorder recorder) = 0;
};

// engine/model/models.cc: picks the architecture by config.architecture. Throws Error (unknown architecture, missing tensor, a
// matrix that no backend of the list can run, with each backend's reason). The store outlives the model.
std::unique_ptr<Model> LoadModel(const WeightStore& store, const LoadOptions& options, ThreadPool& pool);

}  // namespace tidemark

#endif  // TIDEMARK_ENGINE_MODEL_MODEL_H_
