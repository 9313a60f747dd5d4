// One pool of threads for everything that computes. A decode step forks and joins some two hundred times per token, so
// waiting threads spin for a few microseconds before they sleep: a futex wake-up costs more than most of the work.
#ifndef TIDEMARK_ENGINE_CORE_THREAD_POOL_H_
#define TIDEMARK_ENGINE_CORE_THREAD_POOL_H_

#include <atomic>
#include <cstdint>
#include <exception>
#include <mutex>
#include <thread>
#include <type_traits>
#include <vector>

namespace tidemark {

class ThreadPool {
 public:
  // threads: how many compute, the calling thread among them; at least 1.
  explicit ThreadPool(int threads);
  ~ThreadPool();
  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;

  int size() const { return static_cast<int>(workers_.size()) + 1; }

  // How often work was handed to the other threads so far: forks and joins cost about a microsecond each.
  uint64_t Forks() const { return wake_.load(std::memory_order_relaxed); }

  // Calls fn(task, worker) for every task in [0, tasks), each exactly once; worker in [0, size()) tells which thread, for
  // scratch memory. Tasks are handed out one by one in ascending order to whoever is free, so fn's result must not depend on
  // worker. Returns when all are done; what they wrote is visible to the caller. The first exception is rethrown after the
  // rest have finished. One Run at a time; not to be called from inside a task.
  template <typename Fn>
  void Run(int64_t tasks, Fn&& fn) {
    using Body = std::remove_reference_t<Fn>;
    RunErased(tasks, const_cast<void*>(static_cast<const void*>(&fn)),
              [](void* body, int64_t task, int worker) { (*static_cast<Body*>(body))(task, worker); });
  }

  // Splits [0, count) into contiguous ranges of at least `grain` and calls fn(begin, end, worker) for each.
  template <typename Fn>
  void RunRanges(int64_t count, int64_t grain, Fn&& fn) {
    if (count <= 0) return;
    const int64_t by_grain = (count + grain - 1) / grain;
    const int64_t wanted = size() == 1 ? 1 : int64_t{4} * size();
    const int64_t tasks = by_grain < wanted ? by_grain : wanted;
    Run(tasks, [&](int64_t t, int worker) { fn(count * t / tasks, count * (t + 1) / tasks, worker); });
  }

 private:
  using Invoke = void (*)(void* body, int64_t task, int worker);

  void RunErased(int64_t tasks, void* body, Invoke invoke);
  void WorkerLoop(int worker);
  bool DoTasks(int worker);  // whether there was any to do

  std::vector<std::thread> workers_;
  // (number of the Run << 32) | tasks that nobody has taken yet. A worker takes one by a compare-and-swap, so one that wakes late
  // finds none, and nobody waits for it: a caller that has done all tasks itself returns at once.
  std::atomic<uint64_t> ticket_{0};
  std::atomic<int64_t> tasks_{0}, done_{0};
  std::atomic<void*> body_{nullptr};
  std::atomic<Invoke> invoke_{nullptr};
  std::atomic<uint32_t> wake_{0};  // counts Runs; sleeping workers wait for it to change
  std::atomic<bool> stop_{false};
  std::mutex error_mutex_;
  std::exception_ptr error_;
};

}  // namespace tidemark

#endif  // TIDEMARK_ENGINE_CORE_THREAD_POOL_H_
