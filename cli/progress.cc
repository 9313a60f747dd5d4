#include "cli/progress.h"

#include <fmt/format.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <optional>

#include "cli/messages.h"

namespace tidemark::cli {
namespace {

using Clock = std::chrono::steady_clock;
constexpr auto kRedraw = std::chrono::milliseconds(100);
constexpr auto kLogEvery = std::chrono::seconds(10);

std::optional<Clock::time_point> last_shown;  // the terminal's state, hence one per process
bool line_open = false;

}  // namespace

void ShowProgress(const std::string& line) {
  static const bool terminal = isatty(STDERR_FILENO) != 0;
  const auto now = Clock::now();
  if (last_shown && now - *last_shown < (terminal ? Clock::duration(kRedraw) : Clock::duration(kLogEvery))) return;
  last_shown = now;
  if (terminal) {
    Say("\r\x1b[K{}", line);
    std::fflush(stderr);
    line_open = true;
  } else {
    Say("{}\n", line);
  }
}

void ClearProgress() {
  if (line_open) Say("\r\x1b[K");
  std::fflush(stderr);
  line_open = false;
  last_shown.reset();
}

}  // namespace tidemark::cli
