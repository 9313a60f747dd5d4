#include "evals/models/chat_attempt.h"

#include <fmt/format.h>

#include <algorithm>

namespace tidemark {
namespace {

constexpr size_t kMaxEventBytes = 1 << 20;          // a chunk holds a token or a few
constexpr size_t kMaxWholeBytes = size_t{8} << 20;  // a reply in one object is parsed at once: its tree is many times as large
constexpr size_t kMaxErrorBytes = 64 << 10;         // as much of an error page as is looked at

// "text/event-stream; charset=utf-8" -> "text/event-stream".
std::string MediaType(const std::string& header) {
  std::string type = header.substr(0, header.find(';'));
  while (type.ends_with(' ')) type.pop_back();
  std::transform(type.begin(), type.end(), type.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  return type;
}

double SecondsBetween(HttpClock::time_point a, HttpClock::time_point b) { return std::chrono::duration<double>(b - a).count(); }

}  // namespace

ChatAttempt::ChatAttempt(const std::string& base, const std::string& body, const EndpointOptions& options)
    : max_reply_bytes_(options.max_reply_bytes), sse_(std::min(kMaxEventBytes, options.max_reply_bytes)) {
  exchange_.url = base + "/chat/completions";
  exchange_.post = true;
  exchange_.body = body;
  exchange_.limits = {options.connect_seconds, 0, 0, options.total_seconds};
  if (options.stream) {  // a whole reply shows nothing until it is finished
    exchange_.limits.first_byte = options.first_byte_seconds;
    exchange_.limits.idle = options.idle_seconds;
  }
  exchange_.on_body = [this](std::string_view bytes) { return Take(bytes); };
}

bool ChatAttempt::Fail(std::string error) {
  if (reply_.error.empty()) reply_.error = std::move(error);
  return false;
}

ChatAttempt::Mode ChatAttempt::ChooseMode() {
  if (exchange_.status >= 300) return Mode::kErrorBody;
  const std::string& coding = exchange_.content_encoding;
  if (!coding.empty() && coding != "identity") {
    Fail("the reply has content-encoding " + coding + ", which was not asked for");
    return Mode::kUnknown;
  }
  const std::string type = MediaType(exchange_.content_type);
  if (type == "text/event-stream") return Mode::kStream;
  if (type == "application/json") return Mode::kWhole;  // also where a stream was asked for: some servers have none
  Fail("the reply has content type \"" + type + "\", expected text/event-stream or application/json");
  return Mode::kUnknown;
}

bool ChatAttempt::Take(std::string_view bytes) {
  received_ += bytes.size();
  if (mode_ == Mode::kUnknown) mode_ = ChooseMode();
  if (!reply_.error.empty()) return false;
  if (mode_ == Mode::kErrorBody) {
    body_ += bytes.substr(0, kMaxErrorBytes - body_.size());
    return body_.size() < kMaxErrorBytes;
  }
  if (exchange_.complete) return received_ <= max_reply_bytes_;
  const size_t limit = mode_ == Mode::kWhole ? std::min(kMaxWholeBytes, max_reply_bytes_) : max_reply_bytes_;
  if (received_ > limit) return Fail(fmt::format("the reply is larger than {} bytes", limit));
  if (mode_ == Mode::kWhole) {
    body_ += bytes;
    return true;
  }
  if (!sse_.Feed(bytes, [this](std::string_view data) { return TakeEvent(data); }) && sse_.too_large()) {
    return Fail(fmt::format("an event of the stream is larger than {} bytes", std::min(kMaxEventBytes, max_reply_bytes_)));
  }
  return reply_.error.empty();
}

bool ChatAttempt::TakeEvent(std::string_view data) {
  if (data == "[DONE]") {
    exchange_.complete = true;
    return false;
  }
  if (AddChunk(data, reply_)) {
    const auto now = HttpClock::now();
    if (reply_.pieces == 1) {
      first_text_ = now;
    } else {
      gaps_.push_back(SecondsBetween(last_text_, now));
    }
    last_text_ = now;
  }
  return reply_.error.empty();
}

void ChatAttempt::ConcludeStatus() {
  const std::string words = ErrorText(body_);
  const std::string suffix = words.empty() ? "" : ": " + words;
  if (exchange_.status >= 300 && exchange_.status <= 399) {
    Fail(fmt::format("HTTP {}: a redirect, which is not followed, to {}", exchange_.status,
                     exchange_.location.empty() ? "no named place" : exchange_.location));
  } else {
    Fail(fmt::format("HTTP {}{}", exchange_.status, suffix));
  }
}

void ChatAttempt::Conclude() {
  if (!reply_.error.empty()) return;
  if (exchange_.status >= 300) {  // what broke while the error page came is of no interest
    ConcludeStatus();
  } else if (exchange_.failure != HttpFailure::kNone) {
    const char* when = reply_.pieces > 0 ? "the reply broke off: " : "";
    Fail(when + exchange_.error);
  } else if (mode_ == Mode::kStream) {
    if (!exchange_.complete) sse_.End([this](std::string_view data) { return TakeEvent(data); });
    EndStream(exchange_.complete, reply_);
  } else if (mode_ == Mode::kWhole) {
    AddWhole(body_, reply_);
  } else {
    Fail(fmt::format("HTTP {} with an empty body", exchange_.status));
  }
}

bool ChatAttempt::Retryable() const {
  const int status = exchange_.status;
  if (status == 408 || status == 429 || status >= 500) return true;
  return exchange_.failure == HttpFailure::kConnection && reply_.pieces == 0;
}

double ChatAttempt::TimeToFirstText() const {
  return reply_.pieces > 0 && mode_ == Mode::kStream ? std::max(0.0, SecondsBetween(exchange_.sent, first_text_)) : 0;
}

}  // namespace tidemark
