// One self-overwriting line on stderr. On a terminal it is redrawn; elsewhere
// (logs) it is printed at most every ten seconds.
#ifndef TIDEMARK_CLI_PROGRESS_H_
#define TIDEMARK_CLI_PROGRESS_H_

#include <string>

namespace tidemark::cli {

void ShowProgress(const std::string& line);
void ClearProgress();  // before any other message, and at the end

}  // namespace tidemark::cli

#endif  // TIDEMARK_CLI_PROGRESS_H_
