#include "backends/library_threads.h"

#include <dlfcn.h>

namespace tidemark {
namespace {

using SetThreads = void (*)(int);

// Looked up by name, because the runtime to set is the one that the library loaded (libgomp, libomp), not the one that our
// compiler would link.
SetThreads FindSetThreads() {
  static const SetThreads found = reinterpret_cast<SetThreads>(dlsym(RTLD_DEFAULT, "omp_set_num_threads"));
  return found;
}

}  // namespace

std::string WhyNotCapped(const Cpu& cpu) {
  if (cpu.isa_cap.empty() || cpu.isa_cap == "amx") return {};
  return "instruction sets above " + cpu.isa_cap + " are hidden, but the library chooses its instructions itself";
}

bool OpenMpIsLoaded() { return FindSetThreads() != nullptr; }

void UseOneOpenMpThread() {
  if (const SetThreads set_threads = FindSetThreads()) set_threads(1);
}

}  // namespace tidemark
