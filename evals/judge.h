// A judge run: a second run whose questions are the answers of a first one. The answers stay as they are stored, so that any
// number of judges can grade them and be compared.
#ifndef TIDEMARK_EVALS_JUDGE_H_
#define TIDEMARK_EVALS_JUDGE_H_

#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "datasets/rows.h"
#include "evals/responses.h"
#include "evals/runner.h"
#include "evals/task.h"
#include "evals/text_model.h"

namespace tidemark {

// The answers of a run and what its report says about them.
struct JudgedRun {
  std::filesystem::path completions;
  StoredResponses answers;
  int repeats = 1;
  std::string dataset, dataset_sha256;  // as LoadDataset takes it; empty: no report beside the completions
  int64_t limit = 0;                    // > 0: only the first rows were asked
  bool strip_reasoning = true;
  nlohmann::ordered_json model;     // what answered; null: not known
  nlohmann::ordered_json settings;  // how it was asked: sampling, protocol, repeats; null: not known
};

// where: the folder of a run (of several tasks: also the folder above), or its completions.jsonl, or any file of responses.
// Throws Error: no such file, malformed, no rows, a report beside it that is not one.
JudgedRun LoadJudgedRun(const std::filesystem::path& where);

// The rows that were asked: `dataset` if not empty, otherwise what the run's report names. Throws Error: neither is known, or
// other rows than the run's.
Dataset LoadJudgedRows(const JudgedRun& run, const std::string& dataset);

// Asks `judge` to grade stored answers. A request names a sample and a repeat; what it says is replaced by the grader prompt with
// question, gold and stored answer. Not asked at all: an answer that failed (it stays failed) and an empty one or one whose
// reasoning never ended (D). A reply without a grade (ParseGrade) is asked for once more, with seed + 1 and a temperature of at
// least 0.7, since a greedy judge would repeat itself; the completion then holds both replies.
class JudgeModel : public TextModel {
 public:
  // Throws Error: answers that belong to no sample.
  JudgeModel(std::unique_ptr<TextModel> judge, JudgedRun run, const std::vector<Sample>& samples, std::string grader_prompt);

  std::vector<Completion> Complete(std::span<const Request> requests, const OnDone& on_done,
                                   const std::atomic<bool>* cancel) override;
  bool KnowsStopReasons() const override { return judge_->KnowsStopReasons(); }
  void CheckTask(std::string_view task) const override { judge_->CheckTask(task); }
  nlohmann::ordered_json Describe() const override;
  nlohmann::ordered_json Identity() const override;
  nlohmann::ordered_json Timings() const override { return judge_->Timings(); }

 private:
  // The completion of a request that need not be asked, or the text to be judged.
  bool Settle(const Request& request, Completion& settled, Request& asked) const;

  std::unique_ptr<TextModel> judge_;
  JudgedRun run_;
  std::map<std::string, Sample> samples_;
  std::string grader_prompt_;
};

// The task of a judge run: the metrics of `omniscience` from grades in replies. Ungraded replies are in no metric, but counted.
const Task& JudgeTask();

// The reply that counts in a completion of JudgeModel, and whether there were two.
std::string_view LastReply(std::string_view text, bool& retried);

}  // namespace tidemark

#endif  // TIDEMARK_EVALS_JUDGE_H_
