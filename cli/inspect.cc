// tidemark inspect: what a model file holds.
#include "engine/weights/inspect.h"

#include <fmt/format.h>

#include <memory>

#include "cli/command.h"
#include "cli/default_model.h"

namespace tidemark::cli {

void AddInspect(CLI::App& app, int& exit_code) {
  struct Flags {
    std::string file;
    bool json = false;
  };
  const auto flags = std::make_shared<Flags>();
  CLI::App* command = app.add_subcommand("inspect", "Metadata, tensors, sizes and parameter counts of a model file");
  command->add_option("file", flags->file, "GGUF file, safetensors file or directory, or `default`")->required();
  command->add_flag("--json", flags->json, "everything as JSON");
  command->footer("Example: tidemark inspect LFM2.5-8B-A1B-Q4_K_M.gguf");
  command->callback([flags, &exit_code] {
    const ModelPath path = ResolveModel(flags->file);
    const auto store = WeightStore::Open(path.path);
    InspectReport report = Inspect(*store);
    if (path.file != nullptr) report.files = {path.name};  // the embedded model has no path of its own
    if (flags->json) {
      fmt::print("{}\n", ToJson(report).dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace));
    } else {
      fmt::print("{}", ToText(report));
    }
    exit_code = kOk;
  });
}

}  // namespace tidemark::cli
