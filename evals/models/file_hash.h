// SHA-256 of model files, remembered between runs: a model of many gigabytes is named by its hash at every start, and reading
// it costs longer than many a run.
#ifndef TIDEMARK_EVALS_MODELS_FILE_HASH_H_
#define TIDEMARK_EVALS_MODELS_FILE_HASH_H_

#include <cstdint>
#include <filesystem>
#include <string>

namespace tidemark {

// The hash of a file. One of at least `remember_from` bytes is looked up in CACHE/hashes first, where an entry holds as long as
// device, inode, size, and the times of the last change of content and of inode are what they were (nanoseconds). Files changed
// within the last two seconds are not remembered, because their next change might carry the same time. The cache is a help:
// what cannot be read or written there is as if absent. cache empty: CacheDirectory(). Throws Error: the file is unreadable.
std::string FileHash(const std::filesystem::path& file, const std::filesystem::path& cache = {},
                     uint64_t remember_from = uint64_t{64} << 20);

}  // namespace tidemark

#endif  // TIDEMARK_EVALS_MODELS_FILE_HASH_H_
