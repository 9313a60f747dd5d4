// A GGUF file as plain data: metadata values and tensor infos, checked and pointing into the caller's bytes.
//
// Parsing allocates only names and table entries; strings and arrays stay in the file until somebody asks for them, so a
// header that claims a billion entries costs nothing but the walk over bytes that are really there. Every limit of ggml's own
// reader is enforced, and stricter ones where ggml trusts the writer.
// Source: ggml-org/ggml docs/gguf.md and src/gguf.cpp (format versions 2 and 3, little-endian).
#ifndef TIDEMARK_ENGINE_WEIGHTS_GGUF_FILE_H_
#define TIDEMARK_ENGINE_WEIGHTS_GGUF_FILE_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/core/format.h"

namespace tidemark {

// Value types by their number in the file.
enum class GgufType : uint32_t {
  kU8 = 0,
  kI8 = 1,
  kU16 = 2,
  kI16 = 3,
  kU32 = 4,
  kI32 = 5,
  kF32 = 6,
  kBool = 7,
  kString = 8,
  kArray = 9,
  kU64 = 10,
  kI64 = 11,
  kF64 = 12
};

std::string_view GgufTypeName(GgufType type);  // "u32", "string", ...
int64_t GgufTypeBytes(GgufType type);          // 0: variable (strings and arrays)

struct GgufValue {
  GgufType type = GgufType::kU8;  // of the value; of the elements if is_array
  bool is_array = false;
  uint64_t count = 1;                // elements; 1 for a scalar
  std::span<const std::byte> bytes;  // payload; each string is preceded by its u64 length
};

struct GgufEntry {
  std::string key;
  GgufValue value;
};

struct GgufTensor {
  std::string name;
  std::vector<int64_t> shape;  // outermost first (the file lists the innermost first), 1 to 4 dimensions >= 1
  const Format* format = nullptr;
  uint64_t offset = 0;  // from the start of the data section
  std::span<const std::byte> data;
};

struct GgufFile {
  std::string place;  // file name for messages
  uint32_t version = 0;
  uint64_t alignment = 32;
  std::vector<GgufEntry> entries;                    // file order, keys unique and valid UTF-8
  std::vector<GgufTensor> tensors;                   // file order, names unique
  std::map<std::string, size_t, std::less<>> index;  // key -> position in entries

  const GgufValue* Find(std::string_view key) const;  // nullptr: absent
};

// bytes must outlive the result. Throws Error on anything a correct writer does not produce.
GgufFile ParseGguf(std::span<const std::byte> bytes, std::string place);

// Typed access. "Required" versions throw Error naming the key if it is absent; all throw if the type or range is wrong.
// Integers may be stored with any integer width.
int64_t GgufInt(const GgufFile& file, const std::string& key, int64_t min, int64_t max);
std::optional<int64_t> GgufOptionalInt(const GgufFile& file, const std::string& key, int64_t min, int64_t max);
double GgufFloat(const GgufFile& file, const std::string& key);  // f32 or f64, finite
std::optional<double> GgufOptionalFloat(const GgufFile& file, const std::string& key);
std::optional<bool> GgufOptionalBool(const GgufFile& file, const std::string& key);
std::string GgufString(const GgufFile& file, const std::string& key);
std::optional<std::string> GgufOptionalString(const GgufFile& file, const std::string& key);

// Arrays of at most max_count elements.
std::vector<int64_t> GgufInts(const GgufFile& file, const std::string& key, uint64_t max_count);
std::vector<std::string> GgufStrings(const GgufFile& file, const std::string& key, uint64_t max_count);

// A value for people: numbers and strings as they are, arrays with their first elements and their length.
std::string PrintGgufValue(const GgufValue& value, size_t max_bytes = 200);
std::string PrintGgufType(const GgufValue& value);  // "u32", "string[128000]"

}  // namespace tidemark

#endif  // TIDEMARK_ENGINE_WEIGHTS_GGUF_FILE_H_
