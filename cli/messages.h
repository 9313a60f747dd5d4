// Messages on stderr. A run of hours must not end because nobody reads them any more: a log on a full disk, a closed pipe.
#ifndef TIDEMARK_CLI_MESSAGES_H_
#define TIDEMARK_CLI_MESSAGES_H_

#include <fmt/format.h>

#include <cstdio>
#include <string>
#include <utility>

namespace tidemark::cli {

// As fmt::print(stderr, ...), but what cannot be written is lost without an exception.
template <typename... Args>
void Say(fmt::format_string<Args...> format, Args&&... args) {
  const std::string text = fmt::format(format, std::forward<Args>(args)...);
  [[maybe_unused]] const size_t written = std::fwrite(text.data(), 1, text.size(), stderr);
}

}  // namespace tidemark::cli

#endif  // TIDEMARK_CLI_MESSAGES_H_
