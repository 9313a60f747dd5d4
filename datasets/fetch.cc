#include "datasets/fetch.h"

#include <curl/curl.h>

#include <memory>
#include <string>

#include "engine/core/error.h"
#include "engine/core/file.h"
#include "engine/core/sha256.h"

namespace tidemark {
namespace {

// What the callbacks of one transfer share. Datasets are small, so the body is held in memory until its hash is known; the
// manifest's size bounds it.
struct Transfer {
  const DatasetEntry* entry;
  const FetchOptions* options;
  std::string body;
  bool too_large = false;
};

size_t OnData(char* data, size_t size, size_t count, void* user) {
  auto& transfer = *static_cast<Transfer*>(user);
  const size_t bytes = size * count;
  if (transfer.body.size() + bytes > static_cast<size_t>(transfer.entry->bytes)) {
    transfer.too_large = true;
    return 0;  // fewer bytes than offered: libcurl aborts the transfer
  }
  transfer.body.append(data, bytes);
  if (transfer.options->progress) transfer.options->progress(static_cast<int64_t>(transfer.body.size()), transfer.entry->bytes);
  return bytes;
}

int OnProgress(void* user, curl_off_t, curl_off_t, curl_off_t, curl_off_t) {
  const auto& options = *static_cast<Transfer*>(user)->options;
  return options.cancel != nullptr && options.cancel->load() ? 1 : 0;
}

void Configure(CURL* curl, Transfer& transfer, char* error) {
  const FetchOptions& options = *transfer.options;
  const char* protocols = options.allow_plain_http ? "http,https" : "https";
  curl_easy_setopt(curl, CURLOPT_URL, transfer.entry->url.c_str());
  curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, protocols);
  curl_easy_setopt(curl, CURLOPT_REDIR_PROTOCOLS_STR, protocols);
  curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 1L);
  curl_easy_setopt(curl, CURLOPT_MAXREDIRS, 5L);
  curl_easy_setopt(curl, CURLOPT_SSL_VERIFYPEER, 1L);
  curl_easy_setopt(curl, CURLOPT_SSL_VERIFYHOST, 2L);
  curl_easy_setopt(curl, CURLOPT_FAILONERROR, 1L);
  curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT, options.connect_timeout_seconds);
  curl_easy_setopt(curl, CURLOPT_LOW_SPEED_LIMIT, 1L);
  curl_easy_setopt(curl, CURLOPT_LOW_SPEED_TIME, options.stalled_seconds);
  curl_easy_setopt(curl, CURLOPT_USERAGENT, "tidemark");
  curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, error);
  curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, &OnData);
  curl_easy_setopt(curl, CURLOPT_WRITEDATA, &transfer);
  curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
  curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, &OnProgress);
  curl_easy_setopt(curl, CURLOPT_XFERINFODATA, &transfer);
}

std::string Download(const DatasetEntry& entry, const FetchOptions& options) {
  const std::unique_ptr<CURL, decltype(&curl_easy_cleanup)> curl(curl_easy_init(), &curl_easy_cleanup);
  if (curl == nullptr) throw Error(entry.url, "libcurl failed to start", "a download");
  char message[CURL_ERROR_SIZE] = "";
  Transfer transfer{&entry, &options, {}, false};
  Configure(curl.get(), transfer, message);
  const CURLcode code = curl_easy_perform(curl.get());
  if (transfer.too_large) {
    throw Error(entry.url, fmt::format("more than {} bytes", entry.bytes), "the pinned file", "the publisher changed it");
  }
  if (code == CURLE_ABORTED_BY_CALLBACK) throw Error(entry.url, "an interrupted download", "");
  if (code != CURLE_OK) {
    throw Error(entry.url, *message != '\0' ? message : curl_easy_strerror(code), "a download",
                "check the network, then try again");
  }
  return std::move(transfer.body);
}

void CheckBytes(const std::string& place, size_t bytes, const std::string& sha256, const DatasetEntry& entry, const char* hint) {
  if (static_cast<int64_t>(bytes) != entry.bytes) {
    throw Error(place, fmt::format("{} bytes", bytes), fmt::format("{} bytes", entry.bytes), hint);
  }
  if (sha256 != entry.sha256) throw Error(place, "sha256 " + sha256, "sha256 " + entry.sha256, hint);
}

}  // namespace

std::filesystem::path FetchDataset(const DatasetEntry& entry, const FetchOptions& options) {
  const std::filesystem::path cache = options.cache.empty() ? CacheDirectory() : options.cache;
  const std::filesystem::path path = cache / entry.file;
  std::error_code error;
  if (!options.force && std::filesystem::exists(path, error)) {
    const std::string content = ReadFile(path);
    if (static_cast<int64_t>(content.size()) == entry.bytes && Sha256Hex(content) == entry.sha256) return path;
  }
  std::filesystem::create_directories(cache, error);
  if (error) throw Error(cache.string(), error.message(), "a writable cache directory", "set TIDEMARK_CACHE");
  const std::string body = Download(entry, options);
  CheckBytes(entry.url, body.size(), Sha256Hex(body), entry, "the publisher changed it, or something on the way did");
  WriteFileAtomically(path, body);
  return path;
}

std::filesystem::path VerifyDataset(const DatasetEntry& entry, const std::filesystem::path& cache) {
  const std::filesystem::path path = cache / entry.file;
  const std::string fetch = "tidemark datasets fetch " + entry.name;
  std::error_code ignored;
  if (!std::filesystem::exists(path, ignored))
    throw Error(path.string(), "no such file", "dataset " + entry.name, "run: " + fetch);
  const std::string content = ReadFile(path);
  CheckBytes(path.string(), content.size(), Sha256Hex(content), entry, ("run: " + fetch + " --force").c_str());
  return path;
}

}  // namespace tidemark
