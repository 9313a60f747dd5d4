// Counter-based random numbers: Philox4x32-10 (Salmon, Moraes, Dror, Shaw: "Parallel random numbers: as easy as 1, 2, 3",
// SC 2011). The n-th draw of a stream is a pure function of (seed, stream, n), so a sampled text depends neither on the batch
// it ran in nor on the thread count, and a resumed run draws what the undisturbed run would have drawn.
#ifndef TIDEMARK_ENGINE_CORE_RANDOM_H_
#define TIDEMARK_ENGINE_CORE_RANDOM_H_

#include <array>
#include <cstdint>
#include <string_view>

namespace tidemark {

// 128 random bits for counter and key.
std::array<uint32_t, 4> Philox4x32(std::array<uint32_t, 4> counter, std::array<uint32_t, 2> key);

// Uniform in [0, 1) with 53 random bits.
double UniformAt(uint64_t seed, uint64_t stream, uint64_t index);

// A stable 64-bit hash (FNV-1a) to name a stream after a sample id; the same on every machine.
uint64_t StableHash(std::string_view text);

}  // namespace tidemark

#endif  // TIDEMARK_ENGINE_CORE_RANDOM_H_
