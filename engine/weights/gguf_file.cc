#include "engine/weights/gguf_file.h"

#include <cstring>
#include <type_traits>
#include <unordered_set>
#include <utility>

#include "engine/core/checked.h"
#include "engine/core/error.h"
#include "engine/core/utf8.h"

namespace tidemark {
namespace {

// ggml's limits (gguf.cpp: GGUF_MAX_STRING_LENGTH 1 GiB, GGUF_MAX_ARRAY_ELEMENTS 2^30), tightened: no real file comes near.
constexpr uint64_t kMaxStringBytes = uint64_t{64} << 20;
constexpr uint64_t kMaxKeyBytes = 65535;
constexpr uint64_t kMaxArrayCount = uint64_t{1} << 30;
constexpr uint64_t kMaxEntries = 65536;
constexpr uint64_t kMaxTensors = 1 << 20;
constexpr uint64_t kMaxTensorNameBytes = 63;
constexpr uint64_t kMaxAlignment = 1 << 20;
constexpr uint32_t kMaxDimensions = 4;

// Reads little-endian fields one after another; every read is checked against the end of the file.
class Cursor {
 public:
  Cursor(std::span<const std::byte> bytes, const std::string& place) : bytes_(bytes), place_(place) {}

  uint64_t position() const { return position_; }
  uint64_t Left() const { return bytes_.size() - position_; }

  std::span<const std::byte> Take(uint64_t count, std::string_view what) {
    if (count > Left()) {
      throw Error(place_, fmt::format("{} bytes left for {} at byte {}", Left(), what, position_), fmt::format("{} bytes", count),
                  "the file is damaged or incomplete");
    }
    const auto result = bytes_.subspan(position_, count);
    position_ += count;
    return result;
  }

  template <typename T>
  T Read(std::string_view what) {
    T value;
    std::memcpy(&value, Take(sizeof(T), what).data(), sizeof(T));
    return value;
  }

  std::string_view ReadString(uint64_t max_bytes, std::string_view what) {
    const auto length = Read<uint64_t>(what);
    if (length > max_bytes) {
      throw Error(place_, fmt::format("{} of {} bytes at byte {}", what, length, position_),
                  fmt::format("at most {} bytes", max_bytes));
    }
    const auto text = Take(length, what);
    return {reinterpret_cast<const char*>(text.data()), text.size()};
  }

 private:
  std::span<const std::byte> bytes_;
  const std::string& place_;
  uint64_t position_ = 0;
};

std::string KeyPlace(const std::string& place, std::string_view key) { return place + ": key " + Printable(key); }
std::string TensorPlace(const std::string& place, std::string_view name) { return place + ": tensor " + Printable(name); }

GgufType CheckedType(uint32_t number, const std::string& key_place) {
  if (number > static_cast<uint32_t>(GgufType::kF64)) throw Error(key_place, fmt::format("value type {}", number), "0 to 12");
  return static_cast<GgufType>(number);
}

void CheckBools(std::span<const std::byte> bytes, const std::string& key_place) {
  for (const std::byte b : bytes) {
    if (b > std::byte{1}) throw Error(key_place, fmt::format("bool with value {}", std::to_integer<int>(b)), "0 or 1");
  }
}

GgufValue ReadValue(Cursor& cursor, const std::string& key_place) {
  GgufValue value;
  value.type = CheckedType(cursor.Read<uint32_t>("a value type"), key_place);
  if (value.type == GgufType::kArray) {
    value.is_array = true;
    value.type = CheckedType(cursor.Read<uint32_t>("an array's element type"), key_place);
    value.count = cursor.Read<uint64_t>("an array's length");
    if (value.type == GgufType::kArray) throw Error(key_place, "an array of arrays", "an array of scalars or strings");
    if (value.count > kMaxArrayCount) {
      throw Error(key_place, fmt::format("an array of {} elements", value.count), fmt::format("at most {}", kMaxArrayCount));
    }
  }
  if (value.type == GgufType::kString) {
    Cursor walk = cursor;
    for (uint64_t i = 0; i < value.count; ++i) walk.ReadString(kMaxStringBytes, key_place);
    value.bytes = cursor.Take(walk.position() - cursor.position(), key_place);
    return value;
  }
  const auto bytes = CheckedMul(value.count, static_cast<uint64_t>(GgufTypeBytes(value.type)));
  TM_CHECK(bytes, "{} elements", value.count);  // 2^30 * 8 at most
  value.bytes = cursor.Take(*bytes, key_place);
  if (value.type == GgufType::kBool) CheckBools(value.bytes, key_place);
  return value;
}

uint32_t ReadHeader(Cursor& cursor, const std::string& place) {
  if (std::memcmp(cursor.Take(4, "the magic number").data(), "GGUF", 4) != 0)
    throw Error(place, "no GGUF magic number", "a GGUF file");
  const auto version = cursor.Read<uint32_t>("the version");
  if ((version & 0xFFFF) == 0 && version != 0) {
    throw Error(place, "a big-endian GGUF file", "a little-endian GGUF file of version 2 or 3",
                "convert it again for this machine");
  }
  if (version != 2 && version != 3) {
    throw Error(place, fmt::format("GGUF version {}", version), "version 2 or 3", version == 1 ? "convert the model again" : "");
  }
  return version;
}

void ReadEntries(Cursor& cursor, uint64_t count, GgufFile& file) {
  std::unordered_set<std::string> seen;
  for (uint64_t i = 0; i < count; ++i) {
    const std::string key(cursor.ReadString(kMaxKeyBytes, "a metadata key"));
    if (key.empty() || !IsValidUtf8(key)) {
      throw Error(file.place, fmt::format("metadata key {} is '{}'", i, Printable(key)), "a name in UTF-8");
    }
    if (!seen.insert(key).second) throw Error(KeyPlace(file.place, key), "the key twice", "unique keys");
    file.entries.push_back({key, ReadValue(cursor, KeyPlace(file.place, key))});
  }
  for (size_t i = 0; i < file.entries.size(); ++i) file.index.emplace(file.entries[i].key, i);
}

void ReadAlignment(GgufFile& file) {
  const GgufValue* value = file.Find("general.alignment");
  if (value == nullptr) return;
  const std::string place = KeyPlace(file.place, "general.alignment");
  if (value->is_array || value->type != GgufType::kU32) throw Error(place, "type " + PrintGgufType(*value), "u32");
  uint32_t alignment;
  std::memcpy(&alignment, value->bytes.data(), sizeof alignment);
  if (alignment == 0 || (alignment & (alignment - 1)) != 0 || alignment > kMaxAlignment) {
    throw Error(place, fmt::format("{}", alignment), fmt::format("a power of two up to {}", kMaxAlignment));
  }
  file.alignment = alignment;
}

// The tensor's byte count; throws if a dimension, the type or the size is impossible.
uint64_t ReadShapeAndType(Cursor& cursor, const std::string& place, GgufTensor& tensor) {
  const auto dimensions = cursor.Read<uint32_t>("a tensor's dimension count");
  if (dimensions < 1 || dimensions > kMaxDimensions) throw Error(place, fmt::format("{} dimensions", dimensions), "1 to 4");
  uint64_t values = 1;
  for (uint32_t d = 0; d < dimensions; ++d) {
    const auto size = cursor.Read<int64_t>("a tensor's dimension");
    if (size < 1) throw Error(place, fmt::format("dimension {} of size {}", d, size), "at least 1");
    const auto product = CheckedMul(values, static_cast<uint64_t>(size));
    if (!product || *product > INT64_MAX)
      throw Error(place, "dimensions whose product overflows 64 bits", "the shape of a real tensor");
    values = *product;
    tensor.shape.insert(tensor.shape.begin(), size);
  }
  const auto type = cursor.Read<int32_t>("a tensor's type");
  tensor.format = FindGgmlFormat(type);
  if (tensor.format == nullptr) {
    std::string supported = "one of";
    for (const Format* f : AllFormats()) {
      if (f->ggml_type >= 0) supported.append(1, ' ').append(f->name);
    }
    throw Error(place, fmt::format("ggml tensor type {}", type), supported);
  }
  if (tensor.shape.back() % tensor.format->block_values != 0) {
    throw Error(place, fmt::format("rows of {} values in {}", tensor.shape.back(), tensor.format->name),
                fmt::format("a multiple of {}", tensor.format->block_values));
  }
  const auto blocks = values / static_cast<uint64_t>(tensor.format->block_values);
  const auto bytes = CheckedMul(blocks, static_cast<uint64_t>(tensor.format->block_bytes));
  if (!bytes) throw Error(place, "a byte count that overflows 64 bits", "the shape of a real tensor");
  return *bytes;
}

void ReadTensors(Cursor& cursor, uint64_t count, std::span<const std::byte> bytes, GgufFile& file) {
  std::unordered_set<std::string> seen;
  std::vector<uint64_t> sizes;
  uint64_t running = 0;  // ggml lays tensors out in table order, each padded to the alignment, without gaps
  for (uint64_t i = 0; i < count; ++i) {
    GgufTensor tensor;
    tensor.name = cursor.ReadString(kMaxTensorNameBytes, "a tensor name");
    if (tensor.name.empty() || !IsValidUtf8(tensor.name)) {
      throw Error(file.place, fmt::format("tensor {} is called '{}'", i, Printable(tensor.name)), "a name in UTF-8");
    }
    const std::string place = TensorPlace(file.place, tensor.name);
    if (!seen.insert(tensor.name).second) throw Error(place, "the tensor twice", "unique names");
    sizes.push_back(ReadShapeAndType(cursor, place, tensor));
    tensor.offset = cursor.Read<uint64_t>("a tensor's offset");
    if (tensor.offset != running)
      throw Error(place, fmt::format("offset {}", tensor.offset), fmt::format("{}, right behind the tensor before", running));
    const auto end = CheckedAdd(running, sizes.back());
    const auto next = end ? CheckedRoundUp(*end, file.alignment) : std::nullopt;
    if (!next) throw Error(place, "an end offset that overflows 64 bits", "an offset inside the file");
    running = *next;
    file.tensors.push_back(std::move(tensor));
  }
  if (file.tensors.empty()) return;
  const auto data_start = CheckedRoundUp(cursor.position(), file.alignment);
  for (size_t i = 0; i < file.tensors.size(); ++i) {
    GgufTensor& tensor = file.tensors[i];
    const auto begin = data_start ? CheckedAdd(*data_start, tensor.offset) : std::nullopt;
    const auto end = begin ? CheckedAdd(*begin, sizes[i]) : std::nullopt;
    if (!end || *end > bytes.size()) {
      throw Error(TensorPlace(file.place, tensor.name), fmt::format("a file of {} bytes", bytes.size()),
                  end ? fmt::format("at least {} bytes", *end) : "offsets below 2^64", "the download may be incomplete");
    }
    tensor.data = bytes.subspan(*begin, sizes[i]);
  }
}

}  // namespace

const GgufValue* GgufFile::Find(std::string_view key) const {
  const auto it = index.find(key);
  return it == index.end() ? nullptr : &entries[it->second].value;
}

GgufFile ParseGguf(std::span<const std::byte> bytes, std::string place) {
  GgufFile file;
  file.place = std::move(place);
  Cursor cursor(bytes, file.place);
  file.version = ReadHeader(cursor, file.place);
  const auto tensor_count = cursor.Read<uint64_t>("the tensor count");
  const auto entry_count = cursor.Read<uint64_t>("the metadata count");
  if (tensor_count > kMaxTensors)
    throw Error(file.place, fmt::format("{} tensors", tensor_count), fmt::format("at most {}", kMaxTensors));
  if (entry_count > kMaxEntries)
    throw Error(file.place, fmt::format("{} metadata keys", entry_count), fmt::format("at most {}", kMaxEntries));
  ReadEntries(cursor, entry_count, file);
  ReadAlignment(file);
  ReadTensors(cursor, tensor_count, bytes, file);
  return file;
}

}  // namespace tidemark
