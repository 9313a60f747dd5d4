#include "evals/judge.h"

#include <algorithm>
#include <optional>

#include "engine/core/error.h"
#include "engine/core/file.h"
#include "engine/core/sha256.h"
#include "evals/omniscience/grade.h"
#include "evals/omniscience/prompts.h"
#include "evals/omniscience/rows.h"
#include "evals/reasoning.h"

namespace tidemark {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::string_view kTask = "omniscience";
constexpr std::string_view kSecond = "\n[second request]\n";
constexpr std::string_view kEmptyAnswer = "[empty answer, not sent to the judge]\nD";
constexpr double kRetryTemperature = 0.7;

std::optional<omniscience::Grade> GradeOf(const Completion& reply) {
  bool retried = false;
  const std::string_view last = LastReply(reply.text, retried);
  return omniscience::ParseGrade(StripReasoning(last, {}, reply.reasoning_open).text);
}

Score ScoreReply(const Sample& sample, const Completion& completion, const TaskProtocol&) {
  bool retried = false;
  const std::string_view last = LastReply(completion.text, retried);
  Score score;
  score.unclosed_reasoning = StripReasoning(last, {}, completion.reasoning_open).unclosed;
  const auto grade = GradeOf(completion);
  score.ungraded = !grade;
  omniscience::AddTallies(sample, grade, score);
  score.verdicts["grade"] = grade ? Json(omniscience::GradeLetter(*grade)) : Json();
  if (completion.text == kEmptyAnswer) score.verdicts["rule"] = "empty answer";
  if (retried) score.verdicts["retried"] = true;
  score.verdicts["domain"] = sample.data["domain"];
  return score;
}

// The task's entry in a report, or null.
Json TaskOfReport(const std::filesystem::path& path) {
  std::error_code ignored;
  if (!std::filesystem::exists(path, ignored)) return nullptr;
  const Json report = Json::parse(ReadFile(path, uint64_t{1} << 30), nullptr, /*allow_exceptions=*/false);
  if (!report.is_object() || !report.contains("tasks") || !report["tasks"].is_array()) {
    throw Error(path.string(), "no list of tasks", "a report of this program", "name the completions with their file");
  }
  for (const Json& task : report["tasks"]) {
    if (task.is_object() && task.value("name", Json()) == kTask)
      return {{"task", task}, {"model", report.value("model", Json())}};
  }
  return nullptr;
}

std::string TextAt(const Json& json, const char* key) {
  const auto it = json.find(key);
  return it != json.end() && it->is_string() ? it->get<std::string>() : std::string();
}

void ReadReport(const std::filesystem::path& path, JudgedRun& run) {
  const Json found = TaskOfReport(path);
  if (found.is_null()) return;
  run.model = found["model"];
  run.settings = found["task"].value("settings", Json());
  const Json dataset = found["task"].value("dataset", Json::object());
  if (!dataset.is_object()) return;
  if (dataset.contains("shard")) {
    throw Error(path.string(), "a shard of a run", "a whole run",
                "`tidemark merge` its shards into one folder and judge that; a judge's grades cannot be merged");
  }
  const std::string file = TextAt(dataset, "path");
  run.dataset = file.empty() ? TextAt(dataset, "name") : file;
  run.dataset_sha256 = TextAt(dataset, "sha256");
  if (const auto it = dataset.find("limit"); it != dataset.end() && it->is_number_unsigned()) run.limit = it->get<int64_t>();
  const Json::json_pointer strip("/settings/protocol/strip_reasoning");
  if (found["task"].contains(strip) && found["task"][strip].is_boolean()) run.strip_reasoning = found["task"][strip];
}

void CheckMatched(const JudgedRun& run, const std::map<std::string, Sample>& samples) {
  std::vector<const StoredResponse*> used;
  for (const auto& [id, sample] : samples) {
    for (int repeat = 0; repeat < run.repeats; ++repeat) used.push_back(run.answers.Find(id, sample.prompt, repeat));
  }
  std::sort(used.begin(), used.end());
  for (const StoredResponse& row : run.answers.rows()) {
    if (std::binary_search(used.begin(), used.end(), &row)) continue;
    throw Error(fmt::format("{}:{}", run.completions.string(), row.line), "an answer to no row of the dataset",
                "the rows that were asked", "another --dataset, or no --limit");
  }
}

}  // namespace

std::string_view LastReply(std::string_view text, bool& retried) {
  const size_t second = text.rfind(kSecond);
  retried = second != text.npos;
  return retried ? text.substr(second + kSecond.size()) : text;
}

JudgedRun LoadJudgedRun(const std::filesystem::path& where) {
  JudgedRun run;
  std::error_code ignored;
  std::filesystem::path folder = where;
  if (std::filesystem::is_directory(where, ignored)) {
    if (!std::filesystem::exists(where / "completions.jsonl", ignored)) folder = where / kTask;
    run.completions = folder / "completions.jsonl";
  } else {
    run.completions = where;
    folder = where.parent_path();
  }
  run.answers = StoredResponses::Load(run.completions);
  run.answers.CheckTask(kTask);
  if (run.answers.rows().empty())
    throw Error(run.completions.string(), "no rows", "at least one answer", "name the folder of a finished run of omniscience");
  for (const StoredResponse& row : run.answers.rows()) run.repeats = std::max(run.repeats, row.completion.repeat + 1);
  if (run.repeats > 1000)
    throw Error(run.completions.string(), fmt::format("repeat {}", run.repeats - 1), "repeats below 1000",
                "name the folder of a finished run of omniscience");
  // With several tasks the report stands in the folder above.
  ReadReport(folder / "report.json", run);
  if (run.dataset.empty()) ReadReport(folder / ".." / "report.json", run);
  return run;
}

Dataset LoadJudgedRows(const JudgedRun& run, const std::string& dataset) {
  if (dataset.empty() && run.dataset.empty()) {
    throw Error(run.completions.string(), "no report beside it that names the rows", "--dataset",
                "name the rows that were asked");
  }
  Dataset rows = LoadDataset(kTask, dataset.empty() ? run.dataset : dataset);
  if (!run.dataset_sha256.empty() && rows.sha256 != run.dataset_sha256) {
    throw Error(rows.name, "sha256 " + rows.sha256, "the rows that were asked, sha256 " + run.dataset_sha256,
                "--dataset names the file as it was");
  }
  return rows;
}

JudgeModel::JudgeModel(std::unique_ptr<TextModel> judge, JudgedRun run, const std::vector<Sample>& samples,
                       std::string grader_prompt)
    : judge_(std::move(judge)), run_(std::move(run)), grader_prompt_(std::move(grader_prompt)) {
  for (const Sample& sample : samples) samples_.emplace(sample.IdText(), sample);
  CheckMatched(run_, samples_);
}

bool JudgeModel::Settle(const Request& request, Completion& settled, Request& asked) const {
  const auto it = samples_.find(request.id);
  TM_CHECK(it != samples_.end(), "no sample {}", Printable(request.id));
  const Sample& sample = it->second;
  settled.id = request.id;
  settled.repeat = request.repeat;
  const StoredResponse* stored = run_.answers.Find(request.id, sample.prompt, request.repeat);
  if (stored == nullptr || !stored->completion.error.empty() || stored->completion.stop == StopReason::kCancelled) {
    settled.error = stored == nullptr ? "no stored answer" : "the answer failed: " + stored->completion.error;
    return true;
  }
  const Completion& completion = stored->completion;
  const std::string_view answer = run_.strip_reasoning ? StripReasoning(completion.text, {}, completion.reasoning_open).text
                                                       : std::string_view(completion.text);
  const size_t begin = answer.find_first_not_of(" \t\r\n");
  if (begin == answer.npos) {
    settled.text = kEmptyAnswer;
    settled.stop = StopReason::kEos;
    return true;
  }
  const std::string_view trimmed = answer.substr(begin, answer.find_last_not_of(" \t\r\n") - begin + 1);
  const std::string target = omniscience::TargetText(sample);
  asked = request;
  asked.messages = {
      {"user",
       omniscience::Fill(grader_prompt_, {{"question", sample.prompt}, {"target", target}, {"predicted_answer", trimmed}})}};
  return false;
}

std::vector<Completion> JudgeModel::Complete(std::span<const Request> requests, const OnDone& on_done,
                                             const std::atomic<bool>* cancel) {
  std::vector<Completion> completions(requests.size());
  std::vector<Request> first;
  std::vector<size_t> index;  // of first[i] among the requests
  for (size_t i = 0; i < requests.size(); ++i) {
    Request asked;
    if (Settle(requests[i], completions[i], asked)) {
      if (on_done) on_done(completions[i]);
      continue;
    }
    index.push_back(i);
    first.push_back(std::move(asked));
  }
  const auto ungraded = [](const Completion& c) {
    bool retried = false;
    LastReply(c.text, retried);  // a replayed judge brings both replies
    return c.error.empty() && c.stop != StopReason::kCancelled && c.stop != StopReason::kError && !retried && !GradeOf(c);
  };
  const auto pass = [&](const Completion& c) {
    if (on_done && !ungraded(c)) on_done(c);
  };
  std::vector<Completion> replies = judge_->Complete(first, pass, cancel);
  TM_CHECK(replies.size() == first.size(), "{} replies to {} requests", replies.size(), first.size());
  std::vector<Request> again;
  std::vector<size_t> again_index;
  for (size_t i = 0; i < replies.size(); ++i) {
    if (ungraded(replies[i])) {
      again.push_back(first[i]);
      again.back().options.seed += 1;
      again.back().options.sampling.temperature = std::max(again.back().options.sampling.temperature, kRetryTemperature);
      again_index.push_back(index[i]);
    }
    completions[index[i]] = std::move(replies[i]);
  }
  if (again.empty()) return completions;
  std::map<std::pair<std::string, int>, size_t> place;
  for (size_t i = 0; i < again.size(); ++i) place[{again[i].id, again[i].repeat}] = again_index[i];
  // Both replies are kept; a failed second request leaves the first reply, which stays ungraded.
  const auto merge = [&](const Completion& second) {
    const Completion& before = completions[place.at({second.id, second.repeat})];
    if (second.stop == StopReason::kCancelled) return second;
    Completion both = before;
    both.prompt_tokens += second.prompt_tokens;
    both.completion_tokens += second.completion_tokens;
    both.text += std::string(kSecond) + (second.error.empty() ? second.text : std::string());
    if (second.error.empty()) both.stop = second.stop, both.reasoning_open = second.reasoning_open;
    return both;
  };
  const auto finish = [&](const Completion& second) {
    if (on_done && second.stop != StopReason::kCancelled) on_done(merge(second));
  };
  for (const Completion& second : judge_->Complete(again, finish, cancel)) {
    Completion merged = merge(second);
    completions[place.at({second.id, second.repeat})] = std::move(merged);
  }
  return completions;
}

nlohmann::ordered_json JudgeModel::Describe() const {
  Json answers = {
      {"path", run_.completions.string()}, {"sha256", run_.answers.sha256()}, {"responses", run_.answers.rows().size()}};
  // A judge grades what there is of an answer that was cut off, so only this says that it could have become another.
  answers["truncated"] = std::count_if(run_.answers.rows().begin(), run_.answers.rows().end(), [](const StoredResponse& row) {
    return row.completion.stop == StopReason::kLength || row.completion.stop == StopReason::kContext;
  });
  if (!run_.model.is_null()) answers["model"] = run_.model;
  if (!run_.settings.is_null()) answers["settings"] = run_.settings;
  return {{"adapter", "judge"},
          {"judge", judge_->Describe()},
          {"grader_prompt_sha256", Sha256Hex(grader_prompt_)},
          {"answers", answers}};
}

nlohmann::ordered_json JudgeModel::Identity() const {
  return {{"adapter", "judge"},
          {"judge", judge_->Identity()},
          {"grader_prompt_sha256", Sha256Hex(grader_prompt_)},
          {"strip_reasoning", run_.strip_reasoning},
          {"answers_sha256", run_.answers.sha256()}};
}

const Task& JudgeTask() {
  static const Task task = [] {
    Task t = omniscience::MakeFrame();
    t.graders = {{"model", "a text model reads question, gold and answer and replies with a letter"}};
    t.options.max_new_tokens = 1024;
    t.score = &ScoreReply;
    return t;
  }();
  return task;
}

}  // namespace tidemark
