#include "evals/journal.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "engine/core/error.h"
#include "engine/core/file.h"
#include "engine/core/sha256.h"

namespace tidemark {
namespace {

constexpr size_t kCheckDigits = 16;
constexpr std::string_view kCheckKey = ",\"check\":\"";
constexpr size_t kTailBytes = kCheckKey.size() + kCheckDigits + 2;  // with the closing quote and brace

constexpr const char* kCrLf = "a line that ends in CR LF";
constexpr const char* kHint =
    "finished samples are kept; make room and go on with --resume (or, if it has none, give the command again)";

// Part of a line at the end would make the whole file unreadable as JSON Lines.
void CutTo(int fd, off_t size) {
  const int saved = errno;
  if (size >= 0 && ftruncate(fd, size) != 0) errno = saved;  // the failed write is what matters
  errno = saved;
}

[[noreturn]] void ThrowErrno(const std::filesystem::path& path, const char* verb) {
  throw Error(path.string(), fmt::format("{} ({})", std::strerror(errno), verb), "a disk with room", kHint);
}

std::string Check(std::string_view object) { return Sha256Hex(object).substr(0, kCheckDigits); }

// What is wrong with a line that is not checked, if an interruption cannot have left it; empty: it can have.
std::string WhyNotTorn(std::string_view line) {
  if (line.ends_with('\r') && IsCheckedLine(line.substr(0, line.size() - 1))) return kCrLf;
  if (!line.starts_with('{') || line.find('\0') != line.npos) return "";  // the JSON library takes a NUL for the end
  const auto row = nlohmann::json::parse(line, nullptr, /*allow_exceptions=*/false);
  return row.is_object() && (row.contains("response") || row.contains("error")) ? "an answer whose check is missing or wrong"
                                                                                : "";
}

// The id that the process with the lock left in the file; digits only, since anything may be in there.
std::string Holder(int fd) {
  char text[32] = {};
  const ssize_t n = pread(fd, text, sizeof text - 1, 0);
  const std::string_view seen(text, n > 0 ? static_cast<size_t>(n) : 0);
  return std::string(seen.substr(0, seen.find_first_not_of("0123456789")));
}

// Whether the path still names the file that was opened by it. A lock's file may have been removed by its last user between open
// and lock; then the lock protects nothing.
bool StillThere(int fd, const std::filesystem::path& path) {
  struct stat opened, named;
  return fstat(fd, &opened) == 0 && stat(path.c_str(), &named) == 0 && opened.st_ino == named.st_ino &&
         opened.st_dev == named.st_dev;
}

}  // namespace

Journal::Journal(const std::filesystem::path& path, size_t keep_bytes) : path_(path) {
  fd_ = open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
  if (fd_ < 0) {
    throw Error(path.string(), std::strerror(errno), "a file that can be written",
                "check the permissions, or choose another --out; nothing was changed");
  }
  struct stat status;
  const bool regular = fstat(fd_, &status) == 0 && S_ISREG(status.st_mode);
  if (regular && ftruncate(fd_, static_cast<off_t>(keep_bytes)) != 0) {
    const std::string problem = std::strerror(errno);
    close(fd_);
    throw Error(path.string(), problem, "a file that can be written",
                "free space, or check the permissions; finished samples are kept, --resume goes on");
  }
  SyncDirectory(path.parent_path());  // or the first samples could vanish with the name of their file
}

Journal::~Journal() {
  if (fd_ >= 0) close(fd_);
}

Journal::Journal(Journal&& other) noexcept : path_(std::move(other.path_)), fd_(std::exchange(other.fd_, -1)) {}

void Journal::Append(const nlohmann::ordered_json& row) {
  const std::string line = CheckedLine(row);
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
  if (fdatasync(fd_) != 0 && errno != EINVAL && errno != EROFS) {
    CutTo(fd_, before);
    ThrowErrno(path_, "sync");
  }
  // Not by the count of links: some FUSE file systems give none, and NFS keeps a removed file under another name.
  struct stat status;
  if (fstat(fd_, &status) == 0 && S_ISREG(status.st_mode) && !StillThere(fd_, path_)) {
    throw Error(path_.string(), "removed or moved while the run was writing to it", "a folder that stays until the run ends",
                "if it was moved, go on there with --resume; what was removed is gone: start again");
  }
}

std::string JsonLine(const nlohmann::ordered_json& row) {
  return row.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + "\n";
}

std::string CheckedLine(const nlohmann::ordered_json& row) {
  TM_CHECK(row.is_object() && !row.empty(), "a line of a journal is an object with members");
  std::string line = JsonLine(row);
  line.pop_back();
  const std::string check = Check(line);
  line.pop_back();
  return fmt::format("{}{}{}\"}}\n", line, kCheckKey, check);
}

bool IsCheckedLine(std::string_view line) {
  if (line.size() < kTailBytes + 1 || line.front() != '{') return false;
  const std::string_view tail = line.substr(line.size() - kTailBytes);
  if (tail.substr(0, kCheckKey.size()) != kCheckKey || tail.substr(kTailBytes - 2) != "\"}") return false;
  const std::string object = std::string(line.substr(0, line.size() - kTailBytes)) + "}";
  return tail.substr(kCheckKey.size(), kCheckDigits) == Check(object);
}

std::string_view WholeLines(std::string_view content, const std::string& place) {
  size_t whole = 0;
  int64_t number = 0, broken = 0, changed = 0;  // lines; the first of each kind
  std::string change;
  for (size_t begin = 0; begin < content.size();) {
    const size_t end = content.find('\n', begin);
    if (end == content.npos) break;
    ++number;
    const std::string_view line = content.substr(begin, end - begin);
    if (!IsCheckedLine(line)) {
      if (broken == 0) broken = number;
      if (changed == 0 && !(change = WhyNotTorn(line)).empty()) changed = number;
    } else if (broken != 0) {
      throw Error(fmt::format("{}:{}", place, broken), fmt::format("a damaged line before whole ones (line {})", number),
                  "damage in the last line only", "remove the line; its sample is asked again");
    } else {
      whole = end + 1;
    }
    begin = end + 1;
  }
  if (changed != 0) {
    const bool ends = change == kCrLf;
    throw Error(fmt::format("{}:{}", place, changed), change, "lines as the run wrote them",
                ends ? "turn the line ends back into LF (dos2unix); nothing was changed"
                     : "put back the file as it was, or remove the line: its sample is asked again; nothing was changed");
  }
  return content.substr(0, whole);
}

void WriteResult(const std::filesystem::path& path, std::string_view content) {
  try {
    WriteFileAtomically(path, content);
  } catch (const Error& e) {
    throw Error(e.place(), e.found(), "a disk with room", kHint);
  }
}

RunLock::RunLock(const std::filesystem::path& directory) : path_(directory / "run.lock") {
  for (;;) {
    fd_ = open(path_.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
    if (fd_ < 0) throw Error(path_.string(), std::strerror(errno), "a writable directory", "choose another --out");
    if (flock(fd_, LOCK_EX | LOCK_NB) != 0) {
      if (errno == EINTR) {
        close(fd_);
        continue;
      }
      if (errno == EWOULDBLOCK) {
        const std::string holder = Holder(fd_);
        close(fd_);
        throw Error(directory.string(), "another process at work there" + (holder.empty() ? "" : " (" + holder + ")"),
                    "one run per directory", "wait for it, or choose another --out");
      }
      warning_ = fmt::format("{}: no locks on this file system ({}); no second run may write there", directory.string(),
                             std::strerror(errno));
      return;
    }
    if (StillThere(fd_, path_)) break;
    close(fd_);
  }
  const std::string id = fmt::format("{}\n", getpid());
  // Only for the message that others see.
  [[maybe_unused]] const bool told = ftruncate(fd_, 0) == 0 && pwrite(fd_, id.data(), id.size(), 0) > 0;
}

RunLock::~RunLock() {
  if (warning_.empty()) unlink(path_.c_str());
  close(fd_);
}

}  // namespace tidemark
