// llama-bench's JSON (llama.cpp, tools/llama-bench, `-o json` and `-o jsonl`), written so that its readers take our results, and
// read so that a run of it stands beside ours.
#ifndef TIDEMARK_BENCH_LLAMA_BENCH_H_
#define TIDEMARK_BENCH_LLAMA_BENCH_H_

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "bench/speed.h"

namespace tidemark {

// One test of a llama-bench run.
struct LlamaBenchEntry {
  std::string build, backends, model_type, type_k;
  int64_t model_size = 0, threads = 0;
  int64_t prompt = 0, generate = 0, depth = 0;  // a prompt alone, generation alone, or both one after the other
  int64_t sequences = 1;                        // that decode together: "n_seq", which our peer programs add
  std::vector<double> tok_per_s;                // one per repetition; the mean alone where the file has no samples
};

// text: an array of objects, or one object per line. Throws Error(place, ...): not JSON, no entries, a field that is missing or
// out of range.
std::vector<LlamaBenchEntry> ParseLlamaBench(std::string_view text, const std::string& place);

// Prefill and decode of one sequence, all variants, as llama-bench would have written them; batches have no place in its format.
// What llama-bench knows and we have no notion of has its default value.
nlohmann::ordered_json LlamaBenchJson(const SpeedResult& result, const std::vector<SpeedVariant>& variants,
                                      const std::string& model_name, const Cpu& cpu);

// A Markdown table of the tests that both have, with the ratio ours / theirs; a sentence if there are none.
std::string SideBySide(const SpeedResult& result, const std::vector<SpeedVariant>& variants,
                       const std::vector<LlamaBenchEntry>& entries);
// The same as an array of objects.
nlohmann::ordered_json SideBySideJson(const SpeedResult& result, const std::vector<SpeedVariant>& variants,
                                      const std::vector<LlamaBenchEntry>& entries);

}  // namespace tidemark

#endif  // TIDEMARK_BENCH_LLAMA_BENCH_H_
