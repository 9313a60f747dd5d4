// Prompts that begin alike are computed once as far as they agree: repeats of one question, examples or instructions before many.
//
// All prompts of a run are known when it begins. Sorted, the places where neighbours part are the inner nodes of their prefix
// tree. The first request that passes such a place keeps its state there; the others begin with a clone of it. A state is kept
// until the last request that would begin with it has begun; where no room is left for one, nobody waits for it and everybody
// computes on. The convolutions' windows cannot be rewound, so a state serves its own length only.
#ifndef TIDEMARK_ENGINE_GENERATE_PREFIX_SHARING_H_
#define TIDEMARK_ENGINE_GENERATE_PREFIX_SHARING_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "engine/core/token.h"
#include "engine/model/state.h"

namespace tidemark {

class PrefixSharing {
 public:
  // A beginning shorter than this, or longer than the one before it by less, is not worth a state.
  static constexpr int64_t kLeastTokens = 64;

  // prompts: of the requests, by index. max_bytes: of all states kept at a time; 0: nothing is shared.
  PrefixSharing(std::span<const std::span<const TokenId>> prompts, int64_t max_bytes);

  // A request that has computed nothing yet. wait: another is about to compute a longer common beginning than there is; ask again
  // after the next step. Otherwise the request begins, once and for all, with `state` (of the capacity given) or without any.
  struct Start {
    bool wait = false;
    std::optional<SequenceState> state;
  };
  Start Begin(size_t request, int64_t capacity);
  // A request that will never begin.
  void Skip(size_t request);

  // The position after `computed` that the request, which has begun, must not pass in one step; the prompt's end if there is
  // none.
  int64_t StopAfter(size_t request, int64_t computed) const;
  // The request stands at `state.length()`: keeps a clone if others are to begin there.
  void Reached(size_t request, const SequenceState& state);

  int64_t bytes() const { return bytes_; }  // kept now

 private:
  struct Node {
    int64_t length;
    int64_t waiting;                     // requests that have not begun and pass here, but no longer beginning that is kept
    bool unshared = false;               // there was no room: neither waited for nor made again
    std::optional<size_t> maker;         // the request that will pass it
    std::optional<SequenceState> state;  // kept
  };

  void AddNodes(std::span<const std::span<const TokenId>> prompts);
  void Uncount(std::span<const size_t> way, int64_t requests);

  int64_t max_bytes_, bytes_ = 0;
  std::vector<Node> nodes_;
  std::vector<std::vector<size_t>> of_request_;  // nodes on the way, ascending length
  std::vector<int64_t> prompt_length_;
};

}  // namespace tidemark

#endif  // TIDEMARK_ENGINE_GENERATE_PREFIX_SHARING_H_
