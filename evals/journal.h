// Files a run writes line by line. A line is on the disk before it counts, so that an interrupted run loses nothing finished.
#ifndef TIDEMARK_EVALS_JOURNAL_H_
#define TIDEMARK_EVALS_JOURNAL_H_

#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>

namespace tidemark {

// An append-only JSON Lines file. Move-only.
class Journal {
 public:
  // Creates the file or empties it. Throws Error.
  explicit Journal(const std::filesystem::path& path);
  ~Journal();
  Journal(Journal&& other) noexcept;
  Journal& operator=(Journal&&) = delete;
  Journal(const Journal&) = delete;
  Journal& operator=(const Journal&) = delete;

  // Writes one line and syncs. Throws Error (disk full); then the file holds the lines before, so that they can be scored.
  void Append(const nlohmann::ordered_json& row);

 private:
  std::filesystem::path path_;
  int fd_ = -1;
};

// One JSON value as a line; bytes that are not UTF-8 become U+FFFD.
std::string JsonLine(const nlohmann::ordered_json& row);

}  // namespace tidemark

#endif  // TIDEMARK_EVALS_JOURNAL_H_
