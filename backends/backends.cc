#include "backends/backends.h"

#include <algorithm>
#include <array>

#include "backends/table.h"
#include "engine/core/error.h"

namespace tidemark {
namespace {

// A library that was not found while configuring leaves its rows in the table, with what to install.
#if defined(TIDEMARK_HAVE_OPENBLAS)
const MatmulBackend* (*const kOpenBlasF32)() = OpenBlasF32Backend;
#else
const MatmulBackend* (*const kOpenBlasF32)() = nullptr;
#endif
#if defined(TIDEMARK_HAVE_ONEDNN)
const MatmulBackend* (*const kOnednnF32)() = OnednnF32Backend;
const MatmulBackend* (*const kOnednnBf16)() = OnednnBf16Backend;
#else
const MatmulBackend* (*const kOnednnF32)() = nullptr;
const MatmulBackend* (*const kOnednnBf16)() = nullptr;
#endif

constexpr std::string_view kNoOpenBlas = "built without OpenBLAS: install libopenblas-dev (Debian, Ubuntu) and configure again";
constexpr std::string_view kNoOnednn = "built without oneDNN: install libdnnl-dev (Debian, Ubuntu) and configure again";

constexpr std::string_view kNotX86 = "not built: this program is for another processor architecture than x86-64";

BackendEntry Row(std::string_view name, std::string_view summary, const MatmulBackend* (*make)(), std::string_view missing = {}) {
  const MatmulBackend* backend = make == nullptr ? nullptr : make();
  if (backend == nullptr) return {name, summary, nullptr, missing};
  return {name, summary, backend, {}};
}

std::string KnownNames() {
  std::string names = "auto";
  for (const BackendEntry& entry : AllBackends()) names.append(", ").append(entry.name);
  return names;
}

// The entry called `name`; `list` is the whole flag, for the message.
const BackendEntry& Find(std::string_view name, std::string_view list) {
  for (const BackendEntry& entry : AllBackends()) {
    if (entry.name == name) return entry;
  }
  const std::string found =
      name.empty() ? fmt::format("an empty name in \"{}\"", Printable(list)) : fmt::format("\"{}\"", Printable(name));
  throw Error("--backend", found, "names separated by commas, of: " + KnownNames());
}

void AddOnce(const MatmulBackend* backend, std::vector<const MatmulBackend*>& chosen) {
  if (std::find(chosen.begin(), chosen.end(), backend) == chosen.end()) chosen.push_back(backend);
}

void AddAuto(const Cpu& cpu, Precision bound, std::vector<const MatmulBackend*>& chosen) {
  for (const BackendEntry& entry : AllBackends()) {
    if (entry.backend == nullptr || entry.backend->PrecisionFor({}) > bound) continue;
    if (entry.backend->WhyNot({}, cpu).empty()) AddOnce(entry.backend, chosen);
  }
}

void AddNamed(const BackendEntry& entry, const Cpu& cpu, std::vector<const MatmulBackend*>& chosen) {
  const std::string name(entry.name);
  if (entry.backend == nullptr) throw Error("--backend", name, "a backend of this build", std::string(entry.missing));
  const std::string why_not = entry.backend->WhyNot({}, cpu);
  if (!why_not.empty()) throw Error("--backend", name, "a backend that can run on this machine", why_not);
  AddOnce(entry.backend, chosen);
}

}  // namespace

std::span<const BackendEntry> AllBackends() {
  static const std::array kTable = {
      Row("amx_int8", "avx512_int8 with its sums on the matrix unit for many rows, the same bits (AMX)", AmxInt8Backend, kNotX86),
      Row("avx512_int8", "own kernels, weights repacked, activations rounded to int8 (AVX-512 VNNI)", Avx512Int8Backend, kNotX86),
      Row("avx2_int8", "own kernels, weights repacked, activations rounded to int8 (AVX2)", Avx2Int8Backend, kNotX86),
      Row("amx_bf16", "own kernels, inputs rounded to bfloat16, on the matrix unit (AMX)", AmxBf16Backend, kNotX86),
      Row("avx512_bf16", "own kernels, inputs rounded to bfloat16, decoding in registers (AVX-512 BF16)", Avx512Bf16Backend,
          kNotX86),
      Row("onednn_bf16", "oneDNN with inputs rounded to bfloat16 (AVX-512 BF16, AMX)", kOnednnBf16, kNoOnednn),
      // Own float32 kernels before the libraries: 4 to 7 times as fast for one row, equal for the rows of an expert, a fifth
      // slower only where hundreds of rows meet one dense matrix (one Zen 5 core against oneDNN).
      Row("avx512_f32", "own float32 kernels for AVX-512, decoding in registers", Avx512F32Backend, kNotX86),
      Row("avx2_f32", "own float32 kernels for AVX2, decoding in registers", Avx2F32Backend, kNotX86),
      Row("onednn_f32", "oneDNN in float32, weights unpacked panel by panel", kOnednnF32, kNoOnednn),
      Row("openblas_f32", "OpenBLAS in float32, weights unpacked panel by panel", kOpenBlasF32, kNoOpenBlas),
      Row("naive", "reference: every format, double accumulation, slow", NaiveBackend),
  };
  return kTable;
}

std::vector<const MatmulBackend*> ParseBackendList(std::string_view list, const Cpu& cpu, Precision bound) {
  std::vector<const MatmulBackend*> chosen;
  for (size_t begin = 0; begin <= list.size();) {
    const size_t end = std::min(list.find(',', begin), list.size());
    const std::string_view name = list.substr(begin, end - begin);
    if (name == "auto") {
      AddAuto(cpu, bound, chosen);
    } else {
      AddNamed(Find(name, list), cpu, chosen);
    }
    begin = end + 1;
  }
  return chosen;
}

}  // namespace tidemark
