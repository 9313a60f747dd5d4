#include "evals/responses.h"

#include <algorithm>
#include <cmath>
#include <set>

#include "datasets/rows.h"
#include "engine/core/error.h"
#include "engine/core/file.h"
#include "engine/core/sha256.h"
#include "evals/journal.h"
#include "evals/loops.h"

namespace tidemark {
namespace {

using Json = nlohmann::ordered_json;

constexpr size_t kMostLineBytes = size_t{64} << 20;
constexpr double kMicro = 1e6;
constexpr int64_t kMostTokens = int64_t{1} << 40;  // counts and microseconds in a file that are larger are nonsense

int64_t Count(const Json& row, const char* key, const std::string& place) {
  const auto it = row.find(key);
  if (it == row.end()) return 0;
  const bool ok = it->is_number_unsigned() ? it->get<uint64_t>() <= static_cast<uint64_t>(kMostTokens)
                                           : it->is_number_integer() && it->get<int64_t>() >= 0;
  if (!ok)
    throw Error(
        place, fmt::format("\"{}\": {}", key, Printable(it->dump())), "a count",
        "completions.jsonl of `tidemark eval` has this form; own rows need {\"prompt\" or \"key\" or \"id\", \"response\"}");
  return it->get<int64_t>();
}

std::string Text(const Json& row, const char* key, const std::string& place) {
  const auto it = row.find(key);
  if (it == row.end() || it->is_null()) return {};
  if (!it->is_string())
    throw Error(
        place, fmt::format("\"{}\" is {}", key, it->type_name()), "a string",
        "completions.jsonl of `tidemark eval` has this form; own rows need {\"prompt\" or \"key\" or \"id\", \"response\"}");
  return it->get<std::string>();
}

std::string IdText(const Json& row, const std::string& place) {
  for (const char* key : {"id", "key"}) {
    const auto it = row.find(key);
    if (it == row.end() || it->is_null()) continue;
    if (it->is_number_integer()) return it->dump();
    if (it->is_string() && !it->get_ref<const std::string&>().empty()) return it->get<std::string>();
    throw Error(
        place, fmt::format("\"{}\": {}", key, Printable(it->dump())), "an integer or a text",
        "completions.jsonl of `tidemark eval` has this form; own rows need {\"prompt\" or \"key\" or \"id\", \"response\"}");
  }
  return {};
}

void ReadTimes(const Json& row, const std::string& place, Completion& c) {
  if (const auto it = row.find("time_to_first_token_seconds"); it != row.end()) {
    if (!it->is_number() || !(it->get<double>() >= 0))
      throw Error(
          place, "a bad time to first token", "seconds",
          "completions.jsonl of `tidemark eval` has this form; own rows need {\"prompt\" or \"key\" or \"id\", \"response\"}");
    c.time_to_first_token_seconds = it->get<double>();
  }
  const auto it = row.find("inter_token_us");
  if (it == row.end()) return;
  if (!it->is_array())
    throw Error(
        place, "\"inter_token_us\" is " + std::string(it->type_name()), "an array",
        "completions.jsonl of `tidemark eval` has this form; own rows need {\"prompt\" or \"key\" or \"id\", \"response\"}");
  for (const Json& us : *it) {
    if (!us.is_number_unsigned())
      throw Error(
          place, "\"inter_token_us\": " + Printable(us.dump()), "whole microseconds",
          "completions.jsonl of `tidemark eval` has this form; own rows need {\"prompt\" or \"key\" or \"id\", \"response\"}");
    c.inter_token_seconds.push_back(us.get<double>() / kMicro);
  }
}

}  // namespace

Json CompletionToJson(std::string_view task, const Json& id, const Completion& c) {
  Json json;
  json["task"] = task;
  json["id"] = id;
  json["repeat"] = c.repeat;
  json["response"] = c.text;
  if (c.reasoning_open) json["reasoning_open"] = true;
  json["stop"] = StopReasonName(c.stop);
  if (EndedInLoop(c)) json["loop"] = true;
  if (!c.error.empty()) json["error"] = c.error;
  json["prompt_tokens"] = c.prompt_tokens;
  json["completion_tokens"] = c.completion_tokens;
  json["time_to_first_token_seconds"] = c.time_to_first_token_seconds;
  Json times = Json::array();  // microseconds: as long as the text itself, not five times as long
  for (const double seconds : c.inter_token_seconds)
    times.push_back(static_cast<uint64_t>(std::llround(std::max(0.0, seconds) * kMicro)));
  json["inter_token_us"] = std::move(times);
  return json;
}

StoredResponse ParseResponse(const Json& row, int64_t line, const std::string& place) {
  StoredResponse stored;
  stored.line = line;
  stored.id = IdText(row, place);
  stored.prompt = Text(row, "prompt", place);
  if (stored.id.empty() && stored.prompt.empty())
    throw Error(
        place, "neither \"id\", \"key\" nor \"prompt\"", "one of them",
        "completions.jsonl of `tidemark eval` has this form; own rows need {\"prompt\" or \"key\" or \"id\", \"response\"}");
  Completion& c = stored.completion;
  c.id = stored.id;
  c.repeat = static_cast<int>(std::min<int64_t>(Count(row, "repeat", place), 1 << 30));
  c.error = Text(row, "error", place);
  c.text = Text(row, "response", place);
  if (c.error.empty() && row.value("response", Json()).is_null())
    throw Error(
        place, "no \"response\"", "the model's answer as text",
        "completions.jsonl of `tidemark eval` has this form; own rows need {\"prompt\" or \"key\" or \"id\", \"response\"}");
  if (const auto it = row.find("reasoning_open"); it != row.end()) {
    if (!it->is_boolean())
      throw Error(
          place, "\"reasoning_open\": " + Printable(it->dump()), "true or false",
          "completions.jsonl of `tidemark eval` has this form; own rows need {\"prompt\" or \"key\" or \"id\", \"response\"}");
    c.reasoning_open = it->get<bool>();
  }
  const std::string stop = Text(row, "stop", place);
  const std::optional<StopReason> reason = FindStopReason(stop);
  if (!stop.empty() && !reason)
    throw Error(
        place, "stop \"" + Printable(stop) + "\"", "a stop reason such as \"eos\"",
        "completions.jsonl of `tidemark eval` has this form; own rows need {\"prompt\" or \"key\" or \"id\", \"response\"}");
  stored.has_stop = reason.has_value();
  c.stop = !c.error.empty() ? StopReason::kError : reason.value_or(StopReason::kEos);
  c.prompt_tokens = Count(row, "prompt_tokens", place);
  c.completion_tokens = Count(row, "completion_tokens", place);
  ReadTimes(row, place, c);
  return stored;
}

JournalContent ParseJournal(std::string_view content, const std::string& place) {
  JournalContent journal;
  std::string_view rest = WholeLines(content, place);
  journal.whole_bytes = rest.size();
  std::set<std::pair<std::string, int>> seen;
  for (const DatasetRow& row : ParseJsonLines(rest, place, {.max_line_bytes = kMostLineBytes})) {
    const std::string here = fmt::format("{}:{}", place, row.line);
    journal.rows.push_back(ParseResponse(row.json, row.line, here));
    const StoredResponse& stored = journal.rows.back();
    if (!seen.insert({stored.id, stored.completion.repeat}).second) {
      throw Error(here, fmt::format("id {}, repeat {} a second time", Printable(stored.id), stored.completion.repeat),
                  "one line per sample and repeat", "remove one of the lines");
    }
  }
  while (!rest.empty()) {
    journal.lines.push_back(rest.substr(0, rest.find('\n') + 1));
    rest.remove_prefix(journal.lines.back().size());
  }
  TM_CHECK(journal.lines.size() == journal.rows.size(), "{} lines, {} rows", journal.lines.size(), journal.rows.size());
  return journal;
}

StoredResponses StoredResponses::Load(const std::filesystem::path& path) {
  const std::string content = ReadFile(path, uint64_t{8} << 30);
  StoredResponses all;
  all.sha256_ = Sha256Hex(content);
  for (const DatasetRow& row : ParseJsonLines(content, path.string(), {.max_line_bytes = kMostLineBytes})) {
    const std::string place = fmt::format("{}:{}", path.string(), row.line);
    all.rows_.push_back(ParseResponse(row.json, row.line, place));
    const StoredResponse& stored = all.rows_.back();
    auto& index = stored.id.empty() ? all.by_prompt_ : all.by_id_;
    const auto [it, added] =
        index.try_emplace({stored.id.empty() ? stored.prompt : stored.id, stored.completion.repeat}, all.rows_.size() - 1);
    if (!added) {
      throw Error(place, fmt::format("the same sample as line {}", all.rows_[it->second].line),
                  "one response per sample and repeat", "remove one of the lines");
    }
    // A row with both is found by its prompt too, for datasets whose keys differ.
    if (!stored.id.empty() && !stored.prompt.empty()) {
      all.by_prompt_.try_emplace({stored.prompt, stored.completion.repeat}, all.rows_.size() - 1);
    }
  }
  return all;
}

const StoredResponse* StoredResponses::Find(const std::string& id, const std::string& prompt, int repeat) const {
  auto it = by_id_.find({id, repeat});
  if (it == by_id_.end()) {
    it = by_prompt_.find({prompt, repeat});
    if (it == by_prompt_.end()) return nullptr;
  }
  return &rows_[it->second];
}

bool StoredResponses::AllHaveStops() const {
  return std::all_of(rows_.begin(), rows_.end(), [](const StoredResponse& r) { return r.has_stop; });
}

}  // namespace tidemark
