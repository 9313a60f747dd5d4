// Panels of int8_panels.h packed 16 rows at a time. Included inside a marked region and an anonymous namespace, so that each
// instruction set compiles its own; before it the file defines
//   struct Rows        one 4-byte word of each of the 16 rows of a panel; operations on it:
//     Zero(), And(a, mask), Or(a, b), Xor(a, mask)
//     Shift<kBits>(a)  to the left, or to the right by -kBits; bits may cross bytes
//     Split(a)         the lower halves of the words of all rows, then the upper ones: 2 x 16 x 2 bytes
//     Load4(p, row_bytes, a)  a[0 .. 3]: words 0 .. 3 of the 16 bytes at p + i * row_bytes of row i
//     Store<kNear>(p, a)  64 bytes, 64-byte aligned, to the caches or past them; Fence(): after the last of the latter
// A stored block is read in pieces of 16 bytes, each transposed in registers; all else is done to the words of 16 rows at once,
// in the order in which the panel wants them, so that every store is a whole vector. The plain code of int8_panels.cc is the
// specification: both write the same bytes.
#ifndef TIDEMARK_BACKENDS_INT8_PACKING_H_
#define TIDEMARK_BACKENDS_INT8_PACKING_H_

constexpr uint32_t kEveryByte = 0x01010101u;

// Codes of 4 bits of words a and b to the low and high nibbles of a vector: those stored in low nibbles, or in high ones.
inline Rows LowCodes(const Rows& a, const Rows& b) { return Or(And(a, 15 * kEveryByte), And(Shift<4>(b), 240 * kEveryByte)); }
inline Rows HighCodes(const Rows& a, const Rows& b) { return Or(And(Shift<-4>(a), 15 * kEveryByte), And(b, 240 * kEveryByte)); }

// Bits [kFrom, kFrom + kWidth) of the bytes of word v = 0, 1, ... to bits [v * kWidth, ...) of those of one vector.
template <int kFrom, int kWidth, size_t... kV>
Rows UpperBits(const Rows* words, std::index_sequence<kV...>) {
  constexpr uint32_t kMask = ((1u << kWidth) - 1) * kEveryByte;
  Rows bits = Zero();
  ((bits = Or(bits, And(Shift<kWidth* static_cast<int>(kV) - kFrom>(words[kV]), kMask << (kWidth * kV)))), ...);
  return bits;
}

// Scales or mins 4 to 7 of Q4_K and Q5_K.
inline Rows UpperScales(const Rows& low_bits, const Rows& high_bits) {
  return Or(And(low_bits, 15 * kEveryByte), And(Shift<-2>(high_bits), 48 * kEveryByte));
}

// d, dmin, scales and mins of Q4_K and Q5_K: 16 stored bytes (SplitScaleMins of k_scales.h), 320 of the panel.
template <bool kNear>
void PackKHead(const std::byte* block, int64_t row_bytes, std::byte* unit) {
  Rows s[4];
  Load4(block, row_bytes, s);
  Store<kNear>(unit, Split(s[0]));
  Store<kNear>(unit + 64, Split(And(s[1], 63 * kEveryByte)));
  Store<kNear>(unit + 128, Split(UpperScales(s[3], s[1])));
  Store<kNear>(unit + 192, Split(And(s[2], 63 * kEveryByte)));
  Store<kNear>(unit + 256, Split(UpperScales(Shift<-4>(s[3]), s[2])));
}

// The nibbles of two sub-blocks: 32 stored bytes to 4 vectors at `low` and 4 at `high`.
template <bool kNear>
void PackKChunk(const std::byte* chunk, int64_t row_bytes, std::byte* low, std::byte* high) {
  for (int half = 0; half < 2; ++half, chunk += 16, low += 128, high += 128) {
    Rows w[4];
    Load4(chunk, row_bytes, w);
    Store<kNear>(low, LowCodes(w[0], w[1]));
    Store<kNear>(low + 64, LowCodes(w[2], w[3]));
    Store<kNear>(high, HighCodes(w[0], w[1]));
    Store<kNear>(high + 64, HighCodes(w[2], w[3]));
  }
}

// A unit of a panel from `blocks` stored blocks of each row: 1 for formats of 256 values, 1 or 2 for those of 32.
template <bool kNear>
struct UnitQ4_K {
  static constexpr int64_t kBlocks = 1, kBlockBytes = 144, kUnitBytes = 320 + 8 * 256;
  static void Pack(const std::byte* block, int64_t row_bytes, int64_t, std::byte* unit) {
    PackKHead<kNear>(block, row_bytes, unit);
    for (int chunk = 0; chunk < 4; ++chunk) {
      std::byte* sub = unit + 320 + 512 * chunk;
      PackKChunk<kNear>(block + 16 + 32 * chunk, row_bytes, sub, sub + 256);
    }
  }
};

template <bool kNear>
struct UnitQ5_K {
  static constexpr int64_t kBlocks = 1, kBlockBytes = 176, kUnitBytes = 320 + 8 * 320;
  static void Pack(const std::byte* block, int64_t row_bytes, int64_t, std::byte* unit) {
    PackKHead<kNear>(block, row_bytes, unit);
    for (int chunk = 0; chunk < 4; ++chunk) {
      std::byte* sub = unit + 320 + 640 * chunk;
      PackKChunk<kNear>(block + 48 + 32 * chunk, row_bytes, sub, sub + 320);
    }
    Rows fifth[8];
    Load4(block + 16, row_bytes, fifth);
    Load4(block + 32, row_bytes, fifth + 4);
    PackFifth(fifth, unit + 320 + 256, std::make_index_sequence<8>());
  }
  template <size_t... kSub>
  static void PackFifth(const Rows* fifth, std::byte* to, std::index_sequence<kSub...>) {
    (Store<kNear>(to + 320 * kSub, UpperBits<kSub, 1>(fifth, std::make_index_sequence<8>())), ...);
  }
};

template <bool kNear>
struct UnitQ6_K {
  static constexpr int64_t kBlocks = 1, kBlockBytes = 210, kUnitBytes = 320 + 16 * 192;
  static void Pack(const std::byte* block, int64_t row_bytes, int64_t, std::byte* unit) {
    Rows s[4];
    Load4(block + 194, row_bytes, s);  // the last 16 bytes; d is the last two
    Store<kNear>(unit, Split(Shift<-16>(s[3])));
    Load4(block + 192, row_bytes, s);
    for (int i = 0; i < 4; ++i) Store<kNear>(unit + 64 + 64 * i, Split(s[i]));
    // A half is four quarters of 32 values; sixteen of each share the words of the upper bits, two quarters those of the lower.
    for (int half = 0; half < 2; ++half) {
      for (int sub = 0; sub < 2; ++sub) {
        const std::byte *low = block + 64 * half + 16 * sub, *high = block + 128 + 32 * half + 16 * sub;
        std::byte* to = unit + 320 + 192 * (8 * half + sub);
        Rows a[4], b[4], h[4];
        Load4(low, row_bytes, a);
        Load4(low + 32, row_bytes, b);
        Load4(high, row_bytes, h);
        PackSub(LowCodes(a[0], a[1]), LowCodes(a[2], a[3]), UpperBits<0, 2>(h, kFour), to);
        PackSub(LowCodes(b[0], b[1]), LowCodes(b[2], b[3]), UpperBits<2, 2>(h, kFour), to + 2 * 192);
        PackSub(HighCodes(a[0], a[1]), HighCodes(a[2], a[3]), UpperBits<4, 2>(h, kFour), to + 4 * 192);
        PackSub(HighCodes(b[0], b[1]), HighCodes(b[2], b[3]), UpperBits<6, 2>(h, kFour), to + 6 * 192);
      }
    }
  }

 private:
  static constexpr std::make_index_sequence<4> kFour = {};
  static void PackSub(const Rows& first, const Rows& second, const Rows& upper, std::byte* to) {
    Store<kNear>(to, first);
    Store<kNear>(to + 64, second);
    Store<kNear>(to + 128, upper);
  }
};

// The scales of one or two blocks of Q4_0 or Q8_0: d is the first two bytes.
inline Rows LoadHalves(const std::byte* block, int64_t block_bytes, int64_t row_bytes, int64_t blocks) {
  Rows first[4], second[4];
  Load4(block, row_bytes, first);
  const Rows d = And(first[0], 0xffffu);
  if (blocks == 1) return Split(d);
  Load4(block + block_bytes, row_bytes, second);
  return Split(Or(d, Shift<16>(second[0])));
}

template <bool kNear>
void StoreZeros(std::byte* from, const std::byte* end) {
  for (; from < end; from += 64) Store<kNear>(from, Zero());
}

template <bool kNear>
struct UnitQ4_0 {
  static constexpr int64_t kBlocks = 2, kBlockBytes = 18, kUnitBytes = 64 + 2 * 256;
  static void Pack(const std::byte* block, int64_t row_bytes, int64_t blocks, std::byte* unit) {
    Store<kNear>(unit, LoadHalves(block, kBlockBytes, row_bytes, blocks));
    std::byte* to = unit + 64;
    for (int64_t b = 0; b < blocks; ++b, to += 256) {
      Rows w[4];
      Load4(block + kBlockBytes * b + 2, row_bytes, w);
      Store<kNear>(to, LowCodes(w[0], w[1]));
      Store<kNear>(to + 64, LowCodes(w[2], w[3]));
      Store<kNear>(to + 128, HighCodes(w[0], w[1]));
      Store<kNear>(to + 192, HighCodes(w[2], w[3]));
    }
    StoreZeros<kNear>(to, unit + kUnitBytes);
  }
};

template <bool kNear>
struct UnitQ8_0 {
  static constexpr int64_t kBlocks = 2, kBlockBytes = 34, kUnitBytes = 64 + 2 * 512;
  static void Pack(const std::byte* block, int64_t row_bytes, int64_t blocks, std::byte* unit) {
    Store<kNear>(unit, LoadHalves(block, kBlockBytes, row_bytes, blocks));
    std::byte* to = unit + 64;
    for (int64_t b = 0; b < blocks; ++b) {
      for (int half = 0; half < 2; ++half, to += 256) {
        Rows w[4];
        Load4(block + kBlockBytes * b + 2 + 16 * half, row_bytes, w);
        for (int v = 0; v < 4; ++v) Store<kNear>(to + 64 * v, Xor(w[v], 128 * kEveryByte));
      }
    }
    StoreZeros<kNear>(to, unit + kUnitBytes);
  }
};

// Int8Packing::pack. Rows are read at sixteen places at once, which processors do not foresee, so the next panel's rows, which
// lie behind these, are asked for meanwhile, in order.
template <bool kNear, typename Unit>
void PackPanel(const std::byte* rows, int64_t row_bytes, int64_t blocks, std::byte* panel) {
  constexpr int64_t kBytes = kPanel * Unit::kBlocks * Unit::kBlockBytes;  // of a unit
  const char* next = reinterpret_cast<const char*>(rows) + kPanel * row_bytes;
  for (int64_t b = 0; b < blocks; b += Unit::kBlocks, panel += Unit::kUnitBytes, next += kBytes) {
    for (int64_t i = 0; i < kBytes; i += 64) _mm_prefetch(next + i, _MM_HINT_T0);
    Unit::Pack(rows + b * Unit::kBlockBytes, row_bytes, std::min(Unit::kBlocks, blocks - b), panel);
  }
  if (!kNear) Fence();
}

template <template <bool> typename Unit>
constexpr Int8Packing MakePacking(std::string_view format) {
  return {format, PackPanel<false, Unit<false>>, PackPanel<true, Unit<true>>};
}

constexpr std::array kPacking = {
    MakePacking<UnitQ4_0>("q4_0"), MakePacking<UnitQ8_0>("q8_0"), MakePacking<UnitQ4_K>("q4_k"),
    MakePacking<UnitQ5_K>("q5_k"), MakePacking<UnitQ6_K>("q6_k"),
};

#endif  // TIDEMARK_BACKENDS_INT8_PACKING_H_
