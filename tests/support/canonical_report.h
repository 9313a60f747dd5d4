// A report without what differs between two runs of the same thing: the command, times, memory and where it ran.
#ifndef TIDEMARK_TESTS_SUPPORT_CANONICAL_REPORT_H_
#define TIDEMARK_TESTS_SUPPORT_CANONICAL_REPORT_H_

#include <nlohmann/json.hpp>
#include <string>

namespace tidemark::test {

inline std::string CanonicalReport(const std::string& report) {
  nlohmann::ordered_json json = nlohmann::ordered_json::parse(report);
  for (const char* key : {"command", "started_at", "finished_at", "environment", "timings", "memory"}) json.erase(key);
  return json.dump(1);
}

}  // namespace tidemark::test

#endif  // TIDEMARK_TESTS_SUPPORT_CANONICAL_REPORT_H_
