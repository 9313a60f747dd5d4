// Seeded data for benchmarks: activations, and stored weights of any format without knowing its layout.
#ifndef TIDEMARK_BENCH_RANDOM_DATA_H_
#define TIDEMARK_BENCH_RANDOM_DATA_H_

#include <cstddef>
#include <cstdint>
#include <vector>

#include "engine/core/format.h"

namespace tidemark {

// Roughly normal values (a sum of four uniforms) with standard deviation std.
std::vector<float> RandomFloats(int64_t count, float std, uint64_t seed);

// values stored values of format: quantised random floats where the format has a quantiser; otherwise random bytes, block by
// block, drawn again until every dequantised value is finite and below 100.
std::vector<std::byte> RandomStored(const Format& format, int64_t values, uint64_t seed);

}  // namespace tidemark

#endif  // TIDEMARK_BENCH_RANDOM_DATA_H_
