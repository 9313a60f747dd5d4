#include "engine/core/thread_pool.h"

#include <algorithm>
#include <atomic>
#include <numeric>
#include <stdexcept>
#include <vector>

#include "tests/support/catch.h"

namespace tidemark {
namespace {

TEST_CASE("every task runs exactly once, on any number of threads") {
  for (const int threads : {1, 2, 5, 16}) {
    ThreadPool pool(threads);
    for (const int64_t tasks : {0, 1, 2, 7, 1000}) {
      std::vector<int> count(static_cast<size_t>(tasks), 0);
      std::atomic<bool> worker_in_range = true;  // Catch's assertions are not thread-safe
      pool.Run(tasks, [&](int64_t t, int worker) {
        if (worker < 0 || worker >= threads) worker_in_range = false;
        ++count[static_cast<size_t>(t)];
      });
      CHECK(worker_in_range);
      CHECK(std::accumulate(count.begin(), count.end(), int64_t{0}) == tasks);
    }
  }
}

TEST_CASE("ranges cover the interval without overlap") {
  ThreadPool pool(3);
  for (const int64_t count : {1, 5, 64, 1001}) {
    std::vector<int> seen(static_cast<size_t>(count), 0);
    pool.RunRanges(count, 4, [&](int64_t begin, int64_t end, int) {
      for (int64_t i = begin; i < end; ++i) ++seen[static_cast<size_t>(i)];
    });
    CHECK(std::all_of(seen.begin(), seen.end(), [](int n) { return n == 1; }));
  }
}

TEST_CASE("thousands of short runs do not lose a wake-up") {
  ThreadPool pool(4);
  int64_t sum = 0;
  for (int run = 0; run < 20000; ++run) {
    std::vector<int64_t> parts(8, 0);
    pool.Run(8, [&](int64_t t, int) { parts[static_cast<size_t>(t)] = t; });
    sum += std::accumulate(parts.begin(), parts.end(), int64_t{0});
  }
  CHECK(sum == 20000 * 28);
}

TEST_CASE("the first exception of a task reaches the caller and the pool stays usable") {
  ThreadPool pool(2);
  CHECK_THROWS_AS(pool.Run(100,
                           [](int64_t t, int) {
                             if (t == 42) throw std::runtime_error("task 42");
                           }),
                  std::runtime_error);
  int64_t done = 0;
  pool.Run(1, [&](int64_t, int) { ++done; });
  CHECK(done == 1);
}

}  // namespace
}  // namespace tidemark
