// The embedded default model as a file that can be mapped.
#ifndef TIDEMARK_CLI_DEFAULT_MODEL_H_
#define TIDEMARK_CLI_DEFAULT_MODEL_H_

#include <filesystem>
#include <memory>
#include <string>

namespace tidemark::cli {

// A model path; for the embedded model also what keeps its anonymous file
// alive.
struct ModelPath {
  std::filesystem::path path;
  std::string name;                 // for people and reports: the path as given, or "default"
  std::shared_ptr<const int> file;  // open descriptor behind path; null for ordinary files
};

// "default" puts the embedded bytes into an anonymous memory file (memfd) and
// names it through /proc; nothing touches a disk. Everything else is a path and
// is not checked here. Throws Error if no memory file can be made.
ModelPath ResolveModel(const std::string& model);

}  // namespace tidemark::cli

#endif  // TIDEMARK_CLI_DEFAULT_MODEL_H_
