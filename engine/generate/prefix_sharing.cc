#include "engine/generate/prefix_sharing.h"

#include <algorithm>
#include <utility>

namespace tidemark {
namespace {

using Prompts = std::span<const std::span<const TokenId>>;

// Tokens that two prompts begin with; each keeps one for itself, because logits are those of a token that is computed.
int64_t CommonTokens(std::span<const TokenId> a, std::span<const TokenId> b) {
  const size_t most = std::min(a.size(), b.size());
  const auto [end, other] = std::mismatch(a.begin(), a.begin() + static_cast<std::ptrdiff_t>(most), b.begin());
  return std::min<int64_t>(end - a.begin(), static_cast<int64_t>(most) - 1);
}

struct Interval {
  int64_t length;
  size_t first, last;  // of the sorted prompts: all of them begin with the same `length` tokens
};

// The maximal intervals of sorted prompts with a common beginning, longest beginnings of each place first.
std::vector<Interval> CommonBeginnings(Prompts prompts, std::span<const size_t> sorted) {
  std::vector<Interval> found, open;
  for (size_t i = 1; i <= sorted.size(); ++i) {
    const int64_t common = i < sorted.size() ? CommonTokens(prompts[sorted[i - 1]], prompts[sorted[i]]) : 0;
    size_t first = i - 1;
    while (!open.empty() && open.back().length > common) {
      found.push_back({open.back().length, open.back().first, i - 1});
      first = open.back().first;
      open.pop_back();
    }
    if (common > 0 && (open.empty() || open.back().length < common)) open.push_back({common, first, 0});
  }
  return found;
}

}  // namespace

PrefixSharing::PrefixSharing(Prompts prompts, int64_t max_bytes) : max_bytes_(max_bytes), of_request_(prompts.size()) {
  for (const auto& prompt : prompts) prompt_length_.push_back(static_cast<int64_t>(prompt.size()));
  if (max_bytes > 0) AddNodes(prompts);
}

void PrefixSharing::AddNodes(Prompts prompts) {
  std::vector<size_t> sorted;
  for (size_t i = 0; i < prompts.size(); ++i) {
    if (prompts[i].size() > static_cast<size_t>(kLeastTokens)) sorted.push_back(i);
  }
  std::sort(sorted.begin(), sorted.end(), [&](size_t a, size_t b) {
    return std::lexicographical_compare(prompts[a].begin(), prompts[a].end(), prompts[b].begin(), prompts[b].end());
  });
  std::vector<Interval> intervals = CommonBeginnings(prompts, sorted);
  std::stable_sort(intervals.begin(), intervals.end(), [](const Interval& a, const Interval& b) { return a.length < b.length; });
  for (const Interval& interval : intervals) {
    // All prompts of an interval have the same shorter beginnings.
    const std::vector<size_t>& shorter = of_request_[sorted[interval.first]];
    if (interval.length - (shorter.empty() ? 0 : nodes_[shorter.back()].length) < kLeastTokens) continue;
    for (size_t i = interval.first; i <= interval.last; ++i) of_request_[sorted[i]].push_back(nodes_.size());
    nodes_.push_back({interval.length, static_cast<int64_t>(interval.last - interval.first + 1), false, {}, {}});
  }
}

PrefixSharing::Start PrefixSharing::Begin(size_t request, int64_t capacity) {
  const std::vector<size_t>& way = of_request_[request];
  auto place = way.rbegin();
  while (place != way.rend() && !nodes_[*place].state && !nodes_[*place].maker) ++place;
  if (place != way.rend() && !nodes_[*place].state) return {.wait = true, .state = {}};
  // What lies beyond is for this request to make.
  for (auto later = place.base(); later != way.end(); ++later) {
    if (!nodes_[*later].unshared) nodes_[*later].maker = request;
  }
  Start start;
  if (place != way.rend()) start.state = nodes_[*place].state->Clone(capacity);
  Uncount(way, 1);
  return start;
}

// From the longest beginning down to the first that is kept: whoever passes a kept one does not count further down.
void PrefixSharing::Uncount(std::span<const size_t> way, int64_t requests) {
  for (auto n = way.rbegin(); n != way.rend(); ++n) {
    Node& node = nodes_[*n];
    node.waiting -= requests;
    if (!node.state) continue;
    if (node.waiting == 0) {
      bytes_ -= node.state->Bytes();
      node.state.reset();
    }
    return;
  }
}

void PrefixSharing::Skip(size_t request) { Uncount(of_request_[request], 1); }

int64_t PrefixSharing::StopAfter(size_t request, int64_t computed) const {
  for (const size_t n : of_request_[request]) {
    const Node& node = nodes_[n];
    if (node.length > computed && node.maker == request && node.waiting > 0) return node.length;
  }
  return prompt_length_[request];
}

void PrefixSharing::Reached(size_t request, const SequenceState& state) {
  const std::vector<size_t>& way = of_request_[request];
  for (size_t i = 0; i < way.size(); ++i) {
    Node& node = nodes_[way[i]];
    if (node.length != state.length() || node.maker != request) continue;
    node.maker.reset();
    if (node.waiting == 0) continue;
    node.unshared = bytes_ + state.CloneBytes() > max_bytes_;
    if (node.unshared) continue;
    node.state = state.Clone();
    bytes_ += node.state->Bytes();
    Uncount(std::span(way).first(i), node.waiting);
  }
}

}  // namespace tidemark
