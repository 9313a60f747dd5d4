// Fetching against a scripted HTTP server on loopback: good bytes, wrong bytes, too many, too few, errors, endless redirects.
#include "datasets/fetch.h"

#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

#include <fstream>
#include <thread>

#include "engine/core/error.h"
#include "engine/core/file.h"
#include "engine/core/sha256.h"
#include "tests/support/catch.h"
#include "tests/support/paths.h"

namespace tidemark {
namespace {

// Answers every connection with the same bytes, then closes it.
class LoopbackServer {
 public:
  LoopbackServer() : listener_(socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    if (bind(listener_, reinterpret_cast<sockaddr*>(&address), size) != 0) throw std::runtime_error("bind");
    listen(listener_, 16);
    getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size);
    port_ = ntohs(address.sin_port);
    thread_ = std::thread([this] { Serve(); });
  }
  ~LoopbackServer() {
    shutdown(listener_, SHUT_RDWR);
    thread_.join();
    close(listener_);
  }
  std::string Url() const { return fmt::format("http://127.0.0.1:{}/data", port_); }
  int requests() const { return requests_; }
  std::string reply;  // set before the first request

 private:
  void Serve() {
    for (int fd; (fd = accept(listener_, nullptr, nullptr)) >= 0; close(fd)) {
      ++requests_;
      char buffer[4096];
      if (recv(fd, buffer, sizeof buffer, 0) <= 0) continue;
      for (size_t done = 0; done < reply.size();) {
        const ssize_t n = send(fd, reply.data() + done, reply.size() - done, MSG_NOSIGNAL);
        if (n <= 0) break;
        done += static_cast<size_t>(n);
      }
      shutdown(fd, SHUT_WR);
    }
  }

  int listener_;
  int port_ = 0;
  std::atomic<int> requests_ = 0;
  std::thread thread_;
};

std::string Ok(const std::string& body, size_t declared) {
  return fmt::format("HTTP/1.1 200 OK\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{}", declared, body);
}

struct Bench {
  test::TemporaryDirectory directory;
  LoopbackServer server;
  std::string body = std::string(5000, 'r') + "\n";
  DatasetEntry entry;
  FetchOptions options;

  Bench() {
    entry = FindDataset("ifeval");
    entry.url = server.Url();
    entry.bytes = static_cast<int64_t>(body.size());
    entry.sha256 = Sha256Hex(body);
    options.cache = directory.path() / "cache";
    options.allow_plain_http = true;
  }
  std::string Complaint() {
    try {
      FetchDataset(entry, options);
    } catch (const Error& e) {
      return e.what();
    }
    return "";
  }
  bool CacheIsEmpty() const { return !std::filesystem::exists(options.cache) || std::filesystem::is_empty(options.cache); }
};

TEST_CASE("a good download lands in the cache once and verifies") {
  Bench b;
  b.server.reply = Ok(b.body, b.body.size());
  int64_t seen = 0;
  b.options.progress = [&](int64_t done, int64_t) { seen = done; };
  CHECK_THROWS_AS(VerifyDataset(b.entry, b.options.cache), Error);
  const auto path = FetchDataset(b.entry, b.options);
  CHECK(ReadFile(path) == b.body);
  CHECK(seen == b.entry.bytes);
  CHECK(VerifyDataset(b.entry, b.options.cache) == path);
  CHECK(FetchDataset(b.entry, b.options) == path);
  CHECK(b.server.requests() == 1);
  std::ofstream(path) << "damaged";
  CHECK_THROWS_AS(VerifyDataset(b.entry, b.options.cache), Error);
  CHECK(ReadFile(FetchDataset(b.entry, b.options)) == b.body);
  CHECK(b.server.requests() == 2);
}

TEST_CASE("wrong bytes never reach the cache") {
  Bench b;
  b.server.reply = Ok(std::string(b.body.size(), 'q'), b.body.size());
  CHECK_THAT(b.Complaint(), test::Contains("sha256"));
  b.server.reply = Ok("short", 5);
  CHECK_THAT(b.Complaint(), test::Contains("5 bytes"));
  b.server.reply = Ok(b.body.substr(0, 100), b.body.size());  // the connection breaks half way
  CHECK_FALSE(b.Complaint().empty());
  b.server.reply = Ok(b.body + "more", b.body.size() + 4);
  CHECK_THAT(b.Complaint(), test::Contains("more than"));
  b.server.reply = "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n";
  CHECK_THAT(b.Complaint(), test::Contains("404"));
  b.server.reply = fmt::format("HTTP/1.1 302 Found\r\nLocation: {}\r\nContent-Length: 0\r\n\r\n", b.server.Url());
  CHECK_THAT(b.Complaint(), test::Contains("redirects"));
  b.server.reply = "HTTP/1.1 302 Found\r\nLocation: file:///etc/hostname\r\nContent-Length: 0\r\n\r\n";
  CHECK_FALSE(b.Complaint().empty());
  b.server.reply = "garbage";
  CHECK_FALSE(b.Complaint().empty());
  CHECK(b.CacheIsEmpty());
}

TEST_CASE("plain http, an unwritable cache and a cancelled fetch are errors") {
  Bench b;
  b.server.reply = Ok(b.body, b.body.size());
  b.options.allow_plain_http = false;
  CHECK_FALSE(b.Complaint().empty());
  CHECK(b.server.requests() == 0);
  b.options.allow_plain_http = true;
  const std::atomic<bool> cancel = true;
  b.options.cancel = &cancel;
  CHECK_THAT(b.Complaint(), test::Contains("interrupted"));
  CHECK(b.CacheIsEmpty());
  b.options.cancel = nullptr;
  b.options.cache = "/proc/tidemark";
  CHECK_FALSE(b.Complaint().empty());
}

}  // namespace
}  // namespace tidemark
