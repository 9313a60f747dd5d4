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

#include "evals/text_model.h"

namespace tidemark {

// A completion as one line of completions.jsonl, without the line end. id: as in the dataset.
nlohmann::ordered_json CompletionToJson(std::string_view task, const nlohmann::ordered_json& id, const Completion& completion);

struct StoredResponse {
  int64_t line = 0;
  std::string id;         // text of "id" or "key"; empty: the row has neither
  std::string prompt;     // empty: the row has none
  Completion completion;  // stop is kEos where the row names no stop reason
  bool has_stop = false;
};

class StoredResponses {
 public:
  // Throws Error with file and line: malformed JSON, neither id nor prompt, no text "response", two rows for the same sample
  // and repeat.
  static StoredResponses Load(const std::filesystem::path& path);

  // The row of a sample: by id if some row has it, otherwise by exact prompt text. nullptr: none.
  const StoredResponse* Find(const std::string& id, const std::string& prompt, int repeat) const;

  const std::vector<StoredResponse>& rows() const { return rows_; }
  const std::string& sha256() const { return sha256_; }
  bool AllHaveStops() const;

 private:
  std::vector<StoredResponse> rows_;
  std::map<std::pair<std::string, int>, size_t> by_id_, by_prompt_;  // index into rows_
  std::string sha256_;
};

}  // namespace tidemark

#endif  // TIDEMARK_EVALS_RESPONSES_H_
