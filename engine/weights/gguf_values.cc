// Typed access to GGUF metadata: the part of gguf_file.h that interprets payload bytes.
#include <cmath>
#include <cstring>

#include "engine/core/error.h"
#include "engine/weights/gguf_file.h"

namespace tidemark {
namespace {

constexpr std::string_view kNames[] = {"u8",   "i8",     "u16",   "i16", "u32", "i32", "f32",
                                       "bool", "string", "array", "u64", "i64", "f64"};
constexpr int64_t kBytes[] = {1, 1, 2, 2, 4, 4, 4, 1, 0, 0, 8, 8, 8};

template <typename T>
T Load(const std::byte* at) {
  T value;
  std::memcpy(&value, at, sizeof(T));
  return value;
}

std::string KeyPlace(const GgufFile& file, const std::string& key) { return file.place + ": key " + Printable(key); }

[[noreturn]] void ThrowMissing(const GgufFile& file, const std::string& key) {
  throw Error(KeyPlace(file, key), "no such key", "a value");
}

// The integer at index i, or nullopt if the type is no integer or the value does not fit int64.
std::optional<int64_t> IntegerAt(const GgufValue& value, uint64_t i) {
  const std::byte* at = value.bytes.data() + i * static_cast<uint64_t>(GgufTypeBytes(value.type));
  switch (value.type) {
    case GgufType::kU8:
      return Load<uint8_t>(at);
    case GgufType::kI8:
      return Load<int8_t>(at);
    case GgufType::kU16:
      return Load<uint16_t>(at);
    case GgufType::kI16:
      return Load<int16_t>(at);
    case GgufType::kU32:
      return Load<uint32_t>(at);
    case GgufType::kI32:
      return Load<int32_t>(at);
    case GgufType::kI64:
      return Load<int64_t>(at);
    case GgufType::kU64: {
      const auto wide = Load<uint64_t>(at);
      return wide > INT64_MAX ? std::nullopt : std::optional<int64_t>(static_cast<int64_t>(wide));
    }
    default:
      return std::nullopt;
  }
}

std::string_view StringAt(std::span<const std::byte> bytes, uint64_t& position) {
  const auto length = Load<uint64_t>(bytes.data() + position);
  const auto* text = reinterpret_cast<const char*>(bytes.data() + position + 8);
  position += 8 + length;
  return {text, length};
}

// The array under key with an element type that accept() allows.
template <typename Accept>
const GgufValue& RequireArray(const GgufFile& file, const std::string& key, uint64_t max_count, const char* expected,
                              Accept accept) {
  const GgufValue* value = file.Find(key);
  if (value == nullptr) ThrowMissing(file, key);
  if (!value->is_array || !accept(value->type)) throw Error(KeyPlace(file, key), "type " + PrintGgufType(*value), expected);
  if (value->count > max_count) {
    throw Error(KeyPlace(file, key), fmt::format("{} elements", value->count), fmt::format("at most {}", max_count));
  }
  return *value;
}

bool IsInteger(GgufType type) { return type <= GgufType::kI32 || type == GgufType::kU64 || type == GgufType::kI64; }

std::string PrintElement(const GgufValue& value, uint64_t i, uint64_t& string_position, size_t max_bytes) {
  const std::byte* at = value.bytes.data() + i * static_cast<uint64_t>(GgufTypeBytes(value.type));
  switch (value.type) {
    case GgufType::kString:
      return Printable(StringAt(value.bytes, string_position), max_bytes);
    case GgufType::kF32:
      return fmt::format("{}", Load<float>(at));
    case GgufType::kF64:
      return fmt::format("{}", Load<double>(at));
    case GgufType::kBool:
      return *at == std::byte{0} ? "false" : "true";
    case GgufType::kU64:
      return fmt::format("{}", Load<uint64_t>(at));
    default:
      return fmt::format("{}", IntegerAt(value, i).value_or(0));
  }
}

}  // namespace

std::string_view GgufTypeName(GgufType type) { return kNames[static_cast<uint32_t>(type)]; }
int64_t GgufTypeBytes(GgufType type) { return kBytes[static_cast<uint32_t>(type)]; }

std::optional<int64_t> GgufOptionalInt(const GgufFile& file, const std::string& key, int64_t min, int64_t max) {
  const GgufValue* value = file.Find(key);
  if (value == nullptr) return std::nullopt;
  if (value->is_array || !IsInteger(value->type)) throw Error(KeyPlace(file, key), "type " + PrintGgufType(*value), "an integer");
  const auto number = IntegerAt(*value, 0);
  if (!number || *number < min || *number > max) {
    throw Error(KeyPlace(file, key), PrintGgufValue(*value), fmt::format("{} to {}", min, max));
  }
  return number;
}

int64_t GgufInt(const GgufFile& file, const std::string& key, int64_t min, int64_t max) {
  const auto value = GgufOptionalInt(file, key, min, max);
  if (!value) ThrowMissing(file, key);
  return *value;
}

std::optional<double> GgufOptionalFloat(const GgufFile& file, const std::string& key) {
  const GgufValue* value = file.Find(key);
  if (value == nullptr) return std::nullopt;
  if (value->is_array || (value->type != GgufType::kF32 && value->type != GgufType::kF64)) {
    throw Error(KeyPlace(file, key), "type " + PrintGgufType(*value), "f32 or f64");
  }
  const double number = value->type == GgufType::kF32 ? Load<float>(value->bytes.data()) : Load<double>(value->bytes.data());
  if (!std::isfinite(number)) throw Error(KeyPlace(file, key), PrintGgufValue(*value), "a finite number");
  return number;
}

double GgufFloat(const GgufFile& file, const std::string& key) {
  const auto value = GgufOptionalFloat(file, key);
  if (!value) ThrowMissing(file, key);
  return *value;
}

std::optional<bool> GgufOptionalBool(const GgufFile& file, const std::string& key) {
  const GgufValue* value = file.Find(key);
  if (value == nullptr) return std::nullopt;
  if (value->is_array || value->type != GgufType::kBool)
    throw Error(KeyPlace(file, key), "type " + PrintGgufType(*value), "bool");
  return value->bytes[0] != std::byte{0};
}

std::optional<std::string> GgufOptionalString(const GgufFile& file, const std::string& key) {
  const GgufValue* value = file.Find(key);
  if (value == nullptr) return std::nullopt;
  if (value->is_array || value->type != GgufType::kString)
    throw Error(KeyPlace(file, key), "type " + PrintGgufType(*value), "string");
  uint64_t position = 0;
  return std::string(StringAt(value->bytes, position));
}

std::string GgufString(const GgufFile& file, const std::string& key) {
  auto value = GgufOptionalString(file, key);
  if (!value) ThrowMissing(file, key);
  return *std::move(value);
}

std::vector<int64_t> GgufInts(const GgufFile& file, const std::string& key, uint64_t max_count) {
  const GgufValue& value = RequireArray(file, key, max_count, "an array of integers", IsInteger);
  std::vector<int64_t> numbers;
  for (uint64_t i = 0; i < value.count; ++i) {
    const auto number = IntegerAt(value, i);
    if (!number) throw Error(KeyPlace(file, key), fmt::format("element {} beyond 2^63", i), "a signed 64-bit integer");
    numbers.push_back(*number);
  }
  return numbers;
}

std::vector<std::string> GgufStrings(const GgufFile& file, const std::string& key, uint64_t max_count) {
  const GgufValue& value =
      RequireArray(file, key, max_count, "an array of strings", [](GgufType type) { return type == GgufType::kString; });
  std::vector<std::string> strings;
  strings.reserve(value.count);
  uint64_t position = 0;
  for (uint64_t i = 0; i < value.count; ++i) strings.emplace_back(StringAt(value.bytes, position));
  return strings;
}

std::string PrintGgufType(const GgufValue& value) {
  return value.is_array ? fmt::format("{}[{}]", GgufTypeName(value.type), value.count) : std::string(GgufTypeName(value.type));
}

std::string PrintGgufValue(const GgufValue& value, size_t max_bytes) {
  uint64_t position = 0;
  if (!value.is_array) return PrintElement(value, 0, position, max_bytes);
  std::string out = "[";
  for (uint64_t i = 0; i < value.count; ++i) {
    if (out.size() >= max_bytes) return out + fmt::format(", ... {} in all]", value.count);
    if (i > 0) out += ", ";
    out += PrintElement(value, i, position, max_bytes);
  }
  return out + "]";
}

}  // namespace tidemark
