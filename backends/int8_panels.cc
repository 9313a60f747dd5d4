// Stored blocks to panels, one row at a time: plain code, the specification of int8_packing.h and for what is less than a panel.
#include "backends/int8_panels.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "engine/formats/half.h"
#include "engine/formats/k_scales.h"

namespace tidemark {
namespace {

uint32_t Load32(const uint8_t* p) {
  uint32_t v;
  std::memcpy(&v, p, sizeof v);
  return v;
}
void Store32(std::byte* p, uint32_t v) { std::memcpy(p, &v, sizeof v); }
void Copy16(std::byte* to, const std::byte* from) { std::memcpy(to, from, 2); }

// Codes < 16, eight at a time: four to the low nibbles of a lane of a vector, four to the high ones.
void PackNibbles(const uint8_t* codes, int count, int64_t lane, std::byte* vectors) {
  for (int i = 0; i < count; i += 8) Store32(vectors + i * 8 + lane * 4, Load32(codes + i) | Load32(codes + i + 4) << 4);
}

// Bits [shift, shift + width) of the codes of vectors v = 0, 1, ... to bits [v * width, ...) of one vector.
void PackUpperBits(const uint8_t* codes, int count, int shift, int width, int64_t lane, std::byte* vector) {
  const uint32_t mask = 0x01010101u * ((1u << width) - 1);
  uint32_t bits = 0;
  for (int v = 0; v < count / 4; ++v) bits |= (Load32(codes + 4 * v) >> shift & mask) << (v * width);
  Store32(vector + lane * 4, bits);
}

constexpr int kHead = 64, kPairs = 32;  // bytes of d and dmin; of one pair of scales of 16 rows

void PackHalf(std::byte* unit, int64_t index, int64_t lane, const std::byte* half) { Copy16(unit + 32 * index + 2 * lane, half); }

// Q4_K and Q5_K: twelve bytes of scales and mins.
void PackKScales(const std::byte* packed, int64_t lane, std::byte* unit) {
  for (int sub = 0; sub < 8; ++sub) {
    const ScaleMin s = UnpackScaleMin(packed, sub);
    std::byte* pair = unit + kHead + kPairs * (sub / 2) + 2 * lane + sub % 2;
    pair[0] = static_cast<std::byte>(s.scale);
    pair[4 * kPairs] = static_cast<std::byte>(s.min);
  }
}

// The nibbles of Q4_K's order.
void SplitK(const std::byte* qs, uint8_t* codes) {
  for (int chunk = 0; chunk < 4; ++chunk, qs += 32, codes += 64) {
    for (int l = 0; l < 32; ++l) {
      codes[l] = static_cast<uint8_t>(qs[l]) & 15;
      codes[32 + l] = static_cast<uint8_t>(static_cast<uint8_t>(qs[l]) >> 4);
    }
  }
}

constexpr int kQ4KCodes = kHead + 8 * kPairs;  // where the codes of Q4_K and Q5_K begin

void PackQ4_K(const std::byte* stored, int64_t, int64_t lane, std::byte* unit) {
  PackHalf(unit, 0, lane, stored);
  PackHalf(unit, 1, lane, stored + 2);
  PackKScales(stored + 4, lane, unit);
  uint8_t codes[256];
  SplitK(stored + 16, codes);
  PackNibbles(codes, 256, lane, unit + kQ4KCodes);
}

void PackQ5_K(const std::byte* stored, int64_t, int64_t lane, std::byte* unit) {
  PackHalf(unit, 0, lane, stored);
  PackHalf(unit, 1, lane, stored + 2);
  PackKScales(stored + 4, lane, unit);
  uint8_t codes[256], upper[256];
  SplitK(stored + 48, codes);
  for (int sub = 0; sub < 8; ++sub) {
    for (int l = 0; l < 32; ++l) upper[32 * sub + l] = static_cast<uint8_t>(stored[16 + l]) >> sub & 1;
    std::byte* vectors = unit + kQ4KCodes + sub * 320;
    PackNibbles(codes + 32 * sub, 32, lane, vectors);
    PackUpperBits(upper + 32 * sub, 32, 0, 1, lane, vectors + 256);
  }
}

void PackQ6_K(const std::byte* stored, int64_t, int64_t lane, std::byte* unit) {
  PackHalf(unit, 0, lane, stored + 208);
  uint8_t low[256], high[256];  // see q6_k.cc
  for (int half = 0; half < 2; ++half) {
    for (int quarter = 0; quarter < 4; ++quarter) {
      for (int l = 0; l < 32; ++l) {
        const int packed = static_cast<int>(stored[64 * half + l + 32 * (quarter % 2)]);
        low[128 * half + 32 * quarter + l] = static_cast<uint8_t>(quarter < 2 ? packed & 15 : packed >> 4);
        high[128 * half + 32 * quarter + l] = static_cast<uint8_t>(stored[128 + 32 * half + l]) >> (2 * quarter) & 3;
      }
    }
  }
  for (int sub = 0; sub < 16; ++sub) {
    unit[kHead + kPairs * (sub / 2) + 2 * lane + sub % 2] = stored[192 + sub];
    std::byte* vectors = unit + kHead + 8 * kPairs + sub * 192;
    PackNibbles(low + 16 * sub, 16, lane, vectors);
    PackUpperBits(high + 16 * sub, 16, 0, 2, lane, vectors + 128);
  }
}

void PackQ4_0(const std::byte* stored, int64_t blocks, int64_t lane, std::byte* unit) {
  for (int64_t b = 0; b < blocks; ++b, stored += 18) {
    PackHalf(unit, b, lane, stored);
    uint8_t codes[32];
    for (int l = 0; l < 16; ++l) {
      codes[l] = static_cast<uint8_t>(stored[2 + l]) & 15;
      codes[16 + l] = static_cast<uint8_t>(static_cast<uint8_t>(stored[2 + l]) >> 4);
    }
    PackNibbles(codes, 32, lane, unit + 64 + 256 * b);
  }
}

void PackQ8_0(const std::byte* stored, int64_t blocks, int64_t lane, std::byte* unit) {
  for (int64_t b = 0; b < blocks; ++b, stored += 34) {
    PackHalf(unit, b, lane, stored);
    uint8_t codes[32];
    for (int l = 0; l < 32; ++l) codes[l] = static_cast<uint8_t>(stored[2 + l]) ^ 0x80;
    for (int v = 0; v < 8; ++v) Store32(unit + 64 + 512 * b + 64 * v + 4 * lane, Load32(codes + 4 * v));
  }
}

constexpr std::array kFormats = {
    Int8Format{"q4_0", Int8Kind::kPer32, 64, 64 + 2 * 256, PackQ4_0},
    Int8Format{"q8_0", Int8Kind::kPer32, 64, 64 + 2 * 512, PackQ8_0},
    Int8Format{"q4_k", Int8Kind::kPer256, 256, kQ4KCodes + 8 * 256, PackQ4_K},
    Int8Format{"q5_k", Int8Kind::kPer256, 256, kQ4KCodes + 8 * 320, PackQ5_K},
    Int8Format{"q6_k", Int8Kind::kPer256, 256, kHead + 8 * kPairs + 16 * 192, PackQ6_K},
};

}  // namespace

std::span<const Int8Format> Int8Formats() { return kFormats; }

const Int8Format* FindInt8Format(std::string_view name) {
  for (const Int8Format& format : kFormats) {
    if (format.name == name) return &format;
  }
  return nullptr;
}

void PackInt8Panel(const WeightView& w, const Int8Format& format, const Int8Packing* packing, int64_t first, std::byte* panel,
                   bool near) {
  const int64_t rows = std::min(kPanel, w.n - first), row_bytes = w.RowBytes(), blocks = w.k / w.format->block_values;
  const std::byte* row = w.data + first * row_bytes;
  if (packing != nullptr && rows == kPanel) {
    (near ? packing->pack_near : packing->pack)(row, row_bytes, blocks, panel);
    return;
  }
  std::memset(panel, 0, static_cast<size_t>(format.PanelBytes(w.k)));
  const int64_t step = std::max<int64_t>(1, format.unit_values / w.format->block_values);
  for (int64_t lane = 0; lane < rows; ++lane, row += row_bytes) {
    for (int64_t b = 0; b < blocks; b += step) {
      format.pack(row + b * w.format->block_bytes, std::min(step, blocks - b), lane, panel + b / step * format.unit_bytes);
    }
  }
}

}  // namespace tidemark
