// Flags that several subcommands share, as plain values with a function that
// registers them.
#ifndef TIDEMARK_CLI_FLAGS_H_
#define TIDEMARK_CLI_FLAGS_H_

#include <CLI/CLI.hpp>
#include <cstdint>
#include <string>
#include <vector>

#include "engine/core/cpu.h"
#include "engine/generate/generator.h"
#include "engine/generate/options.h"
#include "engine/model/model.h"
#include "evals/models/endpoint_options.h"

namespace tidemark::cli {

// A check of a number in [low, high]; unlike CLI::Range it refuses NaN, which compares with nothing.
CLI::Validator RealRange(double low, double high);

// How a model is loaded and run.
struct EngineFlags {
  std::string model = "default";    // path, or "default" for the embedded model
  std::string backend = "auto";     // comma list
  std::string precision = "exact";  // what auto may round to
  std::string isa;                  // instruction sets above are hidden; empty: none
  int threads = 0;                  // 0: as many as this process may run on
  std::string kv_type = "f32";
  int64_t ctx = 4096;
  int batch = 16;
  int64_t shared_prompts_mib = 512;
};
void AddEngineFlags(CLI::App& command, EngineFlags& flags, bool model_required);

// The processor as --isa lets it appear.
Cpu UsableCpu(const EngineFlags& flags);
int ThreadCount(const EngineFlags& flags, const Cpu& cpu);
LoadOptions MakeLoadOptions(const EngineFlags& flags, const Cpu& cpu);
GeneratorOptions MakeGeneratorOptions(const EngineFlags& flags);

// How an endpoint (`--model openai:URL#MODEL`) is asked.
struct EndpointFlags {
  EndpointOptions options;
  std::string extension_fields = "all";
  int64_t max_reply_mib = 64;
  bool no_stream = false;
};
void AddEndpointFlags(CLI::App& command, EndpointFlags& flags);
EndpointOptions MakeEndpointOptions(const EndpointFlags& flags);

// Sampling, limits and stops. Absent flags keep what `options` held before.
struct GenerateFlags {
  GenerateOptions options;
  std::string order = "hf";
};
void AddGenerateFlags(CLI::App& command, GenerateFlags& flags);
// Checked values. Throws Error naming the flag.
GenerateOptions MakeGenerateOptions(const GenerateFlags& flags);

}  // namespace tidemark::cli

#endif  // TIDEMARK_CLI_FLAGS_H_
