#include "cli/default_model.h"

#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "embedded/default_model.h"
#include "engine/core/error.h"

namespace tidemark::cli {

ModelPath ResolveModel(const std::string& model) {
  if (model != "default") return {model, model, nullptr};
  const int fd = memfd_create("tidemark-default.gguf", MFD_CLOEXEC);
  if (fd < 0) throw Error("default model", std::strerror(errno), "an anonymous memory file");
  const std::shared_ptr<const int> file(new int(fd), [](const int* p) {
    close(*p);
    delete p;
  });
  std::string_view rest = embedded::default_model();
  while (!rest.empty()) {
    const ssize_t n = write(fd, rest.data(), rest.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) throw Error("default model", std::strerror(errno), "room in memory");
    rest.remove_prefix(static_cast<size_t>(n));
  }
  return {fmt::format("/proc/self/fd/{}", fd), model, file};
}

}  // namespace tidemark::cli
