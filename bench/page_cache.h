// The kernel's cache of file pages, which decides whether "load" means reading a disk or mapping memory.
#ifndef TIDEMARK_BENCH_PAGE_CACHE_H_
#define TIDEMARK_BENCH_PAGE_CACHE_H_

#include <filesystem>
#include <vector>

namespace tidemark {

// Share of the files' pages that are cached now (mincore), in [0, 1]; -1: unknown.
double CachedShare(const std::vector<std::filesystem::path>& files);

// Asks the kernel to forget the files' clean pages (posix_fadvise DONTNEED). Pages that some process has mapped and used stay,
// and so do files that live in memory alone: CachedShare tells what it came to.
void DropFromPageCache(const std::vector<std::filesystem::path>& files);

}  // namespace tidemark

#endif  // TIDEMARK_BENCH_PAGE_CACHE_H_
