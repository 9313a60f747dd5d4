// A benchmark context for a model file: its shapes, its stored formats. Shared
// by `bench` and `run`.
#ifndef TIDEMARK_CLI_BENCH_SETUP_H_
#define TIDEMARK_CLI_BENCH_SETUP_H_

#include <string>
#include <vector>

#include "bench/benchmarks.h"
#include "engine/weights/weight_store.h"

namespace tidemark::cli {

// backends: a comma list; "all" is every backend that can run on this machine, "best" those that `auto` would take under each bound
// of precision.
// pool and the result's pointers outlive the use.
BenchContext MakeBenchContext(const WeightStore& store, const std::string& backends, const Cpu& cpu, ThreadPool& pool);

}  // namespace tidemark::cli

#endif  // TIDEMARK_CLI_BENCH_SETUP_H_
