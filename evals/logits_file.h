// Logits of another program, or of another run, in a file. Little-endian, everything 4-byte aligned:
//
//   8 bytes   "TMLOGIT1"
//   u32       V, logits per position
//   u32       B, blocks
//   B times:  u32 n > 0; n x i32 token ids; n x V x f32: row i = the logits after ids[0..i]
//
// and nothing after the last block.
#ifndef TIDEMARK_EVALS_LOGITS_FILE_H_
#define TIDEMARK_EVALS_LOGITS_FILE_H_

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "engine/core/token.h"

namespace tidemark {

class LogitsReader {
 public:
  // `bytes` outlive the reader; `place` names them in errors. Throws Error: not such a file, or cut off, or something behind it.
  LogitsReader(std::span<const std::byte> bytes, std::string place);

  int64_t vocab() const { return vocab_; }
  size_t blocks() const { return blocks_.size(); }
  std::vector<TokenId> Ids(size_t block) const;
  // All rows of a block, [n, V]. Throws Error for a value that is not finite.
  std::vector<float> Logits(size_t block) const;

 private:
  struct Block {
    std::span<const std::byte> ids, logits;
  };
  std::string place_;
  int64_t vocab_ = 0;
  std::vector<Block> blocks_;
};

// Writes block by block into a neighbour (PATH.PID.tmp), which takes the place of the file in Finish(); without it, the neighbour
// is removed and a file that was there before stays as it is, also while a reader has it mapped. Throws Error if it cannot be
// written.
class LogitsWriter {
 public:
  LogitsWriter(const std::filesystem::path& path, int64_t vocab, size_t blocks);
  ~LogitsWriter();
  LogitsWriter(const LogitsWriter&) = delete;
  LogitsWriter& operator=(const LogitsWriter&) = delete;

  void Add(std::span<const TokenId> ids, std::span<const float> logits);  // logits: [ids.size(), V] (TM_CHECK)
  void Finish();                                                          // as many blocks were added as announced (TM_CHECK)

 private:
  void Write(const void* data, size_t bytes);

  struct Close {
    void operator()(std::FILE* file) const { std::fclose(file); }
  };
  std::filesystem::path path_, temporary_;
  std::unique_ptr<std::FILE, Close> file_;
  int64_t vocab_ = 0;
  size_t left_ = 0;
  bool finished_ = false;
};

}  // namespace tidemark

#endif  // TIDEMARK_EVALS_LOGITS_FILE_H_
