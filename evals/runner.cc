#include "evals/runner.h"

#include <chrono>
#include <map>
#include <optional>

#include "engine/core/error.h"
#include "engine/core/file.h"
#include "engine/core/utf8.h"
#include "evals/journal.h"
#include "evals/metrics.h"
#include "evals/responses.h"

namespace tidemark {
namespace {

using Json = nlohmann::ordered_json;
using Clock = std::chrono::steady_clock;

double SecondsSince(Clock::time_point begin) { return std::chrono::duration<double>(Clock::now() - begin).count(); }

// Sample i, repeat r is request i * repeats + r.
std::vector<Request> MakeRequests(const std::vector<Sample>& samples, const EvalJob& job, int repeats) {
  std::vector<Request> requests;
  for (const Sample& sample : samples) {
    for (int repeat = 0; repeat < repeats; ++repeat) requests.push_back({sample.IdText(), repeat, sample.messages, job.generate});
  }
  return requests;
}

// A model may emit bytes that are not UTF-8; the journal cannot hold them, and a replay must score what the run scored.
void MakeValid(std::string& text) {
  if (!IsValidUtf8(text)) text = EncodeUtf8(DecodeUtf8(text));
}

// Journals completions as they end and reports progress.
class Recorder {
 public:
  Recorder(const EvalJob& job, const RunOptions& options, const std::vector<Sample>& samples)
      : job_(job), options_(options), begin_(Clock::now()) {
    for (const Sample& sample : samples) ids_.emplace(sample.IdText(), sample.id);
    progress_.task = job.task->name;
    progress_.total = static_cast<int64_t>(samples.size()) * options.repeats;
    if (options.write_completions) journal_.emplace(options.out / "completions.jsonl");
    Tell();
  }

  void OnDone(Completion completion) {
    MakeValid(completion.text);
    MakeValid(completion.error);
    if (completion.stop == StopReason::kCancelled) return;
    const auto id = ids_.find(completion.id);
    TM_CHECK(id != ids_.end(), "the model answered \"{}\", which was not asked", Printable(completion.id));
    if (journal_) journal_->Append(CompletionToJson(job_.task->name, id->second, completion));
    ++progress_.done;
    progress_.failed += completion.error.empty() ? 0 : 1;
    tokens_ += completion.completion_tokens;
    Tell();
  }

 private:
  void Tell() {
    if (!options_.progress) return;
    const double seconds = SecondsSince(begin_);
    if (progress_.done > 0 && seconds > 0) {
      progress_.tok_per_s = static_cast<double>(tokens_) / seconds;
      progress_.eta_seconds =
          seconds / static_cast<double>(progress_.done) * static_cast<double>(progress_.total - progress_.done);
    }
    options_.progress(progress_);
  }

  const EvalJob& job_;
  const RunOptions& options_;
  std::map<std::string, Json> ids_;
  std::optional<Journal> journal_;
  Progress progress_;
  int64_t tokens_ = 0;
  Clock::time_point begin_;
};

Json ScoreRow(const Sample& sample, int repeat, const Score& score, const std::string& error) {
  Json row;
  row["id"] = sample.id;
  row["repeat"] = repeat;
  row["scored"] = error.empty();
  for (const auto& [name, value] : score.verdicts.items()) row[name] = value;
  row["unclosed_reasoning"] = score.unclosed_reasoning;
  if (!error.empty()) row["error"] = error;
  return row;
}

void CountCompletion(const Completion& c, EvalOutcome& outcome) {
  TaskReport& task = outcome.task;
  task.prompt_tokens += c.prompt_tokens;
  task.completion_tokens += c.completion_tokens;
  ++task.stop_reasons[std::string(StopReasonName(c.stop))];
  if (c.time_to_first_token_seconds > 0) outcome.timings.time_to_first_token_seconds.push_back(c.time_to_first_token_seconds);
  auto& gaps = outcome.timings.inter_token_seconds;
  gaps.insert(gaps.end(), c.inter_token_seconds.begin(), c.inter_token_seconds.end());
}

// Scores every completion; returns the text of scores.jsonl and fills counts, failures and the scores of each sample.
std::string ScoreAll(const EvalJob& job, const std::vector<Sample>& samples, const std::vector<Completion>& completions,
                     EvalOutcome& outcome, std::vector<SampleScores>& scores) {
  std::string rows;
  SampleCounts& counts = outcome.task.samples;
  counts.total = static_cast<int64_t>(completions.size());
  const size_t repeats = completions.size() / samples.size();
  for (size_t i = 0; i < completions.size(); ++i) {
    const Sample& sample = samples[i / repeats];
    const Completion& completion = completions[i];
    const int repeat = static_cast<int>(i % repeats);
    std::string error = completion.error;
    if (completion.stop == StopReason::kCancelled) {
      error = "not run: interrupted";
      ++counts.not_run;
    } else {
      CountCompletion(completion, outcome);
      if (completion.stop == StopReason::kError && error.empty()) error = "the model gave no reason";
      if (!error.empty()) {
        ++counts.failed;
        outcome.failures.push_back({std::string(job.task->name), sample.id, repeat, error});
      }
    }
    // A failed sample still gets its row, with the verdicts of an empty answer, but no tally.
    Score score = job.task->score(sample, error.empty() ? completion : Completion{}, job.protocol);
    rows += JsonLine(ScoreRow(sample, repeat, score, error));
    score.failed = !error.empty();
    score.truncated = error.empty() && (completion.stop == StopReason::kLength || completion.stop == StopReason::kContext);
    if (!score.failed) {
      ++counts.scored;
      counts.unclosed_reasoning += score.unclosed_reasoning ? 1 : 0;
    }
    if (completion.stop != StopReason::kCancelled) scores[i / repeats].push_back(std::move(score));
  }
  return rows;
}

void AddWarnings(const TaskReport& task, std::vector<std::string>& warnings) {
  const SampleCounts& s = task.samples;
  const auto warn = [&](int64_t count, const char* what) {
    if (count > 0) warnings.push_back(fmt::format("{}: {} of {} samples {}", task.name, count, s.total, what));
  };
  warn(s.failed, "failed and are not in the metrics");
  warn(s.not_run, "were not run because the run was interrupted");
  warn(s.unclosed_reasoning, "never ended their reasoning within the token budget; their answer counts as empty");
}

// The protocol with the task's own choices in place of empty names.
Json ProtocolToJson(const Task& task, const TaskProtocol& protocol) {
  Json json = {{"name", protocol.name}, {"strip_reasoning", protocol.strip_reasoning}};
  const auto add = [&json](const char* key, const std::string& chosen, const std::vector<Choice>& choices) {
    if (!choices.empty()) json[key] = chosen.empty() ? std::string(choices.front().name) : chosen;
  };
  add("prompt", protocol.prompt, task.prompts);
  if (!protocol.prompts_sha256.empty()) json["prompts_sha256"] = protocol.prompts_sha256;
  add("extraction", protocol.extraction, task.extractions);
  add("grader", protocol.grader, task.graders);
  return json;
}

TaskReport DescribeTask(const EvalJob& job, const RunOptions& options) {
  TaskReport task;
  task.name = job.task->name;
  task.version = job.task->version;
  task.dataset["name"] = job.dataset.name;
  if (!job.dataset.path.empty()) task.dataset["path"] = job.dataset.path;
  task.dataset["sha256"] = job.dataset.sha256;
  task.dataset["rows"] = job.dataset.rows.size();
  if (options.limit > 0) task.dataset["limit"] = options.limit;
  task.settings = SettingsToJson(job.generate);
  task.settings["repeats"] = options.repeats;
  task.settings["protocol"] = ProtocolToJson(*job.task, job.protocol);
  return task;
}

}  // namespace

Json SettingsToJson(const GenerateOptions& o) {
  return {{"max_new_tokens", o.max_new_tokens},
          {"seed", o.seed},
          {"sampler_order", SamplerOrderName(o.sampling.order)},
          {"temperature", o.sampling.temperature},
          {"top_k", o.sampling.top_k},
          {"top_p", o.sampling.top_p},
          {"min_p", o.sampling.min_p},
          {"repetition_penalty", o.sampling.repetition_penalty},
          {"penalty_window", o.sampling.penalty_window},
          {"stop_strings", o.stop_strings},
          {"stop_ids", o.stop_ids},
          {"ignore_eos", o.ignore_eos}};
}

EvalOutcome RunEval(TextModel& model, const EvalJob& job, const RunOptions& options) {
  TM_CHECK(options.repeats >= 1, "repeats = {}", options.repeats);
  const std::vector<Sample> samples = MakeSamples(*job.task, job.dataset, job.protocol, options.limit);
  const std::vector<Request> requests = MakeRequests(samples, job, options.repeats);
  Recorder recorder(job, options, samples);
  std::vector<Completion> completions = model.Complete(
      requests, [&](const Completion& c) { recorder.OnDone(c); }, options.cancel);
  TM_CHECK(completions.size() == requests.size(), "{} completions for {} requests", completions.size(), requests.size());
  for (Completion& completion : completions) {
    MakeValid(completion.text);
    MakeValid(completion.error);
  }

  EvalOutcome outcome;
  outcome.task = DescribeTask(job, options);
  std::vector<SampleScores> scores(samples.size());
  const std::string rows = ScoreAll(job, samples, completions, outcome, scores);
  if (!model.KnowsStopReasons()) outcome.task.stop_reasons.clear();
  WriteFileAtomically(options.out / "scores.jsonl", rows);
  outcome.interrupted = outcome.task.samples.not_run > 0;
  outcome.task.metrics = ComputeMetrics(*job.task, scores, job.generate.seed, outcome.warnings);
  if (job.task->details != nullptr) outcome.task.details = job.task->details(samples, scores);
  AddWarnings(outcome.task, outcome.warnings);
  return outcome;
}

}  // namespace tidemark
