// Puts stored matrices into the hands of backends while a model is loaded, and keeps the account of who got what.
#ifndef TIDEMARK_ENGINE_MODEL_PACKER_H_
#define TIDEMARK_ENGINE_MODEL_PACKER_H_

#include <atomic>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "engine/core/matmul.h"
#include "engine/model/model.h"
#include "engine/weights/weight_store.h"

namespace tidemark {

class WeightPacker {
 public:
  // All arguments outlive the packer.
  WeightPacker(const WeightStore& store, const LoadOptions& options, ThreadPool& pool);

  const WeightStore& store() const { return *store_; }

  // The matrix `name` [n, k] with the first backend of the list that can run it. Throws Error: the tensor is missing or has
  // another shape, or no backend can run it (each one's reason).
  std::unique_ptr<PackedWeights> Matrix(const std::string& name, int64_t n, int64_t k);
  // Expert e of the stack `name`, each expert [n, k].
  std::unique_ptr<PackedWeights> Expert(const std::string& name, int64_t e, int64_t n, int64_t k);
  std::unique_ptr<PackedWeights> Pack(const WeightView& view);

  // A small tensor [n, k] as n * k float32 values.
  std::vector<float> Floats(const std::string& name, int64_t n, int64_t k);

  std::vector<BackendShare> TakeShares() { return std::move(shares_); }
  // Matrices whose packing was left for later; they live where Matrix, Expert and Pack returned them.
  std::vector<const PackedWeights*> TakeDeferred() { return std::move(deferred_); }
  // Seconds that packing them has taken so far; grows as they are packed.
  std::shared_ptr<const std::atomic<double>> DeferredSeconds() const { return deferred_seconds_; }

 private:
  void Account(const WeightView& view, const PackedWeights& packed, Precision precision);
  void Progress(int64_t stored_bytes);

  const WeightStore* store_;
  const LoadOptions* options_;
  ThreadPool* pool_;
  int64_t total_bytes_ = 0, done_bytes_ = 0;
  std::vector<BackendShare> shares_;
  std::vector<const PackedWeights*> deferred_;
  std::shared_ptr<std::atomic<double>> deferred_seconds_ = std::make_shared<std::atomic<double>>(0.0);
};

}  // namespace tidemark

#endif  // TIDEMARK_ENGINE_MODEL_PACKER_H_
