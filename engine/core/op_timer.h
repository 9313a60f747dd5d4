// Where the time of a forward pass goes, by kind of operation.
//
// The pass calls Lap after each operation, and the time since the lap before belongs to it: one clock reading per operation, no
// gap between two, about 20 ns each and some 400 per token. What happens between two kernels (plans, lists of calls) counts for
// the kernel that follows it.
#ifndef TIDEMARK_ENGINE_CORE_OP_TIMER_H_
#define TIDEMARK_ENGINE_CORE_OP_TIMER_H_

#include <array>
#include <chrono>
#include <cstdint>
#include <string_view>

namespace tidemark {

// Kinds of operation, in the order a layer runs them. kCount is not one.
enum class Op {
  kEmbed,      // rows of the embedding
  kRotation,   // sines and cosines of RoPE, once per pass
  kNorm,       // RMS norms of the residual stream, per head and before the head
  kConvIn,     // matrix products by role ...
  kShortConv,  // the gated convolution itself
  kConvOut,
  kAttentionQkv,
  kRope,
  kStoreKv,
  kAttention,
  kAttentionOut,
  kDenseGateUp,
  kDenseDown,
  kRouting,       // scores, top-k and the plan
  kGather,        // rows to experts
  kExpertGateUp,  // with the gathering and SwiGLU of backends that fuse them
  kExpertDown,
  kScatter,  // and back
  kSwiGlu,
  kResidual,  // additions to the residual stream, biases
  kHead,
  kCount,
};
std::string_view OpName(Op op);  // "conv_in", "expert_gate_up", "head", ...

class OpTimer {
 public:
  // A pass begins: time until the first Lap counts from here.
  void Start() { last_ = Clock::now(); }
  void Lap(Op op) {
    const Clock::time_point now = Clock::now();
    Entry& entry = entries_[static_cast<size_t>(op)];
    entry.nanoseconds += std::chrono::duration_cast<std::chrono::nanoseconds>(now - last_).count();
    ++entry.calls;
    last_ = now;
  }
  void Clear() { entries_ = {}; }

  struct Entry {
    int64_t nanoseconds = 0;
    int64_t calls = 0;
  };
  const Entry& At(Op op) const { return entries_[static_cast<size_t>(op)]; }

 private:
  using Clock = std::chrono::steady_clock;
  Clock::time_point last_;
  std::array<Entry, static_cast<size_t>(Op::kCount)> entries_{};
};

}  // namespace tidemark

#endif  // TIDEMARK_ENGINE_CORE_OP_TIMER_H_
