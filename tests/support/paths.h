// Where tests find their files.
#ifndef TIDEMARK_TESTS_SUPPORT_PATHS_H_
#define TIDEMARK_TESTS_SUPPORT_PATHS_H_

#include <cstdlib>
#include <filesystem>
#include <optional>
#include <string>

namespace tidemark::test {

// Golden files of the repository, each beside the script that made it.
inline std::filesystem::path Golden(const std::string& name) {
  return std::filesystem::path(TIDEMARK_SOURCE_DIR) / "tests" / "golden" / name;
}

// Official data that is not part of the repository: $TIDEMARK_DATA, or ../shared/data beside the checkout. A test that needs
// a file which is not there skips visibly.
inline std::optional<std::filesystem::path> SharedData(const std::string& name) {
  const char* root = std::getenv("TIDEMARK_DATA");
  const std::filesystem::path base =
      root != nullptr ? std::filesystem::path(root) : std::filesystem::path(TIDEMARK_SOURCE_DIR) / ".." / "shared" / "data";
  std::error_code error;
  if (!std::filesystem::exists(base / name, error)) return std::nullopt;
  return base / name;
}

// A fresh empty directory, removed at the end of the scope.
class TemporaryDirectory {
 public:
  TemporaryDirectory() {
    std::string pattern = (std::filesystem::temp_directory_path() / "tidemark_test_XXXXXX").string();
    path_ = mkdtemp(pattern.data());
  }
  ~TemporaryDirectory() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TemporaryDirectory(const TemporaryDirectory&) = delete;
  TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

}  // namespace tidemark::test

#endif  // TIDEMARK_TESTS_SUPPORT_PATHS_H_
