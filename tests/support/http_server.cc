#include "tests/support/http_server.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <chrono>
#include <stdexcept>
#include <vector>

namespace tidemark::test {
namespace {

constexpr int kTickMs = 10;

// Binds loopback to a port the kernel chooses.
int BindLoopback(int& port) {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t length = sizeof(address);
  if (fd < 0 || bind(fd, reinterpret_cast<sockaddr*>(&address), length) != 0 ||
      getsockname(fd, reinterpret_cast<sockaddr*>(&address), &length) != 0) {
    throw std::runtime_error("no socket on loopback");
  }
  port = ntohs(address.sin_port);
  return fd;
}

}  // namespace

bool Connection::Send(std::string_view bytes) {
  while (!bytes.empty() && !stopping_) {
    pollfd wait{fd_, POLLOUT, 0};
    if (poll(&wait, 1, kTickMs) == 0) continue;
    const ssize_t sent = send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent <= 0) return false;
    bytes.remove_prefix(static_cast<size_t>(sent));
  }
  return !stopping_;
}

bool Connection::Wait(double seconds) {
  const auto end = std::chrono::steady_clock::now() + std::chrono::microseconds(static_cast<int64_t>(seconds * 1e6));
  while (!stopping_ && std::chrono::steady_clock::now() < end) {
    pollfd wait{fd_, POLLIN | POLLRDHUP, 0};
    if (poll(&wait, 1, kTickMs) > 0) return false;  // after its request a client that says anything says good-bye
  }
  return !stopping_;
}

void Connection::Reset() {
  const linger now{1, 0};
  setsockopt(fd_, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
}

bool Connection::ReadRequest(ServedRequest& request) {
  std::string bytes;
  size_t head = bytes.npos, length = 0;
  while (!stopping_ && (head == bytes.npos || bytes.size() < head + 4 + length)) {
    pollfd wait{fd_, POLLIN, 0};
    if (poll(&wait, 1, kTickMs) == 0) continue;
    char buffer[1 << 14];
    const ssize_t got = recv(fd_, buffer, sizeof(buffer), 0);
    if (got <= 0) return false;
    bytes.append(buffer, static_cast<size_t>(got));
    if (head != bytes.npos || (head = bytes.find("\r\n\r\n")) == bytes.npos) continue;
    size_t line = bytes.find("\r\n");
    const std::string first = bytes.substr(0, line);
    request.method = first.substr(0, first.find(' '));
    request.path = first.substr(request.method.size() + 1, first.rfind(' ') - request.method.size() - 1);
    while (line < head) {
      const size_t begin = line + 2, end = bytes.find("\r\n", begin), colon = bytes.find(": ", begin);
      if (colon < end) {
        std::string name = bytes.substr(begin, colon - begin);
        std::transform(name.begin(), name.end(), name.begin(), [](unsigned char c) { return std::tolower(c); });
        request.headers[name] = bytes.substr(colon + 2, end - colon - 2);
      }
      line = end;
    }
    if (request.headers.count("content-length") != 0) length = std::stoul(request.headers["content-length"]);
  }
  if (stopping_) return false;
  request.body = bytes.substr(head + 4);
  return true;
}

HttpServer::HttpServer(Handler handler) : handler_(std::move(handler)), listener_(BindLoopback(port_)) {
  listen(listener_, 256);
  acceptor_ = std::thread([this] { Accept(); });
}

HttpServer::~HttpServer() {
  stopping_ = true;
  acceptor_.join();
  for (Worker& worker : workers_) worker.thread.join();
  close(listener_);
}

void HttpServer::Accept() {
  while (!stopping_) {
    pollfd wait{listener_, POLLIN, 0};
    if (poll(&wait, 1, kTickMs) <= 0) continue;
    const int fd = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    if (fd < 0) continue;
    workers_.remove_if([](Worker& w) {
      if (w.done) w.thread.join();
      return w.done.load();
    });
    Worker& worker = workers_.emplace_back();
    worker.thread = std::thread([this, fd, &worker] {
      Serve(fd);
      worker.done = true;
    });
  }
}

void HttpServer::Serve(int fd) {
  const int now = ++at_once_;
  for (int most = most_at_once_; now > most && !most_at_once_.compare_exchange_weak(most, now);) continue;
  Connection connection(fd, stopping_);
  ServedRequest request;
  if (connection.ReadRequest(request)) handler_(request, connection);
  close(fd);
  --at_once_;
}

ClosedPort::ClosedPort() : fd_(BindLoopback(port_)) {}
ClosedPort::~ClosedPort() { close(fd_); }

std::string HttpReply(int status, std::string_view content_type, std::string_view body, std::string_view extra) {
  std::string reply = "HTTP/1.1 " + std::to_string(status) + " Said\r\nContent-Type: ";
  reply += content_type;
  reply += "\r\nContent-Length: " + std::to_string(body.size()) + "\r\nConnection: close\r\n";
  reply += extra;
  reply += "\r\n";
  reply += body;
  return reply;
}

}  // namespace tidemark::test
