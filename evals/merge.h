// Shards of a run, made on several machines or one after another, put together into the results of one run.
#ifndef TIDEMARK_EVALS_MERGE_H_
#define TIDEMARK_EVALS_MERGE_H_

#include <filesystem>
#include <span>
#include <string>

#include "reports/report.h"

namespace tidemark {

struct MergeOptions {
  std::filesystem::path out;
  bool overwrite = false;
  std::string dataset;  // where the rows are now, for a run of one task; empty: where the shards had them
};

// Writes completions.jsonl (rows in the order of the dataset), scores.jsonl, run.json and report.json. Scores and metrics are
// computed anew from the completions; scores.jsonl and, but for times and environment, report.json are those of the run without
// --shard, bit for bit. The caller has filled in report.command. Throws Error: a directory that is no finished shard, shards of
// different runs (naming the settings), one missing or twice, rows that are no longer those of the run.
Report MergeShards(std::span<const std::filesystem::path> shards, const MergeOptions& options, Report report);

}  // namespace tidemark

#endif  // TIDEMARK_EVALS_MERGE_H_
