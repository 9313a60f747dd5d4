// A report in short, for people.
#ifndef TIDEMARK_CLI_SUMMARY_H_
#define TIDEMARK_CLI_SUMMARY_H_

#include <filesystem>

#include "reports/report.h"

namespace tidemark::cli {

// Prints the headline metrics with their intervals, counts, rates and warnings,
// and where the report is; or, with json, the report itself. Returns the exit
// code: 2 if the run was interrupted or more than a tenth of the samples
// failed.
int ShowReport(const Report& report, const std::filesystem::path& path, bool json);

}  // namespace tidemark::cli

#endif  // TIDEMARK_CLI_SUMMARY_H_
