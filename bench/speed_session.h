// Models loaded for measuring, and single measurements on them. Used by MeasureSpeed and the ledger.
#ifndef TIDEMARK_BENCH_SPEED_SESSION_H_
#define TIDEMARK_BENCH_SPEED_SESSION_H_

#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "bench/active_bytes.h"
#include "bench/speed.h"
#include "engine/generate/loaded_model.h"

namespace tidemark {

class SpeedSession {
 public:
  // Loads what the variants need: variants that differ in threads or KV format alone share one packed model. options outlive it.
  SpeedSession(const std::filesystem::path& path, const std::vector<SpeedVariant>& variants, const SpeedOptions& options,
               SpeedResult& result);

  // Histories of `depth` positions, one per variant, by prefill or synthetic. Replaces those of the depth before. Ends early when
  // cancelled.
  void Fill(int64_t depth);

  // nullopt: cancelled on the way.
  std::optional<SpeedSample> Measure(size_t variant, const SpeedTest& test);
  // An unmeasured run, of one chunk of a prompt and of a whole repetition of a decode test, since every token has its own routes.
  // Returns the distinct experts that a decode step touched per layer (0: not a decode test).
  double WarmUp(size_t variant, SpeedTest test);
  // Where the time of decoding one sequence goes, at the depth filled last.
  std::optional<Ledger> MeasureLedger(size_t variant, int64_t tokens);
  std::optional<SustainedRate> MeasureSustained(size_t variant, int64_t batch, double seconds);

  const ActiveWeights& active() const { return active_; }
  const LoadedModel& model(size_t variant) const { return *runners_[variant].model; }
  ThreadPool& pool(size_t variant) { return *runners_[variant].pool; }

 private:
  struct Runner {
    const SpeedVariant* variant;
    LoadedModel* model;
    ThreadPool* pool;
    std::unique_ptr<Workspace> workspace;
    std::optional<SequenceState> history;
  };
  struct Batch;  // sequences that decode together

  void Load(const std::filesystem::path& path, const std::vector<SpeedVariant>& variants, SpeedResult& result);
  SpeedLoad FirstToken(Runner& runner, SpeedLoad load) const;
  bool Cancelled() const { return options_->cancel != nullptr && options_->cancel->load(); }
  SequenceState HistoryCopy(const Runner& runner, int64_t more) const;
  Batch MakeBatch(Runner& runner, int64_t batch, int64_t tokens) const;
  std::optional<SpeedSample> Prefill(Runner& runner, const SpeedTest& test);
  std::optional<SpeedSample> Decode(Runner& runner, const SpeedTest& test);
  std::optional<SpeedSample> Mixed(Runner& runner, const SpeedTest& test);
  TokenId RandomToken(const Runner& runner, uint64_t index) const;
  std::vector<TokenId> RandomTokens(const Runner& runner, int64_t count) const;

  const SpeedOptions* options_;
  std::map<int, std::unique_ptr<ThreadPool>> pools_;            // by size
  std::map<std::string, std::unique_ptr<LoadedModel>> models_;  // by backend, precision and instruction set
  std::vector<Runner> runners_;
  ActiveWeights active_;
  int64_t depth_ = 0;
};

}  // namespace tidemark

#endif  // TIDEMARK_BENCH_SPEED_SESSION_H_
