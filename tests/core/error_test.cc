#include "engine/core/error.h"

#include "engine/core/checked.h"
#include "engine/core/file.h"
#include "engine/core/random.h"
#include "tests/support/catch.h"
#include "tests/support/paths.h"

namespace tidemark {
namespace {

TEST_CASE("an error reads place, found, expected, hint, and leaves out what is empty") {
  CHECK(std::string(Error("a.gguf", "2", "3", "why").what()) == "a.gguf: found 2, expected 3 (why)");
  CHECK(std::string(Error("a.gguf", "", "3").what()) == "a.gguf: expected 3");
  CHECK(std::string(Error("a.gguf", "2", "").what()) == "a.gguf: found 2");
}

TEST_CASE("foreign text is printable and bounded") {
  CHECK(Printable("ok\n\x1b[31m") == "ok\\x0a\\x1b[31m");
  CHECK(Printable("\xff") == "\\xff");
  CHECK(Printable(std::string(1000, 'a')).size() < 100);
}

TEST_CASE("sizes do not wrap round") {
  CHECK_FALSE(CheckedMul(uint64_t{1} << 63, 2));
  CHECK_FALSE(CheckedAdd(~uint64_t{0}, 1));
  CHECK_FALSE(CheckedRoundUp(~uint64_t{0} - 1, 32));
  CHECK(CheckedRoundUp(33, 32) == 64);
}

TEST_CASE("files that cannot be mapped say why") {
  test::TemporaryDirectory dir;
  CHECK_THROWS_WITH(MappedFile(dir.path() / "absent"), test::Contains("No such file"));
  CHECK_THROWS_WITH(MappedFile(dir.path()), test::Contains("a directory"));
  WriteFileAtomically(dir.path() / "empty", "");
  CHECK_THROWS_WITH(MappedFile(dir.path() / "empty"), test::Contains("an empty file"));
  CHECK_THROWS_AS(WriteFileAtomically(dir.path() / "no" / "where", "x"), Error);
  WriteFileAtomically(dir.path() / "file", "content");
  CHECK(ReadFile(dir.path() / "file") == "content");
  CHECK_THROWS_AS(ReadFile(dir.path() / "file", 3), Error);
}

TEST_CASE("Philox gives the published words") {
  // Known-answer values of the Random123 distribution (kat_vectors, philox4x32 10).
  CHECK(Philox4x32({0, 0, 0, 0}, {0, 0}) == std::array<uint32_t, 4>{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8});
  CHECK(Philox4x32({~0u, ~0u, ~0u, ~0u}, {~0u, ~0u}) == std::array<uint32_t, 4>{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd});
}

}  // namespace
}  // namespace tidemark
