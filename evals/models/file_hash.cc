#include "evals/models/file_hash.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <ctime>
#include <nlohmann/json.hpp>

#include "datasets/manifest.h"
#include "engine/core/error.h"
#include "engine/core/file.h"
#include "engine/core/sha256.h"

namespace tidemark {
namespace {

using Json = nlohmann::ordered_json;

constexpr uint64_t kMostEntryBytes = 4096;
constexpr time_t kSettledSeconds = 2;

// What identifies the content of a file without reading it.
std::string Stamp(const struct stat& s) {
  return fmt::format("{}:{}:{}:{}.{:09}:{}.{:09}", s.st_dev, s.st_ino, s.st_size, s.st_mtim.tv_sec, s.st_mtim.tv_nsec,
                     s.st_ctim.tv_sec, s.st_ctim.tv_nsec);
}

bool IsSha256(const std::string& text) {
  return text.size() == 64 && text.find_first_not_of("0123456789abcdef") == std::string::npos;
}

// "" if the entry is absent, unreadable or of another state of the file.
std::string Remembered(const std::filesystem::path& entry, const std::string& stamp) {
  std::error_code absent;
  if (!std::filesystem::exists(entry, absent)) return {};
  try {
    const Json json = Json::parse(ReadFile(entry, kMostEntryBytes), nullptr, /*allow_exceptions=*/false);
    if (!json.is_object() || json.value("stamp", Json()) != stamp) return {};
    const Json hash = json.value("sha256", Json());
    return hash.is_string() && IsSha256(hash.get<std::string>()) ? hash.get<std::string>() : std::string();
  } catch (const Error&) {
    return {};
  }
}

void Remember(const std::filesystem::path& entry, const std::string& stamp, const std::string& hash) {
  std::error_code ignored;
  std::filesystem::create_directories(entry.parent_path(), ignored);
  try {
    WriteFileAtomically(entry, Json{{"stamp", stamp}, {"sha256", hash}}.dump() + "\n");
  } catch (const Error&) {  // a read-only or full cache costs time, nothing else
  }
}

}  // namespace

std::string FileHash(const std::filesystem::path& file, const std::filesystem::path& cache, uint64_t remember_from) {
  struct stat before, after;
  const bool worth = stat(file.c_str(), &before) == 0 && static_cast<uint64_t>(before.st_size) >= remember_from;
  if (!worth) return Sha256File(file);
  std::filesystem::path entry;
  try {
    const std::string name = Sha256Hex(std::filesystem::absolute(file).string()).substr(0, 32) + ".json";
    entry = (cache.empty() ? CacheDirectory() : cache) / "hashes" / name;
  } catch (const Error&) {  // no home, hence no cache
    return Sha256File(file);
  }
  if (std::string hash = Remembered(entry, Stamp(before)); !hash.empty()) return hash;
  const std::string hash = Sha256File(file);
  const bool settled = stat(file.c_str(), &after) == 0 && Stamp(after) == Stamp(before) &&
                       std::time(nullptr) - before.st_ctim.tv_sec > kSettledSeconds;
  if (settled) Remember(entry, Stamp(before), hash);
  return hash;
}

}  // namespace tidemark
