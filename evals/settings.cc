#include "evals/settings.h"

#include "engine/core/error.h"

namespace tidemark {
namespace {

using Json = nlohmann::ordered_json;

// One list of the fields serves both directions, so that none can be forgotten in one of them.
template <typename Options, typename Visit>
void ForEachSetting(Options& o, const Visit& visit) {
  visit("max_new_tokens", o.max_new_tokens);
  visit("seed", o.seed);
  visit("sampler_order", o.sampling.order);
  visit("temperature", o.sampling.temperature);
  visit("top_k", o.sampling.top_k);
  visit("top_p", o.sampling.top_p);
  visit("min_p", o.sampling.min_p);
  visit("repetition_penalty", o.sampling.repetition_penalty);
  visit("penalty_window", o.sampling.penalty_window);
  visit("stop_strings", o.stop_strings);
  visit("stop_ids", o.stop_ids);
  visit("ignore_eos", o.ignore_eos);
}

class Reader {
 public:
  Reader(const Json& json, const std::string& place) : json_(json), place_(place) {}

  template <typename T>
  void operator()(const char* key, T& value) const {
    try {
      value = json_.at(key).get<T>();
    } catch (const Json::exception&) {
      throw Error(place_, fmt::format("no valid \"{}\"", key), "the settings of a run",
                  "was run.json edited? start again in another --out");
    }
  }
  void operator()(const char* key, SamplerOrder& order) const {
    std::string name;
    (*this)(key, name);
    for (const SamplerOrder known : {SamplerOrder::kHf, SamplerOrder::kLlamaCpp}) {
      if (SamplerOrderName(known) == name) {
        order = known;
        return;
      }
    }
    throw Error(place_, "sampler order " + Printable(name), "hf or llama.cpp",
                "was run.json edited? start again in another --out");
  }

 private:
  const Json& json_;
  const std::string& place_;
};

}  // namespace

Json SettingsToJson(const GenerateOptions& options) {
  Json json;
  ForEachSetting(options, [&json](const char* key, const auto& value) {
    if constexpr (std::is_same_v<std::decay_t<decltype(value)>, SamplerOrder>) {
      json[key] = SamplerOrderName(value);
    } else {
      json[key] = value;
    }
  });
  return json;
}

GenerateOptions SettingsFromJson(const Json& json, const std::string& place) {
  GenerateOptions options;
  ForEachSetting(options, Reader(json, place));
  return options;
}

Json ProtocolToJson(const Task& task, const TaskProtocol& protocol) {
  Json json = {{"name", protocol.name}, {"strip_reasoning", protocol.strip_reasoning}};
  const auto add = [&json](const char* key, const std::string& chosen, const std::vector<Choice>& choices) {
    if (!choices.empty()) json[key] = chosen.empty() ? std::string(choices.front().name) : chosen;
  };
  add("prompt", protocol.prompt, task.prompts);
  add("extraction", protocol.extraction, task.extractions);
  add("grader", protocol.grader, task.graders);
  if (protocol.grade_extracted) json["grade_extracted"] = true;
  if (!protocol.prompts_sha256.empty()) json["prompts_sha256"] = protocol.prompts_sha256;
  if (!protocol.prompt_text.empty()) json["prompt_text"] = protocol.prompt_text;
  if (!protocol.sha256.empty()) {
    json["sha256"] = protocol.sha256;
    json["changed"] = protocol.changed;
    if (!protocol.inferred.empty()) json["inferred"] = protocol.inferred;
    if (!protocol.unknown.empty()) json["unknown"] = protocol.unknown;
  }
  return json;
}

TaskProtocol ProtocolFromJson(const Json& json, const std::string& place) {
  TaskProtocol protocol;
  const Reader read(json, place);
  read("name", protocol.name);
  read("strip_reasoning", protocol.strip_reasoning);
  const auto read_if = [&](const char* key, auto& value) {
    if (json.contains(key)) read(key, value);
  };
  read_if("prompt", protocol.prompt);
  read_if("extraction", protocol.extraction);
  read_if("grader", protocol.grader);
  read_if("grade_extracted", protocol.grade_extracted);
  read_if("prompts_sha256", protocol.prompts_sha256);
  read_if("prompt_text", protocol.prompt_text);
  read_if("sha256", protocol.sha256);
  read_if("changed", protocol.changed);
  read_if("inferred", protocol.inferred);
  read_if("unknown", protocol.unknown);
  return protocol;
}

}  // namespace tidemark
