// Where a measurement was made: processor, memory, kernel, and the build that ran. Collected once per report.
#ifndef TIDEMARK_REPORTS_ENVIRONMENT_H_
#define TIDEMARK_REPORTS_ENVIRONMENT_H_

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>

#include "engine/core/cpu.h"

namespace tidemark {

// How this program was built, from the header that CMake rewrites at every build (cmake/BuildInfo.cmake).
struct BuildInfo {
  std::string version;               // of the project
  std::string git_commit;            // "unknown" outside a checkout
  bool git_dirty = false;            // tracked files differed from the commit
  std::string compiler;              // "GNU 12.2.0"
  std::string build_type;            // "Release"
  std::string flags;                 // compiler flags of every file
  nlohmann::ordered_json libraries;  // name -> version; "absent" if built without
};
BuildInfo GetBuildInfo();

// The "environment" object of reports/schema.json. What the machine hides is "unknown" (text) or 0 (bytes).
nlohmann::ordered_json CollectEnvironment(const Cpu& cpu);

// Largest resident memory of this process so far (VmHWM), bytes; 0 if the kernel does not say.
int64_t PeakResidentBytes();

// "2026-01-31T12:00:00Z", now.
std::string UtcNow();

}  // namespace tidemark

#endif  // TIDEMARK_REPORTS_ENVIRONMENT_H_
