// The loops of op_kernels.h. Included inside an anonymous namespace, and for newer instruction sets inside a marked region, with
// kVectorBytes the width of their registers: the compiler makes vector code of the plain loops, and what it may not reorder by
// itself is written with vectors (the extension that GCC and Clang share). Standard headers before, as for every region.
#ifndef TIDEMARK_ENGINE_OPS_OP_LOOPS_H_
#define TIDEMARK_ENGINE_OPS_OP_LOOPS_H_

using Vector = float __attribute__((vector_size(kVectorBytes)));
using IntVector = int32_t __attribute__((vector_size(kVectorBytes)));
constexpr int kLanes = kVectorBytes / 4;
constexpr int kParts = kPartials / kLanes;  // vectors that hold the partial results of one sum

inline Vector LoadVector(const float* p) {
  Vector v;
  std::memcpy(&v, p, sizeof v);
  return v;
}

inline void StoreVector(float* p, Vector v) { std::memcpy(p, &v, sizeof v); }

// --- Sums in the order of reduce.h, kRows x kCols of them at a time.

template <int kBy, int... kLane>
Vector Rotated(Vector v, std::integer_sequence<int, kLane...>) {
  return __builtin_shufflevector(v, v, (kLane + kBy) % kLanes...);
}

// The tree 8-4-2-1 over the partial results.
inline float Tree(Vector (&sum)[kParts]) {
  for (int parts = kParts / 2; parts > 0; parts /= 2) {
    for (int p = 0; p < parts; ++p) sum[p] += sum[p + parts];
  }
  Vector v = sum[0];
  constexpr auto kAll = std::make_integer_sequence<int, kLanes>();
  if constexpr (kLanes >= 16) v += Rotated<8>(v, kAll);
  if constexpr (kLanes >= 8) v += Rotated<4>(v, kAll);
  v += Rotated<2>(v, kAll);
  v += Rotated<1>(v, kAll);
  return v[0];
}

template <int kRows, int kCols>
void AddProducts(const float* x, int64_t x_stride, const float* w, int64_t w_stride, int64_t n,
                 Vector (&sum)[kRows][kCols][kParts]) {
  for (int64_t i = 0; i < n; i += kPartials) {
    for (int p = 0; p < kParts; ++p) {
      Vector b[kCols];
      for (int c = 0; c < kCols; ++c) b[c] = LoadVector(w + c * w_stride + i + p * kLanes);
      for (int r = 0; r < kRows; ++r) {
        const Vector a = LoadVector(x + r * x_stride + i + p * kLanes);
        for (int c = 0; c < kCols; ++c) sum[r][c][p] += a * b[c];
      }
    }
  }
}

template <int kRows, int kCols>
void DotTile(const float* x, int64_t x_stride, const float* w, int64_t w_stride, int64_t n, float* out, int64_t out_stride) {
  Vector sum[kRows][kCols][kParts] = {};
  const int64_t whole = n - n % kPartials;
  AddProducts<kRows, kCols>(x, x_stride, w, w_stride, whole, sum);
  if (whole < n) {
    // The rest with zeros behind it: they add 0 to partial results that are never -0.
    float some_x[kRows * kPartials] = {}, some_w[kCols * kPartials] = {};
    const size_t bytes = static_cast<size_t>(n - whole) * sizeof(float);
    for (int r = 0; r < kRows; ++r) std::memcpy(some_x + r * kPartials, x + r * x_stride + whole, bytes);
    for (int c = 0; c < kCols; ++c) std::memcpy(some_w + c * kPartials, w + c * w_stride + whole, bytes);
    AddProducts<kRows, kCols>(some_x, kPartials, some_w, kPartials, kPartials, sum);
  }
  for (int r = 0; r < kRows; ++r) {
    for (int c = 0; c < kCols; ++c) out[r * out_stride + c] = Tree(sum[r][c]);
  }
}

constexpr int kTileCols = kVectorBytes == 64 ? 4 : 2, kTileRows = kVectorBytes == 16 ? 1 : kTileCols;

template <int kRows>
void DotRows(const float* x, int64_t x_stride, ConstMatrix w, float* out, int64_t out_stride) {
  int64_t c = 0;
  for (; c + kTileCols <= w.rows; c += kTileCols) {
    DotTile<kRows, kTileCols>(x, x_stride, w.data + c * w.stride, w.stride, w.cols, out + c, out_stride);
  }
  for (; c < w.rows; ++c) DotTile<kRows, 1>(x, x_stride, w.data + c * w.stride, w.stride, w.cols, out + c, out_stride);
}

inline void Dots(ConstMatrix x, ConstMatrix w, Matrix out) {
  int64_t r = 0;
  for (; r + kTileRows <= x.rows; r += kTileRows)
    DotRows<kTileRows>(x.data + r * x.stride, x.stride, w, out.data + r * out.stride, out.stride);
  for (; r < x.rows; ++r) DotRows<1>(x.data + r * x.stride, x.stride, w, out.data + r * out.stride, out.stride);
}

inline void RmsNorm(ConstMatrix x, const float* weight, float eps, Matrix y) {
  for (int64_t r = 0; r < x.rows; ++r) {
    const float* in = x.data + r * x.stride;
    float* out = y.data + r * y.stride;
    float squares;
    DotTile<1, 1>(in, 0, in, 0, x.cols, &squares, 0);
    const float scale = 1.0f / std::sqrt(squares / static_cast<float>(x.cols) + eps);
    int64_t j = 0;
    for (; j + kLanes <= x.cols; j += kLanes) StoreVector(out + j, LoadVector(weight + j) * (LoadVector(in + j) * scale));
    for (; j < x.cols; ++j) out[j] = weight[j] * (in[j] * scale);
  }
}

// --- Element by element.

// e^x = 2^n e^r as in vector_math.h, without fused operations: within 2 units in the last place on [-87, 87], where arguments
// are cut off. Adding 1.5 * 2^23 rounds to an integer and leaves it in the low bits.
inline Vector Exp(Vector x) {
  const Vector zero = {}, low = zero - exp_terms::kCut, high = zero + exp_terms::kCut;
  x = x < low ? low : x;  // a NaN stays
  x = x > high ? high : x;
  const Vector shifted = x * exp_terms::kLog2E + 12582912.0f;
  const Vector n = shifted - 12582912.0f;
  const Vector r = (x - n * exp_terms::kLn2High) - n * exp_terms::kLn2Low;
  Vector p = {};
  p += exp_terms::kFirst;
  for (const float c : exp_terms::kRest) p = p * r + c;
  IntVector bits;
  std::memcpy(&bits, &shifted, sizeof bits);
  bits = (bits << 23) + (127 << 23);
  Vector power;
  std::memcpy(&power, &bits, sizeof power);
  return p * power;
}

// fn over whole vectors; what is left of x (and y) goes through a padded copy, by the same instructions.
template <typename Fn>
void ForEachVector(float* x, const float* y, int64_t n, Fn&& fn) {
  int64_t j = 0;
  for (; j + kLanes <= n; j += kLanes) StoreVector(x + j, fn(LoadVector(x + j), LoadVector(y + j)));
  if (j == n) return;
  float some_x[kLanes] = {}, some_y[kLanes] = {};
  const size_t bytes = static_cast<size_t>(n - j) * sizeof(float);
  std::memcpy(some_x, x + j, bytes);
  std::memcpy(some_y, y + j, bytes);
  StoreVector(some_x, fn(LoadVector(some_x), LoadVector(some_y)));
  std::memcpy(x + j, some_x, bytes);
}

inline void Sigmoid(float* x, int64_t n) {
  ForEachVector(x, x, n, [](Vector v, Vector) { return 1.0f / (1.0f + Exp(-v)); });
}

inline void SwiGlu(float* gate, const float* up, int64_t n) {
  ForEachVector(gate, up, n, [](Vector g, Vector u) { return g / (1.0f + Exp(-g)) * u; });
}

inline void Add(const float* __restrict x, float* __restrict y, int64_t n) {
  for (int64_t j = 0; j < n; ++j) y[j] += x[j];
}

inline void AddWeighted(const float* const* rows, const float* weights, int64_t count, int64_t n, float* __restrict y) {
  int64_t j = 0;
  for (; j + kPartials <= n; j += kPartials) {
    Vector sum[kParts] = {};
    for (int64_t i = 0; i < count; ++i) {
      for (int p = 0; p < kParts; ++p) sum[p] += LoadVector(rows[i] + j + p * kLanes) * weights[i];
    }
    for (int p = 0; p < kParts; ++p) StoreVector(y + j + p * kLanes, sum[p] + LoadVector(y + j + p * kLanes));
  }
  for (; j < n; ++j) {
    float sum = 0;
    for (int64_t i = 0; i < count; ++i) sum += rows[i][j] * weights[i];
    y[j] += sum;
  }
}

inline void Rope(float* x, int64_t heads, const float* __restrict cos_sin, int64_t half) {
  const float *c = cos_sin, *s = cos_sin + half;
  for (int64_t h = 0; h < heads; ++h) {
    float* __restrict head = x + 2 * h * half;
    float* __restrict other = head + half;
    for (int64_t j = 0; j < half; ++j) {
      const float a = head[j], b = other[j];
      head[j] = a * c[j] - b * s[j];
      other[j] = b * c[j] + a * s[j];
    }
  }
}

// The three taps of the released models in one pass over memory.
template <bool kBias>
void Conv3(const float* __restrict b, const float* __restrict c, const float* __restrict bias, const float* const* kernel,
           const float* const* past, int64_t n, float* __restrict u, float* __restrict y) {
  const float* __restrict k0 = kernel[0], * __restrict k1 = kernel[1], * __restrict k2 = kernel[2];
  const float* __restrict p0 = past[0], * __restrict p1 = past[1];
  for (int64_t j = 0; j < n; ++j) {
    const float newest = b[j] * u[j];
    u[j] = newest;
    y[j] = ((((kBias ? bias[j] : 0.0f) + k0[j] * p0[j]) + k1[j] * p1[j]) + k2[j] * newest) * c[j];
  }
}

inline void Conv(const float* b, const float* c, const float* bias, const float* const* kernel, const float* const* past,
                 int64_t taps, int64_t n, float* u, float* y) {
  if (taps == 3)
    return bias != nullptr ? Conv3<true>(b, c, bias, kernel, past, n, u, y) : Conv3<false>(b, c, b, kernel, past, n, u, y);
  for (int64_t j = 0; j < n; ++j) u[j] = b[j] * u[j];
  for (int64_t j = 0; j < n; ++j) y[j] = bias == nullptr ? 0.0f : bias[j];
  for (int64_t i = 0; i < taps; ++i) {
    for (int64_t j = 0; j < n; ++j) y[j] += kernel[i][j] * past[i][j];
  }
  for (int64_t j = 0; j < n; ++j) y[j] *= c[j];
}

inline bool BlockMax(const float* x, int64_t n, float* largest) {
  const float infinity = std::numeric_limits<float>::infinity();
  IntVector broken = {};
  bool tail_broken = false;
  for (int64_t first = 0; first < n; first += kMaxBlock, ++largest) {
    const int64_t end = first + kMaxBlock < n ? first + kMaxBlock : n;
    Vector most[4];
    for (Vector& m : most) m = Vector{} - infinity;
    int64_t i = first;
    for (; i + 4 * kLanes <= end; i += 4 * kLanes) {
      for (int v = 0; v < 4; ++v) {
        const Vector value = LoadVector(x + i + v * kLanes);
        broken |= ~(value < infinity);
        most[v] = value > most[v] ? value : most[v];
      }
    }
    float lanes[4 * kLanes], max = -infinity;
    std::memcpy(lanes, most, sizeof lanes);
    for (const float value : lanes) max = value > max ? value : max;
    for (; i < end; ++i) {
      tail_broken = tail_broken || !(x[i] < infinity);
      max = x[i] > max ? x[i] : max;
    }
    *largest = max;
  }
  for (int i = 0; i < kLanes; ++i) tail_broken = tail_broken || broken[i] != 0;
  return tail_broken;
}

using DoubleVector = double __attribute__((vector_size(kVectorBytes)));
using LongVector = int64_t __attribute__((vector_size(kVectorBytes)));
using HalfOfFloats = float __attribute__((vector_size(kVectorBytes / 2)));
constexpr int kDoubleLanes = kVectorBytes / 8;

// As Exp, in double: adding 1.5 * 2^52 rounds; the Taylor series ends with r^13 / 13! at |r| <= ln(2) / 2, which leaves 4e-18.
inline DoubleVector ExpOfDoubles(DoubleVector x) {
  const DoubleVector least = DoubleVector{} - 700.0;
  x = x < least ? least : x;
  const DoubleVector shifted = x * 1.4426950408889634 + 6755399441055744.0;
  const DoubleVector n = shifted - 6755399441055744.0;
  // ln(2) in two parts; the first has trailing zeros, so that its product with n is exact.
  const DoubleVector r = (x - n * 6.93147180369123816490e-1) - n * 1.90821492927058770002e-10;
  DoubleVector p = DoubleVector{} + 1.0 / 6227020800;
  for (const double c : {1.0 / 479001600, 1.0 / 39916800, 1.0 / 3628800, 1.0 / 362880, 1.0 / 40320, 1.0 / 5040, 1.0 / 720,
                         1.0 / 120, 1.0 / 24, 1.0 / 6, 0.5, 1.0, 1.0}) {
    p = p * r + c;
  }
  LongVector bits;
  std::memcpy(&bits, &shifted, sizeof bits);
  bits = (bits << 52) + (int64_t{1023} << 52);
  DoubleVector power;
  std::memcpy(&power, &bits, sizeof power);
  return p * power;
}

inline void ExpBelow(const float* x, int64_t n, float best, double* y) {
  const auto some = [best](const float* from, double* to) {
    HalfOfFloats values;
    std::memcpy(&values, from, sizeof values);
    const DoubleVector e = ExpOfDoubles(__builtin_convertvector(values, DoubleVector) - static_cast<double>(best));
    std::memcpy(to, &e, sizeof e);
  };
  int64_t i = 0;
  for (; i + kDoubleLanes <= n; i += kDoubleLanes) some(x + i, y + i);
  if (i == n) return;
  float rest[kDoubleLanes] = {};
  double results[kDoubleLanes];
  std::memcpy(rest, x + i, static_cast<size_t>(n - i) * sizeof(float));
  some(rest, results);
  std::memcpy(y + i, results, static_cast<size_t>(n - i) * sizeof(double));
}

constexpr OpKernels MakeOpKernels(std::string_view isa) {
  return {isa, RmsNorm, Dots, Sigmoid, SwiGlu, Add, AddWeighted, Rope, Conv, BlockMax, ExpBelow};
}

#endif  // TIDEMARK_ENGINE_OPS_OP_LOOPS_H_
