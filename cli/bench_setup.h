// A benchmark context for a model file: its shapes, its stored formats. Shared
// by `bench` and `run`.
#ifndef TIDEMARK_CLI_BENCH_SETUP_H_
#define TIDEMARK_CLI_BENCH_SETUP_H_

#include <string>
#include <vector>

#include "bench/benchmarks.h"
#include "engine/weights/weight_store.h"

namespace tidemark::cli {

// backends: a comma list; "all" is every backend that can run on this machine, "best" those that `auto` would take under each
// bound of precision. formats: of the matmul family. pool and the result's pointers outlive the use.
BenchContext MakeBenchContext(const WeightStore& store, const std::string& backends, const Cpu& cpu, ThreadPool& pool,
                              const std::vector<const Format*>& formats = {});

// What --formats says, each once: block formats by name, or "all" whose blocks divide the model's hidden size. Throws Error: a
// name that is unknown or of a split format, which random weights are not made for, or blocks that do not divide it.
std::vector<const Format*> ParseFormats(const std::vector<std::string>& names, const ModelConfig& config);

// Refuses a result file that could not be written, before hours are spent on what it should hold: not in an existing directory,
// a directory itself, no permission. Nothing is left behind. flag: named in the Error. An empty path is no file.
void CheckWritable(const std::string& flag, const std::string& path);

}  // namespace tidemark::cli

#endif  // TIDEMARK_CLI_BENCH_SETUP_H_
