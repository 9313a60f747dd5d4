#include "evals/models/http_pool.h"

#include <curl/curl.h>
#include <strings.h>

#include <algorithm>
#include <cmath>
#include <optional>

#include "engine/core/error.h"

namespace tidemark {
namespace {

constexpr size_t kMaxHeaderBytes = 256 << 10;  // of all headers of a reply
constexpr double kGraceSeconds = 1;            // for the end of a transfer that is complete

double Seconds(HttpClock::duration d) { return std::chrono::duration<double>(d).count(); }

// An exchange that runs.
struct Active {
  CURL* easy = nullptr;
  HttpExchange* exchange = nullptr;
  HttpClock::time_point begin = HttpClock::now();
  std::optional<HttpClock::time_point> last_byte, complete;  // of the body
  size_t header_bytes = 0;
  bool headers_ended = false;  // the empty line came
  bool unwanted = false;       // on_body said false
  char message[CURL_ERROR_SIZE] = "";
};

size_t OnBody(char* data, size_t size, size_t count, void* user) {
  Active& active = *static_cast<Active*>(user);
  HttpExchange& x = *active.exchange;
  long status = 0;
  curl_easy_getinfo(active.easy, CURLINFO_RESPONSE_CODE, &status);
  x.status = static_cast<int>(status);
  active.last_byte = HttpClock::now();
  const size_t bytes = size * count;
  active.unwanted = x.on_body && !x.on_body({data, bytes});
  if (x.complete && !active.complete) active.complete = active.last_byte;
  return active.unwanted ? 0 : bytes;  // fewer bytes than offered: libcurl ends the transfer
}

// Takes "Name: value\r\n" if the name fits.
void TakeHeader(std::string_view line, std::string_view name, std::string& to) {
  if (line.size() <= name.size() || line[name.size()] != ':') return;
  if (strncasecmp(line.data(), name.data(), name.size()) != 0) return;
  line.remove_prefix(name.size() + 1);
  const size_t begin = line.find_first_not_of(" \t");
  const size_t end = line.find_last_not_of(" \t\r\n");
  to = begin == line.npos || end == line.npos ? std::string() : std::string(line.substr(begin, end + 1 - begin));
}

size_t OnHeader(char* data, size_t size, size_t count, void* user) {
  Active& active = *static_cast<Active*>(user);
  HttpExchange& x = *active.exchange;
  const std::string_view line(data, size * count);
  active.header_bytes += line.size();
  if (active.header_bytes > kMaxHeaderBytes) return 0;
  if (line.starts_with("HTTP/")) {  // another status line after 1xx: its headers alone count
    active.headers_ended = false;
    x.content_type.clear();
    x.content_encoding.clear();
    x.location.clear();
  }
  if (line == "\r\n" || line == "\n") active.headers_ended = true;
  TakeHeader(line, "content-type", x.content_type);
  TakeHeader(line, "content-encoding", x.content_encoding);
  TakeHeader(line, "location", x.location);
  return line.size();
}

HttpFailure Classify(CURLcode code) {
  switch (code) {
    case CURLE_COULDNT_RESOLVE_PROXY:
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_CONNECT:
    case CURLE_OPERATION_TIMEDOUT:  // of connecting; the other limits are ours
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_SEND_ERROR:
    case CURLE_RECV_ERROR:
    case CURLE_GOT_NOTHING:
    case CURLE_PARTIAL_FILE:
    case CURLE_HTTP2:
    case CURLE_HTTP2_STREAM:
      return HttpFailure::kConnection;
    default:
      return HttpFailure::kProtocol;
  }
}

void Configure(const Active& active, const HttpOptions& options, const curl_slist* headers) {
  CURL* easy = active.easy;
  const HttpExchange& x = *active.exchange;
  const auto set = [easy](CURLoption option, auto value) {
    const CURLcode code = curl_easy_setopt(easy, option, value);
    TM_CHECK(code == CURLE_OK, "libcurl option {}: {}", static_cast<int>(option), curl_easy_strerror(code));
  };
  // CURLOPT_NOSIGNAL stays off: libcurl then also keeps SIGPIPE away while OpenSSL writes to a closed connection.
  set(CURLOPT_URL, x.url.c_str());
  set(CURLOPT_PROTOCOLS_STR, "http,https");
  set(CURLOPT_FOLLOWLOCATION, 0L);
  set(CURLOPT_SSL_VERIFYPEER, 1L);
  set(CURLOPT_SSL_VERIFYHOST, 2L);
  if (!options.ca_file.empty()) set(CURLOPT_CAINFO, options.ca_file.c_str());
  set(CURLOPT_HTTPHEADER, headers);
  set(CURLOPT_HEADEROPT, static_cast<long>(CURLHEADER_SEPARATE));
  set(CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
  set(CURLOPT_USERAGENT, "tidemark");
  if (x.post) {
    set(CURLOPT_POST, 1L);
    set(CURLOPT_POSTFIELDS, x.body.c_str());
    set(CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(x.body.size()));
  }
  if (x.limits.connect > 0) set(CURLOPT_CONNECTTIMEOUT_MS, std::max(1L, std::lround(x.limits.connect * 1000)));
  set(CURLOPT_ERRORBUFFER, const_cast<char*>(active.message));
  set(CURLOPT_WRITEFUNCTION, &OnBody);
  set(CURLOPT_WRITEDATA, &active);
  set(CURLOPT_HEADERFUNCTION, &OnHeader);
  set(CURLOPT_HEADERDATA, &active);
  set(CURLOPT_PRIVATE, &active);
}

// When the next limit of an exchange strikes and what it is called.
struct Deadline {
  HttpClock::time_point when = HttpClock::time_point::max();
  std::string what;
};

Deadline NextDeadline(const Active& active) {
  const HttpLimits& l = active.exchange->limits;
  Deadline next;
  const auto consider = [&next](HttpClock::time_point from, double seconds, const char* what) {
    const auto when = from + std::chrono::duration_cast<HttpClock::duration>(std::chrono::duration<double>(seconds));
    if (seconds > 0 && when < next.when) next = {when, fmt::format(fmt::runtime(what), seconds)};
  };
  if (active.complete) {
    consider(*active.complete, kGraceSeconds, "");
    return next;
  }
  consider(active.begin, l.total, "not finished within {} s");
  if (active.last_byte) {
    consider(*active.last_byte, l.idle, "nothing new for {} s");
  } else {
    consider(active.begin, l.first_byte, "no byte of the reply within {} s");
  }
  return next;
}

}  // namespace

struct HttpPool::Impl {
  HttpOptions options;
  CURLM* multi = nullptr;
  curl_slist* headers = nullptr;
  std::vector<std::unique_ptr<Active>> active;

  // Takes the exchange out; code: how libcurl ended it.
  HttpExchange* Remove(Active* which, CURLcode code, HttpFailure failure, std::string error) {
    HttpExchange& x = *which->exchange;
    long status = 0;
    curl_off_t wait = 0, pretransfer = 0;
    curl_easy_getinfo(which->easy, CURLINFO_RESPONSE_CODE, &status);
    curl_easy_getinfo(which->easy, CURLINFO_RETRY_AFTER, &wait);
    curl_easy_getinfo(which->easy, CURLINFO_PRETRANSFER_TIME_T, &pretransfer);
    x.status = static_cast<int>(status);
    x.retry_after_seconds = static_cast<double>(wait);
    x.sent = which->begin + std::chrono::microseconds(pretransfer);
    if (failure == HttpFailure::kNone && code != CURLE_OK && !which->unwanted && !x.complete) {
      failure = Classify(code);
      error = *which->message != '\0' ? which->message : curl_easy_strerror(code);
      if (which->header_bytes > kMaxHeaderBytes) error = fmt::format("more than {} bytes of headers", kMaxHeaderBytes);
    }
    if (code == CURLE_OK && failure == HttpFailure::kNone && !which->headers_ended) {  // libcurl takes it for an empty reply
      failure = HttpFailure::kConnection;
      error = "the connection was closed within the headers";
    }
    x.failure = failure;
    x.error = std::move(error);
    curl_multi_remove_handle(multi, which->easy);
    curl_easy_cleanup(which->easy);
    active.erase(std::find_if(active.begin(), active.end(), [which](const auto& a) { return a.get() == which; }));
    return &x;
  }

  void Collect(std::vector<HttpExchange*>& ended) {
    int running = 0, left = 0;
    curl_multi_perform(multi, &running);
    while (const CURLMsg* message = curl_multi_info_read(multi, &left)) {
      if (message->msg != CURLMSG_DONE) continue;
      Active* which = nullptr;
      curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &which);
      const CURLcode code = message->data.result;  // gone with the handle
      ended.push_back(Remove(which, code, HttpFailure::kNone, ""));
    }
  }

  // Ends what is late. Returns the seconds until the next limit, at most `seconds`.
  double EndLate(std::vector<HttpExchange*>& ended, double seconds) {
    const auto now = HttpClock::now();
    for (size_t i = 0; i < active.size();) {
      Deadline deadline = NextDeadline(*active[i]);
      if (deadline.when <= now) {
        const HttpFailure failure = active[i]->complete ? HttpFailure::kNone : HttpFailure::kTimeout;
        ended.push_back(Remove(active[i].get(), CURLE_OK, failure, std::move(deadline.what)));
      } else {
        if (deadline.when != HttpClock::time_point::max()) seconds = std::min(seconds, Seconds(deadline.when - now));
        ++i;
      }
    }
    return seconds;
  }
};

HttpPool::HttpPool(HttpOptions options) : impl_(std::make_unique<Impl>()) {
  impl_->options = std::move(options);
  if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
    throw Error("libcurl", "no start", "a working libcurl", "the installed libcurl may not fit: reinstall it");
  impl_->multi = curl_multi_init();
  TM_CHECK(impl_->multi != nullptr, "curl_multi_init failed");
  curl_multi_setopt(impl_->multi, CURLMOPT_MAXCONNECTS, static_cast<long>(impl_->options.connections));
  for (const std::string& header : impl_->options.headers) {
    impl_->headers = curl_slist_append(impl_->headers, header.c_str());
  }
  // Otherwise libcurl waits for "100 Continue" before it sends a long prompt.
  impl_->headers = curl_slist_append(impl_->headers, "Expect:");
}

HttpPool::~HttpPool() {
  for (const auto& active : impl_->active) {
    curl_multi_remove_handle(impl_->multi, active->easy);
    curl_easy_cleanup(active->easy);
  }
  curl_multi_cleanup(impl_->multi);
  curl_slist_free_all(impl_->headers);
  curl_global_cleanup();
}

void HttpPool::Start(HttpExchange& exchange) {
  auto active = std::make_unique<Active>();
  active->exchange = &exchange;
  active->easy = curl_easy_init();
  if (active->easy == nullptr)
    throw Error(exchange.url, "libcurl failed to start", "a request", "the installed libcurl may not fit: reinstall it");
  Configure(*active, impl_->options, impl_->headers);
  const CURLMcode code = curl_multi_add_handle(impl_->multi, active->easy);
  TM_CHECK(code == CURLM_OK, "curl_multi_add_handle: {}", curl_multi_strerror(code));
  impl_->active.push_back(std::move(active));
}

std::vector<HttpExchange*> HttpPool::Wait(double seconds) {
  std::vector<HttpExchange*> ended;
  impl_->Collect(ended);
  const double wait = impl_->EndLate(ended, seconds);
  if (!ended.empty()) return ended;
  curl_multi_poll(impl_->multi, nullptr, 0, std::max(1, static_cast<int>(std::ceil(wait * 1000))), nullptr);
  impl_->Collect(ended);
  impl_->EndLate(ended, 0);
  return ended;
}

}  // namespace tidemark
