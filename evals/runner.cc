#include "evals/runner.h"

#include <algorithm>
#include <chrono>
#include <map>
#include <numeric>
#include <optional>
#include <utility>

#include "engine/core/error.h"
#include "engine/core/file.h"
#include "engine/core/utf8.h"
#include "evals/early_stop.h"
#include "evals/journal.h"
#include "evals/outcome.h"
#include "evals/responses.h"

namespace tidemark {
namespace {

using Clock = std::chrono::steady_clock;

double SecondsSince(Clock::time_point begin) { return std::chrono::duration<double>(Clock::now() - begin).count(); }

// A model may emit bytes that are not UTF-8; the journal cannot hold them, and a replay must score what the run scored.
void MakeValid(std::string& text) {
  if (!IsValidUtf8(text)) text = EncodeUtf8(DecodeUtf8(text));
}

// The answers of one task so far: those of the journal, then those that come in, each journaled before it counts.
class Session {
 public:
  Session(const EvalJob& job, const RunOptions& options, std::span<const Sample> samples)
      : job_(job), options_(options), samples_(samples), begin_(Clock::now()) {
    answers_.resize(samples.size() * static_cast<size_t>(options.repeats));
    for (size_t i = 0; i < samples.size(); ++i) index_.emplace(samples[i].IdText(), i);
    progress_.task = job.task->name;
    progress_.total = static_cast<int64_t>(answers_.size());
    DescribeScore();
    if (options.write_completions) {
      origin_ = MakeOrigin(options.digest, job.task->name, options.shard);
      OpenJournal();
    }
    Tell();
  }

  // What of these samples is not answered yet.
  std::vector<Request> Missing(std::span<const size_t> which) const {
    std::vector<Request> requests;
    for (const size_t sample : which) {
      for (int repeat = 0; repeat < options_.repeats; ++repeat) {
        if (answers_[sample * static_cast<size_t>(options_.repeats) + static_cast<size_t>(repeat)]) continue;
        requests.push_back(
            {samples_[sample].IdText(), repeat, samples_[sample].messages, job_.generate, samples_[sample].prompt});
      }
    }
    return requests;
  }

  void OnDone(Completion completion) {
    if (completion.stop == StopReason::kCancelled) return;
    MakeValid(completion.text);
    MakeValid(completion.error);
    const std::optional<size_t> slot = Slot(completion.id, completion.repeat);
    TM_CHECK(slot && !answers_[*slot], "the model answered \"{}\", which was not asked", Printable(completion.id));
    const Sample& sample = SampleOf(*slot);
    if (journal_) {
      const nlohmann::ordered_json row = CompletionToJson(origin_, sample.id, completion);
      journal_->Append(row);
      // What counts is what a resumed run would read.
      completion = ParseResponse(row, 0, "a new row of the journal").completion;
    }
    tokens_ += completion.completion_tokens;
    Keep(*slot, std::move(completion));
    Tell();
  }

  const Answers& answers() const { return answers_; }

 private:
  std::optional<size_t> Slot(const std::string& id, int repeat) const {
    const auto it = index_.find(id);
    if (it == index_.end() || repeat < 0 || repeat >= options_.repeats) return std::nullopt;
    return it->second * static_cast<size_t>(options_.repeats) + static_cast<size_t>(repeat);
  }
  const Sample& SampleOf(size_t slot) const { return samples_[slot / static_cast<size_t>(options_.repeats)]; }

  void DescribeScore() {
    if (job_.task->headline.empty()) return;
    progress_.metric = job_.task->headline.front();
    for (const MetricScale& scale : job_.task->scales) {
      if (scale.name == progress_.metric) scale_ = scale;
    }
    progress_.score_is_fraction = scale_.low == 0 && scale_.high == 1;
  }

  void OpenJournal() {
    const std::filesystem::path path = options_.out / "completions.jsonl";
    std::error_code absent;
    if (!options_.resume || !std::filesystem::exists(path, absent)) {
      journal_.emplace(path);
      return;
    }
    const std::string content = ReadFile(path, kMostJournalBytes);
    const JournalContent found = ParseJournal(content, path.string());
    CheckJournal(found, origin_, path.string());
    std::string kept;
    for (size_t i = 0; i < found.rows.size(); ++i) {
      const Completion& completion = found.rows[i].completion;
      const std::optional<size_t> slot = Slot(found.rows[i].id, completion.repeat);
      if (!slot) {
        throw Error(fmt::format("{}:{}", path.string(), found.rows[i].line),
                    fmt::format("id {}, repeat {}", Printable(found.rows[i].id), completion.repeat), "samples of this run",
                    "completions.jsonl was edited or comes from another run: choose another --out");
      }
      if (options_.retry_failed && !completion.error.empty()) continue;
      kept += found.lines[i];
      Keep(*slot, completion);
    }
    progress_.resumed = progress_.done;
    if (kept.size() != found.whole_bytes) WriteFileAtomically(path, kept);
    journal_.emplace(path, kept.size());
  }

  void Keep(size_t slot, Completion completion) {
    answers_[slot] = ScoreCompletion(job_, SampleOf(slot), std::move(completion));
    ++progress_.done;
    const Score& score = answers_[slot]->score;
    if (score.failed) {
      ++progress_.failed;
      return;
    }
    for (const auto& [name, tally] : score.tallies) {
      if (name != progress_.metric) continue;
      sum_.sum += tally.sum;
      sum_.count += tally.count;
    }
    if (sum_.count > 0) progress_.score = scale_.low + (scale_.high - scale_.low) * sum_.sum / sum_.count;
  }

  void Tell() {
    if (!options_.progress) return;
    const double seconds = SecondsSince(begin_);
    if (const int64_t done = progress_.done - progress_.resumed; done > 0 && seconds > 0) {
      progress_.tok_per_s = static_cast<double>(tokens_) / seconds;
      progress_.eta_seconds = seconds / static_cast<double>(done) * static_cast<double>(progress_.total - progress_.done);
    }
    options_.progress(progress_);
  }

  const EvalJob& job_;
  const RunOptions& options_;
  const std::span<const Sample> samples_;
  std::map<std::string, size_t> index_;  // of a sample's id
  Answers answers_;
  std::optional<Journal> journal_;
  Origin origin_;  // of the journal's lines
  Progress progress_;
  MetricScale scale_ = {};
  Tally sum_;  // of the running score
  int64_t tokens_ = 0;
  Clock::time_point begin_;
};

// False: cancelled before all of them were answered.
bool Ask(TextModel& model, Session& session, std::span<const size_t> samples, const std::atomic<bool>* cancel) {
  const std::vector<Request> requests = session.Missing(samples);
  if (requests.empty()) return true;
  const std::vector<Completion> completions = model.Complete(
      requests, [&](const Completion& c) { session.OnDone(c); }, cancel);
  TM_CHECK(completions.size() == requests.size(), "{} completions for {} requests", completions.size(), requests.size());
  return session.Missing(samples).empty();
}

// In rounds: all of a round are asked at once, and up to a round less one sample is asked in vain.
EvalOutcome AskUntilCertain(TextModel& model, const EvalJob& job, const RunOptions& options, std::span<const Sample> samples,
                            Session& session, std::string& rows) {
  constexpr size_t kRound = 32;
  CertaintyWatch watch(*job.task, AskingOrder(samples.size(), job.generate.seed), options.repeats, options.stop_width);
  bool cancelled = false;
  while (!watch.Advance(session.answers()) && watch.asked() < samples.size() && !cancelled) {
    const auto rest = std::span(watch.order()).subspan(watch.asked());
    cancelled = !Ask(model, session, rest.first(std::min(kRound, rest.size())), options.cancel);
  }
  if (!watch.certain() && watch.asked() < samples.size()) {  // interrupted: an ordinary report of what there is
    return MakeOutcome(job, options, samples, session.answers(), model.KnowsStopReasons(), rows);
  }
  std::vector<size_t> counted(watch.order().begin(), watch.order().begin() + static_cast<std::ptrdiff_t>(watch.asked()));
  std::sort(counted.begin(), counted.end());
  std::vector<Sample> asked;
  Answers answers;
  for (const size_t sample : counted) {
    asked.push_back(samples[sample]);
    const auto begin = session.answers().begin() + static_cast<std::ptrdiff_t>(sample) * options.repeats;
    answers.insert(answers.end(), begin, begin + options.repeats);
  }
  EvalOutcome outcome = MakeOutcome(job, options, asked, answers, model.KnowsStopReasons(), rows);
  MarkEarlyStop(watch, *job.task, options.stop_width, outcome);
  return outcome;
}

}  // namespace

void CheckShard(size_t samples, const Shard& shard, std::string_view task) {
  if (static_cast<int64_t>(samples) >= shard.count || shard.whole()) return;
  throw Error("--shard", fmt::format("{} shards of {} samples of {}", shard.count, samples, task),
              "at least one sample for each shard", "ask for fewer shards");
}

std::vector<Sample> TakeShard(std::vector<Sample> samples, const Shard& shard, std::string_view task) {
  if (shard.whole()) return samples;
  CheckShard(samples.size(), shard, task);
  std::vector<Sample> part;
  for (size_t i = static_cast<size_t>(shard.index - 1); i < samples.size(); i += static_cast<size_t>(shard.count)) {
    part.push_back(std::move(samples[i]));
  }
  return part;
}

EvalOutcome RunEval(TextModel& model, const EvalJob& job, const RunOptions& options) {
  return RunEval(model, job, options, MakeSamples(*job.task, job.dataset, job.protocol, options.limit));
}

EvalOutcome RunEval(TextModel& model, const EvalJob& job, const RunOptions& options, std::vector<Sample> all_samples) {
  TM_CHECK(options.repeats >= 1, "repeats = {}", options.repeats);
  TM_CHECK(options.stop_width == 0 || options.shard.whole(), "a shard cannot know when all of them are certain");
  const std::vector<Sample> samples = TakeShard(std::move(all_samples), options.shard, job.task->name);
  Session session(job, options, samples);
  std::string rows;
  EvalOutcome outcome;
  if (options.stop_width > 0) {
    outcome = AskUntilCertain(model, job, options, samples, session, rows);
  } else {
    std::vector<size_t> all(samples.size());
    std::iota(all.begin(), all.end(), size_t{0});
    Ask(model, session, all, options.cancel);
    outcome = MakeOutcome(job, options, samples, session.answers(), model.KnowsStopReasons(), rows);
  }
  WriteResult(options.out / "scores.jsonl", rows);
  return outcome;
}

}  // namespace tidemark
