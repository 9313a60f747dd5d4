// `tidemark compare` of two speed reports: the table, the JSON and the exit code.
#ifndef TIDEMARK_CLI_COMPARE_SPEED_H_
#define TIDEMARK_CLI_COMPARE_SPEED_H_

#include <nlohmann/json.hpp>
#include <string>

namespace tidemark::cli {

inline constexpr double kSpeedMargin = 2;  // percent

struct NamedReport {
  std::string place;
  const nlohmann::ordered_json* json = nullptr;
};

// margin in percent. out: also a JSON file, if not empty; json: on stdout instead of the table. Returns the exit code: kFailure
// if a rate is slower, kInconclusive if one cannot be told or is missing in the candidate. Throws Error: reports that are none,
// or have nothing in common.
int CompareSpeedReports(const NamedReport& baseline, const NamedReport& candidate, double margin, const std::string& out,
                        bool json);

}  // namespace tidemark::cli

#endif  // TIDEMARK_CLI_COMPARE_SPEED_H_
