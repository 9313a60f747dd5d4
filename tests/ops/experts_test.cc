// Routing, and rows to experts and back.
#include "engine/ops/experts.h"

#include <limits>
#include <set>

#include "engine/ops/router.h"
#include "tests/ops/reference.h"
#include "tests/support/catch.h"

namespace tidemark::test {
namespace {

struct Choice {
  std::vector<int32_t> experts;
  std::vector<float> weights;
};

Choice Select(const std::vector<float>& scores, const std::vector<float>& bias, RouterOptions options) {
  const size_t k = static_cast<size_t>(options.num_experts_per_tok);
  Choice choice{std::vector<int32_t>(k), std::vector<float>(k)};
  SelectExperts(scores, bias, options, choice.experts, choice.weights);
  return choice;
}

TEST_CASE("router scores are sigmoids of float32 products") {
  for (const int threads : {1, 3}) {
    ThreadPool pool(threads);
    for (const int64_t rows : {1, 33}) {
      const OwnedMatrix x = RandomMatrix(rows, 200, 1), w = RandomMatrix(9, 200, 2, 0.1f);
      OwnedMatrix scores(rows, 9, 11);
      RouterScores(x, w, scores, pool);
      bool near = true;
      for (int64_t r = 0; r < rows; ++r) {
        for (int64_t e = 0; e < 9; ++e) {
          double z = 0;
          for (int64_t j = 0; j < 200; ++j) z += static_cast<double>(x(r, j)) * static_cast<double>(w(e, j));
          near = near && Near(scores(r, e), 1 / (1 + std::exp(-z)), 1, 20);
        }
      }
      CHECK(near);
    }
  }
}

TEST_CASE("the bias selects but does not weigh") {
  const std::vector<float> scores = {0.9f, 0.2f, 0.5f, 0.4f}, bias = {-1.0f, 0.5f, 0.0f, 0.0f};
  const Choice plain = Select(scores, {}, {2, false, 1.0f});
  CHECK(plain.experts == std::vector<int32_t>{0, 2});
  CHECK(plain.weights == std::vector<float>{0.9f, 0.5f});
  const Choice biased = Select(scores, bias, {2, false, 1.0f});
  CHECK(biased.experts == std::vector<int32_t>{1, 2});
  CHECK(biased.weights == std::vector<float>{0.2f, 0.5f});
}

TEST_CASE("weights are divided by their sum plus 1e-6 and scaled") {
  const Choice c = Select({0.3f, 0.6f, 0.1f}, {}, {2, true, 2.5f});
  CHECK(c.experts == std::vector<int32_t>{1, 0});
  CHECK(Near(c.weights[0], 2.5 * 0.6 / (0.9 + 1e-6), 1, 16));
  CHECK(Near(c.weights[1], 2.5 * 0.3 / (0.9 + 1e-6), 1, 16));
  const Choice tiny = Select({1e-7f, 0.0f}, {}, {1, true, 1.0f});
  CHECK(Near(tiny.weights[0], 1e-7 / 1.1e-6, 1, 4));
}

TEST_CASE("ties go to the lowest index, and NaN scores still choose distinct experts") {
  CHECK(Select({0.5f, 0.7f, 0.7f, 0.7f, 0.5f}, {}, {4, true, 1.0f}).experts == std::vector<int32_t>{1, 2, 3, 0});
  const float nan = std::numeric_limits<float>::quiet_NaN();
  const Choice broken = Select({nan, nan, 0.5f, nan}, {}, {3, true, 1.0f});
  CHECK(std::set<int32_t>(broken.experts.begin(), broken.experts.end()).size() == 3);
}

TEST_CASE("rows are grouped by expert and come back as the weighted sum in ascending expert order") {
  const int64_t rows = 37, k = 3, experts = 8, cols = 300;
  std::mt19937 random(5);
  std::vector<int32_t> chosen, order = {0, 1, 2, 3, 4, 5, 6};  // expert 7 gets nothing
  for (int64_t t = 0; t < rows; ++t) {
    std::shuffle(order.begin(), order.end(), random);
    chosen.insert(chosen.end(), order.begin(), order.begin() + k);
  }
  const std::vector<float> weights = RandomValues(rows * k, 6);
  const ExpertPlan plan = PlanExperts(chosen, weights, k, experts);
  int64_t next = 0;
  for (const ExpertPlan::Range& range : plan.ranges) {
    CHECK(range.first_slot == next);
    CHECK(range.slots == std::count(chosen.begin(), chosen.end(), static_cast<int32_t>(range.expert)));
    CHECK(std::is_sorted(plan.slot_token.begin() + next, plan.slot_token.begin() + next + range.slots));
    next += range.slots;
  }
  CHECK(next == rows * k);
  CHECK(plan.ranges.back().expert == 6);

  for (const int threads : {1, 4}) {
    ThreadPool pool(threads);
    const OwnedMatrix x = RandomMatrix(rows, cols, 7), start = RandomMatrix(rows, cols, 8);
    OwnedMatrix gathered(rows * k, cols), y = start;
    // Expert e multiplies by e + 1.
    for (const ExpertPlan::Range& range : plan.ranges) {
      for (int64_t s = range.first_slot; s < range.first_slot + range.slots; ++s) {
        const int32_t t = plan.slot_token[static_cast<size_t>(s)];
        for (int64_t j = 0; j < cols; ++j) gathered(s, j) = x(t, j) * static_cast<float>(range.expert + 1);
      }
    }
    ScatterAddRows(gathered, plan, y, pool);
    bool same = true;
    for (int64_t t = 0; t < rows; ++t) {
      for (int64_t j = 0; j < cols; j += 7) {
        float sum = 0.0f;
        for (int32_t e = 0; e < experts; ++e) {
          for (int64_t i = 0; i < k; ++i) {
            const size_t at = static_cast<size_t>(t * k + i);
            if (chosen[at] == e) sum += x(t, j) * static_cast<float>(e + 1) * weights[at];
          }
        }
        same = same && y(t, j) == start(t, j) + sum;
      }
    }
    CHECK(same);
  }
}

}  // namespace
}  // namespace tidemark::test
