#include "engine/core/sha256.h"

#include <chrono>
#include <fstream>
#include <vector>

#include "engine/core/error.h"
#include "engine/core/random.h"
#include "tests/support/catch.h"
#include "tests/support/paths.h"

namespace tidemark {
namespace {

std::string Digest(std::string_view bytes, Sha256::Path path) {
  Sha256 hash(path);
  hash.Update(bytes);
  return hash.HexDigest();
}

// FIPS 180-4 examples and the NIST long message.
TEST_CASE("sha256 gives the published digests on every path") {
  std::vector<Sha256::Path> paths = {Sha256::Path::kPlain, Sha256::Path::kBest};
  if (HasShaExtensions()) paths.push_back(Sha256::Path::kShaExtensions);
  for (const auto path : paths) {
    CHECK(Digest("", path) == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    CHECK(Digest("abc", path) == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    CHECK(Digest("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", path) ==
          "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
    CHECK(Digest(std::string(1000000, 'a'), path) == "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
  }
}

TEST_CASE("sha256 of the SHA extensions equals the plain one for every length and cut") {
  if (!HasShaExtensions()) TM_SKIP("this processor has no SHA extensions");
  std::string bytes(700, '\0');
  for (size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<char>(UniformAt(1, 2, i) * 256);
  for (size_t length = 0; length <= 300; ++length) {
    const std::string_view text(bytes.data(), length);
    const std::string expected = Digest(text, Sha256::Path::kPlain);
    CHECK(Digest(text, Sha256::Path::kShaExtensions) == expected);
    const size_t cut = static_cast<size_t>(UniformAt(3, 4, length) * (length + 1));
    Sha256 streamed(Sha256::Path::kShaExtensions);
    streamed.Update(text.substr(0, cut));
    streamed.Update("");
    streamed.Update(text.substr(cut));
    CHECK(streamed.HexDigest() == expected);
  }
}

TEST_CASE("sha256 of a file reports progress and unreadable files") {
  const test::TemporaryDirectory directory;
  const auto path = directory.path() / "data";
  std::ofstream(path) << std::string(3000000, 'x');
  uint64_t done = 0;
  CHECK(Sha256File(path, [&](uint64_t bytes) { done = bytes; }) == Sha256Hex(std::string(3000000, 'x')));
  CHECK(done == 3000000);
  CHECK_THROWS_AS(Sha256File(directory.path() / "absent"), Error);
  CHECK_THROWS_AS(Sha256File(directory.path()), Error);
}

}  // namespace
}  // namespace tidemark
