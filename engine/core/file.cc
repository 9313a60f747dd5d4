#include "engine/core/file.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "engine/core/error.h"

namespace tidemark {
namespace {

class FileDescriptor {
 public:
  explicit FileDescriptor(int fd) : fd_(fd) {}
  ~FileDescriptor() {
    if (fd_ >= 0) close(fd_);
  }
  FileDescriptor(const FileDescriptor&) = delete;
  FileDescriptor& operator=(const FileDescriptor&) = delete;
  int get() const { return fd_; }

 private:
  int fd_;
};

[[noreturn]] void ThrowErrno(const std::filesystem::path& path, const char* verb) {
  throw Error(path.string(), fmt::format("{} ({})", std::strerror(errno), verb), "");
}

// Opens a regular file for reading and gives its size.
int OpenRegular(const std::filesystem::path& path, uint64_t& size) {
  // O_NONBLOCK: opening a named pipe must not hang; it has no effect on regular files.
  const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0) ThrowErrno(path, "open");
  struct stat status;
  const bool ok = fstat(fd, &status) == 0 && S_ISREG(status.st_mode);
  if (!ok) {
    const bool directory = S_ISDIR(status.st_mode);
    close(fd);
    throw Error(path.string(), directory ? "a directory" : "not a regular file", "a file");
  }
  size = static_cast<uint64_t>(status.st_size);
  return fd;
}

void WriteAll(int fd, std::string_view content, const std::filesystem::path& path) {
  while (!content.empty()) {
    const ssize_t n = write(fd, content.data(), content.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) ThrowErrno(path, "write");
    content.remove_prefix(static_cast<size_t>(n));
  }
}

}  // namespace

MappedFile::MappedFile(const std::filesystem::path& path) : path_(path) {
  uint64_t size = 0;
  const FileDescriptor fd(OpenRegular(path, size));
  if (size == 0) throw Error(path.string(), "an empty file", "a model file", "was the download interrupted?");
  void* data = mmap(nullptr, size, PROT_READ, MAP_SHARED, fd.get(), 0);
  if (data == MAP_FAILED) ThrowErrno(path, "mmap");
  data_ = static_cast<const std::byte*>(data);
  size_ = size;
}

MappedFile::~MappedFile() {
  if (data_ != nullptr) munmap(const_cast<std::byte*>(data_), size_);
}

MappedFile::MappedFile(MappedFile&& other) noexcept
    : path_(std::move(other.path_)), data_(std::exchange(other.data_, nullptr)), size_(std::exchange(other.size_, 0)) {}

MappedFile& MappedFile::operator=(MappedFile&& other) noexcept {
  std::swap(path_, other.path_);
  std::swap(data_, other.data_);
  std::swap(size_, other.size_);
  return *this;
}

void MappedFile::DropPages(std::span<const std::byte> range) const {
  const auto page = static_cast<uintptr_t>(sysconf(_SC_PAGESIZE));
  const auto begin = (reinterpret_cast<uintptr_t>(range.data()) + page - 1) / page * page;
  const auto end = reinterpret_cast<uintptr_t>(range.data() + range.size()) / page * page;
  if (begin < end) madvise(reinterpret_cast<void*>(begin), end - begin, MADV_DONTNEED);
}

std::string ReadFile(const std::filesystem::path& path, uint64_t max_bytes) {
  uint64_t size = 0;
  const FileDescriptor fd(OpenRegular(path, size));
  if (size > max_bytes) throw Error(path.string(), fmt::format("{} bytes", size), fmt::format("at most {} bytes", max_bytes));
  std::string content(size, '\0');
  size_t done = 0;
  while (done < content.size()) {
    const ssize_t n = read(fd.get(), content.data() + done, content.size() - done);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) ThrowErrno(path, "read");
    if (n == 0) break;  // the file shrank while being read
    done += static_cast<size_t>(n);
  }
  content.resize(done);
  return content;
}

void SyncDirectory(const std::filesystem::path& directory) {
  const std::filesystem::path path = directory.empty() ? "." : directory;
  const FileDescriptor fd(open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (fd.get() < 0) ThrowErrno(path, "open");
  if (fsync(fd.get()) != 0 && errno != EINVAL && errno != EROFS && errno != ENOTSUP) ThrowErrno(path, "sync");
}

void WriteFileAtomically(const std::filesystem::path& path, std::string_view content) {
  std::filesystem::path temporary = path;
  temporary += fmt::format(".{}.tmp", getpid());
  try {
    const FileDescriptor fd(open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644));
    if (fd.get() < 0) ThrowErrno(path, "create");
    WriteAll(fd.get(), content, path);
    if (fsync(fd.get()) != 0) ThrowErrno(path, "sync");
    if (rename(temporary.c_str(), path.c_str()) != 0) ThrowErrno(path, "rename");
  } catch (...) {
    unlink(temporary.c_str());
    throw;
  }
  SyncDirectory(path.parent_path());
}

}  // namespace tidemark
