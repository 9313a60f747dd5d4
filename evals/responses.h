// Stored responses: the journal of a run (completions.jsonl) or any file of rows {"prompt" or "key" or "id", "response"}.
#ifndef TIDEMARK_EVALS_RESPONSES_H_
#define TIDEMARK_EVALS_RESPONSES_H_

#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "evals/origin.h"
#include "evals/text_model.h"

namespace tidemark {

// A completion as one row of completions.jsonl. id: as in the dataset. "loop": true if it ended in one (evals/loops.h).
nlohmann::ordered_json CompletionToJson(const Origin& origin, const nlohmann::ordered_json& id, const Completion& completion);

struct StoredResponse {
  int64_t line = 0;
  std::string id;         // text of "id" or "key"; empty: the row has neither
  std::string prompt;     // empty: the row has none
  Completion completion;  // stop is kEos where the row names no stop reason
  bool has_stop = false;
  Origin origin;  // the run that wrote it
};

// A row of completions.jsonl or of any other file of responses. Throws Error: neither id nor prompt, no text "response", ...
StoredResponse ParseResponse(const nlohmann::ordered_json& row, int64_t line, const std::string& place);

// What an interrupted run left in its journal (completions.jsonl as this program writes it).
struct JournalContent {
  std::vector<StoredResponse> rows;
  std::vector<std::string_view> lines;  // of the rows, with their ends; views into the content
  size_t whole_bytes = 0;               // up to the end of the last whole line; the rest was being written when the run ended
};
// Throws Error: damage before the last line, rows that no run writes, two rows for the same sample and repeat.
JournalContent ParseJournal(std::string_view content, const std::string& place);

constexpr uint64_t kMostJournalBytes = uint64_t{8} << 30;

// Throws Error, naming the first, if lines are not of that run, task and shard.
void CheckJournal(const JournalContent& journal, const Origin& expected, const std::string& place);

class StoredResponses {
 public:
  // Throws Error with file and line: malformed JSON, neither id nor prompt, no text "response", two rows for the same sample
  // and repeat; a line of a run that was changed since, or is of another run, task or (where run.json is beside the file) shard
  // than the others.
  static StoredResponses Load(const std::filesystem::path& path);

  // The row of a sample: by id if some row has it, otherwise by exact prompt text. nullptr: none.
  const StoredResponse* Find(const std::string& id, const std::string& prompt, int repeat) const;

  const std::vector<StoredResponse>& rows() const { return rows_; }
  const std::string& sha256() const { return sha256_; }
  // The run and task of all rows; rows that no run wrote have none.
  const Origin& origin() const { return origin_; }
  // Throws Error if they are a run's answers to another task.
  void CheckTask(std::string_view task) const;
  bool AllHaveStops() const;

 private:
  void Index();  // fills the maps; throws Error: two rows for the same sample and repeat

  std::vector<StoredResponse> rows_;
  std::map<std::pair<std::string, int>, size_t> by_id_, by_prompt_;  // index into rows_
  std::string sha256_, path_;
  Origin origin_;
};

}  // namespace tidemark

#endif  // TIDEMARK_EVALS_RESPONSES_H_
