// Files: read-only mappings for weights, whole-file reads for small inputs, and writes that are complete or absent.
#ifndef TIDEMARK_ENGINE_CORE_FILE_H_
#define TIDEMARK_ENGINE_CORE_FILE_H_

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>

namespace tidemark {

// A whole file mapped read-only and shared; pages are read on first touch. Move-only.
class MappedFile {
 public:
  // Throws Error if the path is absent, unreadable, not a regular file, or empty.
  explicit MappedFile(const std::filesystem::path& path);
  ~MappedFile();
  MappedFile(MappedFile&& other) noexcept;
  MappedFile& operator=(MappedFile&& other) noexcept;
  MappedFile(const MappedFile&) = delete;
  MappedFile& operator=(const MappedFile&) = delete;

  std::span<const std::byte> bytes() const { return {data_, size_}; }
  const std::filesystem::path& path() const { return path_; }

  // Tells the kernel that the pages wholly inside the range will not be needed soon; they are read again if touched.
  void DropPages(std::span<const std::byte> range) const;

 private:
  std::filesystem::path path_;
  const std::byte* data_ = nullptr;
  size_t size_ = 0;
};

// The file's bytes. Throws Error if unreadable or larger than max_bytes.
std::string ReadFile(const std::filesystem::path& path, uint64_t max_bytes = uint64_t{256} << 20);

// Makes the names in a directory survive a power cut: what was created, renamed or removed there before is on the disk after.
// File systems that cannot do it are left alone. Throws Error.
void SyncDirectory(const std::filesystem::path& directory);

// Writes to a temporary neighbour (PATH.PID.tmp), syncs, renames and syncs the directory: after a crash the old file or the new
// one is there, never a part.
// Throws Error (disk full, unwritable directory) and removes the temporary file.
void WriteFileAtomically(const std::filesystem::path& path, std::string_view content);

}  // namespace tidemark

#endif  // TIDEMARK_ENGINE_CORE_FILE_H_
