// All backends against the reference on the same bytes: the input chooses a format, a shape, threads and the stored blocks
// (those that decode to something not finite or wild are cleared; what remains is any bit pattern a file may hold).
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <memory>
#include <random>
#include <vector>

#include "backends/backends.h"
#include "backends/plain_tiles.h"
#include "tests/backends/products.h"

namespace tidemark {
namespace {

// Reads the input byte by byte and goes on with pseudo-random bytes seeded by it: short inputs still fill whole matrices.
class Bytes {
 public:
  Bytes(const uint8_t* data, size_t size) : data_(data), size_(size) {
    uint32_t seed = 2166136261u;
    for (size_t i = 0; i < size; ++i) seed = (seed ^ data[i]) * 16777619u;
    random_.seed(seed);
  }
  uint8_t Next() { return next_ < size_ ? data_[next_++] : static_cast<uint8_t>(random_()); }

 private:
  const uint8_t* data_;
  size_t size_, next_ = 0;
  std::mt19937 random_;
};

std::vector<std::byte> TakeBytes(Bytes& in, int64_t count) {
  std::vector<std::byte> bytes(static_cast<size_t>(count));
  for (std::byte& b : bytes) b = std::byte{in.Next()};
  return bytes;
}

test::StoredWeights TakeWeights(Bytes& in) {
  const auto formats = AllFormats();
  const Format& format = *formats[in.Next() % formats.size()];
  test::StoredWeights w;
  w.view = {.name = std::string(format.name), .format = &format};
  w.view.n = 1 + in.Next() % 80;
  w.view.k = format.block_values * (1 + in.Next() % (format.block_values == 1 ? 200 : 4));
  w.data = TakeBytes(in, format.Bytes(w.view.n * w.view.k));
  if (format.dequantize == nullptr) {
    constexpr const char* kScaleFormats[] = {"f32", "f16", "bf16"};
    w.view.scale_format = FindFormat(kScaleFormats[in.Next() % 3]);
    const int64_t scale_bytes = w.view.scale_format->Bytes(w.view.n * w.view.k / format.block_values);
    w.scales = TakeBytes(in, scale_bytes);
    w.biases = TakeBytes(in, scale_bytes);
    test::ClearWildBlocks(*w.view.scale_format, w.scales, 1e3f);
    test::ClearWildBlocks(*w.view.scale_format, w.biases, 1e3f);
    w.view.scales = w.scales.data();
    w.view.biases = w.biases.data();
  } else {
    test::ClearWildBlocks(format, w.data, 1e6f);
  }
  w.view.data = w.data.data();
  return w;
}

const std::vector<const MatmulBackend*>& Runnable() {
  static const std::vector<const MatmulBackend*> backends = [] {
    std::vector<const MatmulBackend*> found;
    const Cpu cpu = DetectCpu();
    for (const BackendEntry& entry : AllBackends()) {
      if (entry.backend != nullptr && entry.backend->WhyNot({}, cpu).empty()) found.push_back(entry.backend);
    }
    for (const MatmulBackend* plain : {AmxBf16OnPlainTiles(), AmxInt8OnPlainTiles()}) {
      if (plain != nullptr && plain->WhyNot({}, cpu).empty()) found.push_back(plain);
    }
    return found;
  }();
  return backends;
}

// The weights gate themselves, over gathered rows: every result is that of the plain product y of the row.
void CheckFused(const MatmulCall& plain, Bytes& in, ThreadPool& pool) {
  const int64_t m = plain.x.rows, n = plain.y.cols, taken = 1 + in.Next() % 40;
  std::vector<int32_t> rows(static_cast<size_t>(taken));
  for (int32_t& r : rows) r = in.Next() % static_cast<int32_t>(m);
  std::vector<float> y(static_cast<size_t>(taken * n));
  const MatmulCall call = {.w = plain.w, .x = plain.x, .y = {y.data(), taken, n, n}, .gate = plain.w, .rows = rows.data()};
  if (!plain.w->backend().RunsFused(call)) return;
  plain.w->backend().Run({&call, 1}, pool);
  for (int64_t i = 0; i < taken; ++i) {
    for (int64_t j = 0; j < n; ++j) {
      const double g = static_cast<double>(plain.y.Row(rows[static_cast<size_t>(i)])[static_cast<size_t>(j)]);
      const double exact = g / (1 + std::exp(-g)) * g, found = static_cast<double>(y[static_cast<size_t>(i * n + j)]);
      TM_CHECK(std::abs(found - exact) <= 1e-6 * std::abs(exact) + 2e-38 * g * g + 1e-37, "{}: gated {} is {}, not {}",
               plain.w->backend().Name(), g, found, exact);
    }
  }
}

// The first product of a matrix whose packing was left for later, and the one that packs it.
void CheckDeferred(MatmulCall call, ThreadPool& pool) {
  const auto deferred = call.w->backend().Defer(call.w->view());
  if (deferred == nullptr) return;
  std::vector<float> y(static_cast<size_t>(call.m() * call.y.cols));
  const Matrix packed = call.y;
  call.w = deferred.get();
  call.y.data = y.data();
  for (int use = 1; use <= 2; ++use) {
    std::fill(y.begin(), y.end(), 0.0f);
    call.w->backend().Run({&call, 1}, pool);
    TM_CHECK(std::memcmp(y.data(), packed.data, y.size() * sizeof(float)) == 0, "{}: other bits in use {}",
             call.w->backend().Name(), use);
  }
}

}  // namespace
}  // namespace tidemark

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace tidemark;
  static ThreadPool pools[] = {ThreadPool(1), ThreadPool(3)};
  Bytes in(data, size);
  ThreadPool& pool = pools[in.Next() % 2];
  const int64_t m = 1 + in.Next() % 40;
  const test::StoredWeights w = TakeWeights(in);
  std::vector<float> x(static_cast<size_t>(m * w.view.k)), y(static_cast<size_t>(m * w.view.n));
  for (float& v : x) v = static_cast<float>(static_cast<int8_t>(in.Next())) / 37;
  static const Cpu cpu = DetectCpu();
  for (const MatmulBackend* backend : Runnable()) {
    if (!backend->WhyNot({w.view.format, w.view.n, w.view.k}, cpu).empty()) continue;
    std::fill(y.begin(), y.end(), 0.0f);
    const auto packed = backend->Pack(w.view, pool);
    const MatmulCall call = {packed.get(), {x.data(), m, w.view.k, w.view.k}, {y.data(), m, w.view.n, w.view.n}};
    backend->Run({&call, 1}, pool);
    const std::string worst =
        test::WorstElement(w.view, call.x, call.y, backend->PrecisionFor({w.view.format, w.view.n, w.view.k}));
    TM_CHECK(worst.empty(), "{}: {}", backend->Name(), worst);
    CheckDeferred(call, pool);
    CheckFused(call, in, pool);
  }
  return 0;
}
