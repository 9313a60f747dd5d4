// The second column of the ledger: the kernels of a token measured alone, with cold weights, times how often a token uses them.
// Where it falls short of the first column, time goes into something that no kernel does.
#ifndef TIDEMARK_BENCH_LEDGER_H_
#define TIDEMARK_BENCH_LEDGER_H_

#include "bench/speed.h"
#include "engine/generate/loaded_model.h"

namespace tidemark {

// Fills LedgerLine::micro_seconds where a benchmark family has that kind of operation. Every matrix is measured on the backend
// that the variant gave it. A benchmark that fails its check throws Error.
void AddMicroBenchmarks(const LoadedModel& model, const SpeedVariant& variant, const SpeedOptions& options, ThreadPool& pool,
                        Ledger& ledger);

}  // namespace tidemark

#endif  // TIDEMARK_BENCH_LEDGER_H_
