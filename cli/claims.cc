// tidemark claims: what reports say about a vendor's numbers.
#include "reports/claims.h"

#include <fmt/format.h>

#include <filesystem>
#include <memory>

#include "cli/command.h"
#include "cli/flags.h"
#include "engine/core/error.h"
#include "engine/core/file.h"
#include "evals/stored_run.h"
#include "reports/json_text.h"

namespace tidemark::cli {
namespace {

struct ClaimsFlags {
  std::vector<std::string> reports;
  std::string claims, model;
  double width = 4;
  int max_runs = 20;
  bool json = false;
};

// Of a run, or of `speed`; those are single files.
ClaimReport Load(const std::string& where) {
  std::error_code error;
  const std::filesystem::path path = where;
  const std::filesystem::path file = std::filesystem::is_directory(path, error) ? path / "report.json" : path;
  const std::string text = ReadFile(file);
  nlohmann::ordered_json json = ParseJsonText(text, file.string());
  if (!IsSpeedReport(json)) return {file.string(), ParseReport(text, file.string()).report};
  CheckSpeedReport(json, file.string());
  return {file.string(), std::move(json)};
}

int Claims(const ClaimsFlags& flags) {
  std::vector<Claim> claims = flags.claims.empty() ? EmbeddedClaims() : ParseClaims(ReadFile(flags.claims), flags.claims);
  if (!flags.model.empty()) {
    std::string known;
    for (const Claim& claim : claims) {
      if (known.find(claim.model) == std::string::npos) known += (known.empty() ? "" : ", ") + claim.model;
    }
    std::erase_if(claims, [&](const Claim& claim) { return claim.model != flags.model; });
    if (claims.empty()) throw Error("--model", Printable(flags.model), "one of " + known);
  }
  std::vector<ClaimReport> reports;
  for (const std::string& report : flags.reports) reports.push_back(Load(report));
  const std::vector<ClaimCard> cards = CheckClaims(reports, claims, {flags.model, flags.width / 100, flags.max_runs});
  nlohmann::ordered_json json = nlohmann::ordered_json::array();
  int counts[4] = {};
  for (const ClaimCard& card : cards) {
    ++counts[static_cast<int>(card.verdict)];
    json.push_back(ToJson(card));
    if (!flags.json) fmt::print("{}\n", ToText(card));
  }
  const auto count = [&](ClaimVerdict verdict) { return counts[static_cast<int>(verdict)]; };
  if (flags.json) {
    nlohmann::ordered_json places = nlohmann::ordered_json::array();
    for (const ClaimReport& report : reports) places.push_back(report.place);
    const nlohmann::ordered_json all = {{"reports", places}, {"claims", json}};
    fmt::print("{}\n", all.dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace));
  } else {
    fmt::print("{} reproduced, {} not reproduced, {} inconclusive, {} not comparable\n", count(ClaimVerdict::kReproduced),
               count(ClaimVerdict::kNotReproduced), count(ClaimVerdict::kInconclusive), count(ClaimVerdict::kNotComparable));
  }
  if (count(ClaimVerdict::kNotReproduced) > 0) return kFailure;
  return count(ClaimVerdict::kReproduced) > 0 && count(ClaimVerdict::kInconclusive) == 0 ? kOk : kInconclusive;
}

}  // namespace

void AddClaims(CLI::App& app, int& exit_code) {
  const auto flags = std::make_shared<ClaimsFlags>();
  CLI::App* command = app.add_subcommand("claims", "What reports say about a vendor's published numbers");
  command
      ->add_option("report", flags->reports,
                   "report.json or the folder of a run, or what `speed --out` wrote; several of one model hold a table together")
      ->required();
  command->add_option("--claims", flags->claims, "JSON file of claims; absent: the embedded table of LFM2.5-8B-A1B");
  command->add_option("--model", flags->model, "only this model's claims, and the reports are of this model, whatever they say");
  command->add_option("--width", flags->width, "half of the interval may be this percentage of the metric's range")
      ->check(RealRange(0.1, 50))
      ->capture_default_str();
  command->add_option("--max-runs", flags->max_runs, "counts of runs tried for the printed digits")
      ->check(CLI::Range(1, 1000))
      ->capture_default_str();
  command->add_flag("--json", flags->json, "the cards as JSON");
  command->footer(
      "Exit codes: 0 all comparable claims are reproduced; 1 one is not (or wrong input); 2 one is inconclusive, or none is "
      "comparable.\n"
      "Example: tidemark claims ifeval math500 judged speed.json --model LFM2.5-8B-A1B");
  command->callback([flags, &exit_code] { exit_code = Claims(*flags); });
}

}  // namespace tidemark::cli
