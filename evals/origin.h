// Which run a stored answer belongs to. Every line of a journal says it inside its check, so that a line from a run of another
// model, setting, task or shard is never taken for an answer of this one, wherever its file was copied or moved. Runs of the same
// settings have the same digest, so the lines of one pass for the other's.
#ifndef TIDEMARK_EVALS_ORIGIN_H_
#define TIDEMARK_EVALS_ORIGIN_H_

#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "evals/run_record.h"

namespace tidemark {

struct Origin {
  std::string run;    // the first 16 digits of the run's digest, as in run.json; empty: not a line of a run
  std::string task;   // its name
  std::string shard;  // "2/4"; empty: a run that was not split

  bool operator==(const Origin&) const = default;
};

// digest: RunDigest, 64 digits.
Origin MakeOrigin(std::string_view digest, std::string_view task, const Shard& shard);

// The members "run", "task" and, of a shard, "shard" that a line begins with.
nlohmann::ordered_json OriginToJson(const Origin& origin);

// Of a row that a run wrote ("run" and "check" are 16 lower-case hexadecimal digits); Origin() of any other.
Origin OriginOf(const nlohmann::ordered_json& row);

// "run 0123456789abcdef, task ifeval, shard 2/4", for messages.
std::string Describe(const Origin& origin);

// Whose lines a file named completions.jsonl must hold: of the run.json in its folder, or in the folder above if that run has
// several tasks. Nothing: another name, no run.json, or in the folder above one of another program. Throws Error: a run.json that
// cannot be read.
std::optional<Origin> ExpectedOrigin(const std::filesystem::path& completions);

// Throws Error if they differ. place: file and line of `found`.
void CheckOrigin(const Origin& found, const Origin& expected, const std::string& place, const std::string& hint);

}  // namespace tidemark

#endif  // TIDEMARK_EVALS_ORIGIN_H_
