// Measures llama.cpp as its own llama-bench does, through the prebuilt shared libraries of a folder and with a CPU variant of
// choice, so that Tidemark and llama.cpp can be timed side by side on one file:
//
//   llama_peer -m MODEL.gguf [-p 512] [-n 128] [-d 0,4096] [-b 1,8,32] [-t 2] [-r 5] [--variant best|avx512|avx2|NAME]
//   llama_peer -m MODEL.gguf --tokens IDS.txt --logits-out FILE          (logits of every position, for `tidemark divergence`)
//   llama_peer -m MODEL.gguf --quantize q4_k --out FILE.gguf             (llama.cpp's quantiser, every matrix in that format)
//   llama_peer --list                                                    (CPU variants, best first)
//
// -p prefills N tokens in one go and wants the last logits; -n decodes N tokens one by one, in B sequences in step for each B
// of -b (as llama-batched-bench does); both start at each depth of -d (as llama-bench does: the context is filled once and then
// restored, in all B sequences alike). Token ids are random below 128000; every measurement is warmed up. The defaults of
// llama-bench hold for all else: ubatch 512, KV in f16, flash attention where llama.cpp chooses it, a thread pool that polls.
// stdout: a JSON array with llama-bench's fields, and of our own: variant, n_seq, load_ns (model and context), first_token_ns
// (from the start of the program to the logits of a first token), peak_rss_bytes (of the process so far, mapped file included),
// samples_cpu_ns (processor time of all threads, polling included).
#include <sys/resource.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <map>
#include <random>
#include <sstream>
#include <stdexcept>

#include "llama_session.h"

namespace peer {
namespace {

constexpr int kMaxTokenId = 128000;  // above lie control tokens of the 8B model

// Processor time of all threads: with -t 1 what the work would take on an idle machine, whoever else computes meanwhile.
int64_t CpuNow() {
  timespec time{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  return int64_t{time.tv_sec} * 1000000000 + time.tv_nsec;
}

int64_t Now() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

std::vector<int> List(const std::string& flag, const std::string& text, int least) {
  std::vector<int> values;
  std::istringstream in(text);
  for (std::string word; std::getline(in, word, ',');) {
    size_t used = 0;
    int value = least - 1;
    try {
      value = std::stoi(word, &used);
    } catch (const std::exception&) {
    }
    if (used != word.size() || value < least)
      throw std::runtime_error(flag + " " + text + ": expected integers from " + std::to_string(least));
    values.push_back(value);
  }
  if (values.empty()) throw std::runtime_error(flag + ": no value");
  return values;
}

Options Parse(int argc, char** argv) {
  Options o;
  o.lib = (std::filesystem::canonical("/proc/self/exe").parent_path() / "lib").string();
  const std::map<std::string, std::string*> texts = {{"-m", &o.model},
                                                     {"--lib", &o.lib},
                                                     {"--variant", &o.variant},
                                                     {"--tokens", &o.tokens},
                                                     {"--logits-out", &o.logits_out},
                                                     {"--kv-type", &o.kv},
                                                     {"-fa", &o.flash},
                                                     {"--quantize", &o.quantize},
                                                     {"--out", &o.out}};
  const std::map<std::string, std::pair<int*, int>> numbers = {
      {"-t", {&o.threads, 1}}, {"-r", {&o.repetitions, 1}}, {"--poll", {&o.poll, 0}}, {"--seed", {&o.seed, 0}}};
  const std::map<std::string, std::pair<std::vector<int>*, int>> lists = {
      {"-p", {&o.prompts, 0}}, {"-n", {&o.gens, 0}}, {"-d", {&o.depths, 0}}, {"-b", {&o.sequences, 1}}};
  for (int i = 1; i < argc; ++i) {
    const std::string flag = argv[i];
    if (flag == "--list") {
      o.list = true;
      continue;
    }
    if (flag == "--no-repack") {
      o.repack = false;
      continue;
    }
    const auto text = texts.find(flag);
    const auto number = numbers.find(flag);
    const auto list = lists.find(flag);
    const bool known = text != texts.end() || number != numbers.end() || list != lists.end();
    if (!known) throw std::runtime_error(flag + ": unknown; the flags stand at the top of llama_peer.cc");
    if (i + 1 == argc) throw std::runtime_error(flag + ": no value");
    const std::string value = argv[++i];
    if (text != texts.end()) *text->second = value;
    if (number != numbers.end()) *number->second.first = List(flag, value, number->second.second).front();
    if (list != lists.end()) *list->second.first = List(flag, value, list->second.second);
  }
  if (o.prompts.empty() && o.gens.empty()) o.prompts = {512}, o.gens = {128};
  if (o.model.empty() && !o.list) throw std::runtime_error("-m MODEL.gguf is needed");
  if (o.tokens.empty() != o.logits_out.empty()) throw std::runtime_error("--tokens and --logits-out go together");
  if (o.quantize.empty() != o.out.empty()) throw std::runtime_error("--quantize and --out go together");
  return o;
}

struct Measurer {
  const Api& api;
  llama_context* context;
  std::mt19937 random;
  int vocabulary;

  int Token() { return static_cast<int>(random() % static_cast<unsigned>(std::min(kMaxTokenId, vocabulary))); }

  void Prefill(int tokens, int from) {
    Batch batch(api, kBatch);
    for (int done = 0; done < tokens;) {
      const int count = std::min(kBatch, tokens - done);
      batch.Clear();
      for (int i = 0; i < count; ++i) batch.Add(Token(), from + done + i, 0, done + i + 1 == tokens);
      batch.Decode(context);
      done += count;
    }
  }

  void Generate(int tokens, int from, int sequences) {
    Batch batch(api, sequences);
    for (int i = 0; i < tokens; ++i) {
      batch.Clear();
      for (int s = 0; s < sequences; ++s) batch.Add(Token(), from + i, s, true);
      batch.Decode(context);
    }
  }
};

struct Test {
  int prompt = 0, gen = 0, depth = 0, sequences = 1;
};

struct Samples {
  std::vector<int64_t> wall, cpu;  // nanoseconds
};

Samples Run(const Api& api, llama_model* model, int vocabulary, const Options& o, const Test& test) {
  Context context(api, model, o, test.prompt + test.gen + test.depth, test.sequences);
  Measurer m{api, context.get(), std::mt19937(static_cast<unsigned>(o.seed)), vocabulary};
  if (test.prompt > 0) m.Prefill(test.prompt, 0);
  if (test.gen > 0) m.Generate(1, test.prompt, test.sequences);
  std::vector<uint8_t> state;
  Samples samples;
  for (int r = 0; r < o.repetitions; ++r) {
    context.Clear();
    if (test.depth > 0 && state.empty()) {
      m.Prefill(test.depth, 0);
      state.resize(api.llama_state_seq_get_size(context.get(), 0));
      api.llama_state_seq_get_data(context.get(), state.data(), state.size(), 0);
      context.Clear();
    }
    for (int s = 0; test.depth > 0 && s < test.sequences; ++s) {
      if (api.llama_state_seq_set_data(context.get(), state.data(), state.size(), s) == 0)
        throw std::runtime_error("llama.cpp could not restore a context");
    }
    const int64_t start = Now(), cpu_start = CpuNow();
    if (test.prompt > 0) m.Prefill(test.prompt, test.depth);
    if (test.gen > 0) m.Generate(test.gen, test.depth + test.prompt, test.sequences);
    samples.wall.push_back(Now() - start);
    samples.cpu.push_back(CpuNow() - cpu_start);
  }
  return samples;
}

std::string Quoted(const std::string& text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    if (static_cast<unsigned char>(c) < 0x20) continue;
    out += c;
  }
  return out + "\"";
}

std::string CpuName() {
  std::ifstream in("/proc/cpuinfo");
  for (std::string line; std::getline(in, line);) {
    if (line.rfind("model name", 0) == 0) return line.substr(line.find(':') + 2);
  }
  return "";
}

template <typename T>
std::string Array(const std::vector<T>& values) {
  std::ostringstream out;
  out.precision(9);
  for (size_t i = 0; i < values.size(); ++i) out << (i == 0 ? "[" : ", ") << values[i];
  return out.str() + "]";
}

double Mean(const std::vector<double>& v) {
  double sum = 0;
  for (const double x : v) sum += x;
  return sum / static_cast<double>(v.size());
}

double Deviation(const std::vector<double>& v) {
  if (v.size() < 2) return 0;
  const double mean = Mean(v);
  double sum = 0;
  for (const double x : v) sum += (x - mean) * (x - mean);
  return std::sqrt(sum / static_cast<double>(v.size() - 1));
}

int64_t PeakRss() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return static_cast<int64_t>(usage.ru_maxrss) * 1024;
}

struct Loading {
  int64_t load_ns = 0, first_token_ns = 0;
};

void Print(const Api& api, const llama_model* model, const Options& o, const Test& test, const Loading& loading,
           const Samples& samples, bool first) {
  std::vector<double> ns, rates;
  for (const int64_t sample : samples.wall) {
    ns.push_back(static_cast<double>(sample));
    rates.push_back(1e9 * (test.prompt + test.gen) * test.sequences / static_cast<double>(sample));
  }
  char type[256] = "", when[64] = "";
  api.llama_model_desc(model, type, sizeof type);
  const std::time_t now = std::time(nullptr);
  std::strftime(when, sizeof when, "%Y-%m-%dT%H:%M:%SZ", std::gmtime(&now));
  std::printf("%s  {\n", first ? "" : ",\n");
  const auto text = [](const char* key, const std::string& value) {
    std::printf("    \"%s\": %s,\n", key, Quoted(value).c_str());
  };
  const auto number = [](const char* key, int64_t value) {
    std::printf("    \"%s\": %lld,\n", key, static_cast<long long>(value));
  };
  text("build_commit", std::string("v") + api.llama_version());
  number("build_number", 0);
  text("cpu_info", CpuName());
  text("gpu_info", "");
  text("backends", "CPU");
  text("variant", api.variant);
  text("system_info", api.llama_print_system_info());
  text("model_filename", o.model);
  text("model_type", type);
  number("model_size", static_cast<int64_t>(api.llama_model_size(model)));
  number("model_n_params", static_cast<int64_t>(api.llama_model_n_params(model)));
  number("n_batch", kBatch);
  number("n_ubatch", kMicroBatch);
  number("n_threads", o.threads);
  number("poll", o.poll);
  text("type_k", o.kv);
  text("type_v", o.kv);
  number("flash_attn", FlashType(o.flash));
  std::printf("    \"use_extra_bufts\": %s,\n", o.repack ? "true" : "false");
  number("n_prompt", test.prompt);
  number("n_gen", test.gen);
  number("n_depth", test.depth);
  number("n_seq", test.sequences);
  text("test_time", when);
  number("avg_ns", static_cast<int64_t>(Mean(ns)));
  number("stddev_ns", static_cast<int64_t>(Deviation(ns)));
  std::printf("    \"avg_ts\": %.6f,\n    \"stddev_ts\": %.6f,\n", Mean(rates), Deviation(rates));
  number("load_ns", loading.load_ns);
  number("first_token_ns", loading.first_token_ns);
  number("first_byte_at_first_token", 1);
  number("peak_rss_bytes", PeakRss());
  std::printf("    \"samples_cpu_ns\": %s,\n", Array(samples.cpu).c_str());
  std::printf("    \"samples_ns\": %s,\n    \"samples_ts\": %s\n  }", Array(samples.wall).c_str(), Array(rates).c_str());
  std::fflush(stdout);
}

std::vector<Test> Tests(const Options& o) {
  std::vector<Test> tests;
  for (const int depth : o.depths) {
    for (const int p : o.prompts) {
      if (p > 0) tests.push_back({p, 0, depth, 1});
    }
    for (const int n : o.gens) {
      for (const int b : o.sequences) {
        if (n > 0) tests.push_back({0, n, depth, b});
      }
    }
  }
  return tests;
}

int Main(int argc, char** argv) {
  const int64_t start = Now();
  const Options o = Parse(argc, argv);
  if (o.list) {
    for (const Variant& v : FindVariants(o.lib))
      std::printf("%-16s score %d%s\n", v.name.c_str(), v.score,
                  v.score > 0 || v.name == "native" ? "" : " (not on this machine)");
    return 0;
  }
  if (!std::filesystem::exists(o.model)) throw std::runtime_error(o.model + ": no such file");
  const Api api = OpenLlama(o.lib, o.variant, PEER_LLAMA_VERSION);
  api.llama_backend_init();
  if (!o.quantize.empty()) {
    QuantizeModel(api, o);
    return 0;
  }
  llama_model_params params = api.llama_model_default_params();
  params.n_gpu_layers = 0;
  params.use_extra_bufts = o.repack;
  llama_model* model = api.llama_model_load_from_file(o.model.c_str(), params);
  if (model == nullptr) throw std::runtime_error(o.model + ": llama.cpp could not load it");
  const int vocabulary = api.llama_vocab_n_tokens(api.llama_model_get_vocab(model));
  Loading loading;
  {
    Context context(api, model, o, 256, 1);
    loading.load_ns = Now() - start;
    Measurer{api, context.get(), std::mt19937(1), vocabulary}.Prefill(1, 0);
    loading.first_token_ns = Now() - start;
    if (o.logits_out.empty()) {  // at once, so that who waits for the first byte can time the start of the process too
      std::printf("[\n");
      std::fflush(stdout);
    }
  }
  if (!o.logits_out.empty()) {
    DumpLogits(api, model, vocabulary, o);
  } else {
    bool first = true;
    for (const Test& test : Tests(o)) {
      Print(api, model, o, test, loading, Run(api, model, vocabulary, o, test), first);
      first = false;
    }
    std::printf("\n]\n");
  }
  api.llama_model_free(model);
  return 0;
}

}  // namespace
}  // namespace peer

int main(int argc, char** argv) {
  try {
    return peer::Main(argc, argv);
  } catch (const std::exception& e) {
    std::fprintf(stderr, "error: %s\n", e.what());
  }
  return 1;
}
