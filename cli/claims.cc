// tidemark claims: what a report says about a vendor's numbers.
#include "reports/claims.h"

#include <fmt/format.h>

#include <memory>

#include "cli/command.h"
#include "cli/flags.h"
#include "engine/core/error.h"
#include "engine/core/file.h"
#include "evals/stored_run.h"

namespace tidemark::cli {
namespace {

struct ClaimsFlags {
  std::string report, claims, model;
  double width = 4;
  int max_runs = 20;
  bool json = false;
};

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
  const StoredRun run = LoadReport(flags.report);
  const std::vector<ClaimCard> cards = CheckClaims(run.report, claims, {flags.model, flags.width / 100, flags.max_runs});
  nlohmann::ordered_json json = nlohmann::ordered_json::array();
  int counts[4] = {};
  for (const ClaimCard& card : cards) {
    ++counts[static_cast<int>(card.verdict)];
    json.push_back(ToJson(card));
    if (!flags.json) fmt::print("{}\n", ToText(card));
  }
  const auto count = [&](ClaimVerdict verdict) { return counts[static_cast<int>(verdict)]; };
  if (flags.json) {
    const nlohmann::ordered_json all = {{"report", run.report_path.string()}, {"claims", json}};
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
  CLI::App* command = app.add_subcommand("claims", "What a report says about a vendor's published numbers");
  command->add_option("report", flags->report, "report.json, or the folder of a run")->required();
  command->add_option("--claims", flags->claims, "JSON file of claims; absent: the embedded table of LFM2.5-8B-A1B");
  command->add_option("--model", flags->model, "only this model's claims, and the report is of this model, whatever it says");
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
      "Example: tidemark claims out/eval-20260601T120000Z --model LFM2.5-8B-A1B");
  command->callback([flags, &exit_code] { exit_code = Claims(*flags); });
}

}  // namespace tidemark::cli
