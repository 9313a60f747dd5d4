#include "bench/page_cache.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>

namespace tidemark {
namespace {

// Calls fn(descriptor, bytes) for each file that can be opened and is not empty.
template <typename Fn>
void ForEach(const std::vector<std::filesystem::path>& files, Fn&& fn) {
  for (const std::filesystem::path& file : files) {
    const int fd = open(file.c_str(), O_RDONLY | O_CLOEXEC);
    if (fd < 0) continue;
    struct stat info {};
    if (fstat(fd, &info) == 0 && info.st_size > 0) fn(fd, static_cast<size_t>(info.st_size));
    close(fd);
  }
}

}  // namespace

double CachedShare(const std::vector<std::filesystem::path>& files) {
  const auto page = static_cast<size_t>(sysconf(_SC_PAGESIZE));
  int64_t pages = 0, cached = 0;
  ForEach(files, [&](int fd, size_t bytes) {
    void* map = mmap(nullptr, bytes, PROT_READ, MAP_SHARED, fd, 0);
    if (map == MAP_FAILED) return;
    std::vector<unsigned char> resident((bytes + page - 1) / page);
    if (mincore(map, bytes, resident.data()) == 0) {
      pages += static_cast<int64_t>(resident.size());
      cached += std::count_if(resident.begin(), resident.end(), [](unsigned char c) { return (c & 1) != 0; });
    }
    munmap(map, bytes);
  });
  return pages > 0 ? static_cast<double>(cached) / static_cast<double>(pages) : -1;
}

void DropFromPageCache(const std::vector<std::filesystem::path>& files) {
  ForEach(files, [](int fd, size_t) {
    fdatasync(fd);  // dirty pages cannot be dropped
    posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
  });
}

}  // namespace tidemark
