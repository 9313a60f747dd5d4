#include "evals/journal.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "engine/core/error.h"

namespace tidemark {
namespace {

// Part of a line at the end would make the whole file unreadable as JSON Lines.
void CutTo(int fd, off_t size) {
  const int saved = errno;
  if (size >= 0 && ftruncate(fd, size) != 0) errno = saved;  // the failed write is what matters
  errno = saved;
}

[[noreturn]] void ThrowErrno(const std::filesystem::path& path, const char* verb) {
  throw Error(path.string(), fmt::format("{} ({})", std::strerror(errno), verb), "a disk with room", "finished samples are kept");
}

}  // namespace

Journal::Journal(const std::filesystem::path& path) : path_(path) {
  fd_ = open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0644);
  if (fd_ < 0) throw Error(path.string(), std::strerror(errno), "a writable directory", "choose another --out");
}

Journal::~Journal() {
  if (fd_ >= 0) close(fd_);
}

Journal::Journal(Journal&& other) noexcept : path_(std::move(other.path_)), fd_(std::exchange(other.fd_, -1)) {}

void Journal::Append(const nlohmann::ordered_json& row) {
  const std::string line = JsonLine(row);
  const off_t before = lseek(fd_, 0, SEEK_END);
  size_t done = 0;
  while (done < line.size()) {
    const ssize_t n = write(fd_, line.data() + done, line.size() - done);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) {
      CutTo(fd_, before);
      ThrowErrno(path_, "write");
    }
    done += static_cast<size_t>(n);
  }
  // A pipe or a terminal cannot be synced and need not be.
  if (fdatasync(fd_) != 0 && errno != EINVAL && errno != EROFS) ThrowErrno(path_, "sync");
}

std::string JsonLine(const nlohmann::ordered_json& row) {
  return row.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + "\n";
}

}  // namespace tidemark
