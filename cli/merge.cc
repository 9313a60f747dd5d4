// tidemark merge: shards of a run become the run.
#include "evals/merge.h"

#include <memory>

#include "cli/command.h"
#include "cli/eval_setup.h"
#include "cli/summary.h"

namespace tidemark::cli {

void AddMerge(CLI::App& app, int& exit_code) {
  struct Flags {
    std::vector<std::string> shards;
    std::string out, dataset;
    bool overwrite = false, json = false;
  };
  const auto flags = std::make_shared<Flags>();
  CLI::App* command = app.add_subcommand("merge", "Put the shards of a run together (eval --shard I/N)");
  command->add_option("shards", flags->shards, "folders of all shards, in any order")->required();
  command->add_option("--out", flags->out, "folder for the results of the whole run")->required();
  command->add_option("--dataset", flags->dataset, "where the rows are now, if not where the shards had them");
  command->add_flag("--overwrite", flags->overwrite, "replace results that are already in --out");
  command->add_flag("--json", flags->json, "print the report instead of a table");
  command->footer("Example: tidemark merge shard-1 shard-2 shard-3 shard-4 --out whole");
  command->callback([flags, &exit_code] {
    const std::vector<std::filesystem::path> shards(flags->shards.begin(), flags->shards.end());
    Report report;
    report.command = CommandLine();
    report = MergeShards(shards, {flags->out, flags->overwrite, flags->dataset}, std::move(report));
    exit_code = ShowReport(report, std::filesystem::path(flags->out) / "report.json", flags->json);
  });
}

}  // namespace tidemark::cli
