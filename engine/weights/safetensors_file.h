// The safetensors container as plain data: a table of named byte ranges, checked.
//
// Layout: u64 little-endian header length, a JSON object {name: {dtype, shape, data_offsets: [begin, end)}}, then the data, to
// which the offsets are relative. Source: huggingface/safetensors README.md and safetensors/src/tensor.rs.
#ifndef TIDEMARK_ENGINE_WEIGHTS_SAFETENSORS_FILE_H_
#define TIDEMARK_ENGINE_WEIGHTS_SAFETENSORS_FILE_H_

#include <cstddef>
#include <map>
#include <span>
#include <string>
#include <vector>

namespace tidemark {

struct SafetensorsTensor {
  std::string name;
  std::string dtype;           // as written: "BF16", "U32", ...
  std::vector<int64_t> shape;  // outermost first; empty: a scalar
  std::span<const std::byte> data;
};

struct SafetensorsFile {
  std::vector<SafetensorsTensor> tensors;       // in the order of their data
  std::map<std::string, std::string> metadata;  // __metadata__
};

// bytes must outlive the result. Enforced: header of at most 100 MB, unique names, ranges in bounds, without gap or overlap, as
// long as shape and dtype say. Throws Error naming place and tensor.
SafetensorsFile ParseSafetensors(std::span<const std::byte> bytes, const std::string& place);

}  // namespace tidemark

#endif  // TIDEMARK_ENGINE_WEIGHTS_SAFETENSORS_FILE_H_
