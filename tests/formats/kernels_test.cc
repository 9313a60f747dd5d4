// Every instruction-set version of every format against the plain one, on random and on adversarial blocks; and bf16 rows.
#include "engine/formats/kernels.h"

#include <random>

#include "engine/core/cpu.h"
#include "engine/formats/bf16_rows.h"
#include "engine/formats/half.h"
#include "engine/formats/mlx_affine.h"
#include "tests/formats/golden.h"
#include "tests/support/catch.h"

namespace tidemark {
namespace {

using test::Bf16Bits;
using test::Bits;

// Random bytes; then, with probability one half, one 16-bit field at a random place becomes a troublesome half. Fully random
// bytes contain infinite, NaN and subnormal scales by themselves (one half in 16 is not finite or subnormal).
std::vector<std::byte> RandomBlocks(const Format& format, size_t blocks, uint64_t seed) {
  std::mt19937_64 random(seed);
  const auto block_bytes = static_cast<size_t>(format.block_bytes);
  std::vector<std::byte> bytes(blocks * block_bytes);
  for (std::byte& b : bytes) b = static_cast<std::byte>(random());
  constexpr uint16_t kTroublesome[] = {0x0000, 0x8000, 0x0001, 0x8001, 0x03ff, 0x7c00, 0xfc00, 0x7c01, 0x7e00, 0x7bff, 0xfbff};
  for (size_t b = 0; b < blocks && block_bytes > 2; ++b) {
    // Scales stand first or last in every format.
    const size_t places[] = {0, 2, block_bytes - 2, block_bytes - 4};
    if (random() % 2 == 0) continue;
    std::memcpy(bytes.data() + b * block_bytes + places[random() % 4], &kTroublesome[random() % std::size(kTroublesome)], 2);
  }
  return bytes;
}

TEST_CASE("every instruction-set version equals the plain one, in float32 and in bf16") {
  const Cpu cpu = DetectCpu();
  if (!cpu.avx512) WARN("SKIPPED: AVX-512 versions, this processor has none");
  for (const DequantizeKernel& kernel : RunnableKernels()) {
    const Format& format = *FindFormat(kernel.format);
    INFO(kernel.format << " " << kernel.isa);
    const auto plain = std::find_if(RunnableKernels().begin(), RunnableKernels().end(),
                                    [&](const DequantizeKernel& k) { return k.format == kernel.format && k.isa == "plain"; });
    // Odd counts: floats have tails, and an odd start makes every access unaligned.
    const size_t blocks = format.block_values == 1 ? 100003 : format.block_values == 32 ? 4001 : 601;
    const auto bytes = RandomBlocks(format, blocks, 7 + blocks);
    const size_t count = blocks * static_cast<size_t>(format.block_values);
    std::vector<float> expected(count), found(count + 1, -77.0f);
    plain->to_float(bytes.data(), expected);
    kernel.to_float(bytes.data(), {found.data(), count});
    const size_t at = test::FirstDifference({found.data(), count}, expected);
    INFO("value " << at);
    CHECK(at == count);
    CHECK(found[count] == -77.0f);
    if (kernel.to_bf16 == nullptr) continue;
    std::vector<uint16_t> rounded(count + 1, 0xabcd);
    kernel.to_bf16(bytes.data(), {rounded.data(), count});
    size_t wrong = 0;
    for (size_t i = 0; i < count; ++i) wrong += Bf16Bits(rounded[i]) != Bf16Bits(FloatToBf16(expected[i]));
    CHECK(wrong == 0);
    CHECK(rounded[count] == 0xabcd);
  }
}

TEST_CASE("every instruction-set version of the MLX widths equals the plain one") {
  std::mt19937_64 random(23);
  const AffineKernel* plain = nullptr;
  for (const AffineKernel& kernel : RunnableAffineKernels()) {
    if (kernel.isa == "plain") plain = &kernel;
    REQUIRE(plain->bits == kernel.bits);
    for (const int group : {32, 64, 128}) {
      INFO(kernel.bits << " bits, groups of " << group << ", " << kernel.isa);
      constexpr int kGroups = 301;
      // Exactly as many bytes as the values take, at an odd address: an address sanitizer sees any read beyond.
      const size_t bytes = static_cast<size_t>(kGroups * group * kernel.bits / 8);
      std::vector<std::byte> quants(bytes + 1);
      for (std::byte& b : quants) b = static_cast<std::byte>(random());
      std::vector<float> scales(kGroups), biases(kGroups);
      for (float& v : scales)
        v = std::bit_cast<float>(static_cast<uint32_t>(random()));  // any float: infinities, NaNs, subnormals
      for (float& v : biases) v = std::bit_cast<float>(static_cast<uint32_t>(random()));
      std::vector<float> expected(static_cast<size_t>(kGroups * group)), found(expected.size());
      plain->run(quants.data() + 1, scales.data(), biases.data(), kGroups, group, expected.data());
      kernel.run(quants.data() + 1, scales.data(), biases.data(), kGroups, group, found.data());
      CHECK(test::FirstDifference(found, expected) == expected.size());
    }
  }
}

TEST_CASE("the best version is the one for the newest instruction set") {
  const Cpu cpu = DetectCpu();
  for (const char* name : {"q4_k", "q6_k", "q5_k", "q8_0", "q4_0", "q2_k", "q3_k", "f16", "bf16"}) {
    const DequantizeKernel* best = BestKernel(name);
    REQUIRE(best != nullptr);
    CHECK(best->isa == (cpu.RunsAvx512() ? "avx512" : cpu.RunsAvx2() ? "avx2" : "plain"));
  }
  CHECK(BestKernel("f32")->isa == "plain");
  CHECK(BestKernel("mlx_q4_g64") == nullptr);
}

TEST_CASE("DequantizeToBf16 rounds the float32 values of every format") {
  std::mt19937_64 random(11);
  for (const Format* format : AllFormats()) {
    INFO(format->name);
    // More than one step of the scratch, not a multiple of it; unaligned data.
    const int64_t n = 5, k = 2048 + 3 * 256;
    std::vector<std::byte> data(static_cast<size_t>(n * format->Bytes(k)) + 1);
    for (std::byte& b : data) b = static_cast<std::byte>(random());
    std::vector<std::byte> scales(static_cast<size_t>(n * k / format->block_values * 2)), biases(scales.size());
    for (std::byte& b : scales) b = static_cast<std::byte>(random());
    for (std::byte& b : biases) b = static_cast<std::byte>(random());
    WeightView w{"w", format, n, k, data.data() + 1};
    if (format->dequantize == nullptr) {
      w.scale_format = FindFormat("bf16");
      w.scales = scales.data();
      w.biases = biases.data();
    }
    std::vector<float> floats(static_cast<size_t>(3 * k));
    std::vector<uint16_t> found(floats.size());
    DequantizeRows(w, 1, 3, floats.data());
    DequantizeToBf16(w, 1, 3, found.data());
    size_t wrong = 0;
    for (size_t i = 0; i < found.size(); ++i) wrong += Bf16Bits(found[i]) != Bf16Bits(FloatToBf16(floats[i]));
    CHECK(wrong == 0);
  }
}

}  // namespace
}  // namespace tidemark
