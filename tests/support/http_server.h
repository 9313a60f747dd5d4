// A scripted HTTP server on loopback for tests of the endpoint adapter: it reads one request per connection and then does
// whatever a handler says with the socket, so that it can misbehave in ways no real server's library allows.
#ifndef TIDEMARK_TESTS_SUPPORT_HTTP_SERVER_H_
#define TIDEMARK_TESTS_SUPPORT_HTTP_SERVER_H_

#include <atomic>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <thread>

namespace tidemark::test {

struct ServedRequest {
  std::string method, path, body;
  std::map<std::string, std::string> headers;  // names in lower case
};

class Connection {
 public:
  Connection(int fd, const std::atomic<bool>& stopping) : fd_(fd), stopping_(stopping) {}
  // False: the client is gone.
  bool Send(std::string_view bytes);
  // Does nothing for so long. False: the client went away, or the server is being stopped.
  bool Wait(double seconds);
  bool WaitForever() { return Wait(1e6); }
  // Ends with a TCP reset instead of an orderly close.
  void Reset();

 private:
  friend class HttpServer;
  bool ReadRequest(ServedRequest& request);

  int fd_;
  const std::atomic<bool>& stopping_;
};

class HttpServer {
 public:
  // Runs in a thread of each connection, which is closed when it returns. Catch assertions have no place in it.
  using Handler = std::function<void(const ServedRequest&, Connection&)>;

  explicit HttpServer(Handler handler);
  ~HttpServer();
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;

  int port() const { return port_; }
  std::string url() const { return "http://127.0.0.1:" + std::to_string(port_); }
  int most_at_once() const { return most_at_once_; }

 private:
  void Accept();
  void Serve(int fd);

  struct Worker {
    std::thread thread;
    std::atomic<bool> done{false};
  };

  Handler handler_;
  int port_ = 0;  // before the sockets, whose making sets it
  int listener_ = -1;
  std::atomic<bool> stopping_{false};
  std::atomic<int> at_once_{0}, most_at_once_{0};
  std::thread acceptor_;
  std::list<Worker> workers_;  // of the acceptor alone until it has ended
};

// A port of loopback where nobody listens, and nobody can while this lives.
class ClosedPort {
 public:
  ClosedPort();
  ~ClosedPort();
  ClosedPort(const ClosedPort&) = delete;
  ClosedPort& operator=(const ClosedPort&) = delete;
  std::string url() const { return "http://127.0.0.1:" + std::to_string(port_); }

 private:
  int port_ = 0;
  int fd_ = -1;
};

// A whole reply with its length. extra: further header lines, each ended by "\r\n".
std::string HttpReply(int status, std::string_view content_type, std::string_view body, std::string_view extra = {});

}  // namespace tidemark::test

#endif  // TIDEMARK_TESTS_SUPPORT_HTTP_SERVER_H_
