#include "engine/weights/safetensors_file.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>

#include "engine/core/checked.h"
#include "engine/core/error.h"
#include "engine/weights/strict_json.h"

namespace tidemark {
namespace {

constexpr uint64_t kMaxHeaderBytes = 100'000'000;  // the limit of the reference implementation
constexpr size_t kMaxDimensions = 8;

// Bytes per value; 0: unknown.
uint64_t DtypeBytes(const std::string& dtype) {
  static constexpr std::array<std::pair<std::string_view, uint64_t>, 15> kSizes = {{{"BOOL", 1},
                                                                                    {"U8", 1},
                                                                                    {"I8", 1},
                                                                                    {"F8_E5M2", 1},
                                                                                    {"F8_E4M3", 1},
                                                                                    {"F8_E8M0", 1},
                                                                                    {"U16", 2},
                                                                                    {"I16", 2},
                                                                                    {"F16", 2},
                                                                                    {"BF16", 2},
                                                                                    {"U32", 4},
                                                                                    {"I32", 4},
                                                                                    {"F32", 4},
                                                                                    {"U64", 8},
                                                                                    {"I64", 8}}};
  for (const auto& [name, bytes] : kSizes) {
    if (name == dtype) return bytes;
  }
  return dtype == "F64" ? 8 : 0;
}

struct Range {
  uint64_t begin = 0, end = 0;
};

uint64_t ShapeBytes(const SafetensorsTensor& tensor, const std::string& place) {
  uint64_t bytes = DtypeBytes(tensor.dtype);
  if (bytes == 0) throw Error(place, "dtype " + Printable(tensor.dtype), "F32, F16, BF16 or U32");
  for (const int64_t size : tensor.shape) {
    const auto product = CheckedMul(bytes, static_cast<uint64_t>(size));
    if (!product) throw Error(place, "a shape whose size overflows 64 bits", "the shape of a real tensor");
    bytes = *product;
  }
  return bytes;
}

Range ReadEntry(const Json& value, const std::string& place, SafetensorsTensor& tensor) {
  const JsonFields fields(value, place);
  tensor.dtype = fields.String("dtype");
  auto shape = fields.OptionalInts("shape", 0, INT64_MAX, kMaxDimensions);
  if (!shape) throw Error(fields.PlaceOf("shape"), "no such key", "an array of integers");
  tensor.shape = *std::move(shape);
  const auto offsets = fields.OptionalInts("data_offsets", 0, INT64_MAX, 2);
  if (!offsets || offsets->size() != 2 || (*offsets)[0] > (*offsets)[1]) {
    throw Error(fields.PlaceOf("data_offsets"), "no valid range", "[begin, end] with begin <= end");
  }
  const Range range{static_cast<uint64_t>((*offsets)[0]), static_cast<uint64_t>((*offsets)[1])};
  const uint64_t bytes = ShapeBytes(tensor, place);
  if (range.end - range.begin != bytes) {
    throw Error(fields.PlaceOf("data_offsets"), fmt::format("{} bytes", range.end - range.begin),
                fmt::format("{} from dtype and shape", bytes));
  }
  return range;
}

void ReadMetadata(const Json& value, const std::string& place, SafetensorsFile& file) {
  const JsonFields fields(value, place + ": key __metadata__");
  for (const auto& [key, text] : value.items()) {
    if (!text.is_string()) throw Error(fields.PlaceOf(Printable(key)), JsonKind(text), "a string");
    file.metadata.emplace(key, text.get<std::string>());
  }
}

// Sorts tensors by position and checks that they tile the data section.
void PlaceTensors(std::vector<std::pair<Range, SafetensorsTensor>> entries, std::span<const std::byte> data,
                  const std::string& place, SafetensorsFile& file) {
  std::stable_sort(entries.begin(), entries.end(), [](const auto& a, const auto& b) {
    return std::pair(a.first.begin, a.first.end) < std::pair(b.first.begin, b.first.end);
  });
  uint64_t expected = 0;
  for (auto& [range, tensor] : entries) {
    const std::string tensor_place = place + ": tensor " + Printable(tensor.name);
    if (range.begin != expected) {
      throw Error(tensor_place, fmt::format("data from byte {}", range.begin),
                  fmt::format("byte {}, right behind the tensor before", expected));
    }
    if (range.end > data.size()) {
      throw Error(tensor_place, fmt::format("{} data bytes in the file", data.size()), fmt::format("at least {}", range.end),
                  "the download may be incomplete");
    }
    tensor.data = data.subspan(range.begin, range.end - range.begin);
    expected = range.end;
    file.tensors.push_back(std::move(tensor));
  }
  if (expected != data.size())
    throw Error(place, fmt::format("{} data bytes", data.size()), fmt::format("{}, the end of the last tensor", expected));
}

}  // namespace

SafetensorsFile ParseSafetensors(std::span<const std::byte> bytes, const std::string& place) {
  if (bytes.size() < 8) throw Error(place, fmt::format("{} bytes", bytes.size()), "a safetensors file");
  uint64_t header_bytes;
  std::memcpy(&header_bytes, bytes.data(), sizeof header_bytes);
  if (header_bytes > kMaxHeaderBytes || header_bytes > bytes.size() - 8) {
    throw Error(place, fmt::format("a header of {} bytes", header_bytes),
                fmt::format("at most {}", std::min<uint64_t>(kMaxHeaderBytes, bytes.size() - 8)),
                "not a safetensors file, or incomplete");
  }
  const std::string_view header(reinterpret_cast<const char*>(bytes.data()) + 8, header_bytes);
  const Json root = ParseJsonObject(header, place + ": header", {.depth = 4});
  SafetensorsFile file;
  std::vector<std::pair<Range, SafetensorsTensor>> entries;
  for (const auto& [name, value] : root.items()) {
    if (name == "__metadata__") {
      ReadMetadata(value, place, file);
      continue;
    }
    SafetensorsTensor tensor;
    tensor.name = name;
    const Range range = ReadEntry(value, place + ": tensor " + Printable(name), tensor);
    entries.emplace_back(range, std::move(tensor));
  }
  PlaceTensors(std::move(entries), bytes.subspan(8 + header_bytes), place, file);
  return file;
}

}  // namespace tidemark
