// Stored results and claims: any bytes give a report, scores and claims with their cards and comparison, or an Error.
#include "engine/core/error.h"
#include "evals/stored_run.h"
#include "reports/claims.h"
#include "reports/json_text.h"

namespace {

template <class F>
void Try(F f) {
  try {
    f();
  } catch (const tidemark::Error&) {
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace tidemark;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  static const std::vector<Claim> embedded = EmbeddedClaims();
  Try([&] {
    const StoredRun run = ParseReport(text, "fuzz");
    for (const ClaimCard& card : CheckClaims(run.report, embedded, {"LFM2.5-8B-A1B", 0.04, 5})) {
      if (ToText(card).empty() || ToJson(card).empty()) __builtin_trap();
    }
  });
  Try([&] {
    const nlohmann::ordered_json speed = ParseJsonText(text, "fuzz");
    CheckSpeedReport(speed, "fuzz");
    const ClaimReport reports[] = {{"a", speed}, {"b", speed}};
    for (const ClaimCard& card : CheckClaims(std::span(reports).first(1), embedded, {"", 0.04, 5})) ToText(card);
    CheckClaims(std::span(reports), embedded, {"", 0.04, 5});
  });
  Try([&] {
    for (const ClaimCard& card : CheckClaims(nlohmann::ordered_json(), ParseClaims(text, "fuzz"), {})) ToText(card);
  });
  Try([&] {
    StoredRun run;
    run.tasks.push_back({"fuzz", 1, "", {}, {}, ParseScores(text, "fuzz")});
    const auto comparison = CompareRuns(PairTasks(run, run, {}), {0.01, 1, 5});
    ToJson(comparison).dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
  });
  return 0;
}
