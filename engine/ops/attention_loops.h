// The kernels of attention_kernels.h over a vector type. Included inside a marked region and an anonymous namespace, so that
// each instruction set compiles its own; before it the file defines a struct Lanes:
//   F, kLanes            vector of floats and its width (8 or 16)
//   kTileVectors         vectors of scores that stay in registers for kQuad queries
//   Load, Store, Set1, Fma(a, b, c) = a * b + c, Add, Sub, Mul, Div, Max (of a NaN: the second operand)
//   MaxOf(v), SumOf(v)   across lanes, in one fixed order
//   Exp(v)               v <= 0; a NaN stays one
//   First(v, n)          lanes from n on become -inf
//   Half(p), Bf16(p), Int8(p)  kLanes stored numbers as floats; HalfOfAll(p): one half in all lanes
//
// Scores of kTileVectors vectors of positions x kQuad queries are sums over i = 0, 1, ... d - 1 of fused multiply-adds, the
// weighted values sums over ascending positions: the order for a (query, position) never depends on the shape of the tile.
#ifndef TIDEMARK_ENGINE_OPS_ATTENTION_LOOPS_H_
#define TIDEMARK_ENGINE_OPS_ATTENTION_LOOPS_H_

using F = Lanes::F;
constexpr int64_t kLanes = Lanes::kLanes;

// --- Stored numbers. Keys(piece, d, column).At<v>(i): element i of the positions of vector v after the column.

template <typename T>
struct PlainData {
  static constexpr int64_t kKeyBytes = sizeof(T) * kKvBlock;  // of one element, all positions
  static int64_t RowBytes(int64_t d) { return static_cast<int64_t>(sizeof(T)) * d; }
};

struct F32Data : PlainData<float> {
  template <int kVectors>
  struct Keys {
    Keys(const std::byte* piece, int64_t, int64_t column) : p(reinterpret_cast<const float*>(piece) + column) {}
    void EnterBlock(int64_t) {}
    F At(int64_t i, int v) const { return Lanes::Load(p + i * kKvBlock + v * kLanes); }
    const float* p;
  };
  static F Value(const std::byte* row, int64_t i) { return Lanes::Load(reinterpret_cast<const float*>(row) + i); }
};

struct F16Data : PlainData<uint16_t> {
  template <int kVectors>
  struct Keys {
    Keys(const std::byte* piece, int64_t, int64_t column) : p(piece + 2 * column) {}
    void EnterBlock(int64_t) {}
    F At(int64_t i, int v) const { return Lanes::Half(p + 2 * (i * kKvBlock + v * kLanes)); }
    const std::byte* p;
  };
  static F Value(const std::byte* row, int64_t i) { return Lanes::Half(row + 2 * i); }
};

struct Bf16Data : PlainData<uint16_t> {
  template <int kVectors>
  struct Keys {
    Keys(const std::byte* piece, int64_t, int64_t column) : p(piece + 2 * column) {}
    void EnterBlock(int64_t) {}
    F At(int64_t i, int v) const { return Lanes::Bf16(p + 2 * (i * kKvBlock + v * kLanes)); }
    const std::byte* p;
  };
  static F Value(const std::byte* row, int64_t i) { return Lanes::Bf16(row + 2 * i); }
};

struct Q8Data : PlainData<int8_t> {
  template <int kVectors>
  struct Keys {
    Keys(const std::byte* piece, int64_t d, int64_t column) : p(piece + column), scales(piece + d * kKvBlock + 2 * column) {}
    // Elements [i, i + 32) follow.
    void EnterBlock(int64_t i) {
      for (int v = 0; v < kVectors; ++v) scale[v] = Lanes::Half(scales + 2 * (i / 32 * kKvBlock + v * kLanes));
    }
    F At(int64_t i, int v) const { return Lanes::Mul(Lanes::Int8(p + i * kKvBlock + v * kLanes), scale[v]); }
    const std::byte *p, *scales;
    F scale[kVectors];
  };
  static int64_t RowBytes(int64_t d) { return d / 32 * 34; }
  static F Value(const std::byte* row, int64_t i) {
    const std::byte* block = row + i / 32 * 34;
    return Lanes::Mul(Lanes::Int8(block + 2 + i % 32), Lanes::HalfOfAll(block));
  }
};

inline void Prefetch(const std::byte* p) { _mm_prefetch(reinterpret_cast<const char*>(p), _MM_HINT_T0); }

// --- Scores of the positions of kVectors vectors from `column` on.
template <typename Data, int kQueries, int kVectors>
void Scores(const std::byte* piece, const std::byte* ahead, int64_t column, const float* q, int64_t d, float scale,
            float* scores) {
  F sum[kQueries][kVectors];
  for (auto& row : sum) {
    for (F& s : row) s = Lanes::Set1(0);
  }
  typename Data::template Keys<kVectors> keys(piece, d, column);
  for (int64_t first = 0; first < d; first += 32) {
    keys.EnterBlock(first);
    const int64_t end = first + 32 < d ? first + 32 : d;
    for (int64_t i = first; i < end; ++i) {
      F k[kVectors];
      for (int v = 0; v < kVectors; ++v) k[v] = keys.At(i, v);
      for (int n = 0; n < kQueries; ++n) {
        const F one = Lanes::Set1(q[n * d + i]);
        for (int v = 0; v < kVectors; ++v) sum[n][v] = Lanes::Fma(one, k[v], sum[n][v]);
      }
      if (ahead != nullptr) {
        for (int64_t b = 0; b < Data::kKeyBytes; b += 64) Prefetch(ahead + i * Data::kKeyBytes + b);
      }
    }
  }
  for (int n = 0; n < kQueries; ++n) {
    for (int v = 0; v < kVectors; ++v) {
      Lanes::Store(scores + n * kKvBlock + column + v * kLanes, Lanes::Mul(sum[n][v], Lanes::Set1(scale)));
    }
  }
}

// scores [count] of one query become exponentials; the state's maximum and sum follow. Returns what the values so far must be
// multiplied by.
inline F Softmax(int64_t count, float* scores, float* state) {
  const int64_t whole = count / kLanes * kLanes, vectors = (count + kLanes - 1) / kLanes;
  if (whole < count) Lanes::Store(scores + whole, Lanes::First(Lanes::Load(scores + whole), count - whole));
  F largest = Lanes::Set1(state[0]);
  for (int64_t v = 0; v < vectors; ++v) largest = Lanes::Max(Lanes::Load(scores + v * kLanes), largest);
  const float max = Lanes::MaxOf(largest);
  F sum = Lanes::Set1(0);
  for (int64_t v = 0; v < vectors; ++v) {
    const F e = Lanes::Exp(Lanes::Sub(Lanes::Load(scores + v * kLanes), Lanes::Set1(max)));
    Lanes::Store(scores + v * kLanes, e);
    sum = Lanes::Add(sum, e);
  }
  const F rescale = Lanes::Exp(Lanes::Set1(state[0] - max));
  state[0] = max;
  Lanes::Store(state + kStateSum, Lanes::Fma(Lanes::Load(state + kStateSum), rescale, sum));
  return rescale;
}

// Elements [i, i + kVectors * kLanes) of the weighted values.
template <typename Data, int kQueries, int kVectors>
void AddValues(const AttentionBlock& block, int64_t count, const std::byte* ahead, int64_t i, const float* e, const F* rescale,
               int64_t d, float* states) {
  const int64_t stride = AttentionStateFloats(d), row_bytes = Data::RowBytes(d);
  float* values = states + kStateValues + i;
  F sum[kQueries][kVectors];
  for (int n = 0; n < kQueries; ++n) {
    for (int v = 0; v < kVectors; ++v) sum[n][v] = Lanes::Mul(Lanes::Load(values + n * stride + v * kLanes), rescale[n]);
  }
  for (int64_t j = 0; j < count; ++j) {
    F x[kVectors];
    for (int v = 0; v < kVectors; ++v) x[v] = Data::Value(block.values + j * row_bytes, i + v * kLanes);
    for (int n = 0; n < kQueries; ++n) {
      const F weight = Lanes::Set1(e[n * kKvBlock + j]);
      for (int v = 0; v < kVectors; ++v) sum[n][v] = Lanes::Fma(weight, x[v], sum[n][v]);
    }
    if (ahead != nullptr) {
      for (int64_t b = 0; b < row_bytes; b += 64) Prefetch(ahead + j * row_bytes + b);
    }
  }
  for (int n = 0; n < kQueries; ++n) {
    for (int v = 0; v < kVectors; ++v) Lanes::Store(values + n * stride + v * kLanes, sum[n][v]);
  }
}

// Row r's part of what the next block reads, no nearer than the second cache: the first is full of this block.
inline void PrefetchPart(const std::byte* next, const AttentionBlock& block, int64_t r) {
  if (next == nullptr) return;
  const int64_t lines = (block.next_bytes + 63) / 64, end = lines * (r + 1) / block.rows;
  for (int64_t line = lines * r / block.rows; line < end; ++line) {
    _mm_prefetch(reinterpret_cast<const char*>(next + line * 64), _MM_HINT_T1);
  }
}

// First the scores of all rows, while the keys are in the nearest cache, then their values.
template <typename Data, int kQueries>
void AttendQueries(const AttentionBlock& block, int64_t d, float scale) {
  constexpr int kVectors = Lanes::kTileVectors, kFew = kVectors / 2;
  alignas(64) float e[kAttentionRows * kQueries * kKvBlock];
  for (int64_t r = 0; r < block.rows; ++r) {
    const int64_t count = block.Count(r);
    const float* q = block.q + r * block.q_stride;
    float* scores = e + r * kQueries * kKvBlock;
    if (block.rows > 1) PrefetchPart(block.next_keys, block, r);
    int64_t column = 0;
    for (; column + kFew * kLanes < count; column += kVectors * kLanes) {
      const std::byte* ahead = block.rows == 1 && column == 0 ? block.next_keys : nullptr;
      Scores<Data, kQueries, kVectors>(block.keys, ahead, column, q, d, scale, scores);
    }
    if (column < count) Scores<Data, kQueries, kFew>(block.keys, nullptr, column, q, d, scale, scores);
  }
  for (int64_t r = 0; r < block.rows; ++r) {
    const int64_t count = block.Count(r);
    float* scores = e + r * kQueries * kKvBlock;
    float* states = block.states + r * block.state_stride;
    F rescale[kQueries];
    for (int n = 0; n < kQueries; ++n) rescale[n] = Softmax(count, scores + n * kKvBlock, states + n * AttentionStateFloats(d));
    const std::byte* ahead = block.rows == 1 ? block.next_values : nullptr;
    if (block.rows > 1) PrefetchPart(block.next_values, block, r);
    int64_t i = 0;
    for (; i + kVectors * kLanes <= d; i += kVectors * kLanes, ahead = nullptr) {
      AddValues<Data, kQueries, kVectors>(block, count, ahead, i, scores, rescale, d, states);
    }
    for (; i < d; i += kLanes, ahead = nullptr) AddValues<Data, kQueries, 1>(block, count, ahead, i, scores, rescale, d, states);
  }
}

template <typename Data>
void Attend(const AttentionBlock& block, int64_t d, float scale) {
  switch (block.queries) {
    case 1:
      return AttendQueries<Data, 1>(block, d, scale);
    case 2:
      return AttendQueries<Data, 2>(block, d, scale);
    case 3:
      return AttendQueries<Data, 3>(block, d, scale);
    default:
      return AttendQueries<Data, 4>(block, d, scale);
  }
}

template <typename Data>
void UnpackKeys(const std::byte* piece, int64_t d, float* dst) {
  for (int64_t column = 0; column < kKvBlock; column += kLanes) {
    typename Data::template Keys<1> keys(piece, d, column);
    for (int64_t i = 0; i < d; ++i) {
      if (i % 32 == 0) keys.EnterBlock(i);
      Lanes::Store(dst + i * kKvBlock + column, keys.At(i, 0));
    }
  }
}

template <typename Data>
void UnpackValues(const std::byte* piece, int64_t count, int64_t d, float* dst) {
  for (int64_t j = 0; j < count; ++j) {
    const std::byte* row = piece + j * Data::RowBytes(d);
    for (int64_t i = 0; i < d; i += kLanes) Lanes::Store(dst + j * d + i, Data::Value(row, i));
  }
}

inline void Merge(const float* part, int64_t d, float* total) {
  const float largest = part[0] > total[0] ? part[0] : total[0];
  const F old_weight = Lanes::Exp(Lanes::Set1(total[0] - largest)), weight = Lanes::Exp(Lanes::Set1(part[0] - largest));
  total[0] = largest;
  for (int64_t i = kStateSum; i < kStateValues + d; i += kLanes) {
    const F old = Lanes::Mul(Lanes::Load(total + i), old_weight);
    Lanes::Store(total + i, Lanes::Fma(Lanes::Load(part + i), weight, old));
  }
}

inline void Finish(const float* total, int64_t d, float* out) {
  const F sum = Lanes::Set1(Lanes::SumOf(Lanes::Load(total + kStateSum)));
  for (int64_t i = 0; i < d; i += kLanes) Lanes::Store(out + i, Lanes::Div(Lanes::Load(total + kStateValues + i), sum));
}

constexpr AttentionKernels MakeKernels(std::string_view isa) {
  return {isa,
          16,
          {Attend<F32Data>, Attend<F16Data>, Attend<Bf16Data>, Attend<Q8Data>},
          {UnpackKeys<F32Data>, UnpackKeys<F16Data>, UnpackKeys<Bf16Data>, UnpackKeys<Q8Data>},
          {UnpackValues<F32Data>, UnpackValues<F16Data>, UnpackValues<Bf16Data>, UnpackValues<Q8Data>},
          Merge,
          Finish};
}

#endif  // TIDEMARK_ENGINE_OPS_ATTENTION_LOOPS_H_
