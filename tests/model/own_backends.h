// The own backends that this machine runs, as lists that can run a whole model.
#ifndef TIDEMARK_TESTS_MODEL_OWN_BACKENDS_H_
#define TIDEMARK_TESTS_MODEL_OWN_BACKENDS_H_

#include <algorithm>
#include <string>
#include <vector>

#include "backends/backends.h"
#include "backends/plain_tiles.h"

namespace tidemark::test {

// What runs all products of a model: the first that can take a matrix takes it.
struct BackendList {
  std::string name;
  std::vector<const MatmulBackend*> backends;
  Precision precision = Precision::kExact;  // of the first
  bool plain = false;                       // over plain tiles: slow, so with less work
};

// Own backends promise what other libraries do not. Integer kernels leave the matrices that they cannot take to float ones.
// The AMX kernels also run over plain tiles, so that machines without AMX test them too.
inline std::vector<BackendList> OwnBackendLists() {
  const Cpu cpu = DetectCpu();
  std::vector<const MatmulBackend*> own;
  for (const BackendEntry& entry : AllBackends()) {
    if (entry.name.starts_with("avx") || entry.name.starts_with("amx")) own.push_back(entry.backend);
  }
  const std::vector<const MatmulBackend*> plain = {AmxInt8OnPlainTiles(), AmxBf16OnPlainTiles()};
  own.insert(own.end(), plain.begin(), plain.end());
  std::vector<BackendList> lists;
  for (const MatmulBackend* backend : own) {
    if (backend == nullptr || !backend->WhyNot({}, cpu).empty()) continue;
    lists.push_back({std::string(backend->Name()),
                     {backend},
                     backend->PrecisionFor({}),
                     std::find(plain.begin(), plain.end(), backend) != plain.end()});
    if (lists.back().precision == Precision::kInt8) {
      lists.back().name += ",avx2_f32";
      lists.back().backends.push_back(ParseBackendList("avx2_f32", cpu).front());
    }
  }
  return lists;
}

}  // namespace tidemark::test

#endif  // TIDEMARK_TESTS_MODEL_OWN_BACKENDS_H_
