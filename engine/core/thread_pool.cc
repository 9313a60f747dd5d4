#include "engine/core/thread_pool.h"

#include <algorithm>
#include <utility>

#include "engine/core/error.h"

namespace tidemark {
namespace {

// About 20 us on a current core: longer than the gap between two products of a layer, shorter than a scheduler tick.
constexpr int kSpins = 2000;

constexpr uint64_t kLeft = 0xffffffff;  // the part of a ticket that counts tasks

inline void Pause() {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#endif
}

// Waits until value differs from old: first spinning, then asleep.
template <typename T>
void WaitWhile(const std::atomic<T>& value, T old) {
  for (int i = 0; i < kSpins; ++i) {
    if (value.load(std::memory_order_acquire) != old) return;
    Pause();
  }
  value.wait(old, std::memory_order_acquire);
}

}  // namespace

ThreadPool::ThreadPool(int threads) {
  TM_CHECK(threads >= 1, "threads = {}", threads);
  workers_.reserve(static_cast<size_t>(threads - 1));
  for (int i = 1; i < threads; ++i) workers_.emplace_back([this, i] { WorkerLoop(i); });
}

ThreadPool::~ThreadPool() {
  stop_.store(true, std::memory_order_relaxed);
  wake_.fetch_add(1, std::memory_order_release);
  wake_.notify_all();
  for (std::thread& worker : workers_) worker.join();
}

void ThreadPool::RunErased(int64_t tasks, void* body, Invoke invoke) {
  if (tasks <= 0) return;
  if (workers_.empty() || tasks == 1) {
    for (int64_t t = 0; t < tasks; ++t) invoke(body, t, 0);
    return;
  }
  TM_CHECK(tasks <= static_cast<int64_t>(kLeft), "{} tasks", tasks);
  // Nobody reads these now: all tasks of the Run before were taken, and done.
  tasks_.store(tasks, std::memory_order_relaxed);
  body_.store(body, std::memory_order_relaxed);
  invoke_.store(invoke, std::memory_order_relaxed);
  done_.store(0, std::memory_order_relaxed);
  const uint64_t run = (ticket_.load(std::memory_order_relaxed) >> 32) + 1;
  ticket_.store(run << 32 | static_cast<uint64_t>(tasks), std::memory_order_release);
  wake_.fetch_add(1, std::memory_order_release);
  wake_.notify_all();
  DoTasks(0);
  for (int64_t done = done_.load(std::memory_order_acquire); done != tasks; done = done_.load(std::memory_order_acquire)) {
    WaitWhile(done_, done);
  }
  if (error_) std::rethrow_exception(std::exchange(error_, nullptr));
}

void ThreadPool::WorkerLoop(int worker) {
  while (true) {
    const uint32_t seen = wake_.load(std::memory_order_acquire);
    if (stop_.load(std::memory_order_relaxed)) return;
    if (!DoTasks(worker)) WaitWhile(wake_, seen);
  }
}

bool ThreadPool::DoTasks(int worker) {
  bool any = false;
  for (uint64_t ticket = ticket_.load(std::memory_order_acquire); (ticket & kLeft) != 0;) {
    if (!ticket_.compare_exchange_weak(ticket, ticket - 1, std::memory_order_acq_rel, std::memory_order_acquire)) continue;
    const int64_t tasks = tasks_.load(std::memory_order_relaxed), task = tasks - static_cast<int64_t>(ticket & kLeft);
    any = true;
    try {
      invoke_.load(std::memory_order_relaxed)(body_.load(std::memory_order_relaxed), task, worker);
    } catch (...) {
      const std::lock_guard lock(error_mutex_);
      if (!error_) error_ = std::current_exception();
    }
    // The waiting caller sleeps on this only until the last one.
    if (done_.fetch_add(1, std::memory_order_acq_rel) + 1 == tasks) done_.notify_one();
    ticket = ticket_.load(std::memory_order_acquire);
  }
  return any;
}

}  // namespace tidemark
