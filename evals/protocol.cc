#include "evals/protocol.h"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>

#include "engine/core/error.h"
#include "engine/core/file.h"
#include "engine/core/sha256.h"
#include "engine/core/utf8.h"
#include "engine/generate/sampler.h"
#include "evals/task.h"

namespace tidemark {
namespace {

using Json = nlohmann::ordered_json;

constexpr size_t kMaxBytes = size_t{1} << 20;
constexpr int kMaxDepth = 8;

std::string Join(const std::vector<std::string>& names) {
  std::string all;
  for (const std::string& name : names) all += (all.empty() ? "" : ", ") + name;
  return all;
}

// nlohmann's tree silently keeps the last of two equal keys, and its depth is whatever the file's is.
Json ParseStrictly(std::string_view text, const std::string& place) {
  if (text.size() > kMaxBytes)
    throw Error(place, fmt::format("{} bytes", text.size()), fmt::format("at most {}", kMaxBytes),
                "the protocols in evals/protocols are examples of the form");
  if (!IsValidUtf8(text))
    throw Error(place, "bytes that are not UTF-8", "UTF-8 text", "the protocols in evals/protocols are examples of the form");
  std::vector<std::set<std::string>> keys;
  const auto check = [&](int depth, Json::parse_event_t event, Json& parsed) {
    if (depth > kMaxDepth)
      throw Error(place, fmt::format("nesting deeper than {}", kMaxDepth), "a protocol",
                  "the protocols in evals/protocols are examples of the form");
    if (event == Json::parse_event_t::object_start) keys.emplace_back();
    if (event == Json::parse_event_t::object_end) keys.pop_back();
    if (event == Json::parse_event_t::key && !keys.back().insert(parsed.get<std::string>()).second)
      throw Error(place, "key \"" + Printable(parsed.get<std::string>()) + "\" twice", "distinct keys",
                  "the protocols in evals/protocols are examples of the form");
    return true;
  };
  try {
    return Json::parse(text, check);
  } catch (const Json::parse_error& e) {
    throw Error(place, fmt::format("malformed JSON at byte {}", e.byte), "a JSON object",
                "the protocols in evals/protocols are examples of the form");
  } catch (const Json::out_of_range&) {
    throw Error(place, "a number that does not fit", "a JSON object",
                "the protocols in evals/protocols are examples of the form");
  }
}

// The keys of one object; every key must be asked for once before Finish.
class Fields {
 public:
  Fields(const Json& json, std::string place) : json_(json), place_(std::move(place)) {
    if (!json.is_object())
      throw Error(place_, json.type_name(), "an object", "the protocols in evals/protocols are examples of the form");
  }

  std::string PlaceOf(const std::string& key) const { return place_ + ", \"" + key + "\""; }

  // nullptr: absent, which only an optional key may be.
  const Json* Get(const std::string& key, bool required) {
    known_.push_back(key);
    const auto it = json_.find(key);
    if (it != json_.end()) return &*it;
    if (required)
      throw Error(place_, "no \"" + key + "\"", "a protocol that states it",
                  "the protocols in evals/protocols are examples of the form");
    return nullptr;
  }

  std::string Text(const std::string& key, bool required) {
    const Json* value = Get(key, required);
    if (value == nullptr) return {};
    if (!value->is_string() || value->get_ref<const std::string&>().empty())
      throw Error(PlaceOf(key), Printable(value->dump()), "a text", "the protocols in evals/protocols are examples of the form");
    return value->get<std::string>();
  }

  std::vector<std::string> Texts(const std::string& key, bool required) {
    const Json* value = Get(key, required);
    std::vector<std::string> texts;
    if (value == nullptr) return texts;
    const bool good = value->is_array() && std::all_of(value->begin(), value->end(), [](const Json& v) {
                        return v.is_string() && !v.get_ref<const std::string&>().empty();
                      });
    if (!good)
      throw Error(PlaceOf(key), Printable(value->dump()), "an array of texts",
                  "the protocols in evals/protocols are examples of the form");
    for (const Json& item : *value) texts.push_back(item.get<std::string>());
    return texts;
  }

  bool Bool(const std::string& key, std::optional<bool> absent = {}) {
    const Json* value = Get(key, !absent);
    if (value == nullptr) return *absent;
    if (!value->is_boolean())
      throw Error(PlaceOf(key), Printable(value->dump()), "true or false",
                  "the protocols in evals/protocols are examples of the form");
    return value->get<bool>();
  }

  double Number(const std::string& key) {
    const Json* value = Get(key, true);
    if (!value->is_number() || !std::isfinite(value->get<double>()))
      throw Error(PlaceOf(key), Printable(value->dump()), "a number",
                  "the protocols in evals/protocols are examples of the form");
    return value->get<double>();
  }

  int64_t Integer(const std::string& key, int64_t low, int64_t high, std::optional<int64_t> absent = {}) {
    const Json* value = Get(key, !absent);
    if (value == nullptr) return *absent;
    const bool fits =
        value->is_number_unsigned() ? value->get<uint64_t>() <= static_cast<uint64_t>(INT64_MAX) : value->is_number_integer();
    if (!fits || value->get<int64_t>() < low || value->get<int64_t>() > high)
      throw Error(PlaceOf(key), Printable(value->dump()), fmt::format("an integer from {} to {}", low, high),
                  "the protocols in evals/protocols are examples of the form");
    return value->get<int64_t>();
  }

  void Finish() const {
    for (const auto& [key, value] : json_.items()) {
      if (std::find(known_.begin(), known_.end(), key) == known_.end())
        throw Error(place_, "key \"" + Printable(key) + "\"", "one of " + Join(known_),
                    "the protocols in evals/protocols are examples of the form");
    }
  }

 private:
  const Json& json_;
  std::string place_;
  std::vector<std::string> known_;
};

SamplingOptions ParseSampling(const Json& json, const std::string& place) {
  Fields fields(json, place);
  SamplingOptions sampling;
  const std::string order = fields.Text("order", true);
  sampling.order = SamplerOrder::kHf;
  if (order == SamplerOrderName(SamplerOrder::kLlamaCpp)) {
    sampling.order = SamplerOrder::kLlamaCpp;
  } else if (order != SamplerOrderName(SamplerOrder::kHf)) {
    throw Error(fields.PlaceOf("order"), "\"" + Printable(order) + "\"", "hf or llama.cpp",
                "the protocols in evals/protocols are examples of the form");
  }
  sampling.temperature = fields.Number("temperature");
  sampling.top_k = static_cast<int>(fields.Integer("top_k", 0, INT32_MAX));
  sampling.top_p = fields.Number("top_p");
  sampling.min_p = fields.Number("min_p");
  sampling.repetition_penalty = fields.Number("repetition_penalty");
  sampling.penalty_window = static_cast<int>(fields.Integer("penalty_window", -1, INT32_MAX, -1));
  fields.Finish();
  try {
    ValidateSampling(sampling);
  } catch (const Error& e) {
    throw Error(place + ", " + e.place(), e.found(), e.expected(), "the protocols in evals/protocols are examples of the form");
  }
  return sampling;
}

// One of the names that the task offers, or empty where an absent key leaves the choice to the rows or the task; a task without
// choices must not be given one.
std::string ParseChoice(Fields& fields, const std::string& key, const std::vector<Choice>& choices, const Task& task,
                        bool required) {
  const std::string name = fields.Text(key, required && !choices.empty());
  if (name.empty()) return name;
  if (choices.empty())
    throw Error(fields.PlaceOf(key), "\"" + Printable(name) + "\"",
                "no such key: task " + std::string(task.name) + " has no choice of it",
                "the protocols in evals/protocols are examples of the form");
  std::vector<std::string> known;
  for (const Choice& choice : choices) known.emplace_back(choice.name);
  if (std::find(known.begin(), known.end(), name) == known.end())
    throw Error(fields.PlaceOf(key), "\"" + Printable(name) + "\"", "one of " + Join(known),
                "the protocols in evals/protocols are examples of the form");
  return name;
}

void CheckPromptText(const std::string& text, const std::string& place, const Task& task) {
  if (text.empty()) return;
  if (!task.own_prompt)
    throw Error(place, "a prompt", "no such key: task " + std::string(task.name) + " has prompts of its own",
                "the protocols in evals/protocols are examples of the form");
  constexpr std::string_view kSlot = "{problem}";
  const size_t first = text.find(kSlot);
  if (first == text.npos || text.find(kSlot, first + 1) != text.npos)
    throw Error(place, Printable(text), "a text with {problem} once in it",
                "the protocols in evals/protocols are examples of the form");
}

const Task& KnownTask(const std::string& name, const std::string& place) {
  try {
    return FindTask(name);
  } catch (const Error& e) {
    throw Error(place, e.found(), e.expected(), "the protocols in evals/protocols are examples of the form");
  }
}

ProtocolTask ParseTask(const std::string& name, const Json& json, const std::string& place) {
  const Task& task = KnownTask(name, place);
  Fields fields(json, place);
  ProtocolTask entry;
  entry.task = name;
  entry.choices.prompt = ParseChoice(fields, "prompt", task.prompts, task, /*required=*/false);
  entry.choices.extraction = ParseChoice(fields, "extraction", task.extractions, task, /*required=*/true);
  entry.choices.grader = ParseChoice(fields, "grader", task.graders, task, /*required=*/true);
  entry.choices.strip_reasoning = fields.Bool("strip_reasoning");
  entry.choices.grade_extracted = fields.Bool("grade_extracted", false);
  if (entry.choices.grade_extracted && task.extractions.empty())
    throw Error(fields.PlaceOf("grade_extracted"), "true", "no such key: task " + name + " has no extraction rules",
                "the protocols in evals/protocols are examples of the form");
  entry.choices.prompt_text = fields.Text("prompt_text", false);
  CheckPromptText(entry.choices.prompt_text, fields.PlaceOf("prompt_text"), task);
  entry.generate.sampling = ParseSampling(*fields.Get("sampling", true), fields.PlaceOf("sampling"));
  entry.generate.max_new_tokens = static_cast<int>(fields.Integer("max_new_tokens", 1, 1 << 24));
  entry.generate.stop_strings = fields.Texts("stop", false);
  entry.generate.seed = static_cast<uint64_t>(fields.Integer("seed", 0, INT64_MAX, 0));
  entry.repeats = static_cast<int>(fields.Integer("repeats", 1, 1000));
  entry.choices.inferred = fields.Texts("inferred", false);
  entry.choices.unknown = fields.Texts("unknown", false);
  fields.Finish();
  return entry;
}

}  // namespace

const ProtocolTask& Protocol::For(std::string_view task) const {
  std::vector<std::string> covered;
  for (const ProtocolTask& entry : tasks) {
    if (entry.task == task) return entry;
    covered.push_back(entry.task);
  }
  throw Error("protocol " + name, "task " + Printable(task), "one of its tasks: " + Join(covered),
              "`list protocols` names the others; a JSON file of your own may cover any task");
}

Protocol ParseProtocol(std::string_view text, const std::string& place) {
  const Json json = ParseStrictly(text, place);
  Fields fields(json, place);
  Protocol protocol;
  fields.Integer("schema_version", 1, 1);
  protocol.name = fields.Text("name", true);
  protocol.summary = fields.Text("summary", true);
  protocol.sources = fields.Texts("sources", true);
  protocol.text = text;
  protocol.sha256 = Sha256Hex(text);
  const Json& tasks = *fields.Get("tasks", true);
  if (!tasks.is_object() || tasks.empty())
    throw Error(fields.PlaceOf("tasks"), Printable(tasks.dump()), "an object with a key per task",
                "the protocols in evals/protocols are examples of the form");
  for (const auto& [name, entry] : tasks.items()) {
    protocol.tasks.push_back(ParseTask(name, entry, fields.PlaceOf("tasks") + ", \"" + Printable(name) + "\""));
    protocol.tasks.back().choices.name = protocol.name;
    protocol.tasks.back().choices.sha256 = protocol.sha256;
  }
  fields.Finish();
  return protocol;
}

Protocol FindProtocol(const std::string& name_or_file) {
  constexpr std::string_view kEnding = ".json";
  const bool file = name_or_file.size() > kEnding.size() && name_or_file.ends_with(kEnding);
  if (file) return ParseProtocol(ReadFile(name_or_file, kMaxBytes), name_or_file);
  std::vector<std::string> known;
  for (const Protocol& protocol : AllProtocols()) {
    if (protocol.name == name_or_file) return protocol;
    known.push_back(protocol.name);
  }
  throw Error("--protocol", "\"" + Printable(name_or_file) + "\"", "a file that ends in .json, or one of " + Join(known),
              "`tidemark list protocols` describes them");
}

}  // namespace tidemark
