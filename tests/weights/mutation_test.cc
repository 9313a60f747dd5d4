// Damaged files: seeded mutations of valid ones either open or throw Error. They run in a child process with limited address
// space and time, so that a crash, a hang or a huge allocation fails the test instead of taking it down.
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstring>
#include <functional>
#include <new>

#include "engine/core/file.h"
#include "engine/core/random.h"
#include "tests/support/catch.h"
#include "tests/support/open_model.h"
#include "tests/support/paths.h"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define TIDEMARK_TEST_SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define TIDEMARK_TEST_SANITIZED 1
#endif
#endif

namespace tidemark {
namespace {

constexpr uint64_t kSeed = 20261122;

// A stream of small random numbers.
class Dice {
 public:
  explicit Dice(uint64_t stream) : stream_(stream) {}
  uint64_t Below(uint64_t bound) {
    return static_cast<uint64_t>(UniformAt(kSeed, stream_, next_++) * static_cast<double>(bound));
  }

 private:
  uint64_t stream_, next_ = 0;
};

constexpr std::array<uint64_t, 12> kExtremes = {
    0,         1, 0x7F, 0xFF, 0xFFFF, 0x7FFFFFFF, 0xFFFFFFFF, uint64_t{1} << 40, uint64_t{1} << 62, INT64_MAX, uint64_t{1} << 63,
    UINT64_MAX};

// The n-th mutation of file. Four in five hit the first `header` bytes, where the structure is.
std::string Mutate(std::string file, size_t header, uint64_t n) {
  Dice dice(n);
  const uint64_t changes = 1 + dice.Below(3);
  for (uint64_t c = 0; c < changes && file.size() > 16; ++c) {
    const size_t range = dice.Below(5) > 0 && header + 8 < file.size() ? header : file.size() - 8;
    const size_t at = dice.Below(range), other = dice.Below(range);
    switch (dice.Below(8)) {
      case 0:
        file[at] = static_cast<char>(file[at] ^ (1 << dice.Below(8)));
        break;
      case 1:
        file[at] = static_cast<char>(dice.Below(256));
        break;
      case 2:
        file.resize(at + 1);
        break;
      case 3:
        std::memcpy(&file[at], &kExtremes[dice.Below(kExtremes.size())], 8);
        break;
      case 4:
        std::memcpy(&file[at], &kExtremes[dice.Below(kExtremes.size())], 4);
        break;
      case 5:
        std::swap_ranges(file.begin() + static_cast<long>(at), file.begin() + static_cast<long>(at) + 8,
                         file.begin() + static_cast<long>(other));
        break;
      case 6:
        file.erase(at, 1 + dice.Below(16));
        break;
      default:
        file.insert(at, file.substr(other, 1 + dice.Below(64)));
        break;
    }
  }
  return file;
}

struct Outcome {
  int opened = 0, rejected = 0, last = -1;
  bool finished = false;
};

// Runs attempt(0..count-1) in a limited child; attempt says whether the file opened.
Outcome RunLimited(int count, const std::function<bool(int)>& attempt) {
  void* shared = mmap(nullptr, sizeof(Outcome), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  REQUIRE(shared != MAP_FAILED);
  auto* outcome = new (shared) Outcome();
  const pid_t child = fork();
  if (child == 0) {
    alarm(300);
#if !defined(TIDEMARK_TEST_SANITIZED)  // sanitizers reserve terabytes of shadow memory
    const rlimit limit{rlim_t{1} << 30, rlim_t{1} << 30};
    setrlimit(RLIMIT_AS, &limit);
#endif
    for (int i = 0; i < count; ++i) {
      outcome->last = i;
      ++(attempt(i) ? outcome->opened : outcome->rejected);  // an exception other than Error ends the child
    }
    outcome->finished = true;
    _exit(0);
  }
  int status = 0;
  waitpid(child, &status, 0);
  const Outcome result = *outcome;
  munmap(shared, sizeof(Outcome));
  return result;
}

std::span<const std::byte> Bytes(const std::string& text) { return std::as_bytes(std::span(text)); }

}  // namespace

TEST_CASE("Mutated GGUF files open or are refused") {
  for (const char* name : {"moe-q4_0.gguf", "dense-q8_0.gguf"}) {
    const std::string file = ReadFile(test::Golden(std::string("weights/") + name));
    REQUIRE(test::TryGguf(Bytes(file)));
    const Outcome outcome =
        RunLimited(300, [&](int i) { return test::TryGguf(Bytes(Mutate(file, 4096, static_cast<uint64_t>(i)))); });
    INFO(name << ", mutation " << outcome.last);
    CHECK(outcome.finished);
    CHECK(outcome.rejected > 100);
  }
}

TEST_CASE("Mutated safetensors files open or are refused") {
  for (const char* name : {"moe-single-bf16", "moe-fused-bf16", "moe-mlx-4bit", "dense-untied-bf16"}) {
    const std::filesystem::path directory = test::Golden(std::string("weights/") + name);
    const std::string file = ReadFile(directory / "model.safetensors");
    HfTexts texts;
    texts.directory = name;
    texts.config = ReadFile(directory / "config.json");
    REQUIRE(test::TrySafetensors(texts, Bytes(file)));
    const Outcome outcome =
        RunLimited(200, [&](int i) { return test::TrySafetensors(texts, Bytes(Mutate(file, 3000, static_cast<uint64_t>(i)))); });
    INFO(name << ", mutation " << outcome.last);
    CHECK(outcome.finished);
    CHECK(outcome.rejected > 100);
  }
}

TEST_CASE("Mutated config.json files open or are refused") {
  const std::filesystem::path directory = test::Golden("weights/moe-mlx-4bit");
  const std::string file = ReadFile(directory / "model.safetensors"), config = ReadFile(directory / "config.json");
  const Outcome outcome = RunLimited(300, [&](int i) {
    HfTexts texts;
    texts.directory = "model";
    texts.config = Mutate(config, config.size(), static_cast<uint64_t>(i));
    return test::TrySafetensors(texts, Bytes(file));
  });
  INFO("mutation " << outcome.last);
  CHECK(outcome.finished);
  CHECK(outcome.rejected > 100);
}

TEST_CASE("A file cut anywhere is refused") {
  const std::string gguf = ReadFile(test::Golden("weights/moe-q4_0.gguf"));
  const std::filesystem::path directory = test::Golden("weights/moe-mlx-4bit");
  const std::string weights = ReadFile(directory / "model.safetensors");
  HfTexts texts;
  texts.config = ReadFile(directory / "config.json");
  const Outcome outcome = RunLimited(400, [&](int i) {
    const std::string& file = i % 2 == 0 ? gguf : weights;
    // The last bytes of a GGUF file may be padding.
    const std::string cut = file.substr(0, file.size() * static_cast<size_t>(i / 2) / 200);
    return i % 2 == 0 ? test::TryGguf(Bytes(cut)) : test::TrySafetensors(texts, Bytes(cut));
  });
  CHECK(outcome.finished);
  CHECK(outcome.opened == 0);
}

}  // namespace tidemark
