// Several HTTP requests at once on one thread, with limits in time and size: libcurl's multi interface.
//
// What libcurl decides: proxies from the usual environment variables (http_proxy, https_proxy, no_proxy), HTTP/2 over TLS where
// the server offers it, connections kept for the next request. What this file fixes: TLS certificates are always verified,
// redirects are not followed, no user or password from ~/.netrc, the authorization header never goes to a proxy.
#ifndef TIDEMARK_EVALS_MODELS_HTTP_POOL_H_
#define TIDEMARK_EVALS_MODELS_HTTP_POOL_H_

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace tidemark {

using HttpClock = std::chrono::steady_clock;

struct HttpLimits {  // seconds, of one exchange; 0: none
  double connect = 10, first_byte = 0, idle = 0, total = 3600;
};

struct HttpOptions {
  std::vector<std::string> headers;  // of every request: "Name: value"
  std::string ca_file;               // empty: the system's certificates
  int connections = 1;               // kept open for reuse
};

enum class HttpFailure {
  kNone,
  kConnection,  // no connection, or it broke: another attempt may work
  kTimeout,     // first_byte, idle or total ran out
  kProtocol,    // not HTTP, certificate refused, headers too large: another attempt would fail alike
};

// One request and what came back.
struct HttpExchange {
  std::string url;
  bool post = false;
  std::string body;  // of a POST, JSON
  HttpLimits limits;
  // The next bytes of the reply's body, in the coding the server sent; status and headers are known by then. False: no more is
  // wanted, and the exchange ends with failure kNone.
  std::function<bool(std::string_view bytes)> on_body;

  // Set by on_body when all that is wanted has come: how the transfer ends no longer matters, and after a second it is ended.
  bool complete = false;

  int status = 0;  // 0: no status line came
  std::string content_type, content_encoding, location;
  double retry_after_seconds = 0;  // 0: the server did not say
  HttpClock::time_point sent;      // when the request could be sent: connection and TLS stand
  HttpFailure failure = HttpFailure::kNone;
  std::string error;  // of a failure; may quote the server
};

class HttpPool {
 public:
  // Throws Error: libcurl does not start.
  explicit HttpPool(HttpOptions options);
  ~HttpPool();  // ends what still runs
  HttpPool(const HttpPool&) = delete;
  HttpPool& operator=(const HttpPool&) = delete;

  // The exchange must stay in place until Wait returns it or the pool is gone. Throws Error: libcurl refuses it.
  void Start(HttpExchange& exchange);
  // The exchanges that ended since the last call; waits up to `seconds` for the first. Several or none may come.
  std::vector<HttpExchange*> Wait(double seconds);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace tidemark

#endif  // TIDEMARK_EVALS_MODELS_HTTP_POOL_H_
