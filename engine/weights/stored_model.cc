#include "engine/weights/stored_model.h"

#include <utility>

#include "engine/core/error.h"

namespace tidemark {
namespace {

class MappedWeightStore final : public WeightStore {
 public:
  MappedWeightStore(StoredModel model, std::vector<MappedFile> files) : model_(std::move(model)), files_(std::move(files)) {}

  const ModelConfig& Config() const override { return model_.config; }
  const TokenizerData& Tokenizer() const override { return model_.tokenizer; }
  std::string Container() const override { return model_.container; }
  std::span<const TensorInfo> Tensors() const override { return model_.tensors; }
  std::span<const MetadataEntry> Metadata() const override { return model_.metadata; }

  std::vector<std::filesystem::path> Files() const override {
    std::vector<std::filesystem::path> paths;
    for (const MappedFile& file : files_) paths.push_back(file.path());
    return paths;
  }

  int64_t FileBytes() const override { return model_.file_bytes; }

  bool Has(std::string_view name) const override { return model_.matrices.find(name) != model_.matrices.end(); }

  WeightView Get(std::string_view name, int64_t n, int64_t k) const override {
    const StoredMatrix& matrix = Find(name, n, k);
    if (matrix.experts != 0) throw Error(Place(name), fmt::format("a stack of {} experts", matrix.experts), "a single matrix");
    return matrix.View(std::string(name), -1);
  }

  WeightView GetExpert(std::string_view name, int64_t expert, int64_t n, int64_t k) const override {
    const StoredMatrix& matrix = Find(name, n, k);
    if (expert < 0 || expert >= matrix.experts) {
      throw Error(Place(name), fmt::format("{} experts", matrix.experts), fmt::format("at least {}", expert + 1));
    }
    return matrix.View(std::string(name), expert);
  }

  void DropPages(const WeightView& w) const override {
    Drop(w.data, w.n * w.RowBytes());
    if (w.scales == nullptr) return;
    const int64_t scale_bytes = w.n * w.scale_format->Bytes(w.k / w.format->block_values);
    Drop(w.scales, scale_bytes);
    if (w.biases != nullptr) Drop(w.biases, scale_bytes);
  }

 private:
  std::string Place(std::string_view name) const {
    return (files_.empty() ? std::string() : files_.front().path().string() + ": ") + "tensor " + std::string(name);
  }

  const StoredMatrix& Find(std::string_view name, int64_t n, int64_t k) const {
    const auto it = model_.matrices.find(name);
    if (it == model_.matrices.end()) throw Error(Place(name), "no such tensor", fmt::format("a matrix [{}, {}]", n, k));
    const StoredMatrix& matrix = it->second;
    if (matrix.n != n || matrix.k != k) {
      throw Error(Place(name), fmt::format("shape [{}, {}]", matrix.n, matrix.k), fmt::format("[{}, {}]", n, k));
    }
    return matrix;
  }

  void Drop(const std::byte* data, int64_t bytes) const {
    for (const MappedFile& file : files_) {
      const std::byte* begin = file.bytes().data();
      if (data >= begin && data < begin + file.bytes().size()) file.DropPages({data, static_cast<size_t>(bytes)});
    }
  }

  StoredModel model_;
  std::vector<MappedFile> files_;
};

}  // namespace

WeightView StoredMatrix::View(const std::string& name, int64_t expert) const {
  const Piece& piece = pieces[static_cast<size_t>(expert < 0 ? 0 : expert)];
  WeightView view;
  view.name = expert < 0 ? name : fmt::format("{}[{}]", name, expert);
  view.format = format;
  view.n = n;
  view.k = k;
  view.data = piece.data;
  view.scale_format = scale_format;
  view.scales = piece.scales;
  view.biases = piece.biases;
  return view;
}

std::unique_ptr<WeightStore> MakeWeightStore(StoredModel model, std::vector<MappedFile> files) {
  return std::make_unique<MappedWeightStore>(std::move(model), std::move(files));
}

}  // namespace tidemark
