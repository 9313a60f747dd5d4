// tidemark bench: micro-benchmarks of the kernels on the shapes of a model.
#include <fmt/format.h>

#include <iostream>
#include <memory>

#include "cli/bench_setup.h"
#include "cli/command.h"
#include "cli/default_model.h"
#include "cli/flags.h"
#include "engine/core/error.h"
#include "engine/core/file.h"
#include "reports/environment.h"
#include "reports/report.h"

namespace tidemark::cli {
namespace {

struct Flags {
  std::string model = "default", backends = "all", out;
  int threads = 0;
  BenchRunOptions run;
  std::vector<int64_t> rows = {1, 4, 16, 64, 512}, depths = {0, 512, 4096};
  uint64_t seed = 0;
  bool warm = false, list = false, json = false;
};

int Bench(const Flags& flags) {
  const Cpu cpu = DetectCpu();
  ThreadPool pool(flags.threads > 0 ? flags.threads : cpu.logical_cpus);
  const ModelPath path = ResolveModel(flags.model);
  const auto store = WeightStore::Open(path.path);
  BenchContext context = MakeBenchContext(*store, flags.backends, cpu, pool);
  context.rows = flags.rows;
  context.depths = flags.depths;
  context.cold = !flags.warm;
  context.seed = flags.seed;
  if (flags.list) {
    const std::vector<std::string> names = ListBenchmarks(context, flags.run.filter);
    fmt::print("{}\n", flags.json ? nlohmann::json(names).dump(2) : fmt::to_string(fmt::join(names, "\n")));
    return kOk;
  }
  BenchRunOptions run = flags.run;
  run.cancel = &CancelFlag();
  // With --json stdout carries the JSON alone, so the table goes to stderr.
  nlohmann::ordered_json result = RunBenchmarks(context, run, flags.json ? std::cerr : std::cout);
  result["context"]["tidemark"] = CollectEnvironment(cpu);
  result["context"]["model"] = path.name;
  const std::string text = result.dump(2) + "\n";
  if (flags.json) fmt::print("{}", text);
  if (!flags.out.empty()) WriteFileAtomically(flags.out, text);
  for (const auto& row : result["benchmarks"]) {
    if (row.value("error_occurred", false)) {
      throw Error(row.value("name", ""), row.value("error_message", ""), "a correct result");
    }
  }
  return CancelFlag() ? kInconclusive : kOk;
}

}  // namespace

void AddBench(CLI::App& app, int& exit_code) {
  const auto flags = std::make_shared<Flags>();
  CLI::App* command = app.add_subcommand("bench", "Micro-benchmarks of matmul, routing and attention on a model's shapes");
  command->add_option("--model,-m", flags->model, "model whose shapes and formats are used")->capture_default_str();
  command
      ->add_option("--backend", flags->backends,
                   "backends to measure, a comma list; `all`: every one that "
                   "can run here")
      ->capture_default_str();
  command->add_option("--threads,-t", flags->threads, "threads that compute; 0: all")
      ->check(CLI::Range(0, 1024))
      ->capture_default_str();
  command->add_option("--filter", flags->run.filter, "regular expression on benchmark names")->capture_default_str();
  command->add_option("--min-time", flags->run.min_seconds, "seconds per benchmark, at least")
      ->check(RealRange(0.001, 3600))
      ->capture_default_str();
  command->add_option("--repetitions", flags->run.repetitions, "repetitions of each benchmark")
      ->check(CLI::Range(1, 1000))
      ->capture_default_str();
  command->add_option("--rows", flags->rows, "row counts m of matmul and routing")
      ->check(CLI::Range(1, 1 << 20))
      ->delimiter(',')
      ->capture_default_str();
  command->add_option("--depths", flags->depths, "history lengths of attention")
      ->check(CLI::Range(0, 1 << 22))
      ->delimiter(',')
      ->capture_default_str();
  command->add_option("--seed", flags->seed, "seed of the data")->capture_default_str();
  command->add_flag("--warm", flags->warm, "keep weights in the cache instead of rotating over copies");
  command->add_flag("--list", flags->list, "print the names only (with --json: as an array)");
  command->add_flag("--json", flags->json, "Google Benchmark's JSON on stdout");
  command->add_option("--out", flags->out, "also write the JSON to this file");
  command->footer("Example: tidemark bench --filter 'matmul/.*/m:1/' --min-time 0.2");
  command->callback([flags, &exit_code] { exit_code = Bench(*flags); });
}

}  // namespace tidemark::cli
