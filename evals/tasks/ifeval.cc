// IFEval: 541 prompts with instructions that a program can check (Zhou et al. 2023, arXiv 2311.07911). The prompt is the only
// message; the answer is what follows the reasoning trace; prompt level asks that all instructions of a prompt are followed.
#include "evals/ifeval/ifeval.h"

#include <algorithm>

#include "engine/core/error.h"
#include "evals/reasoning.h"
#include "evals/task.h"

namespace tidemark {
namespace {

using Json = nlohmann::ordered_json;

Sample MakeSample(const DatasetRow& row, const TaskProtocol&, const std::string& place) {
  Sample sample;
  const auto key = row.json.find("key");
  const bool has_key =
      key != row.json.end() && (key->is_number_integer() || (key->is_string() && !key->get_ref<const std::string&>().empty()));
  if (!has_key)
    throw Error(place, "no \"key\"", "an integer or a text under \"key\"",
                "a row of IFEval has key, prompt, instruction_id_list and kwargs");
  sample.id = *key;
  const auto prompt = row.json.find("prompt");
  if (prompt == row.json.end() || !prompt->is_string() || prompt->get_ref<const std::string&>().empty()) {
    throw Error(place, "no \"prompt\"", "a text under \"prompt\"",
                "a row of IFEval has key, prompt, instruction_id_list and kwargs");
  }
  sample.prompt = prompt->get<std::string>();
  sample.messages = {{"user", sample.prompt}};
  sample.data = Json::array();
  for (const Instruction& instruction : ParseInstructions(nlohmann::json(row.json), place)) {
    sample.data.push_back({{"id", instruction.id}, {"kwargs", Json(instruction.kwargs)}});
  }
  return sample;
}

// Adds one verdict to a metric, which may already have one of this prompt (the same family or id twice).
void Add(Score& score, const std::string& name, bool followed) {
  const auto it = std::find_if(score.tallies.begin(), score.tallies.end(), [&](const auto& t) { return t.first == name; });
  Tally& tally = it == score.tallies.end() ? score.tallies.emplace_back(name, Tally{}).second : it->second;
  tally.sum += followed ? 1 : 0;
  tally.count += 1;
}

Score ScoreResponse(const Sample& sample, const Completion& completion, const TaskProtocol& protocol) {
  std::vector<Instruction> instructions;
  for (const Json& row : sample.data) instructions.push_back({row["id"].get<std::string>(), nlohmann::json(row["kwargs"])});
  const Answer answer =
      protocol.strip_reasoning ? StripReasoning(completion.text, {}, completion.reasoning_open) : Answer{completion.text};
  const std::vector<InstructionVerdict> verdicts = CheckIfeval(answer.text, instructions);

  Score score;
  score.unclosed_reasoning = answer.unclosed;
  Json strict = Json::array(), loose = Json::array();
  bool all_strict = true, all_loose = true;
  for (size_t i = 0; i < verdicts.size(); ++i) {
    const InstructionVerdict& v = verdicts[i];
    strict.push_back(v.strict);
    loose.push_back(v.loose);
    all_strict = all_strict && v.strict;
    all_loose = all_loose && v.loose;
    const std::string& id = instructions[i].id;
    const std::string family = id.substr(0, id.find(':'));
    for (const std::string& group : {std::string("instruction_"), "family/" + family + "/", "id/" + id + "/"}) {
      Add(score, group + "strict", v.strict);
      Add(score, group + "loose", v.loose);
    }
  }
  Add(score, "prompt_strict", all_strict);
  Add(score, "prompt_loose", all_loose);
  score.verdicts = {{"strict", strict}, {"loose", loose}, {"prompt_strict", all_strict}, {"prompt_loose", all_loose}};
  return score;
}

}  // namespace

Task MakeIfevalTask() {
  Task task;
  task.name = "ifeval";
  task.version = 1;
  task.summary = "IFEval: 25 kinds of checkable instructions, strict and loose, per prompt and per instruction";
  task.headline = {"prompt_strict", "instruction_strict", "prompt_loose", "instruction_loose"};
  task.means = {{"mean_of_four", {"prompt_strict", "instruction_strict", "prompt_loose", "instruction_loose"}}};
  // Greedy with the budget of lm-evaluation-harness; a reasoning model needs more (--max-new-tokens).
  task.options.max_new_tokens = 1280;
  task.make_sample = &MakeSample;
  task.score = &ScoreResponse;
  return task;
}

}  // namespace tidemark
