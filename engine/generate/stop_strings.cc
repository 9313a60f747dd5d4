#include "engine/generate/stop_strings.h"

#include <algorithm>
#include <utility>

namespace tidemark {
namespace {

// Length of the longest suffix of text that is a proper prefix of stop.
size_t PartialMatch(std::string_view text, std::string_view stop) {
  for (size_t n = std::min(text.size(), stop.size() - 1); n > 0; --n) {
    if (text.substr(text.size() - n) == stop.substr(0, n)) return n;
  }
  return 0;
}

}  // namespace

StopStringFilter::StopStringFilter(std::vector<std::string> stops) : stops_(std::move(stops)) {
  std::erase_if(stops_, [](const std::string& s) { return s.empty(); });
}

std::string StopStringFilter::Add(std::string_view piece) {
  if (hit_) return {};
  std::string text = std::exchange(held_, {}) + std::string(piece);
  size_t first = std::string::npos, hold = 0;
  for (const std::string& stop : stops_) {
    first = std::min(first, text.find(stop));
    hold = std::max(hold, PartialMatch(text, stop));
  }
  if (first != std::string::npos) {
    hit_ = true;
    return text.substr(0, first);
  }
  held_ = text.substr(text.size() - hold);
  text.resize(text.size() - hold);
  return text;
}

std::string StopStringFilter::Finish() { return hit_ ? std::string() : std::exchange(held_, {}); }

}  // namespace tidemark
