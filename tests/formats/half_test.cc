// Conversions of half.h: exhaustive over all 16-bit values, and float32 values at every rounding boundary.
#include "engine/formats/half.h"

#include <cmath>
#include <vector>

#include "engine/core/random.h"
#include "tests/support/catch.h"

namespace tidemark {
namespace {

// The value of a half by the definition, in double.
double HalfValue(uint16_t h) {
  const int exponent = h >> 10 & 31, mantissa = h & 1023;
  const double sign = (h & 0x8000) != 0 ? -1 : 1;
  if (exponent == 31) return mantissa != 0 ? NAN : sign * INFINITY;
  return sign * (exponent == 0 ? std::ldexp(mantissa, -24) : std::ldexp(1024 + mantissa, exponent - 25));
}

// Floats at and next to the midpoints between neighbouring 16-bit values, plus NaNs of all payload lengths.
std::vector<float> Boundaries(float (*to_float)(uint16_t)) {
  std::vector<float> values;
  for (uint32_t bits = 0; bits < 0x10000; ++bits) {
    const float value = to_float(static_cast<uint16_t>(bits)), next = to_float(static_cast<uint16_t>(bits + 1));
    const auto middle = static_cast<float>((static_cast<double>(value) + static_cast<double>(next)) / 2);
    for (const float x : {value, middle, std::nextafterf(middle, -INFINITY), std::nextafterf(middle, INFINITY)})
      values.push_back(x);
  }
  for (int bit = 0; bit < 23; ++bit) {
    values.push_back(std::bit_cast<float>(0x7f800000u | 1u << bit));
    values.push_back(std::bit_cast<float>(0xff800000u | 1u << bit));
  }
  for (const float x : {65503.9f, 65519.99f, 65520.0f, 65535.9f, 3.4e38f, 1e-45f, 2.98e-8f, 0x1p-25f, 0x1.000002p-25f}) {
    values.push_back(x);
    values.push_back(-x);
  }
  return values;
}

// Nearest half by search in the sorted non-negative halves; ties to even.
uint16_t NearestHalf(float x) {
  const auto sign = static_cast<uint16_t>(std::signbit(x) ? 0x8000 : 0);
  const double magnitude = std::fabs(static_cast<double>(x));
  if (magnitude >= 65520) return sign | 0x7c00;
  uint16_t low = 0, high = 0x7c00;
  while (high - low > 1) {
    const auto middle = static_cast<uint16_t>((low + high) / 2);
    (HalfValue(middle) <= magnitude ? low : high) = middle;
  }
  const double upper = high == 0x7c00 ? 65536.0 : HalfValue(high);
  const double below = magnitude - HalfValue(low), above = upper - magnitude;
  return sign | (below < above || (below == above && low % 2 == 0) ? low : high);
}

TEST_CASE("half to float is exact for all 65536 values") {
  for (uint32_t h = 0; h < 0x10000; ++h) {
    const float found = HalfToFloat(static_cast<uint16_t>(h));
    const double expected = HalfValue(static_cast<uint16_t>(h));
    if (std::isnan(expected)) {
      REQUIRE(std::isnan(found));
      REQUIRE(std::signbit(found) == ((h & 0x8000) != 0));
      REQUIRE(FloatToHalf(found) == (h | 0x200));  // payload kept, quiet
    } else {
      REQUIRE(static_cast<double>(found) == expected);
      REQUIRE(FloatToHalf(found) == h);  // signs of zeros too
    }
  }
}

TEST_CASE("float to half rounds to nearest even at every boundary") {
  for (const float x : Boundaries([](uint16_t h) { return HalfToFloat(h); })) {
    if (!std::isnan(x)) REQUIRE(FloatToHalf(x) == NearestHalf(x));
  }
}

TEST_CASE("bf16 both ways, all values and every rounding boundary") {
  for (uint32_t b = 0; b < 0x10000; ++b) {
    const float x = Bf16ToFloat(static_cast<uint16_t>(b));
    REQUIRE(std::bit_cast<uint32_t>(x) == b << 16);
    REQUIRE(FloatToBf16(x) == (std::isnan(x) ? b | 0x40 : b));
    if (!std::isfinite(x)) continue;
    const bool odd = b % 2 != 0;
    REQUIRE(FloatToBf16(std::bit_cast<float>(b << 16 | 0x7fffu)) == b);
    REQUIRE(FloatToBf16(std::bit_cast<float>(b << 16 | 0x8000u)) == (odd ? b + 1 : b));
  }
  CHECK(FloatToBf16(std::bit_cast<float>(0x7f800001u)) == 0x7fc0);
  CHECK(FloatToBf16(3.4e38f) == 0x7f80);
}

TEST_CASE("every bulk version gives the bits of the scalar one") {
  std::vector<uint16_t> all(0x10000);
  for (size_t i = 0; i < all.size(); ++i) all[i] = static_cast<uint16_t>(i);
  std::vector<float> floats = Boundaries([](uint16_t h) { return HalfToFloat(h); });
  const std::vector<float> more = Boundaries([](uint16_t b) { return Bf16ToFloat(b); });
  floats.insert(floats.end(), more.begin(), more.end());
  const auto kernels = AvailableHalfKernels();
  if (kernels.size() < 3) WARN("SKIPPED: this processor has no " << (kernels.size() < 2 ? "AVX2" : "AVX-512"));
  const HalfKernels& scalar = kernels.front();
  std::vector<float> expected(all.size()), found(all.size());
  std::vector<uint16_t> expected16(floats.size()), found16(floats.size());
  for (const HalfKernels& kernel : kernels.subspan(1)) {
    INFO(kernel.isa);
    for (const size_t cut : {size_t{0}, size_t{1}, size_t{7}, size_t{21}}) {  // other tails
      scalar.half_to_float(all.data() + cut, expected.data(), all.size() - cut);
      kernel.half_to_float(all.data() + cut, found.data(), all.size() - cut);
      CHECK(std::memcmp(expected.data(), found.data(), expected.size() * 4) == 0);
      scalar.bf16_to_float(all.data() + cut, expected.data(), all.size() - cut);
      kernel.bf16_to_float(all.data() + cut, found.data(), all.size() - cut);
      CHECK(std::memcmp(expected.data(), found.data(), expected.size() * 4) == 0);
      scalar.float_to_half(floats.data() + cut, expected16.data(), floats.size() - cut);
      kernel.float_to_half(floats.data() + cut, found16.data(), floats.size() - cut);
      CHECK(expected16 == found16);
      scalar.float_to_bf16(floats.data() + cut, expected16.data(), floats.size() - cut);
      kernel.float_to_bf16(floats.data() + cut, found16.data(), floats.size() - cut);
      CHECK(expected16 == found16);
    }
  }
  HalfToFloat(all, found);
  scalar.half_to_float(all.data(), expected.data(), all.size());
  CHECK(std::memcmp(expected.data(), found.data(), expected.size() * 4) == 0);
}

}  // namespace
}  // namespace tidemark
