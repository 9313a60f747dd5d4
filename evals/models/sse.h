// Server-sent events, the framing of streamed replies: lines "data: ..." and an empty line after each event.
// Source: WHATWG HTML, section 9.2.6 "Interpreting an event stream". Only data is kept; event names, ids and retry times are
// of no use to one request, and comments (": ping") are how servers keep a connection alive.
#ifndef TIDEMARK_EVALS_MODELS_SSE_H_
#define TIDEMARK_EVALS_MODELS_SSE_H_

#include <functional>
#include <string>
#include <string_view>

namespace tidemark {

class SseParser {
 public:
  using OnEvent = std::function<bool(std::string_view data)>;  // false: parse nothing further

  // No line and no event's data may be longer.
  explicit SseParser(size_t max_event_bytes) : max_bytes_(max_event_bytes) {}

  // Takes the next bytes, split anywhere; calls on_event for each event they complete. False: a limit was exceeded or on_event
  // said false; from then on it stays false and nothing is parsed.
  bool Feed(std::string_view bytes, const OnEvent& on_event);

  // The connection ended. An event whose lines are whole but that lacks its empty line is delivered, and so is an unterminated
  // last line "data: [DONE]"; the standard drops both, yet some servers end like that. Any other torn line is dropped.
  bool End(const OnEvent& on_event);

  bool too_large() const { return too_large_; }

 private:
  bool Line(std::string_view line, const OnEvent& on_event);
  bool Dispatch(const OnEvent& on_event);
  bool Stop(bool too_large);

  size_t max_bytes_;
  std::string partial_;        // the line that has begun
  std::string data_;           // of the event that has begun, lines joined by '\n'
  bool has_data_ = false;      // a data field came, perhaps an empty one
  bool first_line_ = true;     // a byte order mark may stand before it
  bool after_return_ = false;  // the last byte was '\r': a '\n' now belongs to it
  bool stopped_ = false, too_large_ = false;
};

}  // namespace tidemark

#endif  // TIDEMARK_EVALS_MODELS_SSE_H_
