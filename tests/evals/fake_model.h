// A text model and a task that make the pipeline testable without weights.
#ifndef TIDEMARK_TESTS_EVALS_FAKE_MODEL_H_
#define TIDEMARK_TESTS_EVALS_FAKE_MODEL_H_

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "evals/runner.h"

namespace tidemark::test {

// Calls `answer` for each request, last request first, so that nothing may rely on the order of completion.
class FakeModel : public TextModel {
 public:
  using AnswerRequest = std::function<Completion(const Request&)>;
  explicit FakeModel(AnswerRequest answer) : answer_(std::move(answer)) {}

  std::vector<Completion> Complete(std::span<const Request> requests, const OnDone& on_done,
                                   const std::atomic<bool>* cancel) override {
    std::vector<Completion> completions(requests.size());
    for (size_t i = requests.size(); i-- > 0;) {
      Completion& completion = completions[i];
      if (cancel != nullptr && cancel->load()) {
        completion.stop = StopReason::kCancelled;
      } else {
        completion = answer_(requests[i]);
      }
      completion.id = requests[i].id;
      completion.repeat = requests[i].repeat;
      if (on_done) on_done(completion);
    }
    return completions;
  }
  nlohmann::ordered_json Describe() const override { return {{"path", "fake"}}; }
  nlohmann::ordered_json Timings() const override { return {{"load_seconds", 0.25}}; }

 private:
  AnswerRequest answer_;
};

inline Completion Says(const std::string& text) {
  Completion completion;
  completion.text = text;
  completion.stop = StopReason::kEos;
  completion.prompt_tokens = 5;
  completion.completion_tokens = 3;
  completion.time_to_first_token_seconds = 0.5;
  completion.inter_token_seconds = {0.1, 0.25};
  return completion;
}

inline Completion Fails(const std::string& error) {
  Completion completion;
  completion.error = error;
  return completion;
}

// Rows {"key", "prompt"}; "right" is right.
inline Task EchoTask() {
  Task task;
  task.name = "echo";
  task.version = 3;
  task.headline = {"accuracy"};
  task.make_sample = [](const DatasetRow& row, const TaskProtocol&, const std::string&) {
    const auto prompt = row.json["prompt"].get<std::string>();
    return Sample{row.json["key"], {{"user", prompt}}, prompt, {}};
  };
  task.score = [](const Sample&, const Completion& completion, const TaskProtocol&) {
    const bool right = completion.text == "right";
    Score score;
    score.tallies = {{"accuracy", {right ? 1.0 : 0.0, 1}}};
    score.verdicts = {{"right", right}};
    return score;
  };
  return task;
}

inline Dataset EchoRows(int count) {
  Dataset dataset;
  dataset.name = "echo";
  dataset.sha256 = std::string(64, '0');
  for (int i = 1; i <= count; ++i) dataset.rows.push_back({i, {{"key", 100 + i}, {"prompt", "question " + std::to_string(i)}}});
  return dataset;
}

}  // namespace tidemark::test

#endif  // TIDEMARK_TESTS_EVALS_FAKE_MODEL_H_
