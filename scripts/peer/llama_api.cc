// Finding and opening the libraries of llama.cpp (the contract is in the header). File names follow ggml's own convention:
// libggml-cpu-VARIANT.so, each with a function ggml_backend_score that says how well it suits this processor.
#include "llama_api.h"

#include <dlfcn.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <stdexcept>

namespace peer {
namespace {

namespace fs = std::filesystem;

void* Open(const fs::path& path) {
  void* handle = dlopen(path.c_str(), RTLD_NOW | RTLD_GLOBAL);
  if (handle == nullptr) throw std::runtime_error(path.string() + ": " + dlerror());
  return handle;
}

template <typename Function>
void Find(void* handle, const fs::path& library, const char* name, Function& function) {
  function = reinterpret_cast<Function>(dlsym(handle, name));
  if (function == nullptr)
    throw std::runtime_error(library.string() + ": no function " + name + "; expected the version of the headers");
}

// libNAME.so or libNAME.vX.Y.Z.so; the shortest file name wins.
fs::path Library(const fs::path& folder, const std::string& name) {
  fs::path found;
  for (const fs::directory_entry& entry : fs::directory_iterator(folder)) {
    const std::string file = entry.path().filename().string();
    const bool fits = file.rfind("lib" + name + ".", 0) == 0 && file.find(".so") != std::string::npos;
    if (fits && (found.empty() || file.size() < found.filename().string().size())) found = entry.path();
  }
  if (found.empty())
    throw std::runtime_error(folder.string() + ": no lib" + name + "*.so; expected a folder of llama.cpp's libraries");
  return found;
}

int Score(const std::string& path) {
  void* handle = dlopen(path.c_str(), RTLD_LAZY | RTLD_LOCAL);
  if (handle == nullptr) return 0;
  const auto score = reinterpret_cast<int (*)()>(dlsym(handle, "ggml_backend_score"));
  const int value = score == nullptr ? 0 : score();
  dlclose(handle);
  return value;
}

std::string Names(const std::vector<Variant>& variants) {
  std::string names;
  for (const Variant& v : variants) names += (names.empty() ? "" : ", ") + v.name + (v.score > 0 ? "" : " (not on this machine)");
  return names;
}

// Errors only: the rest is progress and the model's metadata.
void Log(ggml_log_level level, const char* text, void*) {
  if (level == GGML_LOG_LEVEL_ERROR) std::fputs(text, stderr);
}

Variant Choose(const std::vector<Variant>& variants, const std::string& wanted) {
  const std::string name = wanted == "avx2" ? "haswell" : wanted;
  for (const Variant& v : variants) {
    const bool only = v.name == "native" && wanted == "best";
    const bool best = wanted == "best" && v.score > 0;
    const bool avx512 = wanted == "avx512" && v.score > 0 &&
                        (v.name == "zen4" || v.name == "cooperlake" || v.name == "icelake" || v.name == "cascadelake" ||
                         v.name == "cannonlake" || v.name == "skylakex");
    if (!only && !best && !avx512 && v.name != name) continue;
    if (v.name != "native" && v.score == 0)
      throw std::runtime_error("variant " + v.name + " needs instructions that this machine lacks");
    return v;
  }
  throw std::runtime_error("no CPU variant \"" + wanted + "\"; there are: " + Names(variants));
}

}  // namespace

std::vector<Variant> FindVariants(const std::string& folder) {
  std::vector<Variant> variants;
  if (!fs::is_directory(folder)) throw std::runtime_error(folder + ": not a folder; expected llama.cpp's shared libraries in it");
  const std::string prefix = "libggml-cpu-";
  Library(folder, "ggml-base");
  Open(Library(folder, "ggml-base"));  // the variants need its symbols
  for (const fs::directory_entry& entry : fs::directory_iterator(folder)) {
    const std::string file = entry.path().filename().string();
    if (file.rfind(prefix, 0) != 0 || entry.path().extension() != ".so") continue;
    const std::string path = entry.path().string();
    variants.push_back({file.substr(prefix.size(), file.size() - prefix.size() - 3), path, Score(path)});
  }
  if (variants.empty()) variants.push_back({"native", Library(folder, "ggml-cpu").string(), 0});
  std::sort(variants.begin(), variants.end(),
            [](const Variant& a, const Variant& b) { return a.score != b.score ? a.score > b.score : a.name < b.name; });
  return variants;
}

Api OpenLlama(const std::string& folder, const std::string& variant, const std::string& header_version) {
  Api api;
  const Variant chosen = Choose(FindVariants(folder), variant);
  const fs::path base_path = Library(folder, "ggml-base"), ggml_path = Library(folder, "ggml"),
                 llama_path = Library(folder, "llama");
  void* base = Open(base_path);
  void* ggml = Open(ggml_path);
#define PEER_FIND(name) Find(base, base_path, #name, api.name);
  PEER_GGML_BASE_FUNCTIONS(PEER_FIND)
#undef PEER_FIND
#define PEER_FIND(name) Find(ggml, ggml_path, #name, api.name);
  PEER_GGML_FUNCTIONS(PEER_FIND)
#undef PEER_FIND
  void* llama = Open(llama_path);
#define PEER_FIND(name) Find(llama, llama_path, #name, api.name);
  PEER_LLAMA_FUNCTIONS(PEER_FIND)
#undef PEER_FIND
  const std::string version = api.llama_version();  // between releases with "-dev" at the end
  if (version.substr(0, version.find('-')) != header_version) {
    throw std::runtime_error(llama_path.string() + ": version " + version + "; this program was built with the headers of " +
                             header_version);
  }
  api.llama_log_set(Log, nullptr);
  // A build with one CPU library links it and registers it by itself.
  ggml_backend_reg_t reg =
      chosen.name == "native" ? api.ggml_backend_reg_by_name("CPU") : api.ggml_backend_load(chosen.path.c_str());
  if (reg == nullptr) throw std::runtime_error(chosen.path + ": ggml could not load it");
  api.variant = chosen.name;
  const auto find = [&](const char* name) { return api.ggml_backend_reg_get_proc_address(reg, name); };
  api.ggml_threadpool_new = reinterpret_cast<decltype(&::ggml_threadpool_new)>(find("ggml_threadpool_new"));
  api.ggml_threadpool_free = reinterpret_cast<decltype(&::ggml_threadpool_free)>(find("ggml_threadpool_free"));
  if (api.ggml_threadpool_new == nullptr || api.ggml_threadpool_free == nullptr) {
    throw std::runtime_error(chosen.path + ": no thread pool functions");
  }
  return api;
}

}  // namespace peer
