// Every version of the loops between the matrix products: the same bits as the plain one at all sizes, and the plain one against
// its formula where it approximates.
#include "engine/ops/op_kernels.h"

#include <cmath>
#include <limits>
#include <string>

#include "engine/ops/reduce.h"
#include "tests/ops/reference.h"
#include "tests/support/catch.h"

namespace tidemark::test {
namespace {

constexpr int64_t kSizes[] = {1, 2, 7, 8, 15, 16, 17, 31, 33, 64, 100, 255, 256, 257, 1000};

// run(kernels, n) gives all results of one kernel; they must equal those of the plain version.
template <typename RunOne>
void CheckSameBits(const std::string& what, RunOne&& run) {
  for (const OpKernels* kernels : RunnableOpKernels(DetectCpu())) {
    for (const int64_t n : kSizes) {
      if (run(*kernels, n) != run(PlainOpKernels(), n)) FAIL_CHECK(what << ", " << kernels->isa << ", n = " << n);
    }
  }
}

TEST_CASE("every instruction set gives the bits of the plain loops") {
  CheckSameBits("rms_norm", [](const OpKernels& k, int64_t n) {
    const OwnedMatrix x = RandomMatrix(3, n, 1, 2.0f, n + 3);
    OwnedMatrix y(3, n), in_place = x;
    const std::vector<float> weight = RandomValues(n, 2);
    k.rms_norm(x, weight.data(), 1e-5f, y);
    k.rms_norm(in_place, weight.data(), 1e-5f, in_place);
    y.values.insert(y.values.end(), in_place.values.begin(), in_place.values.end());
    return y.values;
  });
  CheckSameBits("dots", [](const OpKernels& k, int64_t n) {
    const OwnedMatrix x = RandomMatrix(1 + n % 11, n, 3, 1.0f, n + 1), w = RandomMatrix(1 + n % 7, n, 4, 1.0f, n + 5);
    OwnedMatrix out(x.rows, w.rows, w.rows + 2);
    k.dots(x, w, out);
    return out.values;
  });
  CheckSameBits("sigmoid", [](const OpKernels& k, int64_t n) {
    std::vector<float> x = RandomValues(n, 5, 20.0f);
    k.sigmoid(x.data(), n);
    return x;
  });
  CheckSameBits("swiglu", [](const OpKernels& k, int64_t n) {
    std::vector<float> gate = RandomValues(n, 6, 20.0f);
    k.swiglu(gate.data(), RandomValues(n, 7).data(), n);
    return gate;
  });
  CheckSameBits("add", [](const OpKernels& k, int64_t n) {
    std::vector<float> y = RandomValues(n, 8);
    k.add(RandomValues(n, 9).data(), y.data(), n);
    return y;
  });
  CheckSameBits("add_weighted", [](const OpKernels& k, int64_t n) {
    const OwnedMatrix x = RandomMatrix(5, n, 10);
    const float* rows[] = {x.Span(3).data(), x.Span(0).data(), x.Span(4).data(), x.Span(1).data()};
    std::vector<float> y = RandomValues(n, 11);
    k.add_weighted(rows, RandomValues(4, 12).data(), 1 + n % 4, n, y.data());
    return y;
  });
  CheckSameBits("rope", [](const OpKernels& k, int64_t n) {
    std::vector<float> x = RandomValues(3 * 2 * n, 13);
    k.rope(x.data(), 3, RandomValues(2 * n, 14).data(), n);
    return x;
  });
  CheckSameBits("conv", [](const OpKernels& k, int64_t n) {
    std::vector<float> all;
    for (const int64_t taps : {1, 2, 3, 4}) {
      for (const bool with_bias : {false, true}) {
        const OwnedMatrix kernel = RandomMatrix(taps, n, 15), before = RandomMatrix(taps, n, 16);
        const std::vector<float> b = RandomValues(n, 17), c = RandomValues(n, 18), bias = RandomValues(n, 19);
        std::vector<float> u = RandomValues(n, 20), y(static_cast<size_t>(n));
        std::vector<const float*> tap, past;
        for (int64_t i = 0; i < taps; ++i) {
          tap.push_back(kernel.Span(i).data());
          past.push_back(i == taps - 1 ? u.data() : before.Span(i).data());
        }
        k.conv(b.data(), c.data(), with_bias ? bias.data() : nullptr, tap.data(), past.data(), taps, n, u.data(), y.data());
        all.insert(all.end(), u.begin(), u.end());
        all.insert(all.end(), y.begin(), y.end());
      }
    }
    return all;
  });
  CheckSameBits("block_max", [](const OpKernels& k, int64_t n) {
    std::vector<float> all;
    for (const float odd :
         {0.0f, std::nanf(""), std::numeric_limits<float>::infinity(), -std::numeric_limits<float>::infinity()}) {
      std::vector<float> x = RandomValues(n, 21), largest(static_cast<size_t>((n + kMaxBlock - 1) / kMaxBlock));
      x[static_cast<size_t>(n * 5 / 7)] = odd;
      all.push_back(k.block_max(x.data(), n, largest.data()) ? 1.0f : 0.0f);
      CHECK(all.back() == (std::isnan(odd) || odd > 0 ? 1.0f : 0.0f));
      all.insert(all.end(), largest.begin(), largest.end());
    }
    return all;
  });
}

TEST_CASE("exp_below has the same bits everywhere and the accuracy that it states") {
  std::vector<float> x;
  for (int i = 0; i < 20011; ++i) x.push_back(3.0f - 0.035f * static_cast<float>(i) - 1e-5f * static_cast<float>(i % 17));
  x.push_back(-std::numeric_limits<float>::infinity());
  const int64_t n = static_cast<int64_t>(x.size());
  std::vector<double> plain(x.size());
  PlainOpKernels().exp_below(x.data(), n, 3.0f, plain.data());
  CHECK(plain[0] == 1.0);
  double worst = 0;
  for (size_t i = 0; i < x.size(); ++i) {
    const double exact = std::exp(std::max(static_cast<double>(x[i]) - 3.0, -700.0));
    worst = std::max(worst, std::abs(plain[i] / exact - 1));
  }
  CHECK(worst < 1e-15);
  for (const OpKernels* kernels : RunnableOpKernels(DetectCpu())) {
    for (const int64_t part : {n, int64_t{1}, int64_t{7}, int64_t{16}}) {
      std::vector<double> y(static_cast<size_t>(part), -1);
      kernels->exp_below(x.data() + n - part, part, 3.0f, y.data());
      INFO(kernels->isa << ", " << part);
      CHECK(std::equal(y.begin(), y.end(), plain.end() - part));
    }
  }
}

TEST_CASE("dots are sums in the documented order") {
  for (const int64_t n : kSizes) {
    const OwnedMatrix x = RandomMatrix(5, n, 31), w = RandomMatrix(6, n, 32);
    OwnedMatrix out(5, 6);
    BestOpKernels().dots(x, w, out);
    bool same = true;
    for (int64_t r = 0; r < 5; ++r) {
      for (int64_t c = 0; c < 6; ++c) same = same && out(r, c) == Dot(x.Span(r).data(), w.Span(c).data(), n);
    }
    if (!same) FAIL_CHECK("n = " << n);
  }
}

TEST_CASE("sigmoid and swiglu stay within four roundings of the exact value") {
  std::vector<float> x;
  for (int i = -8700; i <= 8700; ++i) x.push_back(static_cast<float>(i) * 0.01f + 1e-4f * static_cast<float>(i % 13));
  std::vector<float> sigmoid = x, swiglu = x;
  const std::vector<float> ones(x.size(), 1.0f);
  const int64_t n = static_cast<int64_t>(x.size());
  BestOpKernels().sigmoid(sigmoid.data(), n);
  BestOpKernels().swiglu(swiglu.data(), ones.data(), n);
  double worst = 0;
  for (size_t i = 0; i < x.size(); ++i) {
    if (std::abs(x[i]) > 87.0f || x[i] == 0.0f) continue;
    const double exact = 1 / (1 + std::exp(-static_cast<double>(x[i])));
    worst = std::max(worst, std::abs(static_cast<double>(sigmoid[i]) / exact - 1));
    worst = std::max(worst, std::abs(static_cast<double>(swiglu[i]) / (exact * static_cast<double>(x[i])) - 1));
  }
  INFO(worst * 0x1p24);
  CHECK(worst <= 4 * 0x1p-24);

  float odd[] = {0.0f, 1e30f, -1e30f, std::numeric_limits<float>::infinity(), std::nanf("")}, up[] = {1, 1, 1, 1, 1};
  BestOpKernels().swiglu(odd, up, 5);
  CHECK(odd[0] == 0);
  CHECK(odd[1] == 1e30f);
  CHECK(std::abs(odd[2]) < 1e-7f);
  CHECK(std::isinf(odd[3]));
  CHECK(std::isnan(odd[4]));
}

}  // namespace
}  // namespace tidemark::test
