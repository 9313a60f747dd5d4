// Getting official rows: download over verified TLS into the cache, where a file appears only after its SHA-256 matched.
#ifndef TIDEMARK_DATASETS_FETCH_H_
#define TIDEMARK_DATASETS_FETCH_H_

#include <atomic>
#include <filesystem>
#include <functional>

#include "datasets/manifest.h"

namespace tidemark {

struct FetchOptions {
  std::filesystem::path cache = {};                                // empty: CacheDirectory()
  std::function<void(int64_t done, int64_t total)> progress = {};  // bytes; total from the manifest
  const std::atomic<bool>* cancel = nullptr;                       // becomes true: Error, nothing left behind
  bool force = false;                                              // download even if a good copy is in the cache
  bool allow_plain_http = false;                                   // for a mirror on loopback (tests); TLS otherwise
  long connect_timeout_seconds = 30;
  long stalled_seconds = 60;  // give up below 1 byte per second for that long
};

// Path of the verified file in the cache. Downloads unless a good copy is there. https only (redirects too), at most 5
// redirects, certificates verified, at most entry.bytes accepted. Throws Error: network, HTTP status, size, hash (with both
// digests), disk. The cache holds either the old state or the whole verified file, never a part.
std::filesystem::path FetchDataset(const DatasetEntry& entry, const FetchOptions& options = {});

// Path of the file in the cache after checking size and SHA-256. Throws Error: absent (with the command that fetches it) or
// different.
std::filesystem::path VerifyDataset(const DatasetEntry& entry, const std::filesystem::path& cache);

}  // namespace tidemark

#endif  // TIDEMARK_DATASETS_FETCH_H_
