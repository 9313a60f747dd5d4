// Reading the golden files of tests/golden/formats, and comparing floats by their bits.
#ifndef TIDEMARK_TESTS_FORMATS_GOLDEN_H_
#define TIDEMARK_TESTS_FORMATS_GOLDEN_H_

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <nlohmann/json.hpp>
#include <span>
#include <string>
#include <vector>

#include "engine/core/file.h"
#include "tests/support/paths.h"

namespace tidemark::test {

// NAME.json and NAME.bin; parts of the latter are addressed by {"offset", "bytes"} in the former.
struct GoldenFile {
  nlohmann::json index;
  std::string data;

  explicit GoldenFile(const std::string& name)
      : index(nlohmann::json::parse(ReadFile(Golden("formats/" + name + ".json")))),
        data(ReadFile(Golden("formats/" + name + ".bin"))) {}

  std::span<const std::byte> Bytes(const nlohmann::json& part) const {
    const auto all = std::as_bytes(std::span(data));
    return all.subspan(part.at("offset").get<size_t>(), part.at("bytes").get<size_t>());
  }
  template <typename T>
  std::vector<T> Values(const nlohmann::json& part) const {
    const auto bytes = Bytes(part);
    std::vector<T> values(bytes.size() / sizeof(T));
    std::memcpy(values.data(), bytes.data(), values.size() * sizeof(T));
    return values;
  }
};

// The bits of x; every NaN gives the same, as in the golden files.
inline uint32_t Bits(float x) { return x != x ? 0x7fc00000u : std::bit_cast<uint32_t>(x); }
inline uint16_t Bf16Bits(uint16_t b) { return (b & 0x7fffu) > 0x7f80u ? uint16_t{0x7fc0} : b; }

// Index of the first element whose bits differ, or the size.
inline size_t FirstDifference(std::span<const float> a, std::span<const float> b) {
  size_t i = 0;
  while (i < a.size() && Bits(a[i]) == Bits(b[i])) ++i;
  return i;
}

// Sum over i of splitmix64's finaliser of (i << 32 | bits[i]): hash_bits of make_golden.py.
inline uint64_t HashBits(std::span<const float> values) {
  uint64_t sum = 0;
  for (size_t i = 0; i < values.size(); ++i) {
    uint64_t z = uint64_t{i} << 32 | Bits(values[i]);
    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9u;
    z = (z ^ z >> 27) * 0x94D049BB133111EBu;
    sum += z ^ z >> 31;
  }
  return sum;
}

}  // namespace tidemark::test

#endif  // TIDEMARK_TESTS_FORMATS_GOLDEN_H_
