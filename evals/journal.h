// Files a run writes line by line. A line is on the disk before it counts, so that an interrupted run loses nothing finished.
// Every line ends with a check over its own bytes: after a power cut the last one may be cut short or hold anything at all.
#ifndef TIDEMARK_EVALS_JOURNAL_H_
#define TIDEMARK_EVALS_JOURNAL_H_

#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

namespace tidemark {

// An append-only JSON Lines file. Move-only. One writer at a time (RunLock).
class Journal {
 public:
  // Creates the file or empties it. Throws Error.
  explicit Journal(const std::filesystem::path& path) : Journal(path, 0) {}
  // Creates the file, or cuts it after its first keep_bytes, and goes on there. Throws Error.
  Journal(const std::filesystem::path& path, size_t keep_bytes);
  ~Journal();
  Journal(Journal&& other) noexcept;
  Journal& operator=(Journal&&) = delete;
  Journal(const Journal&) = delete;
  Journal& operator=(const Journal&) = delete;

  // Writes one checked line and syncs. Throws Error: disk full (then the file holds the lines before, so that they can be
  // scored), or a path that no longer names this file.
  void Append(const nlohmann::ordered_json& row);

 private:
  std::filesystem::path path_;
  int fd_ = -1;
};

// One JSON value as a line; bytes that are not UTF-8 become U+FFFD.
std::string JsonLine(const nlohmann::ordered_json& row);

// An object as a line of a journal: JsonLine with a last member "check", 16 hexadecimal digits of the SHA-256 of the line without
// that member and without the line end.
std::string CheckedLine(const nlohmann::ordered_json& row);

// line: without its end. False: it was not written by CheckedLine, or was changed since.
bool IsCheckedLine(std::string_view line);

// The lines of a journal that were written to their end: the longest prefix of checked lines with their line ends. What follows
// is what an interruption left of the last line. Throws Error for what no interruption does, where cutting would lose finished
// samples: a checked line after one that is not, lines that end in CR LF, a whole answer without its check (an edited one, or a
// file of another program).
std::string_view WholeLines(std::string_view content, const std::string& place);

// WriteFileAtomically for what is made from a journal: its Error also says that nothing finished is lost.
void WriteResult(const std::filesystem::path& path, std::string_view content);

// Keeps other processes out of an output directory: a lock on DIRECTORY/run.lock that ends with the process, however it ends.
class RunLock {
 public:
  // Throws Error if another process has it (with its id), or if the directory cannot be written.
  explicit RunLock(const std::filesystem::path& directory);
  ~RunLock();
  RunLock(const RunLock&) = delete;
  RunLock& operator=(const RunLock&) = delete;

  // Not empty: the file system has no locks, so nothing is kept out; a warning for the report.
  const std::string& warning() const { return warning_; }

 private:
  std::filesystem::path path_;
  int fd_ = -1;
  std::string warning_;
};

}  // namespace tidemark

#endif  // TIDEMARK_EVALS_JOURNAL_H_
