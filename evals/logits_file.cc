// Reading and writing files of logits (layout in the header). The machine is little-endian, as for every weight file.
#include "evals/logits_file.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cmath>
#include <cstring>

#include "engine/core/checked.h"
#include "engine/core/error.h"
#include "engine/core/file.h"

namespace tidemark {
namespace {

constexpr char kMagic[] = "TMLOGIT1";
constexpr size_t kMagicBytes = 8;

// Takes bytes from the front, or throws where there are too few.
class Cursor {
 public:
  Cursor(std::span<const std::byte> bytes, const std::string& place) : bytes_(bytes), place_(place) {}

  std::span<const std::byte> Take(uint64_t count, const char* what) {
    if (count > bytes_.size() - at_) {
      throw Error(place_, fmt::format("{} bytes behind offset {}", bytes_.size() - at_, at_), fmt::format("{} ({})", count, what),
                  "the file is cut off");
    }
    at_ += count;
    return bytes_.subspan(at_ - count, count);
  }
  uint32_t Word(const char* what) {
    uint32_t value;
    std::memcpy(&value, Take(sizeof value, what).data(), sizeof value);
    return value;
  }
  uint64_t left() const { return bytes_.size() - at_; }

 private:
  std::span<const std::byte> bytes_;
  const std::string& place_;
  size_t at_ = 0;
};

}  // namespace

LogitsReader::LogitsReader(std::span<const std::byte> bytes, std::string place) : place_(std::move(place)) {
  Cursor in(bytes, place_);
  if (bytes.size() < kMagicBytes || std::memcmp(in.Take(kMagicBytes, "magic").data(), kMagic, kMagicBytes) != 0) {
    throw Error(place_, "no \"TMLOGIT1\" at its beginning", "a file of logits", "`tidemark divergence --logits-out` writes one");
  }
  vocab_ = in.Word("logits per position");
  const uint32_t blocks = in.Word("blocks");
  if (vocab_ == 0 || blocks == 0)
    throw Error(place_, fmt::format("{} blocks of {} logits", blocks, vocab_), "at least one of each");
  // A block without content is refused, so the list grows no faster than the bytes that are there.
  for (uint32_t b = 0; b < blocks; ++b) {
    const uint32_t count = in.Word("tokens of a block");
    if (count == 0) throw Error(place_, fmt::format("block {} without tokens", b), "at least one");
    Block block;
    block.ids = in.Take(uint64_t{count} * sizeof(TokenId), "token ids");
    const auto values = CheckedMul(uint64_t{count} * sizeof(float), static_cast<uint64_t>(vocab_));
    if (!values) throw Error(place_, fmt::format("block {} of {} tokens", b, count), "a size that fits 64 bits");
    block.logits = in.Take(*values, "logits");
    blocks_.push_back(block);
  }
  if (in.left() > 0) throw Error(place_, fmt::format("{} bytes behind the last block", in.left()), "none");
}

std::vector<TokenId> LogitsReader::Ids(size_t block) const {
  const std::span<const std::byte> bytes = blocks_.at(block).ids;
  std::vector<TokenId> ids(bytes.size() / sizeof(TokenId));
  std::memcpy(ids.data(), bytes.data(), bytes.size());
  return ids;
}

std::vector<float> LogitsReader::Logits(size_t block) const {
  const std::span<const std::byte> bytes = blocks_.at(block).logits;
  std::vector<float> logits(bytes.size() / sizeof(float));
  std::memcpy(logits.data(), bytes.data(), bytes.size());
  for (const float logit : logits) {
    if (!std::isfinite(logit)) throw Error(fmt::format("{}, block {}", place_, block), fmt::format("{}", logit), "finite logits");
  }
  return logits;
}

LogitsWriter::LogitsWriter(const std::filesystem::path& path, int64_t vocab, size_t blocks)
    : path_(path), temporary_(path.string() + fmt::format(".{}.tmp", getpid())), vocab_(vocab), left_(blocks) {
  file_.reset(std::fopen(temporary_.c_str(), "wb"));
  if (file_ == nullptr) throw Error(path.string(), std::strerror(errno), "a file that can be written");
  const uint32_t header[2] = {static_cast<uint32_t>(vocab), static_cast<uint32_t>(blocks)};
  Write(kMagic, kMagicBytes);
  Write(header, sizeof header);
}

LogitsWriter::~LogitsWriter() {
  if (finished_) return;
  std::error_code ignored;
  std::filesystem::remove(temporary_, ignored);
}

void LogitsWriter::Write(const void* data, size_t bytes) {
  if (std::fwrite(data, 1, bytes, file_.get()) != bytes) throw Error(path_.string(), std::strerror(errno), "room for the logits");
}

void LogitsWriter::Add(std::span<const TokenId> ids, std::span<const float> logits) {
  TM_CHECK(left_ > 0 && logits.size() == ids.size() * static_cast<size_t>(vocab_), "{} logits for {} tokens", logits.size(),
           ids.size());
  const auto count = static_cast<uint32_t>(ids.size());
  Write(&count, sizeof count);
  Write(ids.data(), ids.size_bytes());
  Write(logits.data(), logits.size_bytes());
  --left_;
}

void LogitsWriter::Finish() {
  TM_CHECK(left_ == 0, "{} blocks are missing", left_);
  if (std::fflush(file_.get()) != 0 || fsync(fileno(file_.get())) != 0)
    throw Error(path_.string(), std::strerror(errno), "room for the logits");
  if (std::rename(temporary_.c_str(), path_.c_str()) != 0)
    throw Error(path_.string(), std::strerror(errno), "a file that can be written");
  finished_ = true;
  SyncDirectory(path_.parent_path());
}

}  // namespace tidemark
