#include "engine/model/packer.h"

#include <algorithm>

#include "engine/core/error.h"

namespace tidemark {

WeightPacker::WeightPacker(const WeightStore& store, const LoadOptions& options, ThreadPool& pool)
    : store_(&store), options_(&options), pool_(&pool) {
  for (const TensorInfo& tensor : store.Tensors()) total_bytes_ += tensor.bytes;
}

std::unique_ptr<PackedWeights> WeightPacker::Matrix(const std::string& name, int64_t n, int64_t k) {
  return Pack(store_->Get(name, n, k));
}

std::unique_ptr<PackedWeights> WeightPacker::Expert(const std::string& name, int64_t e, int64_t n, int64_t k) {
  return Pack(store_->GetExpert(name, e, n, k));
}

std::unique_ptr<PackedWeights> WeightPacker::Pack(const WeightView& view) {
  const MatmulProblem problem{view.format, view.n, view.k};
  std::string reasons;
  for (const MatmulBackend* backend : options_->backends) {
    const std::string why_not = backend->WhyNot(problem, options_->cpu);
    if (why_not.empty()) {
      std::unique_ptr<PackedWeights> packed = options_->defer_packing ? backend->Defer(view) : nullptr;
      if (packed != nullptr) {
        deferred_.push_back(packed.get());
      } else {
        packed = backend->Pack(view, *pool_);
      }
      Account(view, *packed, backend->PrecisionFor(problem));
      packed->WhenReleased([store = store_, view, total = deferred_seconds_](double seconds) {
        store->DropPages(view);
        total->fetch_add(seconds);
      });
      Progress(view.StoredBytes());
      return packed;
    }
    reasons += fmt::format("{}{}: {}", reasons.empty() ? "" : "; ", backend->Name(), why_not);
  }
  throw Error(view.name, fmt::format("format {}, {} rows of {}", view.format->name, view.n, view.k),
              "a matrix that one of the chosen backends can multiply", reasons.empty() ? "no backend was chosen" : reasons);
}

std::vector<float> WeightPacker::Floats(const std::string& name, int64_t n, int64_t k) {
  const WeightView view = store_->Get(name, n, k);
  std::vector<float> values(static_cast<size_t>(n * k));
  DequantizeRows(view, 0, n, values.data());
  Progress(view.StoredBytes());
  return values;
}

void WeightPacker::Account(const WeightView& view, const PackedWeights& packed, Precision precision) {
  const std::string_view name = packed.backend().Name();
  auto share = std::find_if(shares_.begin(), shares_.end(),
                            [&](const BackendShare& s) { return s.backend == name && s.precision == precision; });
  if (share == shares_.end()) share = shares_.insert(shares_.end(), BackendShare{std::string(name), precision, 0, 0, 0});
  ++share->matrices;
  share->stored_bytes += view.StoredBytes();
  share->packed_bytes += packed.PackedBytes();
}

void WeightPacker::Progress(int64_t stored_bytes) {
  done_bytes_ = std::min(total_bytes_, done_bytes_ + stored_bytes);
  if (options_->progress) options_->progress(done_bytes_, total_bytes_);
}

}  // namespace tidemark
