// tidemark bench: micro-benchmarks of the kernels on the shapes of a model.
#include <fmt/format.h>

#include <iostream>
#include <memory>

#include "bench/ab.h"
#include "cli/bench_setup.h"
#include "cli/command.h"
#include "cli/default_model.h"
#include "cli/flags.h"
#include "cli/messages.h"
#include "cli/progress.h"
#include "engine/core/error.h"
#include "engine/core/file.h"
#include "engine/tokenizer/tokenizer.h"
#include "reports/environment.h"
#include "reports/report.h"

namespace tidemark::cli {
namespace {

struct Flags {
  std::string model = "default", backends = "best", out, isa, routes;
  std::vector<std::string> ab, formats;
  int threads = 0, cold_mib = 512;
  BenchRunOptions run;
  std::vector<int64_t> rows = {1, 4, 16, 64, 512}, depths = {512, 8192, 131072};
  uint64_t seed = 0;
  bool warm = false, also_warm = false, list = false, json = false, no_limits = false;
};

// Everything that a context points to.
struct Setup {
  explicit Setup(const Flags& flags)
      : cpu(UsableCpu({.isa = flags.isa})),
        pool(flags.threads > 0 ? flags.threads : cpu.logical_cpus),
        path(ResolveModel(flags.model)),
        store(WeightStore::Open(path.path)) {
    const TokenizerData& data = store->Tokenizer();
    if (data.kind != TokenizerData::Kind::kNone) tokenizer = Tokenizer::Create(data);
    const std::string backends = flags.ab.empty() ? flags.backends : fmt::to_string(fmt::join(flags.ab, ","));
    const std::vector<const Format*> formats = ParseFormats(flags.formats, store->Config());
    try {
      context = MakeBenchContext(*store, backends, cpu, pool, formats);
    } catch (const Error& e) {
      if (flags.ab.empty()) throw;
      throw Error("--ab", backends, "two backends that can run here", e.what());
    }
    context.tokenizer = tokenizer.get();
    context.model_path = path.path;
    context.rows = flags.rows;
    context.depths = flags.depths;
    context.cold = !flags.warm;
    context.warm = flags.also_warm;
    context.cold_bytes = int64_t{flags.cold_mib} << 20;
    context.seed = flags.seed;
    if (flags.routes.empty()) return;
    context.routes = ParseRoutes(ReadFile(flags.routes), flags.routes);
    if (context.routes->num_experts != context.config.num_experts) {
      throw Error(flags.routes, fmt::format("a recording of {} experts", context.routes->num_experts),
                  fmt::format("{}, as {} has", context.config.num_experts, path.name));
    }
  }

  Cpu cpu;
  ThreadPool pool;
  ModelPath path;
  std::unique_ptr<WeightStore> store;
  std::unique_ptr<Tokenizer> tokenizer;
  BenchContext context;
};

int List(const Flags& flags, const BenchContext& context) {
  const std::vector<std::string> names = ListBenchmarks(context, flags.run.filter);
  fmt::print("{}\n", flags.json ? nlohmann::json(names).dump(2) : fmt::to_string(fmt::join(names, "\n")));
  return kOk;
}

void Deliver(const Flags& flags, const nlohmann::ordered_json& result) {
  const std::string text = result.dump(2) + "\n";
  if (flags.json) fmt::print("{}", text);
  if (!flags.out.empty()) WriteFileAtomically(flags.out, text);
}

int Compare(const Flags& flags, const Setup& setup) {
  if (flags.ab.size() != 2) throw Error("--ab", fmt::format("{} names", flags.ab.size()), "two backends: --ab naive,avx2_f32");
  AbOptions options;
  options.a = flags.ab[0];
  options.b = flags.ab[1];
  options.filter = flags.run.filter;
  options.min_seconds = flags.run.min_seconds;
  options.cancel = &CancelFlag();
  const std::vector<AbRow> rows = CompareBackends(setup.context, options);
  if (!flags.json) fmt::print("{}", AbMarkdown(rows, options));
  nlohmann::ordered_json json = AbJson(rows, options);
  json["environment"] = CollectEnvironment(setup.cpu);
  json["model"] = setup.path.name;
  Deliver(flags, json);
  for (const AbRow& row : rows) {
    if (!row.failure.empty()) throw Error(row.name, row.failure, "a correct result");
  }
  return CancelFlag() ? kInconclusive : kOk;
}

int Bench(const Flags& flags) {
  CheckWritable("--out", flags.out);
  Setup setup(flags);
  BenchContext& context = setup.context;
  if (flags.list) return List(flags, context);
  if (!flags.ab.empty()) return Compare(flags, setup);
  const size_t count = MatchingBenchmarks(context, flags.run.filter).size();
  // Half as long again for the search of an iteration count, and about 0.2 s to make and check the data.
  Say("{} benchmarks, about {:.0f} s\n", count,
      static_cast<double>(count) * (0.2 + 1.5 * flags.run.min_seconds * flags.run.repetitions));
  if (!flags.no_limits) {
    context.peaks = MeasurePeaks(setup.cpu, setup.pool);
    context.peaks.isa = flags.isa;
  }
  BenchRunOptions run = flags.run;
  run.cancel = &CancelFlag();
  // With --json stdout carries the JSON alone, so the table goes to stderr.
  nlohmann::ordered_json result = RunBenchmarks(context, run, flags.json ? std::cerr : std::cout);
  result["context"]["tidemark"] = CollectEnvironment(setup.cpu);
  result["context"]["model"] = setup.path.name;
  if (!flags.no_limits) result["context"]["limits"] = PeaksJson(context.peaks);
  Deliver(flags, result);
  for (const auto& row : result["benchmarks"]) {
    if (row.value("error_occurred", false)) {
      throw Error(row.value("name", ""), row.value("error_message", ""), "a correct result");
    }
  }
  return CancelFlag() ? kInconclusive : kOk;
}

void AddDataFlags(CLI::App& command, Flags& flags) {
  command.add_option("--rows", flags.rows, "row counts m of matmul, experts and operations on rows")
      ->check(CLI::Range(1, 1 << 20))
      ->delimiter(',')
      ->capture_default_str();
  command.add_option("--depths", flags.depths, "history lengths of attention")
      ->check(CLI::Range(0, 1 << 22))
      ->delimiter(',')
      ->capture_default_str();
  command
      .add_option("--formats", flags.formats,
                  "storage formats of the matmul family, a comma list or `all`: random weights of these in the model's shapes; "
                  "default: as the file stores them")
      ->delimiter(',');
  command.add_option("--routes", flags.routes, "expert loads recorded by `eval --record-routes`, besides the invented ones");
  command.add_option("--seed", flags.seed, "seed of the data")->capture_default_str();
  command.add_flag("--warm", flags.warm, "keep weights in the cache instead of rotating over copies");
  command.add_flag("--also-warm", flags.also_warm, "matmul both cold and warm");
  command
      .add_option("--cold-mib", flags.cold_mib, "MiB that the rotating copies fill at least (the last-level cache, if larger)")
      ->check(CLI::Range(1, 1 << 20))
      ->capture_default_str();
}

}  // namespace

void AddBench(CLI::App& app, int& exit_code) {
  const auto flags = std::make_shared<Flags>();
  flags->run.min_seconds = 0.05;
  CLI::App* command = app.add_subcommand("bench", "Micro-benchmarks of the kernels on a model's shapes");
  command->add_option("--model,-m", flags->model, "model whose shapes and formats are used")->capture_default_str();
  command
      ->add_option(
          "--backend", flags->backends,
          "backends to measure, a comma list; `best`: what auto takes under each bound of precision; `all`: every one that "
          "can run here")
      ->capture_default_str();
  command->add_option("--isa", flags->isa, "hide instruction sets above this one (own backends only)")
      ->check(CLI::IsMember({"avx2", "avx512", "amx"}));
  command->add_option("--threads,-t", flags->threads, "threads that compute; 0: all")
      ->check(CLI::Range(0, 1024))
      ->capture_default_str();
  command->add_option("--filter", flags->run.filter, "regular expression on benchmark names")->capture_default_str();
  command
      ->add_option("--ab", flags->ab,
                   "two backends, measured pair by pair, 1 s each unless --min-time: their ratio with its interval")
      ->delimiter(',');
  command->add_option("--min-time", flags->run.min_seconds, "seconds per benchmark, at least")
      ->check(RealRange(0.001, 3600))
      ->capture_default_str();
  command->add_option("--repetitions", flags->run.repetitions, "repetitions of each benchmark")
      ->check(CLI::Range(1, 1000))
      ->capture_default_str();
  AddDataFlags(*command, *flags);
  command->add_flag("--no-limits", flags->no_limits, "do not measure the limits of the machine, and show no shares of them");
  command->add_flag("--list", flags->list, "print the names only (with --json: as an array)");
  command->add_flag("--json", flags->json, "Google Benchmark's JSON on stdout");
  command->add_option("--out", flags->out, "also write the JSON to this file");
  command->footer("Example: tidemark bench --filter 'matmul/.*/m:1/' --min-time 0.2");
  command->callback([flags, command, &exit_code] {
    if (!flags->ab.empty() && command->count("--min-time") == 0) flags->run.min_seconds = 1;  // a ratio wants more than a table
    exit_code = Bench(*flags);
  });
}

}  // namespace tidemark::cli
