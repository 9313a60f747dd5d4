// How numbers are stored. A dtype IS a pointer to its Format record: no enum and no switch on types anywhere.
//
// Two layouts exist. In a *block* format (all GGUF types, plain floats) a row is a run of self-contained blocks: scale and
// quants side by side. In a *split* format (MLX affine) the quants of a row lie in one array and the scales and biases in two
// others; such a format sets dequantize_split instead of dequantize. DequantizeRow (tensor.h) hides the difference.
#ifndef TIDEMARK_ENGINE_CORE_FORMAT_H_
#define TIDEMARK_ENGINE_CORE_FORMAT_H_

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace tidemark {

struct Format {
  std::string_view name;  // "bf16", "q8_0", "q4_k", "mlx_q4_g64": as written in flags and reports
  int64_t block_values;   // values per block: 1 for floats, 32 for q8_0, 256 for q4_k; a row is a multiple of it
  int64_t block_bytes;    // stored bytes of one block, scales included (for a split format: of the quants alone)
  int ggml_type;          // type id in GGUF files; -1: does not occur there

  // Whole blocks to float32, bit for bit as the reference (ggml-quants.c): scale product first, then times q, then minus the
  // min term, no FMA. dst.size() is a multiple of block_values; src holds dst.size() / block_values * block_bytes bytes and
  // need not be aligned. nullptr: a split format.
  void (*dequantize)(const std::byte* src, std::span<float> dst);

  // Whole blocks from float32. nullptr: read-only format.
  void (*quantize)(std::span<const float> src, std::byte* dst);

  // One row of a split format: quants, scales and biases of that row. scale_format is the format of scales and biases.
  // nullptr: a block format.
  void (*dequantize_split)(const std::byte* quants, const std::byte* scales, const std::byte* biases, const Format* scale_format,
                           std::span<float> dst);

  // Stored bytes of `values` values (a multiple of block_values).
  int64_t Bytes(int64_t values) const { return values / block_values * block_bytes; }
};

// engine/formats/formats.cc: the explicit table, floats first. Pointers into it are stable for the life of the program.
std::span<const Format* const> AllFormats();
const Format* FindFormat(std::string_view name);  // nullptr: unknown
const Format* FindGgmlFormat(int ggml_type);      // nullptr: unknown or unsupported

}  // namespace tidemark

#endif  // TIDEMARK_ENGINE_CORE_FORMAT_H_
