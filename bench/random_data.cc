#include "bench/random_data.h"

#include <algorithm>
#include <cmath>
#include <span>

#include "engine/core/error.h"
#include "engine/core/random.h"

namespace tidemark {
namespace {

// A stream of bytes from the counter-based generator.
class Bytes {
 public:
  explicit Bytes(uint64_t seed) : key_{static_cast<uint32_t>(seed), static_cast<uint32_t>(seed >> 32)} {}
  std::byte Next() {
    if (used_ == 16) {
      words_ = Philox4x32({static_cast<uint32_t>(counter_), static_cast<uint32_t>(counter_ >> 32), 0, 0}, key_);
      ++counter_;
      used_ = 0;
    }
    const auto b = static_cast<std::byte>(words_[used_ / 4] >> (used_ % 4 * 8));
    ++used_;
    return b;
  }

 private:
  std::array<uint32_t, 2> key_;
  std::array<uint32_t, 4> words_{};
  uint64_t counter_ = 0;
  size_t used_ = 16;
};

bool Sane(const Format& format, const std::byte* block, std::vector<float>& scratch) {
  format.dequantize(block, scratch);
  return std::all_of(scratch.begin(), scratch.end(), [](float v) { return std::isfinite(v) && std::abs(v) < 100; });
}

}  // namespace

std::vector<float> RandomFloats(int64_t count, float std, uint64_t seed) {
  std::vector<float> values(static_cast<size_t>(count));
  const float scale = std * std::sqrt(3.0f) / 0x1p32f;  // a sum of four uniforms on [0, 1) has variance 1/3
  for (size_t i = 0; i < values.size(); ++i) {
    const auto bits = Philox4x32({static_cast<uint32_t>(i), static_cast<uint32_t>(i >> 32), 0, 0},
                                 {static_cast<uint32_t>(seed), static_cast<uint32_t>(seed >> 32)});
    values[i] = scale * static_cast<float>(int64_t{bits[0]} + bits[1] + bits[2] + bits[3] - (int64_t{1} << 33));
  }
  return values;
}

std::vector<std::byte> RandomStored(const Format& format, int64_t values, uint64_t seed) {
  std::vector<std::byte> stored(static_cast<size_t>(format.Bytes(values)));
  if (format.quantize != nullptr) {
    format.quantize(RandomFloats(values, 0.05f, seed), stored.data());
    return stored;
  }
  TM_CHECK(format.dequantize != nullptr, "{} is a split format", format.name);
  Bytes bytes(seed);
  std::vector<float> scratch(static_cast<size_t>(format.block_values));
  for (int64_t b = 0; b < values / format.block_values; ++b) {
    std::byte* block = stored.data() + b * format.block_bytes;
    do {
      std::generate_n(block, format.block_bytes, [&] { return bytes.Next(); });
    } while (!Sane(format, block, scratch));
  }
  return stored;
}

}  // namespace tidemark
