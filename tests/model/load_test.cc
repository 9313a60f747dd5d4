// Loading: which backend gets which matrix, what is accounted, and how a model that cannot run is refused.
#include "engine/core/error.h"
#include "engine/model/models.h"
#include "engine/weights/expected_tensors.h"
#include "engine/weights/gguf_writer.h"
#include "engine/weights/stored_model.h"
#include "tests/model/fixture.h"
#include "tests/support/catch.h"

namespace tidemark::test {
namespace {

// Multiplies in double precision, but only matrices of some shapes.
class Picky final : public MatmulBackend {
 public:
  explicit Picky(std::function<bool(const MatmulProblem&)> accepts) : accepts_(std::move(accepts)) {}
  std::string_view Name() const override { return "picky"; }
  Precision PrecisionFor(const MatmulProblem&) const override { return Precision::kBf16; }
  std::string WhyNot(const MatmulProblem& p, const Cpu&) const override { return accepts_(p) ? "" : "does not like the shape"; }
  std::unique_ptr<PackedWeights> Pack(const WeightView& view, ThreadPool&) const override {
    return std::make_unique<PackedWeights>(this, view);
  }
  void Run(std::span<const MatmulCall> calls, ThreadPool&) const override {
    ++runs;
    for (const MatmulCall& call : calls) {
      std::vector<float> w(static_cast<size_t>(call.x.cols));
      for (int64_t j = 0; j < call.y.cols; ++j) {
        DequantizeRow(call.w->view(), j, w);
        for (int64_t i = 0; i < call.x.rows; ++i) {
          double sum = 0;
          for (size_t p = 0; p < w.size(); ++p) sum += static_cast<double>(w[p]) * static_cast<double>(call.x.Row(i)[p]);
          call.y.Row(i)[static_cast<size_t>(j)] = static_cast<float>(sum);
        }
      }
    }
  }

  mutable int runs = 0;

 private:
  std::function<bool(const MatmulProblem&)> accepts_;
};

// A store whose configuration says something else.
class Disguised final : public WeightStore {
 public:
  Disguised(const WeightStore& store, ModelConfig config) : store_(store), config_(std::move(config)) {}
  const ModelConfig& Config() const override { return config_; }
  const TokenizerData& Tokenizer() const override { return store_.Tokenizer(); }
  std::string Container() const override { return store_.Container(); }
  std::span<const TensorInfo> Tensors() const override { return store_.Tensors(); }
  std::span<const MetadataEntry> Metadata() const override { return store_.Metadata(); }
  std::vector<std::filesystem::path> Files() const override { return store_.Files(); }
  int64_t FileBytes() const override { return store_.FileBytes(); }
  bool Has(std::string_view name) const override { return store_.Has(name); }
  WeightView Get(std::string_view name, int64_t n, int64_t k) const override { return store_.Get(name, n, k); }
  WeightView GetExpert(std::string_view name, int64_t e, int64_t n, int64_t k) const override {
    return store_.GetExpert(name, e, n, k);
  }
  void DropPages(const WeightView& w) const override { store_.DropPages(w); }

 private:
  const WeightStore& store_;
  ModelConfig config_;
};

std::string ErrorOf(const WeightStore& store, const LoadOptions& options) {
  ThreadPool pool(1);
  try {
    LoadModel(store, options, pool);
  } catch (const Error& error) {
    return error.what();
  }
  return "no error";
}

LoadOptions Naive() {
  LoadOptions options;
  options.cpu = DetectCpu();
  options.backends = ParseBackendList("naive", options.cpu);
  return options;
}

TEST_CASE("the first backend of the list that can run a matrix gets it, and the model computes the same") {
  const Picky picky([](const MatmulProblem& p) { return p.n == 32; });  // k, v and the experts' gate and up
  LoadOptions options = Naive();
  options.backends.insert(options.backends.begin(), &picky);
  std::vector<std::pair<int64_t, int64_t>> progress;
  options.progress = [&](int64_t done, int64_t total) { progress.emplace_back(done, total); };

  Loaded naive(Golden("model/lfm2moe-bf16.gguf"));
  const std::unique_ptr<Model> mixed = LoadModel(*naive.store, options, naive.pool);
  const auto shares = mixed->Backends();
  REQUIRE(shares.size() == 2);
  const BackendShare& by_picky = shares[0].backend == "picky" ? shares[0] : shares[1];
  const BackendShare& by_naive = shares[0].backend == "picky" ? shares[1] : shares[0];
  CHECK(by_picky.matrices == 2 + 2 * 6 * 2);
  CHECK(by_picky.precision == Precision::kBf16);
  CHECK(by_picky.stored_bytes == by_picky.matrices * 32 * 64 * 2);
  CHECK(by_naive.matrices == 2 * 2 + 2 + 3 + 2 * 6 + 1);
  CHECK(by_naive.precision == Precision::kExact);
  CHECK(naive.model->Backends().size() == 1);

  REQUIRE_FALSE(progress.empty());
  CHECK(std::is_sorted(progress.begin(), progress.end()));
  CHECK(progress.back().first == progress.back().second);

  const std::vector<TokenId> tokens = PseudoRandomTokens(40, static_cast<int64_t>(naive.vocab));
  const std::vector<float> expected = naive.Logits(tokens);
  naive.model = LoadModel(*naive.store, options, naive.pool);
  CHECK(naive.Logits(tokens) == expected);
  CHECK(picky.runs == 1 + 2);  // k and v together; gate and up of all experts together, at two layers
}

TEST_CASE("a matrix that no backend can run is refused with every reason") {
  const Picky first([](const MatmulProblem&p) { return p.n != 96; }), second([](const MatmulProblem&) { return false; });
  LoadOptions options = Naive();
  options.backends = {&first, &second};
  const auto store = WeightStore::Open(Golden("model/lfm2moe-bf16.gguf"));
  const std::string message = ErrorOf(*store, options);
  INFO(message);
  CHECK_THAT(message,
             Contains("blk.0.ffn_gate.weight") && Contains("bf16") && Contains("picky: does not like the shape; picky: does"));
  options.backends.clear();
  CHECK_THAT(ErrorOf(*store, options), Contains("no backend"));
}

TEST_CASE("configurations the architecture cannot have are refused") {
  const auto store = WeightStore::Open(Golden("model/lfm2moe-bf16.gguf"));
  const auto error_with = [&](void (*change)(ModelConfig&)) {
    ModelConfig config = store->Config();
    change(config);
    return ErrorOf(Disguised(*store, config), Naive());
  };
  CHECK_THAT(error_with([](ModelConfig& c) { c.architecture = "gpt\x01"; }),
             Contains("architecture") && Contains("lfm2, lfm2moe"));
  CHECK_THAT(error_with([](ModelConfig& c) { c.num_key_value_heads = 3; }), Contains("num_key_value_heads"));
  CHECK_THAT(error_with([](ModelConfig& c) { c.num_key_value_heads = 0; }), Contains("num_key_value_heads"));
  CHECK_THAT(error_with([](ModelConfig& c) { c.num_experts_per_tok = 7; }), Contains("num_experts_per_tok"));
  CHECK_THAT(error_with([](ModelConfig& c) { c.head_dim = 15; }), Contains("head_dim"));
  CHECK_THAT(error_with([](ModelConfig& c) { c.conv_L_cache = 0; }), Contains("conv_L_cache"));
  CHECK_THAT(error_with([](ModelConfig& c) { c.layer_types.pop_back(); }), Contains("layer_types"));
  CHECK_THAT(error_with([](ModelConfig& c) { c.rope_theta = 0; }), Contains("rope_theta"));
  CHECK_THAT(error_with([](ModelConfig& c) { c.norm_eps = -1; }), Contains("norm_eps"));
  // Consistent in itself, but not what the file holds.
  CHECK_THAT(error_with([](ModelConfig& c) { c.tie_word_embeddings = false; }), Contains("output.weight"));
  CHECK_THAT(error_with([](ModelConfig& c) { c.intermediate_size = 128; }), Contains("blk.0.ffn_gate.weight"));
  CHECK_THAT(error_with([](ModelConfig& c) { c.conv_bias = true; }), Contains("blk.0.shortconv"));
}

TEST_CASE("a model of convolutions alone loads and runs, with any number of taps") {
  for (const int64_t taps : {1, 3}) {
    ModelConfig config;
    config.architecture = "lfm2";
    config.hidden_size = 32;
    config.num_hidden_layers = config.num_dense_layers = 2;
    config.layer_types = {LayerType::kConv, LayerType::kConv};
    config.num_attention_heads = 1;
    config.head_dim = 32;
    config.intermediate_size = 64;
    config.vocab_size = 40;
    config.max_position_embeddings = 128;
    config.conv_L_cache = taps;
    GgufWriter writer;
    AddModelKeys(config, writer);
    for (const ExpectedTensor& tensor : ExpectedTensors(config)) {
      const std::vector<float> values(static_cast<size_t>(tensor.Values()), 0.125f);
      writer.AddTensor(tensor.name, tensor.Shape(), FindFormat("f32"), std::span<const float>(values));
    }
    const std::string file = writer.Serialize();
    const auto store = MakeWeightStore(ReadGgufModel({"conv.gguf", std::as_bytes(std::span(file))}), {});
    ThreadPool pool(1);
    const auto model = LoadModel(*store, Naive(), pool);
    Workspace workspace(pool);
    SequenceState whole(model->Config(), FindFormat("f32"), 8), cut(model->Config(), FindFormat("f32"), 8);
    const std::vector<TokenId> tokens = {1, 2, 3, 4};
    std::vector<float> expected(40), logits(40);
    const Step step{tokens, &whole, expected};
    model->Forward({&step, 1}, workspace);
    for (size_t i = 0; i < tokens.size(); ++i) {
      const Step one{std::span(tokens).subspan(i, 1), &cut, logits};
      model->Forward({&one, 1}, workspace);
    }
    CHECK(expected[0] != 0.0f);
    CHECK(logits == expected);
  }
}

TEST_CASE("the table lists each architecture once") {
  REQUIRE(AllArchitectures().size() == 2);
  CHECK(AllArchitectures()[0].name == "lfm2");
  CHECK(AllArchitectures()[1].name == "lfm2moe");
}

}  // namespace
}  // namespace tidemark::test
