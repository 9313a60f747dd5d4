// tidemark speed: throughput of a model file on this machine.
#include "bench/speed.h"

#include <fmt/format.h>

#include <algorithm>
#include <memory>

#include "bench/child.h"
#include "bench/llama_bench.h"
#include "bench/speed_report.h"
#include "cli/bench_setup.h"
#include "cli/command.h"
#include "cli/default_model.h"
#include "cli/eval_setup.h"
#include "cli/flags.h"
#include "cli/progress.h"
#include "engine/core/error.h"
#include "engine/core/file.h"
#include "reports/environment.h"
#include "reports/json_text.h"

namespace tidemark::cli {
namespace {

struct Flags {
  std::string model = "default", out, llama_bench_out, llama_bench_in, fill = "auto";
  std::vector<std::string> backends = {"auto"}, isas = {""};
  // What a deployment runs, llama.cpp included; the report names both. Evaluations default to exact products and f32.
  std::vector<std::string> precisions = {"int8"}, kv_types = {"f16"};
  std::vector<int> threads = {0};
  SpeedOptions options;
  int64_t limit_mib = 0;
  bool fresh = false, json = false, no_mixed = false, no_limits = false, no_warm_up = false;
};

const Format* KvFormat(const std::string& name) {
  const Format* format = FindFormat(name);
  if (format == nullptr || format->quantize == nullptr || format->dequantize == nullptr)
    throw Error("--kv-type", Printable(name), "a format that can be written: f32, f16, ...");
  return format;
}

// Every combination of the lists. A label names what differs, and the backend always.
std::vector<SpeedVariant> MakeVariants(const Flags& flags) {
  std::vector<SpeedVariant> variants;
  for (const std::string& backend : flags.backends) {
    for (const std::string& precision : flags.precisions) {
      for (const std::string& isa : flags.isas) {
        for (const int threads : flags.threads) {
          for (const std::string& kv : flags.kv_types) {
            EngineFlags engine;
            engine.backend = backend;
            std::replace(engine.backend.begin(), engine.backend.end(), '+', ',');
            engine.precision = precision;
            engine.isa = isa;
            engine.threads = threads;
            const Cpu cpu = UsableCpu(engine);
            SpeedVariant v{backend,     backend, precision, isa, MakeLoadOptions(engine, cpu), ThreadCount(engine, cpu),
                           KvFormat(kv)};
            if (backend == "auto" || flags.precisions.size() > 1) v.label += " " + precision;
            if (flags.isas.size() > 1) v.label += isa.empty() ? ", all of the processor" : " up to " + isa;
            v.label += fmt::format(", {} thread{}", v.threads, v.threads == 1 ? "" : "s");
            if (flags.kv_types.size() > 1) v.label += ", KV " + kv;
            variants.push_back(std::move(v));
          }
        }
      }
    }
  }
  for (size_t i = 0; i < variants.size(); ++i) {
    for (size_t j = i + 1; j < variants.size(); ++j) {
      if (variants[i].label == variants[j].label)
        throw Error("--threads", fmt::to_string(fmt::join(flags.threads, ",")), "counts that differ",
                    fmt::format("0 stands for all CPUs, here {}", variants[i].threads));
    }
  }
  return variants;
}

// The command line of one repetition of one variant.
std::vector<std::string> ChildArguments(const Flags& flags, const SpeedVariant& v) {
  const SpeedOptions& o = flags.options;
  const auto list = [](const auto& values) { return fmt::to_string(fmt::join(values, ",")); };
  std::vector<std::string> words = {"speed",
                                    "--json",
                                    "--no-limits",
                                    "--model",
                                    flags.model,
                                    "--prompt",
                                    list(o.prompts),
                                    "--generate",
                                    fmt::to_string(o.generate),
                                    "--depth",
                                    list(o.depths),
                                    "--batch",
                                    list(o.batches),
                                    "--repetitions",
                                    "1",
                                    "--backend",
                                    v.backend,
                                    "--precision",
                                    v.precision,
                                    "--threads",
                                    fmt::to_string(v.threads),
                                    "--kv-type",
                                    std::string(v.kv_format->name),
                                    "--chunk",
                                    fmt::to_string(o.chunk),
                                    "--mixed-chunk",
                                    fmt::to_string(o.mixed_chunk),
                                    "--depth-fill",
                                    flags.fill,
                                    "--seed",
                                    fmt::to_string(o.seed)};
  if (!v.isa.empty()) words.insert(words.end(), {"--isa", v.isa});
  if (o.cold) words.push_back("--cold");
  if (flags.no_mixed) words.push_back("--no-mixed");
  if (flags.no_warm_up) words.push_back("--no-warm-up");
  return words;
}

SpeedResult MeasureFresh(const Flags& flags, const std::vector<SpeedVariant>& variants, const SpeedOptions& options) {
  SpeedResult result;
  result.fresh = true;
  result.chunk = options.chunk;
  MeasureLimits(variants, options, result);
  for (int r = 0; r < options.repetitions; ++r) {
    for (size_t v = 0; v < variants.size() && !CancelFlag(); ++v) {
      options.progress(fmt::format("process {} of {}, {}", r + 1, options.repetitions, variants[v].label));
      const ChildResult child = RunSelf(ChildArguments(flags, variants[v]), options.cancel);
      if (child.exit_code == kInconclusive && CancelFlag()) break;  // a part of a repetition would unbalance the medians
      if (child.exit_code != kOk) {
        throw Error(fmt::format("repetition {} of {}", r + 1, variants[v].label),
                    child.exit_code < 0 ? "ended by a signal" : fmt::format("exit code {}", child.exit_code), "a result",
                    "its message stands above");
      }
      MergeRepetition(ParseSpeedJson(ParseJsonText(child.out, "speed in its own process")), v, result);
    }
  }
  result.interrupted = CancelFlag();
  if (result.interrupted) result.notes.push_back("interrupted: what had not been measured is missing");
  return result;
}

nlohmann::ordered_json Report(const SpeedResult& result, const std::vector<SpeedVariant>& variants, const SpeedOptions& options,
                              const std::string& model, const std::vector<LlamaBenchEntry>& peers) {
  nlohmann::ordered_json json = SpeedJson(result, variants, options);
  json["model"]["name"] = model;
  json["command"] = CommandLine();
  json["created"] = UtcNow();
  json["environment"] = CollectEnvironment(variants.front().load.cpu);
  if (!peers.empty()) json["side_by_side"] = SideBySideJson(result, variants, peers);
  return json;
}

// Positive, in bounds, no duplicates; CLI11 has checked each value.
void CheckFlags(const Flags& flags) {
  const auto once = [](const char* name, auto values) {
    std::sort(values.begin(), values.end());
    if (values.empty()) throw Error(name, "nothing", "at least one value");
    if (std::adjacent_find(values.begin(), values.end()) != values.end()) throw Error(name, "a value twice", "each once");
  };
  once("--prompt", flags.options.prompts);
  once("--depth", flags.options.depths);
  once("--batch", flags.options.batches);
  once("--backend", flags.backends);
  once("--precision", flags.precisions);
  once("--isa", flags.isas);
  once("--threads", flags.threads);
  once("--kv-type", flags.kv_types);
  if (flags.fresh && (flags.options.ledger || flags.options.sustained_seconds > 0))
    throw Error("--fresh", "with --ledger or --sustained", "one of them", "both look inside one long run");
  if (PlanTests(flags.options).empty()) throw Error("--prompt and --generate", "0", "something to measure");
}

int Speed(Flags flags) {
  SpeedOptions& options = flags.options;
  options.mixed = !flags.no_mixed;
  options.limits = !flags.no_limits;
  options.warm_up = !flags.no_warm_up;
  options.peaks.buffer_bytes = flags.limit_mib << 20;
  options.fill = flags.fill == "prefill"     ? DepthFill::kPrefill
                 : flags.fill == "synthetic" ? DepthFill::kSynthetic
                                             : DepthFill::kAuto;
  options.cancel = &CancelFlag();
  options.progress = ShowProgress;
  CheckFlags(flags);
  if (!flags.out.empty() && flags.out == flags.llama_bench_out)
    throw Error("--out and --llama-bench-out", Printable(flags.out), "two different files");
  CheckWritable("--out", flags.out);
  CheckWritable("--llama-bench-out", flags.llama_bench_out);
  const std::vector<SpeedVariant> variants = MakeVariants(flags);
  std::vector<LlamaBenchEntry> peers;
  if (!flags.llama_bench_in.empty()) peers = ParseLlamaBench(ReadFile(flags.llama_bench_in), flags.llama_bench_in);
  const ModelPath path = ResolveModel(flags.model);
  const SpeedResult result = flags.fresh ? MeasureFresh(flags, variants, options) : MeasureSpeed(path.path, variants, options);
  ClearProgress();
  const std::string text = Report(result, variants, options, path.name, peers).dump(2) + "\n";
  if (flags.json) {
    fmt::print("{}", text);
  } else {
    fmt::print("{}", SpeedMarkdown(result, variants, path.name));
    if (!peers.empty()) fmt::print("\n{}", SideBySide(result, variants, peers));
  }
  if (!flags.out.empty()) WriteFileAtomically(flags.out, text);
  if (!flags.llama_bench_out.empty()) {
    WriteFileAtomically(flags.llama_bench_out,
                        LlamaBenchJson(result, variants, path.name, variants.front().load.cpu).dump(2) + "\n");
  }
  return result.interrupted ? kInconclusive : kOk;
}

void AddMeasureFlags(CLI::App& command, Flags& flags) {
  SpeedOptions& o = flags.options;
  constexpr int64_t kMost = int64_t{1} << 24;
  const auto list = [&](const char* name, auto& values, const char* help) {
    return command.add_option(name, values, help)->delimiter(',')->capture_default_str();
  };
  list("--prompt,-p", o.prompts, "tokens of prefill, a list; 0: none")->check(CLI::Range(int64_t{0}, kMost));
  command.add_option("--generate,-n", o.generate, "tokens that each sequence decodes; 0: none")
      ->check(CLI::Range(int64_t{0}, kMost))
      ->capture_default_str();
  list("--depth,-d", o.depths, "positions in the history before, a list")->check(CLI::Range(int64_t{0}, kMost));
  list("--batch,-b", o.batches, "sequences that decode together, a list")->check(CLI::Range(1, 4096));
  command.add_option("--repetitions,-r", o.repetitions, "repetitions of each test")
      ->check(CLI::Range(1, 1000))
      ->capture_default_str();
  command.add_option("--chunk", o.chunk, "most prompt tokens of one step")
      ->check(CLI::Range(int64_t{1}, kMost))
      ->capture_default_str();
  command.add_option("--mixed-chunk", o.mixed_chunk, "the same beside sequences that decode")
      ->check(CLI::Range(int64_t{1}, kMost))
      ->capture_default_str();
  command.add_flag("--no-mixed", flags.no_mixed, "leave out the batches that mix prefill and decode");
  command
      .add_option("--depth-fill", flags.fill,
                  "how a history comes about: by prefill, synthetic (random keys and values), or auto: prefill up to 4096")
      ->check(CLI::IsMember({"auto", "prefill", "synthetic"}))
      ->capture_default_str();
  command.add_flag("--fresh", flags.fresh, "each repetition of each variant in a process of its own");
  command.add_flag("--cold", o.cold, "drop the model file from the page cache before it is loaded");
  command.add_option("--sustained", o.sustained_seconds, "also decode for this many seconds and show the rate over time")
      ->check(RealRange(0, 86400))
      ->capture_default_str();
  command.add_flag("--ledger", o.ledger, "also show where the time of a token goes");
  command.add_flag("--no-warm-up", flags.no_warm_up, "no unmeasured run before each test");
  command.add_flag("--no-limits", flags.no_limits, "do not measure the limits of the machine");
  command.add_option("--limit-mib", flags.limit_mib, "buffer of the streaming read in MiB; 0: large enough for this machine")
      ->check(CLI::Range(int64_t{0}, int64_t{1} << 20))
      ->capture_default_str();
  command.add_option("--seed", o.seed, "seed of the random token ids")->capture_default_str();
}

}  // namespace

void AddSpeed(CLI::App& app, int& exit_code) {
  const auto flags = std::make_shared<Flags>();
  CLI::App* command = app.add_subcommand("speed", "Throughput of a model: prefill, decode, batches, latency, memory, loading");
  command->add_option("--model,-m", flags->model, "GGUF file, safetensors file or directory, or `default` (embedded)")
      ->capture_default_str();
  const auto list = [&](const char* name, auto& values, const char* help) {
    return command->add_option(name, values, help)->delimiter(',')->capture_default_str();
  };
  list("--backend", flags->backends,
       "backends to compare in turn, a list; within one, + separates choices in order of preference");
  list("--precision", flags->precisions, "what `auto` may round to, a list")->check(CLI::IsMember({"exact", "bf16", "int8"}));
  list("--isa", flags->isas, "hide instruction sets above this one, a list")->check(CLI::IsMember({"avx2", "avx512", "amx"}));
  command->get_option("--isa")->default_str("");
  list("--threads,-t", flags->threads, "threads that compute, a list; 0: all CPUs this process may use")
      ->check(CLI::Range(0, 1024));
  list("--kv-type", flags->kv_types, "storage of keys and values, a list");
  AddMeasureFlags(*command, *flags);
  command->add_option("--out", flags->out, "also write the JSON report to this file");
  command->add_flag("--json", flags->json, "the JSON report on stdout instead of tables");
  command->add_option("--llama-bench-out", flags->llama_bench_out,
                      "write prefill and batch-1 decode as llama-bench -o json would");
  command->add_option("--llama-bench-in", flags->llama_bench_in, "JSON of llama-bench to show beside ours");
  command->footer("Example: tidemark speed --model model.gguf -p 512 -n 128 -d 0,4096 -b 1,8,32");
  command->callback([flags, &exit_code] { exit_code = Speed(*flags); });
}

}  // namespace tidemark::cli
