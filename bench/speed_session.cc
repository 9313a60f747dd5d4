#include "bench/speed_session.h"

#include <algorithm>
#include <chrono>
#include <cstring>
#include <set>
#include <utility>

#include "bench/page_cache.h"
#include "bench/peaks.h"
#include "bench/random_data.h"
#include "engine/core/error.h"
#include "engine/core/random.h"
#include "engine/generate/sampler.h"
#include "engine/ops/kv_cache.h"
#include "reports/environment.h"

namespace tidemark {
namespace {

using Clock = std::chrono::steady_clock;

double Seconds(Clock::duration d) { return std::chrono::duration<double>(d).count(); }
double SecondsSince(Clock::time_point begin) { return Seconds(Clock::now() - begin); }

constexpr int64_t kSustainedTokens = 64;  // per sequence, then the histories start again: the depth stays what it says

// Drawing a token is part of decoding; a logit that is not finite would make the rest meaningless.
void Draw(std::span<const float> logits) {
  if (!Argmax(logits)) throw Error("logits", "a value that is not finite", "finite logits");
}

// One of each of the rows that `logits` holds, sequences side by side as the generator draws them.
void DrawRows(std::span<const float> logits, size_t rows, ThreadPool& pool) {
  const size_t vocab = logits.size() / rows;
  pool.Run(static_cast<int64_t>(rows), [&](int64_t r, int) { Draw(logits.subspan(static_cast<size_t>(r) * vocab, vocab)); });
}

// Random keys and values, a few positions repeated: what attention costs does not depend on them.
void FillSynthetic(const ModelConfig& config, int64_t depth, uint64_t seed, SequenceState& state, ThreadPool& pool) {
  const int64_t piece = std::min<int64_t>(depth, 1024), width = config.num_key_value_heads * config.head_dim;
  const AttentionShape shape{config.num_attention_heads, config.num_key_value_heads, config.head_dim, state.kv_format()};
  const std::vector<float> keys = RandomFloats(piece * width, 1.0f, seed), values = RandomFloats(piece * width, 1.0f, seed + 1);
  state.Reserve(depth);
  const auto layers = std::count(config.layer_types.begin(), config.layer_types.end(), LayerType::kFullAttention);
  for (int64_t layer = 0; layer < layers; ++layer) {
    for (int64_t first = 0; first < depth; first += piece) {
      const AttentionStep part{0, std::min(piece, depth - first), first, state.Keys(layer), state.Values(layer)};
      StoreKv({keys.data(), piece, width, width}, {values.data(), piece, width, width}, {&part, 1}, shape, pool);
    }
  }
  state.Advance(depth);
}

// A sequence grows by this much at most beyond its history.
int64_t MostNewPositions(const SpeedOptions& options) {
  int64_t most = std::max(options.generate, kSustainedTokens);
  for (const int64_t prompt : options.prompts) most = std::max(most, prompt);
  return most;
}

std::string ModelKey(const SpeedVariant& v) { return v.backend + '\n' + v.precision + '\n' + v.isa; }

// All variants stay loaded so that their tests can take turns. A further one needs about what the largest before it took.
void RefuseAnotherModel(std::string_view label, int64_t packed_bytes, size_t loaded) {
  const int64_t available = AvailableMemoryBytes();
  if (available <= 0 || packed_bytes <= available) return;
  throw Error(fmt::format("loading for {}", label), fmt::format("{} packed models in memory already", loaded),
              fmt::format("{:.1f} GiB of memory for another; {:.1f} are available", Gibibytes(static_cast<double>(packed_bytes)),
                          Gibibytes(static_cast<double>(available))),
              "fewer variants, or --fresh: each in a process of its own");
}

// The history itself, for a test that goes on from it: it is rewound when the test is over, so that no copy is needed.
class Borrowed {
 public:
  // Growth copies the cache: room is made before any clock runs.
  Borrowed(SequenceState& history, int64_t more) : state_(&history), mark_(history.SetMark()) {
    history.Reserve(history.length() + more);
  }
  Borrowed(Borrowed&& other) noexcept : state_(std::exchange(other.state_, nullptr)), mark_(std::move(other.mark_)) {}
  Borrowed& operator=(Borrowed&&) = delete;
  ~Borrowed() {
    if (state_ != nullptr) state_->Rewind(mark_);
  }
  SequenceState& state() { return *state_; }

 private:
  SequenceState* state_;
  SequenceState::Mark mark_;
};

}  // namespace

// The first sequence is the history, the others are copies.
struct SpeedSession::Batch {
  Borrowed first;
  std::vector<SequenceState> others;
  std::vector<TokenId> tokens;  // one per sequence
  std::vector<float> logits;
  std::vector<Step> steps;
};

SpeedSession::SpeedSession(const std::filesystem::path& path, const std::vector<SpeedVariant>& variants,
                           const SpeedOptions& options, SpeedResult& result)
    : options_(&options) {
  for (const SpeedVariant& v : variants) {
    auto& pool = pools_[v.threads];
    if (pool == nullptr) pool = std::make_unique<ThreadPool>(v.threads);
  }
  Load(path, variants, result);
  active_ = CountActiveWeights(*runners_.front().model->store);
}

void SpeedSession::Load(const std::filesystem::path& path, const std::vector<SpeedVariant>& variants, SpeedResult& result) {
  const std::vector<std::filesystem::path> files = WeightStore::Open(path)->Files();
  int64_t largest = 0;
  for (const SpeedVariant& v : variants) {
    SpeedLoaded loaded;
    std::unique_ptr<LoadedModel>& model = models_[ModelKey(v)];
    ThreadPool& pool = *pools_.at(v.threads);
    const bool fresh = model == nullptr;
    if (fresh) {
      if (options_->progress) options_->progress(fmt::format("loading for {}", v.label));
      RefuseAnotherModel(v.label, largest, models_.size() - 1);
      if (options_->cold) DropFromPageCache(files);
      loaded.cached_share = CachedShare(files);
      LoadOptions load = v.load;
      load.defer_packing = true;  // as `generate` loads; what is left is packed after the first token, before anything is timed
      model = std::make_unique<LoadedModel>(path, load, pool);
    }
    runners_.push_back({&v, model.get(), &pool, std::make_unique<Workspace>(pool), {}});
    if (fresh) loaded.loads.push_back(FirstToken(runners_.back(), {model->open_seconds, model->pack_seconds, 0, 0}));
    loaded.shares.assign(model->model->Backends().begin(), model->model->Backends().end());
    int64_t packed = 0;
    for (const auto& share : loaded.shares) packed += share.packed_bytes;
    largest = std::max(largest, packed);
    loaded.peak_bytes = PeakResidentBytes();
    result.loaded.push_back(std::move(loaded));
  }
}

SpeedLoad SpeedSession::FirstToken(Runner& runner, SpeedLoad load) const {
  const Model& model = *runner.model->model;
  const auto begin = Clock::now();
  SequenceState state(model.Config(), runner.variant->kv_format, 1);
  std::vector<float> logits(static_cast<size_t>(model.Config().vocab_size));
  const TokenId token = RandomToken(runner, 0);
  const Step step{{&token, 1}, &state, logits};
  model.Forward({&step, 1}, *runner.workspace);
  Draw(logits);
  load.first_token_seconds = SecondsSince(begin);
  const auto packing = Clock::now();
  model.FinishPacking(*runner.pool);
  load.deferred_pack_seconds = SecondsSince(packing);
  return load;
}

TokenId SpeedSession::RandomToken(const Runner& runner, uint64_t index) const {
  const auto vocab = static_cast<double>(runner.model->model->Config().vocab_size);
  return static_cast<TokenId>(UniformAt(options_->seed, 0, index) * vocab);
}

std::vector<TokenId> SpeedSession::RandomTokens(const Runner& runner, int64_t count) const {
  std::vector<TokenId> tokens;
  for (int64_t i = 0; i < count; ++i) tokens.push_back(RandomToken(runner, static_cast<uint64_t>(i)));
  return tokens;
}

void SpeedSession::Fill(int64_t depth) {
  depth_ = depth;
  for (Runner& runner : runners_) {
    const Model& model = *runner.model->model;
    runner.history.emplace(model.Config(), runner.variant->kv_format, depth + MostNewPositions(*options_));
    if (depth == 0) continue;
    if (options_->progress) options_->progress(fmt::format("history of {} for {}", depth, runner.variant->label));
    if (options_->fill == DepthFill::kSynthetic || (options_->fill == DepthFill::kAuto && depth > kLongestPrefillFill)) {
      FillSynthetic(model.Config(), depth, options_->seed, *runner.history, runner.workspace->pool());
      continue;
    }
    const std::vector<TokenId> tokens = RandomTokens(runner, depth);
    for (int64_t at = 0; at < depth && !Cancelled(); at += options_->chunk) {
      const auto count = static_cast<size_t>(std::min(options_->chunk, depth - at));
      const Step step{std::span(tokens).subspan(static_cast<size_t>(at), count), &*runner.history, {}};
      model.Forward({&step, 1}, *runner.workspace);
    }
  }
}

// Growth copies the cache: room is made before any clock runs.
SequenceState SpeedSession::HistoryCopy(const Runner& runner, int64_t more) const {
  SequenceState state = runner.history->Clone();
  state.Reserve(depth_ + more);
  return state;
}

SpeedSession::Batch SpeedSession::MakeBatch(Runner& runner, int64_t batch, int64_t tokens) const {
  Batch b = {.first = Borrowed(*runner.history, tokens), .others = {}, .tokens = {}, .logits = {}, .steps = {}};
  const auto vocab = static_cast<size_t>(runner.model->model->Config().vocab_size);
  for (int64_t i = 1; i < batch; ++i) b.others.push_back(HistoryCopy(runner, tokens));
  b.tokens.resize(static_cast<size_t>(batch));
  b.logits.resize(static_cast<size_t>(batch) * vocab);
  for (size_t i = 0; i < b.tokens.size(); ++i) {
    SequenceState* state = i == 0 ? &b.first.state() : &b.others[i - 1];
    b.steps.push_back({{&b.tokens[i], 1}, state, std::span(b.logits).subspan(i * vocab, vocab)});
  }
  return b;
}

std::optional<SpeedSample> SpeedSession::Measure(size_t variant, const SpeedTest& test) {
  Runner& runner = runners_[variant];
  if (test.kind == SpeedKind::kPrefill) return Prefill(runner, test);
  return test.kind == SpeedKind::kDecode ? Decode(runner, test) : Mixed(runner, test);
}

double SpeedSession::WarmUp(size_t variant, SpeedTest test) {
  Runner& runner = runners_[variant];
  if (test.kind == SpeedKind::kMixed) return 0;  // its parts have run before
  test.prompt = std::min(test.prompt, options_->chunk);
  int64_t distinct = 0, calls = 0;
  if (test.kind == SpeedKind::kDecode) {
    runner.model->model->SetRouteRecorder([&](int64_t, std::span<const int32_t> experts) {
      distinct += static_cast<int64_t>(std::set<int32_t>(experts.begin(), experts.end()).size());
      ++calls;
    });
  }
  Measure(variant, test);
  runner.model->model->SetRouteRecorder({});
  return calls > 0 ? static_cast<double>(distinct) / static_cast<double>(calls) : 0;
}

std::optional<SpeedSample> SpeedSession::Prefill(Runner& runner, const SpeedTest& test) {
  const Model& model = *runner.model->model;
  const std::vector<TokenId> tokens = RandomTokens(runner, test.prompt);
  std::vector<float> logits(static_cast<size_t>(model.Config().vocab_size));
  Borrowed history(*runner.history, test.prompt);
  SpeedSample sample;
  const auto begin = Clock::now();
  for (int64_t at = 0; at < test.prompt; at += options_->chunk) {
    if (Cancelled()) return std::nullopt;
    const int64_t count = std::min(options_->chunk, test.prompt - at);
    Step step{std::span(tokens).subspan(static_cast<size_t>(at), static_cast<size_t>(count)), &history.state(), {}};
    if (at + count == test.prompt) step.logits = logits;
    model.Forward({&step, 1}, *runner.workspace);
  }
  sample.seconds = SecondsSince(begin);
  Draw(logits);
  sample.time_to_first_token_seconds = SecondsSince(begin);
  sample.prefill_tokens = test.prompt;
  return sample;
}

std::optional<SpeedSample> SpeedSession::Decode(Runner& runner, const SpeedTest& test) {
  const Model& model = *runner.model->model;
  Batch b = MakeBatch(runner, test.batch, test.generate);
  SpeedSample sample;
  const auto begin = Clock::now();
  auto last = begin;
  for (int64_t i = 0; i < test.generate; ++i) {
    if (Cancelled()) return std::nullopt;
    // Random ids instead of those drawn: untrained weights repeat one token for ever, and with it a handful of experts.
    for (size_t s = 0; s < b.tokens.size(); ++s)
      b.tokens[s] = RandomToken(runner, static_cast<uint64_t>(i) * b.tokens.size() + s);
    model.Forward(b.steps, *runner.workspace);
    DrawRows(b.logits, b.tokens.size(), *runner.pool);
    const auto now = Clock::now();
    sample.step_seconds.push_back(Seconds(now - last));
    last = now;
  }
  sample.seconds = Seconds(last - begin);
  sample.decode_tokens = test.batch * test.generate;
  return sample;
}

std::optional<SpeedSample> SpeedSession::Mixed(Runner& runner, const SpeedTest& test) {
  const Model& model = *runner.model->model;
  const int64_t chunks = (test.prompt + options_->mixed_chunk - 1) / options_->mixed_chunk;
  Batch b = MakeBatch(runner, test.batch, chunks);
  const size_t vocab = b.logits.size() / b.steps.size();
  const std::vector<TokenId> prompt = RandomTokens(runner, test.prompt);
  std::vector<float> prompt_logits(vocab);
  SequenceState prompt_state = HistoryCopy(runner, test.prompt);
  SpeedSample sample;
  const auto begin = Clock::now();
  auto last = begin;
  for (int64_t i = 0; i < chunks; ++i) {
    if (Cancelled()) return std::nullopt;
    for (size_t s = 0; s < b.tokens.size(); ++s)
      b.tokens[s] = RandomToken(runner, static_cast<uint64_t>(i) * b.tokens.size() + s);
    const int64_t at = i * options_->mixed_chunk, count = std::min(options_->mixed_chunk, test.prompt - at);
    Step chunk{std::span(prompt).subspan(static_cast<size_t>(at), static_cast<size_t>(count)), &prompt_state, {}};
    if (i + 1 == chunks) chunk.logits = prompt_logits;
    std::vector<Step> steps = b.steps;
    steps.push_back(chunk);
    model.Forward(steps, *runner.workspace);
    DrawRows(b.logits, b.tokens.size(), *runner.pool);
    if (i + 1 == chunks) Draw(prompt_logits);
    const auto now = Clock::now();
    sample.step_seconds.push_back(Seconds(now - last));
    last = now;
  }
  sample.seconds = sample.time_to_first_token_seconds = Seconds(last - begin);
  sample.prefill_tokens = test.prompt;
  sample.decode_tokens = test.batch * chunks;
  return sample;
}

std::optional<SustainedRate> SpeedSession::MeasureSustained(size_t variant, int64_t batch, double seconds) {
  constexpr int kWindows = 10;
  SustainedRate rate{variant, seconds / kWindows, batch, depth_, {}};
  const SpeedTest test{SpeedKind::kDecode, 0, kSustainedTokens, depth_, batch};
  double window = 0;
  int64_t tokens = 0;
  while (rate.tok_per_s.size() < kWindows) {
    const std::optional<SpeedSample> sample = Measure(variant, test);
    if (!sample) break;
    for (const double step : sample->step_seconds) {
      window += step;
      tokens += batch;
      if (window < rate.window_seconds || rate.tok_per_s.size() == kWindows) continue;
      rate.tok_per_s.push_back(static_cast<double>(tokens) / window);
      window = 0;
      tokens = 0;
    }
  }
  if (rate.tok_per_s.empty()) return std::nullopt;
  return rate;
}

std::optional<Ledger> SpeedSession::MeasureLedger(size_t variant, int64_t tokens) {
  Runner& runner = runners_[variant];
  const Model& model = *runner.model->model;
  Batch b = MakeBatch(runner, 1, tokens);
  OpTimer timer;
  std::vector<double> seconds;
  double sampling = 0;
  const uint64_t forks = runner.pool->Forks();
  runner.workspace->SetTimer(&timer);
  for (int64_t i = 0; i < tokens && !Cancelled(); ++i) {
    b.tokens[0] = RandomToken(runner, static_cast<uint64_t>(i));
    const auto begin = Clock::now();
    model.Forward(b.steps, *runner.workspace);
    const auto drawing = Clock::now();
    Draw(b.logits);
    const auto end = Clock::now();
    sampling += Seconds(end - drawing);
    seconds.push_back(Seconds(end - begin));
  }
  runner.workspace->SetTimer(nullptr);
  if (Cancelled() || seconds.empty()) return std::nullopt;
  const auto count = static_cast<double>(seconds.size());
  Ledger ledger;
  ledger.variant = variant;
  ledger.depth = depth_;
  ledger.forks = static_cast<double>(runner.pool->Forks() - forks) / count;
  for (const double s : seconds) ledger.token_seconds += s / count;
  for (int op = 0; op < static_cast<int>(Op::kCount); ++op) {
    const OpTimer::Entry& entry = timer.At(static_cast<Op>(op));
    if (entry.calls == 0) continue;
    ledger.lines.push_back({std::string(OpName(static_cast<Op>(op))), 1e-9 * static_cast<double>(entry.nanoseconds) / count,
                            entry.calls / static_cast<int64_t>(seconds.size()), -1});
  }
  ledger.lines.push_back({std::string(kSamplingLine), sampling / count, 1, -1});
  constexpr int kEmptyRuns = 2000;
  const auto begin = Clock::now();
  for (int i = 0; i < kEmptyRuns; ++i) runner.pool->Run(runner.pool->size(), [](int64_t, int) {});
  ledger.fork_seconds = SecondsSince(begin) / kEmptyRuns;
  return ledger;
}

}  // namespace tidemark
