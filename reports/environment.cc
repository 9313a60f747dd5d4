#include "reports/environment.h"

#include <sys/utsname.h>

#include <ctime>
#include <fstream>

#include "build_info.h"

namespace tidemark {
namespace {

// Value of "NAME:   value" or NAME=value in a file of such lines; empty if absent.
std::string LineValue(const char* file, std::string_view name, char separator) {
  std::ifstream in(file);
  for (std::string line; std::getline(in, line);) {
    const size_t end = line.find(separator);
    if (end == std::string::npos || std::string_view(line).substr(0, end) != name) continue;
    const size_t first = line.find_first_not_of(" \t\"", end + 1);
    const size_t last = line.find_last_not_of(" \t\"");
    return first == std::string::npos ? "" : line.substr(first, last - first + 1);
  }
  return "";
}

int64_t KibibytesLine(const char* file, std::string_view name) {
  return std::strtoll(LineValue(file, name, ':').c_str(), nullptr, 10) * 1024;
}

std::string Known(std::string text) { return text.empty() ? "unknown" : text; }

std::string FirstLine(const char* file) {
  std::ifstream in(file);
  std::string line;
  std::getline(in, line);
  return line;
}

std::string Kernel() {
  utsname name;
  if (uname(&name) != 0) return "unknown";
  return std::string(name.sysname) + " " + name.release + " " + name.machine;
}

}  // namespace

BuildInfo GetBuildInfo() {
  BuildInfo info{build_info::kVersion,   build_info::kGitCommit, build_info::kGitDirty,           build_info::kCompiler,
                 build_info::kBuildType, build_info::kFlags,     nlohmann::ordered_json::object()};
  for (const auto& [name, version] : build_info::kLibraries) info.libraries[name] = *version == '\0' ? "absent" : version;
  return info;
}

nlohmann::ordered_json CollectEnvironment(const Cpu& cpu) {
  const BuildInfo build = GetBuildInfo();
  nlohmann::ordered_json json;
  json["cpu"] = {{"brand", Known(cpu.brand)},  {"vendor", Known(cpu.vendor)}, {"logical_cpus", cpu.logical_cpus},
                 {"features", cpu.Features()}, {"l1d_bytes", cpu.l1d_bytes},  {"l2_bytes", cpu.l2_bytes},
                 {"l3_bytes", cpu.l3_bytes}};
  if (!cpu.isa_cap.empty()) json["cpu"]["isa_cap"] = cpu.isa_cap;
  json["memory_total_bytes"] = KibibytesLine("/proc/meminfo", "MemTotal");
  json["kernel"] = Kernel();
  json["os"] = Known(LineValue("/etc/os-release", "PRETTY_NAME", '='));
  json["governor"] = Known(FirstLine("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor"));
  json["build"] = {{"version", build.version},   {"git_commit", build.git_commit}, {"git_dirty", build.git_dirty},
                   {"compiler", build.compiler}, {"build_type", build.build_type}, {"flags", build.flags}};
  json["libraries"] = build.libraries;
  return json;
}

int64_t PeakResidentBytes() { return KibibytesLine("/proc/self/status", "VmHWM"); }

std::string UtcNow() {
  const std::time_t now = std::time(nullptr);
  std::tm utc{};
  gmtime_r(&now, &utc);
  char text[32];
  std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &utc);
  return text;
}

}  // namespace tidemark
