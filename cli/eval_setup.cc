#include "cli/eval_setup.h"

#include <fmt/format.h>

#include <algorithm>
#include <fstream>

#include "cli/default_model.h"
#include "cli/messages.h"
#include "cli/progress.h"
#include "engine/core/error.h"
#include "engine/core/file.h"
#include "engine/core/sha256.h"
#include "evals/models/engine_model.h"
#include "evals/omniscience/prompts.h"
#include "reports/environment.h"

namespace tidemark::cli {
namespace {

constexpr const char* kFile = "file";  // the form of the prompt that reads --prompts

}  // namespace

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

std::vector<std::string> ChangedSettings(const GenerateOptions& protocol, const GenerateOptions& used) {
  const auto before = SettingsToJson(protocol), after = SettingsToJson(used);
  std::vector<std::string> changed;
  for (const auto& [name, value] : after.items()) {
    if (name != "seed" && before.at(name) != value) changed.push_back(name);
  }
  return changed;
}

EvalJob MakeJob(const CLI::App& command, const Protocol& protocol, const Task& task, const std::string& dataset,
                const std::string& model, const GenerateOptions& given, int repeats) {
  const ProtocolTask& entry = protocol.For(task.name);
  EvalJob job;
  job.task = &task;
  job.dataset = LoadDataset(task.name, dataset, model);
  job.generate = MergeOptions(command, entry.generate, given);
  job.protocol = entry.choices;
  job.protocol.changed = ChangedSettings(entry.generate, job.generate);
  job.repeats = repeats > 0 ? repeats : entry.repeats;
  if (job.repeats != entry.repeats) job.protocol.changed.push_back("repeats");
  return job;
}

int64_t ContextFor(std::span<const EvalJob> jobs, int64_t ctx) {
  constexpr int64_t kUsual = 4096, kPrompt = 2048;
  int64_t budget = 0;
  std::string protocol;
  for (const EvalJob& job : jobs) {
    if (job.generate.max_new_tokens <= budget) continue;
    budget = job.generate.max_new_tokens;
    protocol = job.protocol.name;
  }
  if (ctx == 0) return std::max(kUsual, budget + kPrompt);
  if (ctx <= budget) {
    throw Error("--ctx", fmt::format("{}", ctx),
                fmt::format("more than the {} new tokens of protocol {}, and room for a prompt", budget, protocol),
                "leave --ctx out, or pass a smaller --max-new-tokens");
  }
  return ctx;
}

void ShowContext(const TextModel& model, const EngineFlags& flags) {
  const auto* engine = dynamic_cast<const EngineModel*>(&model);
  if (engine == nullptr || flags.ctx <= EngineFlags().ctx) return;
  const ModelConfig& config = engine->loaded().model->Config();
  const auto attention = std::count(config.layer_types.begin(), config.layer_types.end(), LayerType::kFullAttention);
  const int64_t row = FindFormat(flags.kv_type)->Bytes(config.num_key_value_heads * config.head_dim);
  const double bytes = 2.0 * static_cast<double>(attention * flags.ctx * row);
  Say("ctx {}: keys and values grow with the text, up to {:.0f} MiB a sequence and {:.1f} GiB for {} at once{}\n", flags.ctx,
      bytes / (1 << 20), bytes * flags.batch / (1 << 30), flags.batch,
      config.max_position_embeddings > 0 && flags.ctx > config.max_position_embeddings
          ? fmt::format("; the model was made for {} positions", config.max_position_embeddings)
          : "");
}

void AddPromptFlags(CLI::App& command, PromptFlags& flags) {
  command.add_option("--prompt", flags.name, "form of the prompt, of those that `list choices` names; absent: the protocol's");
  command
      .add_option(
          "--prompts", flags.file,
          "JSON file with texts for omniscience: \"answer_system_prompt\" (may have {domain}, {topic}, {subtopic}, {question}; "
          "empty: no system message) and \"answer_user_prompt\" (the same, {question} at least); other members (the "
          "grader_prompt of judge) are ignored; the file's hash goes into the report")
      ->check(CLI::ExistingFile);
}

void ApplyPrompts(const PromptFlags& flags, EvalJob& job) {
  const Task& task = *job.task;
  TaskProtocol& protocol = job.protocol;
  if (!flags.file.empty() || (!flags.name.empty() && flags.name != protocol.prompt)) protocol.changed.push_back("prompt");
  if (!flags.name.empty()) protocol.prompt = flags.name;
  if (!flags.file.empty()) {
    // Another form would not read the file, whose hash would stand in the report all the same.
    if (!flags.name.empty() && flags.name != kFile)
      throw Error("--prompts", "--prompt " + Printable(flags.name), "no other form of the prompt beside a file of prompts",
                  "leave one of the two out");
    protocol.prompt = kFile;
    protocol.prompts_text = ReadFile(flags.file, uint64_t{1} << 20);
    protocol.prompts_sha256 = Sha256Hex(protocol.prompts_text);
  }
  if (protocol.prompt.empty()) protocol.prompt = job.dataset.prompt;
  std::string known;
  for (const Choice& choice : task.prompts) {
    if (choice.name == protocol.prompt) {
      // Read again for every row, but refused here by the file's name, before a model is loaded.
      if (protocol.prompt == kFile && !flags.file.empty()) omniscience::ParseAnswerPrompts(protocol.prompts_text, flags.file);
      return;
    }
    known += (known.empty() ? "" : ", ") + std::string(choice.name);
  }
  if (protocol.prompt.empty()) return;
  throw Error("--prompt", fmt::format("\"{}\" for task {}", Printable(protocol.prompt), task.name),
              known.empty() ? "a task with several prompts" : "one of " + known);
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
  if (ParseModelSpec(flags.model).entry->name == "openai") return {{"model", flags.model}};
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
  if (p.resumed > 0) line += fmt::format(" ({} before)", p.resumed);
  if (p.failed > 0) line += fmt::format(", {} failed", p.failed);
  if (p.score) {
    line += p.score_is_fraction ? fmt::format(", {} {:.1f} %", p.metric, 100 * *p.score)
                                : fmt::format(", {} {:.1f}", p.metric, *p.score);
  }
  line += fmt::format(", {:.1f} tok/s", p.tok_per_s);
  if (p.eta_seconds > 0) line += fmt::format(", eta {:.0f} s", p.eta_seconds);
  ShowProgress(line);
}

}  // namespace tidemark::cli
