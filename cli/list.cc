// tidemark list: what this build can do on this machine.
#include <fmt/format.h>

#include <memory>
#include <nlohmann/json.hpp>

#include "backends/backends.h"
#include "cli/command.h"
#include "cli/table.h"
#include "engine/core/cpu.h"
#include "engine/model/model.h"
#include "evals/models/models.h"
#include "evals/protocol.h"
#include "evals/task.h"

namespace tidemark::cli {
namespace {

// Why a backend cannot run here at all; empty: it can. A plain f32 matrix is
// what every backend takes.
std::string Reason(const BackendEntry& entry, const Cpu& cpu) {
  if (entry.backend == nullptr) return std::string(entry.missing);
  return entry.backend->WhyNot({}, cpu);
}

Table Backends() {
  const Cpu cpu = DetectCpu();
  Table table({"name", "precision", "status", "summary"});
  for (const BackendEntry& entry : AllBackends()) {
    const std::string reason = Reason(entry, cpu);
    const std::string precision = entry.backend == nullptr ? "-" : std::string(PrecisionName(entry.backend->PrecisionFor({})));
    table.Add({std::string(entry.name), precision, reason.empty() ? "available" : reason, std::string(entry.summary)});
  }
  return table;
}

Table Formats() {
  Table table({"name", "block_values", "block_bytes", "bits_per_weight", "gguf_type", "quantize"});
  for (const Format* f : AllFormats()) {
    table.Add({std::string(f->name), f->block_values, f->block_bytes,
               8.0 * static_cast<double>(f->block_bytes) / static_cast<double>(f->block_values), f->ggml_type,
               f->quantize != nullptr});
  }
  return table;
}

Table Tasks() {
  Table table({"name", "version", "summary"});
  for (const Task& task : AllTasks()) table.Add({std::string(task.name), task.version, std::string(task.summary)});
  return table;
}

Table Choices() {
  Table table({"task", "key", "name", "summary"});
  for (const Task& task : AllTasks()) {
    const auto add = [&](const char* key, const std::vector<Choice>& choices) {
      for (const Choice& choice : choices)
        table.Add({std::string(task.name), key, std::string(choice.name), std::string(choice.summary)});
    };
    add("prompt", task.prompts);
    add("extraction", task.extractions);
    add("grader", task.graders);
  }
  return table;
}

Table Protocols() {
  Table table({"name", "tasks", "summary"});
  for (const Protocol& protocol : AllProtocols()) {
    std::string tasks;
    for (const ProtocolTask& task : protocol.tasks) tasks += (tasks.empty() ? "" : ",") + task.task;
    table.Add({protocol.name, tasks, protocol.summary});
  }
  return table;
}

Table Models() {
  Table table({"form", "summary"});
  table.Add({"default", "the embedded model"});
  for (const ModelEntry& entry : AllModels()) table.Add({std::string(entry.form), std::string(entry.summary)});
  return table;
}

}  // namespace

void AddList(CLI::App& app, int& exit_code) {
  struct What {
    const char* name;
    const char* summary;
    Table (*table)();
  };
  static constexpr What kWhat[] = {{"backends", "matmul backends, and why one cannot run here", Backends},
                                   {"formats", "storage formats of weights", Formats},
                                   {"tasks", "evaluations", Tasks},
                                   {"protocols", "how tasks are run and judged; --show NAME prints one", Protocols},
                                   {"choices", "prompts, extraction rules and graders that a protocol may name", Choices},
                                   {"models", "what --model accepts", Models}};
  CLI::App* command = app.add_subcommand("list", "What this build can do on this machine");
  command->require_subcommand(1);
  command->footer("Example: tidemark list backends --json");
  for (const What& what : kWhat) {
    CLI::App* sub = command->add_subcommand(what.name, what.summary);
    const auto json = std::make_shared<bool>(false);
    sub->add_flag("--json", *json, "rows as a JSON array");
    const auto show = std::make_shared<std::string>();
    if (what.table == Protocols) sub->add_option("--show", *show, "the protocol's file, a start for one of your own");
    sub->callback([json, show, table = what.table, &exit_code] {
      if (show->empty()) {
        table().Print(*json);
      } else {
        fmt::print("{}", FindProtocol(*show).text);
      }
      exit_code = kOk;
    });
  }
}

}  // namespace tidemark::cli
