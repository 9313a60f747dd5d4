// MATH-500: 500 competition problems with a short answer (Lightman et al. 2023, arXiv 2305.20050; MATH: Hendrycks et al. 2021,
// arXiv 2103.03874). Four graders judge every completion at once, because they disagree; the protocol names the one that counts.
#include <algorithm>
#include <map>
#include <span>

#include "engine/core/error.h"
#include "evals/math/extraction.h"
#include "evals/math/graders.h"
#include "evals/math/prompts.h"
#include "evals/reasoning.h"
#include "evals/task.h"

namespace tidemark {
namespace {

using Json = nlohmann::ordered_json;
using math::Grade;
using math::MathGrader;

constexpr size_t kMaxShownAnswer = 2000;    // bytes of an answer in scores.jsonl and the report
constexpr size_t kMaxListedSamples = 1000;  // disagreements listed one by one; all are counted
constexpr std::string_view kSuffix = "accuracy";

std::string RequireText(const DatasetRow& row, const char* key, const std::string& place) {
  const auto it = row.json.find(key);
  const bool good = it != row.json.end() && it->is_string() && !math::StripSpace(it->get_ref<const std::string&>()).empty();
  if (!good)
    throw Error(place, fmt::format("no \"{}\"", key), fmt::format("a text under \"{}\"", key),
                "a row of MATH-500 has problem, solution, answer, subject, level and unique_id");
  return it->get<std::string>();
}

Sample MakeSample(const DatasetRow& row, const TaskProtocol& protocol, const std::string& place) {
  Sample sample;
  sample.prompt = RequireText(row, "problem", place);
  sample.id = RequireText(row, "unique_id", place);
  const auto level = row.json.find("level");
  // The hub's copy has integers, other copies "Level 3".
  std::string text = level == row.json.end() ? "" : level->is_string() ? level->get<std::string>() : level->dump();
  if (text.rfind("Level ", 0) == 0) text = text.substr(6);
  if (text.size() != 1 || text[0] < '1' || text[0] > '5')
    throw Error(place, "\"level\": " + (level == row.json.end() ? "nothing" : Printable(level->dump())), "an integer from 1 to 5",
                "a row of MATH-500 has problem, solution, answer, subject, level and unique_id");
  sample.data = {{"answer", RequireText(row, "answer", place)}, {"subject", RequireText(row, "subject", place)}, {"level", text}};
  sample.messages = {{"user", math::FormatPrompt(protocol.prompt, protocol.prompt_text, sample.prompt)}};
  return sample;
}

const math::ExtractionRule& FindRule(const std::string& name) {
  const auto rules = math::AllExtractionRules();
  if (name.empty()) return rules.front();
  const auto it = std::find_if(rules.begin(), rules.end(), [&](const auto& rule) { return rule.name == name; });
  TM_CHECK(it != rules.end(), "no extraction rule {}", name);
  return *it;
}

std::string_view OutcomeName(math::Outcome outcome) {
  switch (outcome) {
    case math::Outcome::kCorrect:
      return "correct";
    case math::Outcome::kWrong:
      return "wrong";
    case math::Outcome::kUnreadable:
      return "unreadable";
    case math::Outcome::kTooExpensive:
      return "too_expensive";
  }
  TM_CHECK(false, "outcome {}", static_cast<int>(outcome));
}

// At most kMaxShownAnswer bytes, cut between code points.
std::string Shown(std::string_view answer) {
  if (answer.size() <= kMaxShownAnswer) return std::string(answer);
  size_t end = kMaxShownAnswer;
  while (end > 0 && (static_cast<unsigned char>(answer[end]) & 0xC0) == 0x80) --end;
  return std::string(answer.substr(0, end)) + "...";
}

// An answer as a whole response, marked as mathematics unless some of it is. A dollar sign behind a backslash is money.
std::string Alone(std::string_view answer) {
  const std::string text(answer);
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '$') return text;
    if (text[i] != '\\') continue;
    for (const char* mark : {"\\(", "\\[", "\\boxed{"}) {
      if (text.compare(i, std::string_view(mark).size(), mark) == 0) return text;
    }
    ++i;
  }
  return text.empty() ? text : "$" + text + "$";
}

Score ScoreResponse(const Sample& sample, const Completion& completion, const TaskProtocol& protocol) {
  const Answer answer =
      protocol.strip_reasoning ? StripReasoning(completion.text, {}, completion.reasoning_open) : Answer{completion.text};
  const math::Extracted found = FindRule(protocol.extraction).extract(answer.text);
  const std::string gold = sample.data["answer"].get<std::string>();
  const std::string_view primary =
      protocol.grader.empty() ? math::AllMathGraders().front().name : std::string_view(protocol.grader);

  const std::string searched = protocol.grade_extracted ? Alone(math::StripSpace(found.answer)) : std::string(answer.text);

  Score score;
  score.unclosed_reasoning = answer.unclosed;
  Json grades = Json::object();
  bool correct = false;
  for (const MathGrader& grader : math::AllMathGraders()) {
    const Grade grade = searched.empty() ? Grade{math::Outcome::kWrong, "no answer"}
                                         : grader.grade(gold, {math::StripSpace(found.answer), searched});
    grades[grader.name] = {{"outcome", OutcomeName(grade.outcome)}, {"why", grade.why}};
    score.tallies.push_back({fmt::format("grader/{}/{}", grader.name, kSuffix), {grade.correct() ? 1.0 : 0.0, 1}});
    if (grader.name == primary) correct = grade.correct();
  }
  const Tally tally = {correct ? 1.0 : 0.0, 1};
  score.tallies.push_back({std::string(kSuffix), tally});
  score.tallies.push_back({fmt::format("subject/{}/{}", sample.data["subject"].get_ref<const std::string&>(), kSuffix), tally});
  score.tallies.push_back({fmt::format("level/{}/{}", sample.data["level"].get_ref<const std::string&>(), kSuffix), tally});
  score.tallies.push_back({"no_answer_rate", {found.answer.empty() ? 1.0 : 0.0, 1}});
  score.verdicts = {{"correct", correct}, {"answer", Shown(found.answer)}, {"rule", found.step}, {"graders", grades}};
  return score;
}

bool CorrectBy(const Json& grades, std::string_view grader) { return grades[grader]["outcome"] == "correct"; }

// Counts over all scored completions, for the report.
class Details {
 public:
  void Add(const Sample& sample, size_t repeat, const Score& score) {
    const Json& grades = score.verdicts["graders"];
    ++scored_;
    ++steps_[score.verdicts["rule"].get<std::string>()];
    unclosed_ += score.unclosed_reasoning ? 1 : 0;
    bool any = false, all = true;
    for (const MathGrader& a : math::AllMathGraders()) {
      ++outcomes_[std::string(a.name)][grades[a.name]["outcome"].get<std::string>()];
      any = any || CorrectBy(grades, a.name);
      all = all && CorrectBy(grades, a.name);
      for (const MathGrader& b : math::AllMathGraders())
        disagreements_[{a.name, b.name}] += CorrectBy(grades, a.name) && !CorrectBy(grades, b.name) ? 1 : 0;
    }
    if (any == all) return;
    ++disagreeing_;
    if (listed_.size() == kMaxListedSamples) return;
    Json row = {{"id", sample.id}, {"repeat", repeat}, {"gold", sample.data["answer"]}, {"answer", score.verdicts["answer"]}};
    row["graders"] = grades;
    listed_.push_back(std::move(row));
  }

  Json ToJson() const {
    Json names = Json::array(), matrix = Json::array(), outcomes = Json::object();
    for (const MathGrader& a : math::AllMathGraders()) {
      names.push_back(a.name);
      Json row = Json::array();
      for (const MathGrader& b : math::AllMathGraders()) {
        const auto it = disagreements_.find({a.name, b.name});
        row.push_back(it == disagreements_.end() ? 0 : it->second);
      }
      matrix.push_back(row);
      for (const char* outcome : {"correct", "wrong", "unreadable", "too_expensive"})
        outcomes[a.name][outcome] = Count(a.name, outcome);
    }
    const auto none = steps_.find("none");
    return {{"graders", names},
            {"outcomes", outcomes},
            {"correct_by_row_not_by_column", matrix},
            {"disagreements", {{"count", disagreeing_}, {"samples", listed_}}},
            {"extraction", steps_},
            {"no_answer", none == steps_.end() ? 0 : none->second},
            {"unclosed_reasoning", unclosed_},
            {"scored", scored_}};
  }

 private:
  int64_t Count(std::string_view grader, const std::string& outcome) const {
    const auto it = outcomes_.find(std::string(grader));
    if (it == outcomes_.end()) return 0;
    const auto count = it->second.find(outcome);
    return count == it->second.end() ? 0 : count->second;
  }

  int64_t scored_ = 0, unclosed_ = 0, disagreeing_ = 0;
  std::map<std::string, int64_t> steps_;
  std::map<std::string, std::map<std::string, int64_t>> outcomes_;
  std::map<std::pair<std::string_view, std::string_view>, int64_t> disagreements_;
  Json listed_ = Json::array();
};

Json MakeDetails(std::span<const Sample> samples, std::span<const SampleScores> scores) {
  Details details;
  for (size_t i = 0; i < samples.size(); ++i) {
    for (size_t repeat = 0; repeat < scores[i].size(); ++repeat) {
      if (!scores[i][repeat].failed) details.Add(samples[i], repeat, scores[i][repeat]);
    }
  }
  return details.ToJson();
}

}  // namespace

Task MakeMath500Task() {
  Task task;
  task.name = "math500";
  task.version = 1;
  task.summary = "MATH-500: competition mathematics with short answers, judged by four graders at once";
  task.headline = {"accuracy", "no_answer_rate"};
  for (const math::PromptForm& form : math::AllPromptForms()) task.prompts.push_back({form.name, form.summary});
  for (const math::ExtractionRule& rule : math::AllExtractionRules()) task.extractions.push_back({rule.name, rule.summary});
  for (const MathGrader& grader : math::AllMathGraders()) task.graders.push_back({grader.name, grader.summary});
  task.lower_is_better = {"no_answer_rate"};
  task.own_prompt = true;
  task.options.max_new_tokens = 2048;
  task.make_sample = &MakeSample;
  task.score = &ScoreResponse;
  task.details = &MakeDetails;
  return task;
}

}  // namespace tidemark
