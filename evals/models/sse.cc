#include "evals/models/sse.h"

namespace tidemark {

bool SseParser::Stop(bool too_large) {
  stopped_ = true;
  too_large_ = too_large_ || too_large;
  return false;
}

bool SseParser::Feed(std::string_view bytes, const OnEvent& on_event) {
  while (!stopped_ && !bytes.empty()) {
    if (after_return_ && bytes.front() == '\n') {
      bytes.remove_prefix(1);
      after_return_ = false;
      continue;
    }
    after_return_ = false;
    const size_t end = bytes.find_first_of("\r\n");
    const std::string_view segment = bytes.substr(0, end);
    if (partial_.size() + segment.size() > max_bytes_) return Stop(/*too_large=*/true);
    partial_ += segment;
    if (end == bytes.npos) return true;
    after_return_ = bytes[end] == '\r';
    bytes.remove_prefix(end + 1);
    const bool go_on = Line(partial_, on_event);
    partial_.clear();
    if (!go_on) return false;
  }
  return !stopped_;
}

bool SseParser::End(const OnEvent& on_event) {
  if (stopped_) return false;
  if (partial_ == "data: [DONE]" || partial_ == "data:[DONE]") {
    if (!Line(partial_, on_event)) return false;
  }
  partial_.clear();
  return Dispatch(on_event);
}

bool SseParser::Line(std::string_view line, const OnEvent& on_event) {
  if (first_line_ && line.starts_with("\xEF\xBB\xBF")) line.remove_prefix(3);
  first_line_ = false;
  if (line.empty()) return Dispatch(on_event);
  const size_t colon = line.find(':');
  if (line.substr(0, colon) != "data") return true;
  std::string_view value = colon == line.npos ? std::string_view() : line.substr(colon + 1);
  if (value.starts_with(' ')) value.remove_prefix(1);
  if (data_.size() + 1 + value.size() > max_bytes_) return Stop(/*too_large=*/true);
  if (has_data_) data_ += '\n';
  data_ += value;
  has_data_ = true;
  return true;
}

bool SseParser::Dispatch(const OnEvent& on_event) {
  if (!has_data_) return true;
  const bool go_on = on_event(data_);
  data_.clear();
  has_data_ = false;
  return go_on || Stop(/*too_large=*/false);
}

}  // namespace tidemark
