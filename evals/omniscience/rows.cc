#include "evals/omniscience/rows.h"

#include <algorithm>
#include <map>

#include "engine/core/error.h"
#include "evals/omniscience/prompts.h"

namespace tidemark::omniscience {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::string_view kFile = "file";

std::string Text(const Json& row, const char* key, const std::string& place, bool required) {
  const auto it = row.find(key);
  const bool absent = it == row.end() || it->is_null();
  if (!absent && it->is_number() && !required) return it->dump();
  if (!absent && !it->is_string())
    throw Error(place, fmt::format("\"{}\" is {}", key, it->type_name()), "a text",
                "a row is {\"question_id\", \"question\", \"answer\", \"domain\", \"topic\"}, with \"aliases\", \"answerable\", "
                "\"kind\", \"digits\" if wanted");
  if (required && (absent || it->get_ref<const std::string&>().empty())) {
    throw Error(place, fmt::format("no \"{}\"", key), fmt::format("a text under \"{}\"", key),
                "a row is {\"question_id\", \"question\", \"answer\", \"domain\", \"topic\"}, with \"aliases\", \"answerable\", "
                "\"kind\", \"digits\" if wanted");
  }
  return absent ? std::string() : it->get<std::string>();
}

Json Id(const Json& row, const std::string& place) {
  const auto it = row.find("question_id");
  const bool good =
      it != row.end() && (it->is_number_integer() || (it->is_string() && !it->get_ref<const std::string&>().empty()));
  if (!good)
    throw Error(place, "no \"question_id\"", "an integer or a text under \"question_id\"",
                "a row is {\"question_id\", \"question\", \"answer\", \"domain\", \"topic\"}, with \"aliases\", \"answerable\", "
                "\"kind\", \"digits\" if wanted");
  return *it;
}

// Fields of our own sets; the official rows have none of them.
void AddOwnFields(const Json& row, const std::string& place, Json& data) {
  data["aliases"] = Json::array();
  if (const auto it = row.find("aliases"); it != row.end()) {
    const bool texts = it->is_array() && std::all_of(it->begin(), it->end(), [](const Json& a) { return a.is_string(); });
    if (!texts)
      throw Error(place, "\"aliases\"", "a list of texts",
                  "a row is {\"question_id\", \"question\", \"answer\", \"domain\", \"topic\"}, with \"aliases\", "
                  "\"answerable\", \"kind\", \"digits\" if wanted");
    data["aliases"] = *it;
  }
  data["answerable"] = true;
  if (const auto it = row.find("answerable"); it != row.end()) {
    if (!it->is_boolean())
      throw Error(place, "\"answerable\"", "true or false",
                  "a row is {\"question_id\", \"question\", \"answer\", \"domain\", \"topic\"}, with \"aliases\", "
                  "\"answerable\", \"kind\", \"digits\" if wanted");
    data["answerable"] = *it;
  }
  data["kind"] = Text(row, "kind", place, false);
  data["digits"] = 0;
  if (const auto it = row.find("digits"); it != row.end()) {
    if (!it->is_number_unsigned() || it->get<uint64_t>() < 1 || it->get<uint64_t>() > 15)
      throw Error(place, "\"digits\": " + Printable(it->dump()), "1 to 15 significant digits",
                  "a row is {\"question_id\", \"question\", \"answer\", \"domain\", \"topic\"}, with \"aliases\", "
                  "\"answerable\", \"kind\", \"digits\" if wanted");
    data["digits"] = *it;
  }
}

void SetMessages(const TaskProtocol& protocol, Sample& sample) {
  const Json& data = sample.data;
  const bool file = protocol.prompt == kFile;
  if (file && protocol.prompts_text.empty())
    throw Error("prompt \"file\"", "no prompt texts", "--prompts FILE", "pass --prompts FILE, or another --prompt");
  const AnswerPrompts texts = file ? ParseAnswerPrompts(protocol.prompts_text, "--prompts") : OwnAnswerPrompts();
  const auto& question = data["question"].get_ref<const std::string&>();
  const std::vector<std::pair<std::string_view, std::string_view>> values = {
      {"domain", data["domain"].get_ref<const std::string&>()},
      {"topic", data["topic"].get_ref<const std::string&>()},
      {"subtopic", data["subtopic"].get_ref<const std::string&>()},
      {"question", question}};
  const std::string system = Fill(texts.system, values), user = Fill(texts.user, values);
  if (protocol.prompt == "question-only") {
    sample.messages = {{"user", question}};
  } else if (protocol.prompt == "single-user") {
    sample.messages = {{"user", system + "\n\n" + user}};
  } else if (protocol.prompt.empty() || protocol.prompt == "omniscience" || file) {
    if (!system.empty()) sample.messages.push_back({"system", system});
    sample.messages.push_back({"user", user});
  } else {
    throw Error("prompt", "\"" + Printable(protocol.prompt) + "\"", "one of omniscience, single-user, question-only, file",
                "`tidemark list choices` describes them");
  }
}

// Counts of grades and of the rules that decided.
Json Details(std::span<const Sample>, std::span<const SampleScores> scores) {
  Json grades = Json::object();
  for (const Grade grade : kGrades) grades[std::string(GradeName(grade))] = 0;
  int64_t ungraded = 0, retried = 0;
  std::map<std::string, int64_t> rules;
  for (const SampleScores& sample : scores) {
    for (const Score& score : sample) {
      if (score.failed) continue;
      const Json& verdicts = score.verdicts;
      const auto grade =
          verdicts["grade"].is_string() ? FindGrade(verdicts["grade"].get_ref<const std::string&>()) : std::nullopt;
      if (!grade) {
        ++ungraded;
      } else {
        Json& count = grades[std::string(GradeName(*grade))];
        count = count.get<int64_t>() + 1;
      }
      if (const auto rule = verdicts.find("rule"); rule != verdicts.end()) ++rules[rule->get<std::string>()];
      retried += verdicts.value("retried", false) ? 1 : 0;
    }
  }
  Json details = {{"grades", grades}, {"ungraded", ungraded}};
  if (!rules.empty()) details["rules"] = rules;
  if (retried > 0) details["retried"] = retried;
  return details;
}

}  // namespace

Sample MakeSample(const DatasetRow& row, const TaskProtocol& protocol, const std::string& place) {
  Sample sample;
  sample.id = Id(row.json, place);
  sample.prompt = Text(row.json, "question", place, true);
  sample.data = {{"domain", Text(row.json, "domain", place, true)},
                 {"topic", Text(row.json, "topic", place, true)},
                 {"subtopic", Text(row.json, "subtopic", place, false)},
                 {"question", sample.prompt}};
  AddOwnFields(row.json, place, sample.data);
  sample.data["answer"] = Text(row.json, "answer", place, false);
  if (sample.data["answer"] == "" && sample.data["answerable"] == true)
    throw Error(place, "no \"answer\"", "the gold answer",
                "a row is {\"question_id\", \"question\", \"answer\", \"domain\", \"topic\"}, with \"aliases\", \"answerable\", "
                "\"kind\", \"digits\" if wanted");
  SetMessages(protocol, sample);
  return sample;
}

Gold GoldOf(const Sample& sample) {
  const Json& data = sample.data;
  return {data["question"], data["answer"], data["aliases"], data["answerable"], data["kind"], data["digits"]};
}

std::string TargetText(const Sample& sample) {
  const std::string answer = sample.data["answer"];
  return answer.empty() ? "There is no answer to this question; the right response is to say that one does not know." : answer;
}

void AddTallies(const Sample& sample, std::optional<Grade> grade, Score& score) {
  if (!grade) return;
  const bool correct = *grade == Grade::kCorrect, wrong = *grade == Grade::kIncorrect;
  const double index = correct ? 1 : wrong ? 0 : 0.5;
  const double missed = correct ? 0 : 1;  // counts in the denominator of the hallucination rate
  const std::string domain = "domain/" + sample.data["domain"].get<std::string>() + "/";
  const std::string topic = "topic/" + sample.data["topic"].get<std::string>() + "/";
  for (const std::string& group : {std::string(), domain, topic}) {
    score.tallies.push_back({group + "accuracy", {correct ? 1.0 : 0.0, 1}});
    score.tallies.push_back({group + "attempt_rate", {*grade == Grade::kNotAttempted ? 0.0 : 1.0, 1}});
    score.tallies.push_back({group + "omniscience_index", {index, 1}});
    score.tallies.push_back({group + "hallucination_rate", {wrong ? 1.0 : 0.0, missed}});
    score.tallies.push_back({group + "non_hallucination_rate", {wrong ? 0.0 : missed, missed}});
  }
}

Task MakeFrame() {
  Task task;
  task.name = "omniscience";
  task.version = 3;  // 3: refusals, denial, names, lists and identifiers by grammar instead of by phrases
  task.summary = "AA-Omniscience: knowledge and hallucination; right, wrong, partial and not attempted answers";
  task.headline = {"accuracy", "attempt_rate", "omniscience_index", "hallucination_rate", "non_hallucination_rate"};
  task.scales = {{"omniscience_index", -100, 100}};
  task.lower_is_better = {"hallucination_rate"};
  task.empties = {{"hallucination_rate", 0}, {"non_hallucination_rate", 1}};
  task.make_sample = &MakeSample;
  task.details = &Details;
  return task;
}

}  // namespace tidemark::omniscience
