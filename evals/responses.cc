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

// ParseJsonLines, with what to do about a line that a run left half written.
std::vector<DatasetRow> ParseStored(std::string_view content, const std::string& place) {
  try {
    return ParseJsonLines(content, place, {.max_line_bytes = kMostLineBytes});
  } catch (const Error& e) {
    throw Error(e.place(), e.found(), e.expected(),
                "if a run was interrupted there, `eval --resume` mends its file; else correct or remove the line");
  }
}

// The lines of a text by their numbers, asked for in rising order.
class LineReader {
 public:
  explicit LineReader(std::string_view text) : rest_(text.starts_with("\xEF\xBB\xBF") ? text.substr(3) : text) {}
  // From 1; without its end.
  std::string_view Line(int64_t number) {
    for (; at_ < number; ++at_) {
      const size_t end = std::min(rest_.find('\n'), rest_.size());
      line_ = rest_.substr(0, end);
      rest_.remove_prefix(std::min(end + 1, rest_.size()));
      if (line_.ends_with('\r')) line_.remove_suffix(1);
    }
    return line_;
  }

 private:
  std::string_view rest_, line_;
  int64_t at_ = 0;
};

// Throws Error, naming the first, if rows are not of the run, task and shard of the run.json beside their file; without one, if
// they are not all of one run and task: shards of one run may stand in one file.
void CheckOrigins(const std::vector<StoredResponse>& rows, const std::filesystem::path& path) {
  const std::optional<Origin> expected = ExpectedOrigin(path);
  const auto origin = [&](const StoredResponse& row) {
    return expected ? row.origin : Origin{row.origin.run, row.origin.task, ""};
  };
  const bool mixed =
      std::any_of(rows.begin(), rows.end(), [&](const StoredResponse& row) { return origin(row) != origin(rows.front()); });
  for (const StoredResponse& row : rows) {
    CheckOrigin(origin(row), expected.value_or(origin(rows.front())), fmt::format("{}:{}", path.string(), row.line),
                mixed ? "answers of several runs are not one run's: name each file by itself"
                      : "the file comes from elsewhere or an older version: in a folder without this run.json it can be used");
  }
}

}  // namespace

Json CompletionToJson(const Origin& origin, const Json& id, const Completion& c) {
  Json json = OriginToJson(origin);
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
  stored.origin = OriginOf(row);
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

void CheckJournal(const JournalContent& journal, const Origin& expected, const std::string& place) {
  for (const StoredResponse& row : journal.rows) {
    CheckOrigin(row.origin, expected, fmt::format("{}:{}", place, row.line),
                "the file comes from elsewhere or an older version: put the run's own back, or start again in another folder; "
                "nothing was changed");
  }
}

StoredResponses StoredResponses::Load(const std::filesystem::path& path) {
  const std::string content = ReadFile(path, kMostJournalBytes);
  StoredResponses all;
  all.sha256_ = Sha256Hex(content);
  all.path_ = path.string();
  LineReader lines(content);
  for (const DatasetRow& row : ParseStored(content, path.string())) {
    const std::string place = fmt::format("{}:{}", path.string(), row.line);
    all.rows_.push_back(ParseResponse(row.json, row.line, place));
    const StoredResponse& stored = all.rows_.back();
    if (!stored.origin.run.empty() && !IsCheckedLine(lines.Line(row.line))) {
      throw Error(place, "a line that was changed since the run wrote it (its check is wrong)", "lines as the run wrote them",
                  "to use changed answers, leave \"run\" and \"check\" out of all lines of a file of another name");
    }
  }
  if (all.rows_.empty()) return all;
  CheckOrigins(all.rows_, path);  // first: files put together have samples twice, and that is not what is wrong with them
  all.origin_ = {all.rows_.front().origin.run, all.rows_.front().origin.task, ""};
  all.Index();
  return all;
}

void StoredResponses::Index() {
  for (size_t i = 0; i < rows_.size(); ++i) {
    const StoredResponse& stored = rows_[i];
    auto& index = stored.id.empty() ? by_prompt_ : by_id_;
    const auto [it, added] = index.try_emplace({stored.id.empty() ? stored.prompt : stored.id, stored.completion.repeat}, i);
    if (!added) {
      throw Error(fmt::format("{}:{}", path_, stored.line), fmt::format("the same sample as line {}", rows_[it->second].line),
                  "one response per sample and repeat", "remove one of the lines");
    }
    // A row with both is found by its prompt too, for datasets whose keys differ.
    if (!stored.id.empty() && !stored.prompt.empty()) by_prompt_.try_emplace({stored.prompt, stored.completion.repeat}, i);
  }
}

const StoredResponse* StoredResponses::Find(const std::string& id, const std::string& prompt, int repeat) const {
  auto it = by_id_.find({id, repeat});
  if (it == by_id_.end()) {
    it = by_prompt_.find({prompt, repeat});
    if (it == by_prompt_.end()) return nullptr;
  }
  return &rows_[it->second];
}

void StoredResponses::CheckTask(std::string_view task) const {
  if (origin_.run.empty() || origin_.task == task) return;
  throw Error(path_, "answers to task " + Printable(origin_.task, 40), fmt::format("answers to task {}", task),
              "name the completions.jsonl of that task");
}

bool StoredResponses::AllHaveStops() const {
  return std::all_of(rows_.begin(), rows_.end(), [](const StoredResponse& r) { return r.has_stop; });
}

}  // namespace tidemark
