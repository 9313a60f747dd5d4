// The layers of CONTRIBUTING.md, enforced: every quoted #include of the project goes to the same folder or down.
#include <filesystem>
#include <fstream>
#include <map>
#include <regex>
#include <set>
#include <string>
#include <vector>

#include "tests/support/catch.h"
#include "tests/support/paths.h"

namespace tidemark {
namespace {

namespace fs = std::filesystem;

// Longest matching prefix decides, so that engine/core is not engine.
const std::map<std::string, std::set<std::string>> kMayInclude = {
    {"engine/core", {"engine/core"}},
    {"engine/formats", {"engine/core", "engine/formats"}},
    {"engine", {"engine/core", "engine/formats", "engine"}},
    {"backends", {"engine/core", "engine/formats", "backends"}},
    {"datasets", {"engine/core", "engine/formats", "datasets", "embedded"}},
    {"reports", {"engine/core", "engine/formats", "reports", "embedded", "build_info.h"}},
    {"evals", {"engine/core", "engine/formats", "engine", "backends", "datasets", "reports", "evals", "embedded"}},
    {"bench", {"engine/core", "engine/formats", "engine", "backends", "datasets", "reports", "bench"}},
    {"cli", {"engine/core", "engine/formats", "engine", "backends", "datasets", "reports", "evals", "bench", "cli", "embedded"}},
};

std::string LayerOf(const std::string& path) {
  std::string best;
  for (const auto& [layer, unused] : kMayInclude) {
    if (path.starts_with(layer + "/") && layer.size() > best.size()) best = layer;
  }
  return best.empty() ? path.substr(0, path.find('/')) : best;
}

std::vector<std::string> Sources() {
  std::vector<std::string> paths;
  for (const auto& [layer, unused] : kMayInclude) {
    const fs::path root = fs::path(TIDEMARK_SOURCE_DIR) / layer;
    if (!fs::exists(root)) continue;
    for (const auto& entry : fs::recursive_directory_iterator(root)) {
      const std::string extension = entry.path().extension().string();
      if (extension == ".cc" || extension == ".h") paths.push_back(fs::relative(entry.path(), TIDEMARK_SOURCE_DIR).string());
    }
  }
  return paths;
}

TEST_CASE("includes go down, never sideways, never up") {
  const std::regex include(R"(^\s*#\s*include\s*"([^"]+)\")");
  const std::vector<std::string> sources = Sources();
  REQUIRE(sources.size() > 50);
  for (const std::string& source : sources) {
    const auto& allowed = kMayInclude.at(LayerOf(source));
    std::ifstream in(fs::path(TIDEMARK_SOURCE_DIR) / source);
    std::string line;
    for (int number = 1; std::getline(in, line); ++number) {
      std::smatch match;
      if (!std::regex_search(line, match, include)) continue;
      const std::string layer = LayerOf(match[1]);
      if (allowed.count(layer) == 0)
        FAIL_CHECK(source << ":" << number << " includes " << match[1] << " (layer " << layer << ")");
    }
  }
}

TEST_CASE("no file grows beyond 500 lines") {
  for (const std::string& source : Sources()) {
    std::ifstream in(fs::path(TIDEMARK_SOURCE_DIR) / source);
    std::string line;
    int lines = 0;
    while (std::getline(in, line)) ++lines;
    if (lines > 500) FAIL_CHECK(source << ": " << lines << " lines");
  }
}

}  // namespace
}  // namespace tidemark
