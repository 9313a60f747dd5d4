#include "cli/flags.h"

#include <fmt/format.h>

#include "backends/backends.h"
#include "engine/core/error.h"
#include "engine/generate/sampler.h"

namespace tidemark::cli {

CLI::Validator RealRange(double low, double high) {
  const std::string range = fmt::format("[{} - {}]", low, high);
  const auto check = [low, high, range](const std::string& text) {
    double value = 0;
    const bool ok = CLI::detail::lexical_cast(text, value) && value >= low && value <= high;
    return ok ? std::string() : fmt::format("Value {} not in range {}", text, range);
  };
  return CLI::Validator(check, "FLOAT in " + range);
}

void AddEngineFlags(CLI::App& command, EngineFlags& flags, bool model_required) {
  CLI::Option* model =
      command.add_option("--model,-m", flags.model, "GGUF file, safetensors file or directory, or `default` (embedded)");
  if (model_required) {
    model->required();
  } else {
    model->capture_default_str();
  }
  command
      .add_option("--backend", flags.backend,
                  "matmul backend, or a comma list in order of preference; "
                  "`list backends` names them")
      ->capture_default_str();
  command.add_option("--precision", flags.precision, "what `auto` may round inputs of matrix products to; the report names it")
      ->check(CLI::IsMember({"exact", "bf16", "int8"}))
      ->capture_default_str();
  command.add_option("--isa", flags.isa, "hide instruction sets above this one (own backends only)")
      ->check(CLI::IsMember({"avx2", "avx512", "amx"}));
  command.add_option("--threads,-t", flags.threads, "threads that compute; 0: all CPUs this process may use")
      ->check(CLI::Range(0, 1024))
      ->capture_default_str();
  command.add_option("--kv-type", flags.kv_type, "storage of keys and values")
      ->check(CLI::IsMember({"f32", "f16", "bf16", "q8_0"}))
      ->capture_default_str();
  command.add_option("--ctx", flags.ctx, "most tokens of one sequence, prompt included")
      ->check(CLI::Range(int64_t{2}, int64_t{1} << 24))
      ->capture_default_str();
  command.add_option("--batch", flags.batch, "most sequences that run at once")
      ->check(CLI::Range(1, 1024))
      ->capture_default_str();
  command
      .add_option("--shared-prompts", flags.shared_prompts_mib,
                  "most MiB for states after what several prompts begin with, so that it is computed once; 0: off")
      ->check(CLI::Range(int64_t{0}, int64_t{1} << 20))
      ->capture_default_str();
}

Cpu UsableCpu(const EngineFlags& flags) {
  Cpu cpu = DetectCpu();
  if (!flags.isa.empty()) CapIsa(flags.isa, cpu);
  return cpu;
}

int ThreadCount(const EngineFlags& flags, const Cpu& cpu) { return flags.threads > 0 ? flags.threads : cpu.logical_cpus; }

LoadOptions MakeLoadOptions(const EngineFlags& flags, const Cpu& cpu) {
  LoadOptions options;
  const Precision bound = flags.precision == "int8"   ? Precision::kInt8
                          : flags.precision == "bf16" ? Precision::kBf16
                                                      : Precision::kExact;
  options.backends = ParseBackendList(flags.backend, cpu, bound);
  options.cpu = cpu;
  return options;
}

GeneratorOptions MakeGeneratorOptions(const EngineFlags& flags) {
  GeneratorOptions options;
  options.max_batch = flags.batch;
  options.context = flags.ctx;
  options.kv_format = FindFormat(flags.kv_type);
  options.shared_bytes = flags.shared_prompts_mib << 20;
  return options;
}

void AddEndpointFlags(CLI::App& command, EndpointFlags& flags) {
  EndpointOptions& o = flags.options;
  const auto add = [&command](const char* name, auto& value, const char* help) {
    return command.add_option(name, value, help)->group("Endpoint (--model openai:URL#MODEL)");
  };
  const auto seconds = [&add](const char* name, double& value, const char* help) {
    add(name, value, help)->check(RealRange(0.001, 1e6))->capture_default_str();
  };
  add("--api-key-env", o.api_key_env, "environment variable that holds the key; absent: TIDEMARK_API_KEY, if it is set");
  add("--ca-file", o.ca_file, "certificates (PEM) to trust instead of the system's")->check(CLI::ExistingFile);
  add("--concurrency", o.concurrency, "requests at once; 0: as --batch")->check(CLI::Range(0, 1024))->capture_default_str();
  add("--attempts", o.attempts, "most attempts per sample: after 408, 429, 5xx and broken connections")
      ->check(CLI::Range(1, 100))
      ->capture_default_str();
  seconds("--connect-timeout", o.connect_seconds, "seconds");
  seconds("--first-byte-timeout", o.first_byte_seconds, "seconds until a streamed reply begins");
  seconds("--idle-timeout", o.idle_seconds, "seconds without anything new in a stream");
  seconds("--request-timeout", o.total_seconds, "seconds of one attempt");
  seconds("--max-retry-wait", o.max_retry_wait_seconds, "most seconds before another attempt, whatever Retry-After says");
  add("--max-reply-mib", flags.max_reply_mib, "a larger reply is a failed sample")
      ->check(CLI::Range(int64_t{1}, int64_t{1} << 12))
      ->capture_default_str();
  add("--extension-fields", flags.extension_fields,
      "which of top_k, min_p and repetition penalty are sent: all, also to say off; those changed from off; none")
      ->check(CLI::IsMember({"all", "changed", "none"}))
      ->capture_default_str();
  add("--max-tokens-field", o.max_tokens_field, "the name under which --max-new-tokens is sent")
      ->check(CLI::IsMember({"max_tokens", "max_completion_tokens"}))
      ->capture_default_str();
  command.add_flag("--no-stream", flags.no_stream, "ask for whole replies; then no times of tokens are known")
      ->group("Endpoint (--model openai:URL#MODEL)");
  command
      .add_flag("--reasoning-open", o.reasoning_open,
                "the server's template opens the reasoning trace, and the trace comes inline without its opening marker")
      ->group("Endpoint (--model openai:URL#MODEL)");
}

EndpointOptions MakeEndpointOptions(const EndpointFlags& flags) {
  EndpointOptions options = flags.options;
  options.stream = !flags.no_stream;
  options.max_reply_bytes = static_cast<size_t>(flags.max_reply_mib) << 20;
  options.extension_fields = flags.extension_fields == "none"      ? ExtensionFields::kNone
                             : flags.extension_fields == "changed" ? ExtensionFields::kChanged
                                                                   : ExtensionFields::kAll;
  return options;
}

void AddGenerateFlags(CLI::App& command, GenerateFlags& flags) {
  GenerateOptions& o = flags.options;
  SamplingOptions& s = o.sampling;
  command.add_option("--max-new-tokens,-n", o.max_new_tokens, "most tokens to generate")
      ->check(CLI::Range(0, 1 << 24))
      ->capture_default_str();
  command.add_option("--temperature", s.temperature, "0: greedy")->capture_default_str();
  command.add_option("--top-k", s.top_k, "0: off")->capture_default_str();
  command.add_option("--top-p", s.top_p, "1: off")->capture_default_str();
  command.add_option("--min-p", s.min_p, "0: off")->capture_default_str();
  command.add_option("--repetition-penalty", s.repetition_penalty, "1: off")->capture_default_str();
  command.add_option("--penalty-window", s.penalty_window, "last tokens the penalty looks at; -1: all")->capture_default_str();
  command.add_option("--sampler-order", flags.order, "whose definition of the filters and their order")
      ->check(CLI::IsMember({"hf", "llama.cpp"}))
      ->capture_default_str();
  command.add_option("--seed", o.seed, "seed of every random draw")->capture_default_str();
  command.add_option("--stop", o.stop_strings, "text that ends generation and is cut off; may be given several times");
  command.add_option("--stop-id", o.stop_ids, "token id that ends generation; may be given several times");
  command.add_flag("--ignore-eos", o.ignore_eos, "go on after the model's end token (timing runs)");
}

GenerateOptions MakeGenerateOptions(const GenerateFlags& flags) {
  GenerateOptions options = flags.options;
  options.sampling.order = flags.order == "hf" ? SamplerOrder::kHf : SamplerOrder::kLlamaCpp;
  ValidateSampling(options.sampling);
  for (const std::string& stop : options.stop_strings) {
    if (stop.empty()) throw Error("--stop", "an empty text", "at least one character");
  }
  return options;
}

}  // namespace tidemark::cli
