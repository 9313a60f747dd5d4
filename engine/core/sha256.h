// SHA-256 (FIPS 180-4), streaming. Names model files, datasets and templates in reports, and decides whether a download is
// the right one. Two compression functions: plain C++ (the oracle) and the x86 SHA extensions, chosen at run time; a 5 GB
// model is hashed before every report, so the difference is many seconds.
#ifndef TIDEMARK_ENGINE_CORE_SHA256_H_
#define TIDEMARK_ENGINE_CORE_SHA256_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>

namespace tidemark {

class Sha256 {
 public:
  enum class Path { kBest, kPlain, kShaExtensions };

  // kShaExtensions on a processor without them is a bug of the caller (ask HasShaExtensions).
  explicit Sha256(Path path = Path::kBest);

  void Update(std::string_view bytes);
  // The digest of everything so far, as 64 lower-case hexadecimal digits. Call once, last.
  std::string HexDigest();

  // Works on whole 64-byte blocks: state = compress(state, blocks).
  using Compress = void (*)(std::array<uint32_t, 8>& state, const unsigned char* blocks, size_t count);

 private:
  Compress compress_;
  std::array<uint32_t, 8> state_;
  std::array<unsigned char, 64> pending_{};
  size_t pending_bytes_ = 0;
  uint64_t total_bytes_ = 0;
};

// The processor has the SHA extensions and SSE4.1.
bool HasShaExtensions();

// Hexadecimal digest of a piece of memory.
std::string Sha256Hex(std::string_view bytes);

// Of a file, read in pieces; progress (may be empty) is told the bytes done. Throws Error if unreadable.
std::string Sha256File(const std::filesystem::path& path, const std::function<void(uint64_t done)>& progress = {});

}  // namespace tidemark

#endif  // TIDEMARK_ENGINE_CORE_SHA256_H_
