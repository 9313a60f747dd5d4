#include "cli/eval_setup.h"

#include <fmt/format.h>

#include <fstream>

#include "cli/default_model.h"
#include "cli/progress.h"
#include "reports/environment.h"

namespace tidemark::cli {

GenerateOptions MergeOptions(const CLI::App& command, const GenerateOptions& task, const GenerateOptions& given) {
  GenerateOptions merged = task;
  const auto take = [&](const char* flag, auto member) {
    if (command.count(flag) > 0) member(merged) = member(given);
  };
  take(
      "--max-new-tokens", [](auto& o) -> auto& { return o.max_new_tokens; });
  take(
      "--temperature", [](auto& o) -> auto& { return o.sampling.temperature; });
  take(
      "--top-k", [](auto& o) -> auto& { return o.sampling.top_k; });
  take(
      "--top-p", [](auto& o) -> auto& { return o.sampling.top_p; });
  take(
      "--min-p", [](auto& o) -> auto& { return o.sampling.min_p; });
  take(
      "--repetition-penalty", [](auto& o) -> auto& { return o.sampling.repetition_penalty; });
  take(
      "--penalty-window", [](auto& o) -> auto& { return o.sampling.penalty_window; });
  take(
      "--sampler-order", [](auto& o) -> auto& { return o.sampling.order; });
  take(
      "--seed", [](auto& o) -> auto& { return o.seed; });
  take(
      "--stop", [](auto& o) -> auto& { return o.stop_strings; });
  take(
      "--stop-id", [](auto& o) -> auto& { return o.stop_ids; });
  take(
      "--ignore-eos", [](auto& o) -> auto& { return o.ignore_eos; });
  return merged;
}

ModelOptions MakeModelOptions(const EngineFlags& flags, const Cpu& cpu) {
  ModelOptions options;
  options.load = MakeLoadOptions(flags, cpu);
  options.generator = MakeGeneratorOptions(flags);
  options.threads = ThreadCount(flags, cpu);
  options.resolve = [](const std::string& model) {
    ModelPath path = ResolveModel(model);
    return ModelFile{path.path, path.name, path.file};
  };
  return options;
}

nlohmann::ordered_json EngineSettings(const EngineFlags& flags, const Cpu& cpu) {
  return {{"model", flags.model},
          {"backend", flags.backend},
          {"precision", flags.precision},
          {"isa", cpu.isa_cap},
          {"threads", ThreadCount(flags, cpu)},
          {"kv_type", flags.kv_type},
          {"ctx", flags.ctx},
          {"batch", flags.batch}};
}

std::vector<std::string> CommandLine() {
  std::ifstream in("/proc/self/cmdline", std::ios::binary);
  std::vector<std::string> arguments;
  for (std::string argument; std::getline(in, argument, '\0');) arguments.push_back(argument);
  return arguments;
}

std::filesystem::path DefaultOutput(const std::string& command) {
  std::string time = UtcNow();
  std::erase_if(time, [](char c) { return c == '-' || c == ':'; });
  const std::string base = fmt::format("out/{}-{}", command, time);
  std::filesystem::path path = base;
  for (int i = 2; std::filesystem::exists(path); ++i) path = fmt::format("{}-{}", base, i);
  return path;
}

void ShowEvalProgress(const Progress& p) {
  std::string line = fmt::format("{}: {}/{} done", p.task, p.done, p.total);
  if (p.failed > 0) line += fmt::format(", {} failed", p.failed);
  line += fmt::format(", {:.1f} tok/s", p.tok_per_s);
  if (p.eta_seconds > 0) line += fmt::format(", eta {:.0f} s", p.eta_seconds);
  ShowProgress(line);
}

}  // namespace tidemark::cli
