// Panels packed 16 rows at a time, against those packed row by row.
#include <algorithm>
#include <cstring>
#include <random>
#include <span>
#include <vector>

#include "backends/int8_panels.h"
#include "engine/core/cpu.h"
#include "engine/formats/formats.h"
#include "tests/backends/products.h"
#include "tests/support/catch.h"

namespace tidemark::test {
namespace {

struct alignas(64) Line {
  std::byte bytes[64];
};

// All panels of w, where every byte was `fill` before; nothing is written beyond the last.
std::vector<Line> Panels(const WeightView& w, const Int8Format& format, const Int8Packing* packing, int fill) {
  const int64_t panel_bytes = format.PanelBytes(w.k), panels = (w.n + kPanel - 1) / kPanel;
  std::vector<Line> lines(static_cast<size_t>(panels * panel_bytes / 64 + 1));
  std::memset(lines.data(), fill, lines.size() * sizeof(Line));
  for (int64_t p = 0; p < panels; ++p) {
    PackInt8Panel(w, format, packing, p * kPanel, reinterpret_cast<std::byte*>(lines.data()) + p * panel_bytes);
  }
  for (const std::byte beyond : lines.back().bytes) REQUIRE(beyond == static_cast<std::byte>(fill));
  lines.pop_back();
  return lines;
}

bool Same(const std::vector<Line>& a, const std::vector<Line>& b) {
  return a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size() * sizeof(Line)) == 0;
}

// Rows at an odd address in an allocation of exactly their size, so that a sanitizer sees a read beyond them.
void CheckPacking(const Int8Packing& packing, int64_t n, int64_t k, std::mt19937& random) {
  INFO(packing.format << ", " << n << " rows of " << k);
  const Format* stored = FindFormat(packing.format);
  const Int8Format* format = FindInt8Format(packing.format);
  REQUIRE(stored != nullptr);
  REQUIRE(format != nullptr);
  WeightView w;
  w.format = stored;
  w.n = n;
  w.k = k;
  std::vector<std::byte> bytes(static_cast<size_t>(n * stored->Bytes(k)) + 1);
  internal::FillRandomBytes(bytes.data(), static_cast<int64_t>(bytes.size()), random);
  w.data = bytes.data() + 1;
  const std::vector<Line> plain = Panels(w, *format, nullptr, 0x5a);
  CHECK(Same(plain, Panels(w, *format, nullptr, 0xa5)));
  CHECK(Same(plain, Panels(w, *format, &packing, 0xa5)));
}

void CheckAll(std::span<const Int8Packing> all) {
  std::mt19937 random(11);
  REQUIRE(all.size() == Int8Formats().size());
  for (const Int8Format& format : Int8Formats()) {
    const auto packing = std::find_if(all.begin(), all.end(), [&](const Int8Packing& p) { return p.format == format.name; });
    REQUIRE(packing != all.end());
    const int64_t block = FindFormat(format.name)->block_values;
    for (const int64_t blocks : {1, 2, 3, 7, 8}) {
      for (const int64_t n : {1, 15, 16, 17, 48}) CheckPacking(*packing, n, blocks * block, random);
    }
  }
}

TEST_CASE("AVX-512 packs every format's panels as plain code does") {
  if (!DetectCpu().RunsAvx512()) TM_SKIP("this processor has no AVX-512 (F, BW, CD, DQ, VL)");
  CheckAll(Avx512Int8Packing());
}

TEST_CASE("AVX2 packs every format's panels as plain code does") {
  if (!DetectCpu().RunsAvx2()) TM_SKIP("this processor has no AVX2, FMA and F16C");
  CheckAll(Avx2Int8Packing());
}

}  // namespace
}  // namespace tidemark::test
