// The one interface that is swapped: y[m, n] = x[m, k] * transpose(w[n, k]).
//
// A backend packs each stored matrix once and then runs lists of products. A list with one verb covers dense layers, fused
// q/k/v and mixture of experts: the calls of a list are independent, so the backend balances all of them over all cores.
// The interface lives here so that the engine never names a backend and a new backend touches only backends/.
#ifndef TIDEMARK_ENGINE_CORE_MATMUL_H_
#define TIDEMARK_ENGINE_CORE_MATMUL_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "engine/core/cpu.h"
#include "engine/core/tensor.h"
#include "engine/core/thread_pool.h"

namespace tidemark {

// What a backend rounds on the way; accumulation is at least float32 everywhere. Ordered from exact to coarse.
enum class Precision { kExact, kBf16, kInt8 };
std::string_view PrecisionName(Precision precision);  // "exact", "bf16", "int8"

// What a backend is asked whether it can do: a weight format and its shape. Without a format the question is about the machine
// and the library alone.
struct MatmulProblem {
  const Format* format = nullptr;
  int64_t n = 0;
  int64_t k = 0;
};

class MatmulBackend;

// A matrix as one backend wants it, shared between threads; made by MatmulBackend::Pack or Defer. What products it gives never
// changes. It may point into the weight file instead of holding a copy, so the file's mapping outlives it.
class PackedWeights {
 public:
  PackedWeights(const MatmulBackend* backend, WeightView view) : backend_(backend), view_(std::move(view)) {}
  virtual ~PackedWeights() = default;
  PackedWeights(const PackedWeights&) = delete;
  PackedWeights& operator=(const PackedWeights&) = delete;

  const MatmulBackend& backend() const { return *backend_; }
  const WeightView& view() const { return view_; }
  // Memory held beyond the stored bytes, once packed; 0: used as stored.
  virtual int64_t PackedBytes() const { return 0; }
  // Packs now what Defer left for later. Threads may ask at the same time, each with a pool of its own. Throws std::bad_alloc;
  // the matrix then stays as it was.
  virtual void Finish(ThreadPool&) const {}
  // `released` is called when the stored bytes are no longer needed for products, with the seconds that packing took after it had
  // been deferred: at once if it was not, never if products always read the stored bytes. To be set once, before the first
  // product.
  virtual void WhenReleased(std::function<void(double pack_seconds)> released) {
    if (PackedBytes() > 0) released(0);
  }

 private:
  const MatmulBackend* backend_;
  WeightView view_;
};

// One product. x: [m, k], y: [m, n], m >= 1; x and y do not overlap, and the y of different calls do not overlap.
struct MatmulCall {
  const PackedWeights* w = nullptr;
  ConstMatrix x;
  Matrix y;

  // What follows is set only where the backend says RunsFused; engine/model/matmuls.h takes it apart for the others.
  // Gated unit: y = silu(x * transpose(gate)) * (x * transpose(w)). gate: same shape and backend as w.
  const PackedWeights* gate = nullptr;
  // Gathered rows: row i of the product reads x.Row(rows[i]), i < y.rows; x.rows is then the number of rows to choose from.
  const int32_t* rows = nullptr;

  int64_t m() const { return y.rows; }
  const float* XRow(int64_t i) const { return x.data + (rows == nullptr ? i : rows[i]) * x.stride; }
};

class MatmulBackend {
 public:
  virtual ~MatmulBackend() = default;

  virtual std::string_view Name() const = 0;                       // as typed after --backend=
  virtual Precision PrecisionFor(const MatmulProblem&) const = 0;  // what it rounds: sets the tolerance, is reported
  // Empty: can run this problem on this machine. Otherwise the reason: missing library, instruction set, format.
  virtual std::string WhyNot(const MatmulProblem&, const Cpu&) const = 0;
  // Called once per matrix; WhyNot is empty for it. Bytes and time are reported by the caller.
  virtual std::unique_ptr<PackedWeights> Pack(const WeightView&, ThreadPool&) const = 0;
  // The same without its work: the matrix is packed when it is used for the second time. The first product, which costs more,
  // packs on its way and keeps nothing, so that a first token waits for no memory; amx_int8 with many rows packs at once.
  // nullptr: this backend never defers.
  virtual std::unique_ptr<PackedWeights> Defer(const WeightView&) const { return nullptr; }
  // Whether Run takes this call, which has a gate or gathered rows. Calls with neither may always come.
  virtual bool RunsFused(const MatmulCall&) const { return false; }
  // Every call's weights were packed by this backend. Results do not depend on the number of threads.
  virtual void Run(std::span<const MatmulCall>, ThreadPool&) const = 0;
  // One line for the report: library, version, its thread count ("OpenBLAS 0.3.21, 1 thread of its own"). May be empty.
  virtual std::string Details() const { return {}; }
};

}  // namespace tidemark

#endif  // TIDEMARK_ENGINE_CORE_MATMUL_H_
