// Arithmetic on sizes that come from files: nullopt instead of wrapping round.
#ifndef TIDEMARK_ENGINE_CORE_CHECKED_H_
#define TIDEMARK_ENGINE_CORE_CHECKED_H_

#include <cstdint>
#include <optional>

namespace tidemark {

inline std::optional<uint64_t> CheckedAdd(uint64_t a, uint64_t b) {
  uint64_t sum;
  return __builtin_add_overflow(a, b, &sum) ? std::nullopt : std::optional<uint64_t>(sum);
}

inline std::optional<uint64_t> CheckedMul(uint64_t a, uint64_t b) {
  uint64_t product;
  return __builtin_mul_overflow(a, b, &product) ? std::nullopt : std::optional<uint64_t>(product);
}

// The smallest multiple of alignment that is >= value. alignment > 0.
inline std::optional<uint64_t> CheckedRoundUp(uint64_t value, uint64_t alignment) {
  const uint64_t rest = value % alignment;
  return rest == 0 ? std::optional<uint64_t>(value) : CheckedAdd(value, alignment - rest);
}

}  // namespace tidemark

#endif  // TIDEMARK_ENGINE_CORE_CHECKED_H_
