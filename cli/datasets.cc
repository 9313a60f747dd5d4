// tidemark datasets: official rows, fetched and verified.
#include <fmt/format.h>

#include <algorithm>
#include <memory>

#include "cli/command.h"
#include "cli/messages.h"
#include "cli/progress.h"
#include "cli/table.h"
#include "datasets/fetch.h"
#include "datasets/manifest.h"
#include "engine/core/error.h"
#include "engine/core/sha256.h"

namespace tidemark::cli {
namespace {

std::filesystem::path CacheOr(const std::string& cache) {
  return cache.empty() ? CacheDirectory() : std::filesystem::path(cache);
}

void List(const std::string& cache, bool json) {
  std::vector<std::string> columns = {"name", "task", "rows", "bytes", "licence", "cached", "sha256"};
  if (json) columns.insert(columns.end(), {"source", "revision", "url"});
  Table table(columns);
  for (const DatasetEntry& e : ListDatasets()) {
    std::error_code error;
    const bool cached = std::filesystem::exists(CacheOr(cache) / e.file, error);
    std::vector<nlohmann::ordered_json> row = {e.name, e.task, e.rows, e.bytes, e.licence, cached, e.sha256};
    if (json) row.insert(row.end(), {e.source, e.revision, e.url});
    table.Add(std::move(row));
  }
  for (const EmbeddedSet& set : EmbeddedSets()) {
    const std::string_view bytes = set.rows();
    std::vector<nlohmann::ordered_json> row = {"sample:" + std::string(set.name),
                                               set.task,
                                               std::count(bytes.begin(), bytes.end(), '\n'),
                                               bytes.size(),
                                               "Apache-2.0",
                                               "embedded",
                                               Sha256Hex(bytes)};
    if (json) row.insert(row.end(), {std::string(set.title), "", ""});
    table.Add(std::move(row));
  }
  table.Print(json);
}

// All names if none is given.
std::vector<DatasetEntry> Chosen(const std::vector<std::string>& names) {
  if (names.empty()) return ListDatasets();
  std::vector<DatasetEntry> entries;
  for (const std::string& name : names) entries.push_back(FindDataset(name));
  return entries;
}

// One bad entry does not keep the others from being tried.
template <typename Action>
int ForEach(const std::vector<std::string>& names, const Action& action) {
  int code = kOk;
  for (const DatasetEntry& entry : Chosen(names)) {
    try {
      fmt::print("{}: {}\n", entry.name, action(entry).string());
    } catch (const Error& e) {
      ClearProgress();
      Say("error: {}: {}\n", entry.name, e.what());
      code = kFailure;
    }
  }
  return code;
}

std::filesystem::path Fetch(const DatasetEntry& entry, const std::string& cache, bool force) {
  FetchOptions options;
  options.cache = CacheOr(cache);
  options.force = force;
  options.cancel = &CancelFlag();
  options.progress = [&](int64_t done, int64_t total) {
    ShowProgress(fmt::format("{}: {} of {} bytes", entry.name, done, total));
  };
  const std::filesystem::path path = FetchDataset(entry, options);
  ClearProgress();
  return path;
}

struct Flags {
  std::vector<std::string> names;
  std::string cache;
  bool json = false, force = false;
};

}  // namespace

void AddDatasets(CLI::App& app, int& exit_code) {
  CLI::App* command = app.add_subcommand("datasets", "Official rows: list, fetch, verify");
  command->require_subcommand(1);
  command->footer(
      "Example: tidemark datasets fetch ifeval\nFiles go to "
      "--cache, else $TIDEMARK_CACHE, $XDG_CACHE_HOME/tidemark or "
      "~/.cache/tidemark.");
  const auto add = [&](const char* name, const char* summary, const std::shared_ptr<Flags>& flags) {
    CLI::App* sub = command->add_subcommand(name, summary);
    sub->add_option("--cache", flags->cache, "folder for downloaded files");
    return sub;
  };
  const auto list = std::make_shared<Flags>(), fetch = std::make_shared<Flags>(), verify = std::make_shared<Flags>();
  CLI::App* sub = add("list", "names, sizes, licences, hashes, sources", list);
  sub->add_flag("--json", list->json, "rows as a JSON array");
  sub->callback([list, &exit_code] {
    List(list->cache, list->json);
    exit_code = kOk;
  });
  sub = add("fetch", "download over TLS, keep only what has the right SHA-256", fetch);
  sub->add_option("names", fetch->names, "datasets; none: all");
  sub->add_flag("--force", fetch->force, "download even if a good copy is there");
  sub->callback([fetch, &exit_code] {
    exit_code = ForEach(fetch->names, [&](const DatasetEntry& e) { return Fetch(e, fetch->cache, fetch->force); });
  });
  sub = add("verify", "check size and SHA-256 of what is in the cache", verify);
  sub->add_option("names", verify->names, "datasets; none: all");
  sub->callback([verify, &exit_code] {
    exit_code = ForEach(verify->names, [&](const DatasetEntry& e) { return VerifyDataset(e, CacheOr(verify->cache)); });
  });
}

}  // namespace tidemark::cli
