#include "evals/loops.h"

#include <algorithm>
#include <cstdint>
#include <vector>

namespace tidemark {
namespace {

// The last token may have held half a character; the rest of the loop is what counts.
std::string_view WithoutCutCharacter(std::string_view text) {
  constexpr std::string_view kReplacement = "\xEF\xBF\xBD";
  while (text.ends_with(kReplacement)) text.remove_suffix(kReplacement.size());
  size_t size = text.size();
  for (int i = 0; i < 3 && size > 0 && (static_cast<unsigned char>(text[size - 1]) & 0xC0) == 0x80; ++i) --size;
  const bool lead = size > 0 && static_cast<unsigned char>(text[size - 1]) >= 0xC0;
  if (!lead) return text;
  const auto byte = static_cast<unsigned char>(text[size - 1]);
  const size_t whole = byte >= 0xF0 ? 4 : byte >= 0xE0 ? 3 : 2;
  return text.size() - (size - 1) < whole ? text.substr(0, size - 1) : text;
}

}  // namespace

Repetition FindLoop(std::string_view text) {
  text = WithoutCutCharacter(text);
  if (text.size() < kLoopBytes || text.size() > UINT32_MAX) return {};
  const size_t n = text.size();
  const auto at = [&](size_t i) { return text[n - 1 - i]; };  // reversed: a suffix of the text is a prefix here
  // border[i]: the longest proper prefix of the first i characters that also ends them; i - border[i] is their smallest period.
  std::vector<uint32_t> border(n + 1, 0);
  Repetition best;
  for (size_t i = 1; i < n; ++i) {
    uint32_t b = border[i];
    while (b > 0 && at(b) != at(i)) b = border[b];
    border[i + 1] = at(b) == at(i) ? b + 1 : 0;
    const size_t length = i + 1, period = length - border[length];
    if (length >= std::max(kLoopBytes, kLoopTimes * period)) best = {period, length};
  }
  return best;
}

bool EndedInLoop(const Completion& completion) {
  const bool at_limit = completion.stop == StopReason::kLength || completion.stop == StopReason::kContext;
  return at_limit && completion.error.empty() && FindLoop(completion.text).length > 0;
}

}  // namespace tidemark
