// How text is generated and scored, as JSON for reports and run.json, and back, for the merging of shards.
#ifndef TIDEMARK_EVALS_SETTINGS_H_
#define TIDEMARK_EVALS_SETTINGS_H_

#include <nlohmann/json.hpp>
#include <string>

#include "engine/generate/options.h"
#include "evals/protocol.h"
#include "evals/task.h"

namespace tidemark {

// Options as the report prints them.
nlohmann::ordered_json SettingsToJson(const GenerateOptions& options);
// The protocol with the task's own choices in place of empty names.
nlohmann::ordered_json ProtocolToJson(const Task& task, const TaskProtocol& protocol);

// Inverses; members they do not know are ignored. Throw Error: a member absent or of a wrong type.
GenerateOptions SettingsFromJson(const nlohmann::ordered_json& json, const std::string& place);
TaskProtocol ProtocolFromJson(const nlohmann::ordered_json& json, const std::string& place);

}  // namespace tidemark

#endif  // TIDEMARK_EVALS_SETTINGS_H_
